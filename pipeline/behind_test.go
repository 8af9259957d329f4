package pipeline_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"snowdrift/internal/jirasim"
	"snowdrift/internal/table"
	"snowdrift/pipeline"
	"snowdrift/stages/load"
	"snowdrift/state"
)

// byHand runs SQL in the file as somebody else would.
func (b *bench) byHand(statements ...string) {
	b.t.Helper()
	db, err := sql.Open("duckdb", b.file)
	if err != nil {
		b.t.Fatal(err)
	}
	for _, s := range statements {
		if _, err := db.Exec(s); err != nil {
			b.t.Error(s, err)
		}
	}
	if err := db.Close(); err != nil {
		b.t.Fatal(err)
	}
}

// TestRowsRemovedBehindOurBack: what somebody removes from the tables is back after
// the next run, though nothing changed in Jira.
func TestRowsRemovedBehindOurBack(t *testing.T) {
	t.Parallel()
	for what, statements := range map[string][]string{
		"one row":           {"DELETE FROM issues WHERE id = (SELECT MIN(id) FROM issues)"},
		"all rows":          {"DELETE FROM issues"},
		"a row of a gone":   {"UPDATE issues SET _presence = 'deleted' WHERE id = (SELECT MIN(id) FROM issues)"},
		"the table":         {"DROP TABLE issues CASCADE"},
		"a child table":     {"DROP TABLE issue_labels CASCADE"},
		"all child tables":  {"DROP TABLE issue_labels CASCADE", "DROP TABLE _snowdrift_value_errors CASCADE"},
		"a dimension":       {"DROP TABLE projects CASCADE", "DROP TABLE statuses CASCADE"},
		"all of these":      {"DROP TABLE issues CASCADE", "DROP TABLE issue_labels CASCADE", "DROP TABLE projects CASCADE"},
		"a column":          {"ALTER TABLE issues DROP COLUMN summary"},
		"a column of ours":  {"ALTER TABLE issues DROP COLUMN _hash"},
		"a custom field":    {"ALTER TABLE issues DROP COLUMN story_points"},
		"cells of children": {"ALTER TABLE issue_links DROP COLUMN outward", "ALTER TABLE issue_links DROP COLUMN linked_key"},
		"of a dimension":    {"ALTER TABLE projects DROP COLUMN name", "ALTER TABLE statuses DROP COLUMN _hash"},
		"rows and children": {"DELETE FROM issues WHERE id % 2 = 0", "DELETE FROM issue_labels WHERE issue_id % 2 = 0"},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, jirasim.Options{Issues: 60})
			b.tables = []string{"issues", "issue_labels", "issue_links", "projects", "statuses"}
			b.options = func(o *pipeline.Options) { o.Deep = 0 }
			b.run(pipeline.Complete)
			labels, projects := b.one("SELECT COUNT(*) FROM issue_labels"), b.one("SELECT COUNT(*) FROM projects WHERE _presence = 'live'")
			whole := b.columnSums()
			b.byHand(statements...)
			b.clock.move(time.Hour)
			b.run(pipeline.Complete)
			b.compare()
			b.want("SELECT COUNT(*) FROM issue_labels", labels)
			b.want("SELECT COUNT(*) FROM projects WHERE _presence = 'live'", projects)
			if got := b.columnSums(); got != whole {
				t.Errorf("the tables hold\n%s\nwant\n%s", got, whole)
			}
			if v := b.verify(); v.Outcome != pipeline.Clean {
				t.Errorf("verify: %s (%s)", v.Outcome, v.Conclusion)
			}
		})
	}
}

// columnSums sums up what each column of the tables holds, whatever their order. When a
// row was written does not count.
func (b *bench) columnSums() string {
	b.t.Helper()
	sum := "md5(string_agg(CAST(%[1]q AS VARCHAR), ' ' ORDER BY CAST(%[1]q AS VARCHAR)))"
	var sums []string
	for _, name := range []string{"issues", "issue_labels", "issue_links", "projects", "statuses"} {
		columns := strings.Fields(b.one("SELECT string_agg(column_name, ' ' ORDER BY column_name) FROM duckdb_columns() WHERE table_name = '" + name + "' AND schema_name = 'main'"))
		columns = slices.DeleteFunc(columns, func(c string) bool { return c == table.RunID || c == table.LoadedAt })
		var list []string
		for _, c := range columns {
			list = append(list, fmt.Sprintf(sum, c))
		}
		for i, s := range b.rows("SELECT " + strings.Join(list, ", ") + " FROM " + name)[0] {
			sums = append(sums, name+"."+columns[i]+" "+s)
		}
	}
	return strings.Join(sums, "\n")
}

// TestClearAfterATableWasDropped: a clear fills a table again that somebody dropped,
// though no issue is other than it was.
func TestClearAfterATableWasDropped(t *testing.T) {
	t.Parallel()
	b := newBench(t, jirasim.Options{Issues: 60})
	b.tables = []string{"issues", "issue_labels"}
	b.run(pipeline.Complete)
	labels := b.one("SELECT COUNT(*) FROM issue_labels")
	b.byHand("DROP TABLE issue_labels CASCADE")
	b.clear()
	b.run(pipeline.Complete)
	b.want("SELECT COUNT(*) FROM issue_labels", labels)
	before := b.stamps()
	b.clear()
	b.run(pipeline.Complete)
	if rows := b.written(before); len(rows) > 0 {
		t.Errorf("written again: %v", rows)
	}
	b.byHand("DELETE FROM issue_labels")
	b.clear(func(st *state.State) { st.Rewrite = true }) // snowdrift state clear --rewrite
	b.run(pipeline.Complete)
	b.want("SELECT COUNT(*) FROM issue_labels", labels)
	if st := b.state(); st.Rewrite {
		t.Error("every row would be written for ever")
	}
}

// TestDroppedAndFailed: that a table was dropped is not forgotten by a run that comes
// to nothing.
func TestDroppedAndFailed(t *testing.T) {
	t.Parallel()
	b := newBench(t, jirasim.Options{Issues: 60})
	b.tables = []string{"issues", "issue_labels"}
	b.run(pipeline.Complete)
	labels := b.one("SELECT COUNT(*) FROM issue_labels")
	b.byHand("DROP TABLE issue_labels CASCADE")
	b.sim.Fault(func(r *http.Request) *jirasim.Fault {
		if strings.HasPrefix(jirasim.Endpoint(r), "search") {
			return &jirasim.Fault{Status: 500, Body: "{}"}
		}
		return nil
	})
	if _, err := b.try(t.Context()); err == nil {
		t.Fatal("the run did not fail")
	}
	b.sim.Fault(nil)
	b.run(pipeline.Complete)
	b.want("SELECT COUNT(*) FROM issue_labels", labels)
}

// unprepared is a destination in which making something fails, once it is made.
type unprepared struct {
	load.Warehouse
	tables, views error
}

func (u unprepared) Prepare(ctx context.Context, tables []*table.Table) error {
	return errors.Join(u.Warehouse.Prepare(ctx, tables), u.tables)
}

func (u unprepared) MakeViews(ctx context.Context, views []load.View) error {
	return errors.Join(u.Warehouse.MakeViews(ctx, views), u.views)
}

// TestDroppedAndMade: the same where the run ends as soon as the table is made anew.
func TestDroppedAndMade(t *testing.T) {
	t.Parallel()
	for name, failing := range map[string]unprepared{"another table is not": {tables: errSabotage}, "its view is not": {views: errSabotage}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, jirasim.Options{Issues: 60})
			b.tables = []string{"issues", "issue_labels"}
			b.options = func(o *pipeline.Options) { o.Views = true }
			b.run(pipeline.Complete)
			labels := b.one("SELECT COUNT(*) FROM issue_labels")
			b.byHand("DROP TABLE issue_labels CASCADE")
			b.warehouse = func(w load.Warehouse) load.Warehouse {
				failing.Warehouse = w
				return failing
			}
			if _, err := b.try(t.Context()); !errors.Is(err, errSabotage) {
				t.Fatal(err)
			}
			b.want("SELECT COUNT(*) FROM issue_labels", "0")
			b.warehouse = nil
			b.run(pipeline.Complete)
			b.want("SELECT COUNT(*) FROM issue_labels", labels)
		})
	}
}

// TestPipelineRenamed: the rows of a pipeline that goes by another name now become
// those of the new name, and what is deleted in Jira afterwards is marked.
func TestPipelineRenamed(t *testing.T) {
	t.Parallel()
	b := newBench(t, jirasim.Options{Issues: 60})
	b.run(pipeline.Complete)
	b.options = func(o *pipeline.Options) { o.Pipeline = "jira2" }
	b.run(pipeline.Complete)
	b.want("SELECT COUNT(*) FROM issues WHERE _pipeline = 'jira2' AND _presence = 'live'", "60")
	b.clock.move(time.Hour)
	victim := b.sim.IDs()[3]
	b.do(func() error { return b.sim.Delete(victim) })
	b.run(pipeline.Complete)
	if got := b.presences(); len(got) != 1 || got[fmt.Sprint(victim)] != "deleted" {
		t.Errorf("presences %v, want that of %d", got, victim)
	}
}

// TestScopesOverlap: what another pipeline loaded of the scope is taken over, and the
// report says from whom; a verification of the other one does not call it clean.
func TestScopesOverlap(t *testing.T) {
	t.Parallel()
	b := newBench(t, jirasim.Options{Issues: 60, Projects: 2})
	projects := b.sim.Projects()
	b.run(pipeline.Complete)
	b.query.Projects = projects[1:]
	b.options = func(o *pipeline.Options) { o.Pipeline = "second" }
	b.run(pipeline.Complete)
	b.query.Projects, b.options = nil, nil
	v := b.verify()
	theirs := int64(len(b.issuesOf(projects[1])))
	if v.Outcome != pipeline.Differing || v.Others["second"] != theirs || !strings.Contains(v.Conclusion, "rows of pipeline second") {
		t.Errorf("verify: %s (%s), rows of others %v, want %d", v.Outcome, v.Conclusion, v.Others, theirs)
	}
	report := b.run(pipeline.Complete)
	if report.Proof.Others["second"] != theirs || !strings.Contains(report.Conclusion, fmt.Sprintf("%d rows were those of pipeline second", theirs)) {
		t.Errorf("%s: %+v", report.Conclusion, report.Proof)
	}
	b.want("SELECT COUNT(*) FROM issues WHERE _pipeline = 'jira'", "60")
	b.compare()
}

// TestUpdatedInTheFuture: an issue whose updated lies in the future, by a wrong clock,
// hides no later change, whether it is met in a first load or afterwards.
func TestUpdatedInTheFuture(t *testing.T) {
	t.Parallel()
	const years = 3 * 365 * 24 * time.Hour
	for _, first := range []bool{true, false} {
		t.Run(fmt.Sprintf("first load %t", first), func(t *testing.T) {
			t.Parallel()
			b := newBench(t, jirasim.Options{Issues: 60})
			b.options = func(o *pipeline.Options) { o.Deep = 0 }
			ids := b.sim.IDs()
			if !first {
				b.run(pipeline.Complete)
			}
			b.clock.move(years)
			b.do(func() error { return b.sim.Edit(ids[0]) })
			b.clock.move(-years)
			b.run(pipeline.Complete)
			commits := len(b.commits)
			b.run(pipeline.Complete)
			if len(b.commits) > commits {
				t.Error("a run that found nothing new committed")
			}
			for _, id := range ids[1:4] {
				b.clock.move(6 * time.Hour)
				b.do(func() error { return b.sim.Edit(id) })
				b.run(pipeline.Complete)
				if n := b.stale(); n > 0 {
					t.Errorf("%d rows are out of date after a change of %d", n, id)
				}
			}
		})
	}
}

// failing answers that issues cannot be loaded, in bulk and, if alone, by themselves.
func failing(alone bool, id int64) func(*http.Request) *jirasim.Fault {
	return func(r *http.Request) *jirasim.Fault {
		switch {
		case jirasim.Endpoint(r) == "issue/bulkfetch":
			return &jirasim.Fault{Status: 200, Body: fmt.Sprintf(`{"issues":[],"issueErrors":[{"id":"%d","errorMessage":"Internal error"}]}`, id)}
		case alone && strings.HasSuffix(r.URL.Path, fmt.Sprintf("/issue/%d", id)):
			return &jirasim.Fault{Status: 500, Body: "{}"}
		}
		return nil
	}
}

// TestIssueErrors: an issue that Jira fails to load with others is asked for by
// itself. If that fails, too, it is neither taken for gone nor is the census proven.
func TestIssueErrors(t *testing.T) {
	t.Parallel()
	for _, alone := range []bool{false, true} {
		t.Run(fmt.Sprintf("missing, alone it fails: %t", alone), func(t *testing.T) {
			t.Parallel()
			b := newBench(t, jirasim.Options{Issues: 60})
			id := b.sim.IDs()[7]
			b.do(func() error { return b.sim.Hide(id) })
			b.run(pipeline.Complete)
			b.do(func() error { return b.sim.Unhide(id) })
			b.sim.Fault(failing(alone, id))
			if alone {
				if r := b.run(pipeline.Unproven); !strings.Contains(r.Conclusion, fmt.Sprintf("such as %d", id)) {
					t.Error(r.Conclusion)
				}
				b.want(fmt.Sprintf("SELECT COUNT(*) FROM issues WHERE id = %d AND _presence = 'live'", id), "0")
				b.sim.Fault(nil)
			}
			b.run(pipeline.Complete)
			b.compare()
		})
		t.Run(fmt.Sprintf("absent, alone it fails: %t", alone), func(t *testing.T) {
			t.Parallel()
			b, id := movedOut(t)
			b.sim.Fault(failing(alone, id))
			want := fmt.Sprintf("SELECT _presence FROM issues WHERE id = %d", id)
			if alone {
				b.run(pipeline.Unproven)
				b.want(want, "live")
				b.sim.Fault(nil)
			}
			b.run(pipeline.Complete)
			b.want(want, "out_of_scope")
		})
	}
}

// movedOut loads one of three projects, and moves an issue out of it. The rows of
// what is gone are to be removed.
func movedOut(t *testing.T) (b *bench, id int64) {
	t.Helper()
	b = newBench(t, jirasim.Options{Issues: 60, Projects: 3})
	b.query.Projects = b.sim.Projects()[:1]
	id = b.issuesOf(b.query.Projects[0])[4]
	b.options = func(o *pipeline.Options) { o.Deleted = pipeline.Hard }
	b.run(pipeline.Complete)
	b.clock.move(time.Hour)
	b.do(func() error { return b.sim.Move(id, otherProject(b.sim, id)) })
	return b, id
}

// TestLeftOutOnce: an issue that a bulk leaves out without a word is gone only if it
// is left out again.
func TestLeftOutOnce(t *testing.T) {
	t.Parallel()
	b, id := movedOut(t)
	looks := 0
	b.sim.Fault(func(r *http.Request) *jirasim.Fault {
		if jirasim.Endpoint(r) == "issue/bulkfetch" {
			if looks++; looks == 1 {
				return &jirasim.Fault{Status: 200, Body: `{"issues":[],"issueErrors":[]}`}
			}
		}
		return nil
	})
	b.run(pipeline.Complete)
	b.want(fmt.Sprintf("SELECT _presence FROM issues WHERE id = %d", id), "out_of_scope")
}

// TestSourceRenamed: a site that goes by another name, and so by another pipeline, is
// refused: every issue would be there twice.
func TestSourceRenamed(t *testing.T) {
	t.Parallel()
	b := newBench(t, jirasim.Options{Issues: 20})
	as := func(name string) { b.options = func(o *pipeline.Options) { o.Pipeline, o.Site = "jira_"+name, name } }
	as("emea")
	b.run(pipeline.Complete)
	as("EMEA")
	if _, err := b.try(t.Context()); !errors.Is(err, state.ErrOtherName) || !strings.Contains(err.Error(), `call it "emea" again`) {
		t.Errorf("under another name: %v", err)
	}
	b.want("SELECT COUNT(*) FROM issues", "20")
	b.options = func(o *pipeline.Options) { o.Pipeline, o.Site = "second", "emea" }
	b.run(pipeline.Complete) // another pipeline of the same name takes the rows over
	b.want("SELECT COUNT(*) FROM issues", "20")
}

// TestReturnsOlder: on a site that was restored from a backup, issues are there again
// whose rows are marked as gone, as of before. An older version overwrites no newer one,
// whatever the row is marked as; the run says what is the matter, each time, and what
// the manual says about it helps.
func TestReturnsOlder(t *testing.T) {
	t.Parallel()
	b := newBench(t, jirasim.Options{Issues: 60})
	b.tables = []string{"issues", "issue_labels"}
	b.run(pipeline.Complete)
	ids := b.sim.IDs()
	for i, presence := range []string{"deleted", "out_of_scope", "no_access", "archived"} {
		b.byHand(fmt.Sprintf("UPDATE issues SET _presence = '%s', _presence_evidence = 'x', summary = 'of the future', updated = updated + INTERVAL 1 DAY WHERE id = %d", presence, ids[i]))
	}
	b.byHand(fmt.Sprintf("UPDATE issues SET _presence = 'deleted' WHERE id = %d", ids[10])) // as new as in Jira
	const future = "SELECT COUNT(*), COUNT(DISTINCT _presence) FROM issues WHERE summary = 'of the future' AND _presence <> 'live'"
	wantNewer := func(missing, newer int) {
		t.Helper()
		r := b.run(pipeline.Unproven)
		if r.Proof.Newer != newer || r.Proof.Missing != missing || !strings.HasPrefix(r.Conclusion, fmt.Sprint(newer)+" rows are newer than what Jira shows: was the site restored from a backup") {
			t.Errorf("%+v: %s", r.Proof, r.Conclusion)
		}
		if got := fmt.Sprint(b.rows(future)); got != "[[4 4]]" {
			t.Errorf("rows that are newer, and their marks: %s", got)
		}
	}
	wantNewer(5, 4)
	b.want(fmt.Sprintf("SELECT _presence FROM issues WHERE id = %d", ids[10]), "live")
	wantNewer(4, 4)

	// A deep census finds the live ones, too, and asks about those that are gone.
	b.byHand(fmt.Sprintf("UPDATE issues SET updated = updated + INTERVAL 1 DAY WHERE id = %d", ids[20]))
	b.options = func(o *pipeline.Options) { o.DeepNow = true }
	wantNewer(4, 5)
	wantNewer(4, 5)

	b.options = nil
	b.byHand("DELETE FROM issues WHERE summary = 'of the future'", fmt.Sprintf("DELETE FROM issues WHERE id = %d", ids[20]))
	b.run(pipeline.Complete)
	b.compare()
}

// TestTablesOfOthers: a table of one of our names that somebody else made is left as it
// is, and so is everything else.
func TestTablesOfOthers(t *testing.T) {
	t.Parallel()
	for name, made := range map[string]string{
		"issues":       "CREATE TABLE issues AS SELECT 10001 AS id, 'mine' AS title",
		"issue_labels": "CREATE TABLE issue_labels AS SELECT 10001 AS issue_id, 'mine' AS label",
		"projects":     "CREATE TABLE projects AS SELECT 10000 AS id, 'mine' AS name, now() AS _loaded_at, 'x' AS _run_id",
		"statuses":     "CREATE VIEW statuses AS SELECT 1 AS id, 'mine' AS name",
	} {
		for _, when := range []string{"before the first run", "in place of ours"} {
			t.Run(name+" "+when, func(t *testing.T) {
				t.Parallel()
				b := newBench(t, jirasim.Options{Issues: 20})
				b.tables = []string{"issues", "issue_labels", "projects", "statuses"}
				if when == "in place of ours" {
					b.run(pipeline.Complete)
					b.byHand("DROP TABLE " + name + " CASCADE")
				}
				b.byHand(made)
				columns := "SELECT COUNT(*) || ' ' || md5(string_agg(table_name || column_name, ' ' ORDER BY 1)) FROM duckdb_columns() WHERE table_name NOT LIKE '\\_snow%' ESCAPE '\\'"
				before := b.one(columns)
				_, err := b.try(t.Context())
				var refused *load.Error
				if !errors.As(err, &refused) || refused.On != name || !strings.Contains(err.Error(), "did not make") {
					t.Fatalf("%v", err)
				}
				b.want(columns, before)
				b.want("SELECT COUNT(*) FROM "+name, "1")
				b.byHand("ALTER " + strings.Fields(made)[1] + " " + name + " RENAME TO other")
				b.run(pipeline.Complete)
				b.compare()
			})
		}
	}
}

// TestTablesWithoutSite: a child table without _site is an old one if a state knows it, and
// somebody else's if none does.
func TestTablesWithoutSite(t *testing.T) {
	t.Parallel()
	b := newBench(t, jirasim.Options{Issues: 20})
	b.tables = []string{"issues", "issue_labels"}
	b.run(pipeline.Complete)
	b.byHand("ALTER TABLE issue_labels DROP COLUMN _site", "ALTER TABLE _snowdrift_value_errors DROP COLUMN _site")
	b.run(pipeline.Complete)
	b.want("SELECT COUNT(*) FROM issue_labels WHERE _site IS NULL", "0")
	b.byHand("CREATE TABLE issue_links AS SELECT 10001 AS issue_id, 1 AS id")
	b.tables = append(b.tables, "issue_links")
	if _, err := b.try(t.Context()); err == nil || !strings.Contains(err.Error(), "did not make") {
		t.Error(err)
	}
	b.want("SELECT COUNT(*) FROM issue_links", "1")
}
