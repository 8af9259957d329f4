package pipeline_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"snowdrift/internal/jirasim"
	"snowdrift/internal/table"
	"snowdrift/stages/load"
	"snowdrift/state"
)

// compareWorld holds all tables against the site: the columns of the system
// fields, the raw issues and the child tables against what the site says by
// itself; every cell of every column against a load of the site as it is now
// into an empty file; and what is not live against what became of it.
func (w *world) compareWorld() {
	w.t.Helper()
	w.compareRows()
	var names []string
	for _, row := range w.rows("SELECT table_name FROM duckdb_tables() ORDER BY 1") {
		if childQueries[row[0]] != "" {
			names = append(names, row[0])
		}
	}
	var live []int64
	w.sim.Each(func(id int64, key string, _ []byte) bool {
		if w.inScope(key) {
			live = append(live, id)
		}
		return true
	})
	w.compareTables(w.site.Deployment, live, names)
	w.compareWithFresh(names)
	w.comparePresence()
}

// compareRows is compare, for the issues in scope.
func (w *world) compareRows() {
	w.t.Helper()
	rows := map[string][]string{}
	for _, row := range w.rows("SELECT " + columnsOfIssues + " FROM issues WHERE _presence = 'live'") {
		rows[row[0]] = row
	}
	wrong := 0
	w.sim.Each(func(id int64, key string, raw []byte) bool {
		if !w.inScope(key) {
			return true
		}
		row := rows[fmt.Sprint(id)]
		delete(rows, fmt.Sprint(id))
		if row == nil {
			w.t.Errorf("issue %d (%s) has no live row: %v", id, key, w.rows(fmt.Sprintf("SELECT _presence, _presence_evidence FROM issues WHERE id = %d", id)))
			wrong++
			return wrong < 5
		}
		want := truth(w.t, id, key, raw)
		last := len(want) - 1
		for i := range want[:last] {
			if row[i] != want[i] {
				w.t.Errorf("issue %d (%s): cell %d is %q, want %q", id, key, i, row[i], want[i])
				wrong++
			}
		}
		// Comments and worklogs that the issue does not show were added to it;
		// they are compared with the tables made of them.
		if !sameJSON(w.t, without(row[last]), without(want[last])) {
			w.t.Errorf("issue %d (%s): _raw is another JSON value than the site's", id, key)
			wrong++
		}
		return wrong < 5
	})
	for id := range rows {
		if wrong >= 5 { // the others were not looked at
			break
		}
		w.t.Errorf("issue %s is live in the table only", id)
	}
}

// gatewayLink begins the links of what was read through the gateway, as a run
// does whose first requests the site refused.
var gatewayLink = regexp.MustCompile(`https://api\.atlassian\.com/ex/jira/[0-9a-f-]+`)

// direct returns a text with the links as the site itself writes them.
func direct(text string) string {
	return gatewayLink.ReplaceAllString(text, "https://jira.example.com")
}

// without returns an issue but for its comments, worklogs and changelog, and
// fields that are null: one that a site gets and nobody fills changes no issue.
func without(raw string) string {
	raw = direct(raw)
	var issue map[string]json.RawMessage
	var fields map[string]json.RawMessage
	if json.Unmarshal([]byte(raw), &issue) != nil || json.Unmarshal(issue["fields"], &fields) != nil {
		return raw
	}
	delete(fields, "comment")
	delete(fields, "worklog")
	maps.DeleteFunc(fields, func(_ string, v json.RawMessage) bool { return string(v) == "null" })
	text, err := json.Marshal(fields)
	if err != nil {
		return raw
	}
	delete(issue, "fields")
	delete(issue, "changelog") // expanded on Data Center
	rest, err := json.Marshal(issue)
	if err != nil {
		return raw
	}
	return "[" + string(rest) + "," + string(text) + "]"
}

// compareWithFresh loads the site into an empty file that has the same ledger of
// columns, and wants the rows of live issues to be the same there, in all
// tables that a load of today makes.
func (w *world) compareWithFresh(names []string) {
	w.t.Helper()
	fresh := *w.bench
	fresh.file = filepath.Join(w.t.TempDir(), "fresh.duckdb")
	fresh.seed(w.state())
	fresh.options, fresh.commits = nil, nil
	fresh.run("complete")
	for _, name := range names {
		w.sameTable(&fresh, name, "issue_id")
	}
	w.sameTable(&fresh, "_snowdrift_value_errors", "issue_id")
	w.sameTable(&fresh, "issues", "id")
}

// seed gives an empty file the columns of another.
func (b *bench) seed(of *state.State) {
	b.t.Helper()
	w := b.open(false)
	defer w.Close()
	ctx := b.t.Context()
	if err := w.Acquire(ctx, load.Job{Pipeline: "jira", Site: table.DefaultSite, Run: "seed"}); err != nil {
		b.t.Fatal(err)
	}
	st := of.Cleared()
	if _, err := w.Commit(ctx, load.Commit{State: st, Run: state.Run{ID: "seed", Pipeline: "jira", Started: time.Now(), Outcome: "seeded"}}); err != nil {
		b.t.Fatal(err)
	}
}

// sameTable compares the rows of live issues, cell by cell.
func (w *world) sameTable(fresh *bench, name, id string) {
	w.t.Helper()
	var columns, quoted []string
	for _, row := range fresh.rows("SELECT column_name, data_type FROM duckdb_columns() WHERE table_name = '" + name + "' ORDER BY 1") {
		if !slices.Contains([]string{"_run_id", "_loaded_at", "_raw"}, row[0]) {
			columns = append(columns, row[0])
			name := `"` + strings.ReplaceAll(row[0], `"`, `""`) + `"`
			if row[1] == "JSON" {
				name = "CAST(" + name + " AS VARCHAR)"
			}
			quoted = append(quoted, name)
		}
	}
	query := fmt.Sprintf("SELECT %s FROM %s WHERE %s IN (SELECT id FROM issues WHERE _presence = 'live') ORDER BY ALL", strings.Join(quoted, ", "), name, id)
	got, want := w.rows(query), fresh.rows(query)
	if len(got) != len(want) {
		w.t.Errorf("%s has %d rows, that of a fresh load %d", name, len(got), len(want))
		return
	}
	wrong := 0
	for i := range want {
		for j := range columns {
			if direct(got[i][j]) == direct(want[i][j]) {
				continue
			}
			if wrong++; wrong <= 3 {
				at := 0
				for at < min(len(got[i][j]), len(want[i][j])) && got[i][j][at] == want[i][j][at] {
					at++
				}
				at = max(0, at-100)
				w.t.Errorf("%s.%s of row %v: from byte %d on\n  it is %s\nafresh %s", name, columns[j], got[i][slices.Index(columns, id)], at, short(got[i][j][at:]), short(want[i][j][at:]))
			}
		}
	}
}

// projectArchived finds the project that evidence says to be archived.
var projectArchived = regexp.MustCompile(`its project (\S+) is archived`)

// comparePresence wants what is not live to be marked by what became of it, as
// far as Jira shows it. An issue that is hidden by itself looks deleted, and one
// that is deleted where the account sees nothing, or in an archive, looks as
// before. What left the query's projects is out of scope for as long as it can be
// seen, and so is on Cloud what was archived by itself. Data Center's search knows
// nothing of archived issues.
func (w *world) comparePresence() {
	w.t.Helper()
	for _, row := range w.rows("SELECT id, _presence, _presence_evidence, project_key FROM issues WHERE _presence <> 'live'") {
		var id int64
		if _, err := fmt.Sscan(row[0], &id); err != nil {
			w.t.Fatal(err)
		}
		if row[2] == "∅" {
			w.t.Errorf("issue %d is %s without evidence", id, row[1])
		}
		now, dataCenter := w.sim.Presence(id), w.site.Deployment == jirasim.DataCenter
		gone := now == jirasim.Deleted || now == jirasim.NoAccess
		fits := map[string]bool{
			"deleted":      gone || now == jirasim.Archived && dataCenter,
			"no_access":    gone,
			"archived":     now == jirasim.Archived || gone && (dataCenter || w.archived[row[3]]),
			"out_of_scope": now == jirasim.Live || now == jirasim.Archived && !dataCenter,
		}
		if !fits[row[1]] {
			w.t.Errorf("issue %d of %s is marked %s, and is %s (%s)", id, row[3], row[1], now, row[2])
		}
		if named := projectArchived.FindStringSubmatch(row[2]); named != nil && !w.archived[named[1]] {
			w.t.Errorf("issue %d: project %s is not archived (%s)", id, named[1], row[2])
		}
	}
}

// verifyWorld wants `verify --deep all` to find no difference. Links of issues
// that were read through the gateway are taken for the site's own.
func (w *world) verifyWorld() {
	w.t.Helper()
	v := w.verify()
	if v.Deep == nil || v.Census != v.Table || v.Deep.Issues != v.Census.Count || len(v.Missing)+len(v.Extra)+len(v.Stale)+len(v.Newer)+len(v.Strays)+len(v.Changed) > 0 {
		w.t.Errorf("verify: %s (%s): %+v", v.Outcome, v.Conclusion, v)
		return
	}
	for _, d := range v.Deep.Differences {
		if direct(d.Stored) != direct(d.Jira) {
			w.t.Errorf("verify: %+v", d)
		}
	}
}
