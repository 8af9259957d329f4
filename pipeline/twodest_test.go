package pipeline_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"snowdrift/internal/jira"
	"snowdrift/internal/jirasim"
	"snowdrift/internal/snowflaketest"
	"snowdrift/internal/table"
	"snowdrift/pipeline"
	"snowdrift/stages/load"
	"snowdrift/stages/load/viewtest"
)

// twins are two destinations that are loaded from one site by runs of the same
// names: a DuckDB file, and a Snowflake account through the real driver.
type twins struct {
	t      *testing.T
	site   *bench
	srv    *snowflaketest.Server
	duck   job
	snow   job
	runs   int
	stamps map[string]string // _loaded_at by destination and issue
}

func newTwins(t *testing.T, opts jirasim.Options) *twins {
	t.Helper()
	w := &twins{
		t: t, site: newBench(t, opts), srv: snowflaketest.Start(t, snowflaketest.Options{PATs: []string{snowflakeToken}}),
		stamps: map[string]string{},
	}
	w.duck = job{Site: w.site.url, Tables: []string{table.Default}, Partition: 50, CommitSize: 1, Views: true}
	w.snow = w.duck
	w.duck.DuckDB, w.snow.Port = filepath.Join(t.TempDir(), "jira.duckdb"), w.srv.Port()
	return w
}

// load runs both, and wants them to end alike with equal tables. It returns
// what both reported, and the issues whose rows were rewritten.
func (w *twins) load() (pipeline.Report, map[string]bool) {
	w.t.Helper()
	w.runs++
	var reports []pipeline.Report
	for _, j := range []job{w.duck, w.snow} {
		j.Run, j.Dir = fmt.Sprintf("run-%03d", w.runs), w.t.TempDir()
		report, err := j.run(w.t.Context())
		if err != nil || report.Outcome != pipeline.Complete {
			w.t.Fatalf("%s ended %s (%s): %v", j.Run, report.Outcome, report.Conclusion, err)
		}
		// What differs by nature: times, what files are like, and the statements
		// that only one of them sends.
		report.Started, report.Ended, report.LoadMillis, report.FileBytes, report.Jira = time.Time{}, time.Time{}, 0, 0, jira.Stats{}
		if sent := report.Statements > 0; sent != (len(reports) == 1 && report.Commits > 0) {
			w.t.Errorf("%s reports %d statements", j.Run, report.Statements)
		}
		report.Statements = 0
		reports = append(reports, report)
	}
	duck, snow := reports[0], reports[1]
	if !reflect.DeepEqual(duck, snow) {
		w.t.Errorf("the reports of run %d differ:\n   DuckDB %+v\nSnowflake %+v", w.runs, duck, snow)
	}
	return snow, w.compare()
}

// compare compares all tables, cell by cell, and returns the issues that both
// rewrote since the last comparison.
func (w *twins) compare() map[string]bool {
	w.t.Helper()
	ctx := w.t.Context()
	duck, err := w.duck.open(ctx)
	if err != nil {
		w.t.Fatal(err)
	}
	defer duck.Close()
	snow, err := w.snow.open(ctx)
	if err != nil {
		w.t.Fatal(err)
	}
	defer snow.Close()
	names := texts(w.t, duck, `SELECT table_name FROM duckdb_tables() WHERE database_name = current_database() AND table_name NOT IN ('_snowdrift_lease') ORDER BY 1`)
	if len(names) < 10 {
		w.t.Fatalf("tables %v", names)
	}
	for _, name := range names {
		columns := w.columns(duck, snow, name)
		a, b := w.rows(duck, name, columns, false), w.rows(snow, name, columns, true)
		w.sameRows(name, columns, a, b)
	}
	if w.runs == viewedRun {
		w.sameViews(duck, snow)
	}
	return w.rewritten(duck, snow)
}

// viewedRun is the run, of those that may compare, after which the views are
// compared, too: there are years of days in them.
const viewedRun = 3

// sameViews wants both destinations to have the same views, and them to agree
// with the tables: as many stays as issues and transitions, the last of each in
// the issue's status, and everything that is in a sprint a member of it.
func (w *twins) sameViews(duck, snow load.Warehouse) {
	w.t.Helper()
	viewtest.Agree(w.t, duck, snow)
	for _, query := range []string{
		`SELECT (SELECT COUNT(*) FROM time_in_status) - (SELECT COUNT(*) FROM issues WHERE _presence = 'live')
- (SELECT COUNT(*) FROM issue_changelog c JOIN issues i ON i.id = c.issue_id AND i._site = c._site WHERE i._presence = 'live' AND c.field = 'status')`,
		`SELECT COUNT(*) FROM issues i LEFT JOIN time_in_status t ON t.issue_id = i.id AND t._site = i._site AND t.is_current
WHERE i._presence = 'live' AND t.status_id IS DISTINCT FROM i.status_id`,
		`SELECT COUNT(*) FROM issue_sprints s JOIN issues i ON i.id = s.issue_id AND i._site = s._site
LEFT JOIN sprint_membership m ON m.issue_id = s.issue_id AND m._site = s._site AND m.sprint_id = s.sprint_id AND m.removed_at IS NULL
WHERE i._presence = 'live' AND m.issue_id IS NULL`,
	} {
		if got := texts(w.t, duck, query); !slices.Equal(got, []string{"0"}) {
			w.t.Errorf("%s: %s, want 0", query, got)
		}
	}
}

// column is one that both have.
type column struct {
	name string
	kind table.Type
}

// columns wants both destinations to have the same columns of types that
// correspond, and returns them.
func (w *twins) columns(duck, snow load.Warehouse, name string) (out []column) {
	w.t.Helper()
	have := map[string]string{}
	rows, err := snow.Query(w.t.Context(), `SHOW COLUMNS IN TABLE "`+strings.ToUpper(name)+`"`)
	if err != nil {
		w.t.Fatal(err)
	}
	at, kindAt := slices.Index(rows.Columns(), "column_name"), slices.Index(rows.Columns(), "data_type")
	for cells, err := range rows.All() {
		if err != nil {
			w.t.Fatal(err)
		}
		var kind struct {
			Type             string
			Precision, Scale int
			Nullable         bool
		}
		if err := json.Unmarshal([]byte(fmt.Sprint(cells[kindAt])), &kind); err != nil {
			w.t.Fatal(err)
		}
		have[fmt.Sprint(cells[at])] = fmt.Sprintf("%s(%d,%d) NULL %t", kind.Type, kind.Precision, kind.Scale, kind.Nullable)
	}
	query := `SELECT column_name, data_type, is_nullable FROM duckdb_columns() WHERE database_name = current_database() AND table_name = '` + name + `' ORDER BY column_index`
	for _, cells := range allRows(w.t, duck, query) {
		c := column{name: fmt.Sprint(cells[0])}
		for kind, names := range typeNames {
			if names[0] == cells[1] {
				c.kind = kind
			}
		}
		if c.kind == 0 {
			w.t.Errorf("%s.%s has the type %s, of which typeNames knows nothing", name, c.name, cells[1])
		}
		upper := strings.ToUpper(c.name)
		want := fmt.Sprintf("%s NULL %t", typeNames[c.kind][1], cells[2])
		if have[upper] != want {
			w.t.Errorf("%s.%s is %s in DuckDB and %q in Snowflake, want %q", name, c.name, cells[1], have[upper], want)
		}
		delete(have, upper)
		out = append(out, c)
	}
	if len(have) > 0 {
		w.t.Errorf("%s has columns in Snowflake only: %v", name, slices.Collect(maps.Keys(have)))
	}
	return out
}

// clocks are the columns that tell when something was written, and what took
// how long.
var clocks = []string{"_loaded_at", "updated_at", "started", "ended", "report"}

// counted is what a state has in Snowflake only, see state.State.
var counted = regexp.MustCompile(`,"rows":\{"number":"\d+"\}`)

// rows reads a table, with cells written canonically, in an order of their own.
func (w *twins) rows(from load.Warehouse, name string, columns []column, upper bool) [][]string {
	w.t.Helper()
	var list []string
	for _, c := range columns {
		quoted := `"` + c.name + `"`
		switch {
		case upper:
			quoted = strings.ToUpper(quoted)
		case c.kind == table.JSON:
			quoted = "CAST(" + quoted + " AS VARCHAR)"
		case c.kind == table.List:
			quoted = "CAST(to_json(" + quoted + ") AS VARCHAR)"
		}
		list = append(list, quoted)
	}
	if upper {
		name = strings.ToUpper(name)
	}
	var out [][]string
	for _, cells := range allRows(w.t, from, "SELECT "+strings.Join(list, ", ")+` FROM "`+name+`"`) {
		row := make([]string, len(cells))
		for i, c := range columns {
			if row[i] = cell(c.kind, cells[i]); slices.Contains(clocks, c.name) {
				row[i] = ""
			}
			if name == "_SNOWDRIFT_STATE" {
				row[i] = counted.ReplaceAllString(row[i], "")
			}
		}
		out = append(out, row)
	}
	slices.SortFunc(out, slices.Compare)
	return out
}

func (w *twins) sameRows(name string, columns []column, duck, snow [][]string) {
	w.t.Helper()
	if len(duck) != len(snow) {
		w.t.Errorf("%s has %d rows in DuckDB and %d in Snowflake", name, len(duck), len(snow))
		return
	}
	wrong := 0
	for i := range duck {
		for j, c := range columns {
			if duck[i][j] == snow[i][j] {
				continue
			}
			if wrong++; wrong <= 3 {
				w.t.Errorf("%s.%s of row %s:\n   DuckDB %s\nSnowflake %s", name, c.name, duck[i][0], short(duck[i][j]), short(snow[i][j]))
			}
		}
	}
	if wrong > 3 {
		w.t.Errorf("%s: %d cells differ", name, wrong)
	}
}

func short(s string) string { return s[:min(len(s), 300)] }

// rewritten wants the same rows of issues to have a new _loaded_at.
func (w *twins) rewritten(duck, snow load.Warehouse) map[string]bool {
	w.t.Helper()
	written := map[string]map[string]bool{"duckdb": {}, "snowflake": {}}
	for name, from := range map[string]load.Warehouse{"duckdb": duck, "snowflake": snow} {
		for _, cells := range allRows(w.t, from, "SELECT id, _loaded_at FROM issues") {
			id, stamp := fmt.Sprint(cells[0]), cell(table.Timestamp, cells[1])
			if w.stamps[name+id] != stamp {
				written[name][id] = true
			}
			w.stamps[name+id] = stamp
		}
	}
	if !reflect.DeepEqual(written["duckdb"], written["snowflake"]) {
		w.t.Errorf("rewritten: DuckDB %v, Snowflake %v", written["duckdb"], written["snowflake"])
	}
	return written["snowflake"]
}

// allRows returns the answer to a query.
func allRows(t *testing.T, w load.Warehouse, query string) (out [][]any) {
	t.Helper()
	rows, err := w.Query(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	for cells, err := range rows.All() {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, slices.Clone(cells))
	}
	return out
}

func texts(t *testing.T, w load.Warehouse, query string) (out []string) {
	t.Helper()
	for _, cells := range allRows(t, w, query) {
		out = append(out, fmt.Sprint(cells[0]))
	}
	return out
}

// clear does to both what `snowdrift state clear` does.
func (w *twins) clear() {
	w.t.Helper()
	for _, j := range []job{w.duck, w.snow} {
		if err := clearState(w.t.Context(), j); err != nil {
			w.t.Fatal(err)
		}
	}
}

// TestTwoDestinations: whatever happens on the site, DuckDB and Snowflake hold
// the same rows of the same values; and a run with nothing to do does not wake
// Snowflake's warehouse.
func TestTwoDestinations(t *testing.T) {
	t.Parallel()
	for _, opts := range []jirasim.Options{
		{Deployment: jirasim.Cloud, Issues: 90, Projects: 3, Seed: 31, TimeZone: "Asia/Kathmandu"},
		{Deployment: jirasim.DataCenter, Issues: 90, Projects: 3, Seed: 32, TimeZone: "America/Sao_Paulo"},
	} {
		t.Run(opts.Deployment, func(t *testing.T) {
			t.Parallel()
			w := newTwins(t, opts)
			sim := w.site.sim
			if _, written := w.load(); len(written) != sim.Count() {
				t.Errorf("the first load wrote %d rows of %d", len(written), sim.Count())
			}
			w.idle()

			projects := sim.Projects()
			w.site.clock.move(25 * time.Hour) // so that dimensions are due, too
			ids, hidden := w.site.issuesOf(projects[0]), w.site.issuesOf(projects[2])
			w.site.remark(ids[7], 3)
			w.site.do(
				func() error { return sim.Edit(ids[1]) }, func() error { return sim.Edit(ids[2]) },
				func() error { return sim.EditField(ids[3], "labels", json.RawMessage(`["a","b c","a\"b","ü"]`)) },
				func() error { return sim.EditField(ids[4], "labels", json.RawMessage(`[]`)) },
				func() error { _, err := sim.Create(projects[0]); return err },
				func() error { _, err := sim.Create(projects[1]); return err },
				func() error { return sim.Delete(ids[0]) },
				func() error { return sim.HideProject(projects[2]) },
				func() error { return sim.RenameSprint(sim.Sprints()[0], "Another name") },
			)
			report, written := w.load()
			if report.Rows["sprints"] < 2 || report.Rows["projects"] != 1 || report.Rows["users"] != 0 {
				t.Errorf("wrote %v", report.Rows)
			}
			if got := report.Proof.Marked; got["deleted"] != 1 || got["no_access"] != int64(len(hidden)) {
				t.Errorf("marked %v", got)
			}
			if len(written) < 5+len(hidden) || len(written) > 10+len(hidden) {
				t.Errorf("%d rows were rewritten", len(written))
			}
			w.idle()

			w.clear()
			if _, written := w.load(); len(written) > 0 {
				t.Errorf("a load after a clear rewrote %d rows", len(written))
			}
			w.idle()

			// A field that the site has got brings a column.
			w.site.do(
				func() error { _, err := sim.AddField("Blast radius", jirasim.Kinds()[0]); return err },
				func() error { return sim.ShowProject(projects[2]) },
				func() error { return sim.Edit(ids[1]) },
			)
			w.load()
			w.idle()

			// Fewer fields are asked for, and everything is read again.
			w.duck.Fields = []string{"summary", "labels", "updated"}
			w.snow.Fields = w.duck.Fields
			w.site.do(func() error { return sim.EditField(ids[3], "summary", json.RawMessage(`"another summary"`)) })
			if report, _ = w.load(); !strings.Contains(strings.Join(report.Plan, "\n"), "fields") {
				t.Errorf("plan %q does not tell of the fields", report.Plan)
			}
			w.idle()
			w.innocent()
		})
	}
}

// idle runs once more into Snowflake: nothing is written, and the warehouse,
// without which no row can change, stays asleep.
func (w *twins) idle() {
	w.t.Helper()
	w.srv.SuspendWarehouse()
	wakes, from := w.srv.WarehouseWakes(), len(w.srv.Statements())
	w.runs++
	run := w.snow
	run.Run, run.Dir = fmt.Sprintf("run-%03d", w.runs), w.t.TempDir()
	report, err := run.run(w.t.Context())
	if err != nil || report.Outcome != pipeline.Complete || report.Commits > 0 || report.Files > 0 {
		w.t.Errorf("the idle run ended %s with %d commits: %v", report.Outcome, report.Commits, err)
	}
	if n := w.srv.WarehouseWakes() - wakes; n != 0 {
		w.t.Errorf("an idle run woke the warehouse %d times", n)
		for _, s := range w.srv.Statements()[from:] {
			if s.Warehouse {
				w.t.Logf("it ran %s", short(s.Text))
			}
		}
	}
}

// innocent wants nothing that Snowflake forbids or a log must not hold.
func (w *twins) innocent() {
	w.t.Helper()
	for _, v := range w.srv.Violations() {
		w.t.Errorf("violation: %s", v)
	}
	for _, s := range w.srv.Statements() {
		if s.Executions > 1 {
			w.t.Errorf("ran %d times: %s", s.Executions, short(s.Text))
		}
		for _, text := range append(s.Binds, s.Text, s.Tag) {
			for _, secret := range []string{jiraToken, snowflakeToken} {
				if strings.Contains(text, secret) {
					w.t.Errorf("a secret is in %s", short(s.Text))
				}
			}
		}
	}
	files, err := w.srv.StagedFiles()
	if err != nil || len(files) > 0 {
		w.t.Errorf("files on the stage: %q, %v", files, err)
	}
}
