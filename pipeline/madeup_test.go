package pipeline_test

import (
	"context"
	"fmt"
	"iter"
	"log/slog"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"snowdrift/internal/jira"
	"snowdrift/internal/snowflaketest"
	"snowdrift/internal/table"
	"snowdrift/pipeline"
	"snowdrift/stages"
	"snowdrift/stages/fetch"
	"snowdrift/stages/load"
	"snowdrift/state"
)

// madeUp is a site whose fields and issues a test writes down. Every run reads
// all of it.
type madeUp struct {
	fields     []jira.Field
	children   []*table.Table
	issues     map[int64]string // members of "fields", by issue id
	changelogs map[int64]string // entries, by issue id
}

func (m *madeUp) Site() string                     { return "https://jira.example.org" }
func (m *madeUp) Projects() map[int64]jira.Project { return nil }
func (m *madeUp) Whole() bool                      { return true }
func (m *madeUp) Now() time.Time                   { return time.Date(2026, 7, 1, 9, 0, 0, 0, time.UTC) }
func (m *madeUp) Stats() jira.Stats                { return jira.Stats{} }
func (m *madeUp) CutShort() error                  { return nil }
func (m *madeUp) Unanswered() map[int64]string     { return nil }
func (m *madeUp) Fields() fetch.Selection {
	sel := fetch.Selection{Children: m.children}
	for _, f := range m.fields {
		if f.Custom {
			sel.Custom = append(sel.Custom, f)
		}
	}
	return sel
}

func (m *madeUp) Asked() state.Asked { return state.Asked{} }

func (m *madeUp) Plan(_ context.Context, before *state.State) (fetch.Plan, error) {
	return fetch.Plan{Reason: "all", State: before.Clone(), Partitions: []*stages.Partition{{Name: "all", Changes: true, Expected: int64(len(m.issues))}}}, nil
}

func (m *madeUp) Pages(context.Context, *stages.Partition) iter.Seq2[stages.Page, error] {
	return func(yield func(stages.Page, error) bool) {
		page := stages.Page{Partition: &stages.Partition{Name: "all", Changes: true}, Release: func() {}}
		for id, members := range m.issues {
			raw := fmt.Appendf(nil, `{"id":"%d","fields":{%s}}`, id, members)
			if entries, changed := m.changelogs[id]; changed {
				raw = fmt.Appendf(raw[:len(raw)-1], `,"changelog":{"histories":[%s]}}`, entries)
			}
			page.Issues = append(page.Issues, raw)
		}
		yield(page, nil)
	}
}

func (m *madeUp) Census(context.Context) iter.Seq2[[]int64, error] {
	return func(yield func([]int64, error) bool) {
		var ids []int64
		for id := range m.issues {
			ids = append(ids, id)
		}
		yield(ids, nil)
	}
}

// Answers yields nothing: the site has no dimensions.
func (m *madeUp) Answers(context.Context, string) iter.Seq2[[]byte, error] {
	return func(func([]byte, error) bool) {}
}

// Versions yields nothing: no run is asked to compare them.
func (m *madeUp) Versions(context.Context, []int64, int) iter.Seq2[fetch.Versions, error] {
	return func(func(fetch.Versions, error) bool) {}
}

// Absent yields nothing: what is gone from a made-up site is gone.
func (m *madeUp) Absent(context.Context, []int64) iter.Seq2[fetch.Versions, error] {
	return func(func(fetch.Versions, error) bool) {}
}

// Behind finds nothing: there is no index.
func (m *madeUp) Behind(context.Context, []stages.Ref) ([]int64, error) { return nil, nil }

// InScope has nothing to find, since Absent yields nothing.
func (m *madeUp) InScope(context.Context, []int64) (map[int64]bool, error) { return nil, nil }

// both are a DuckDB file and a Snowflake account for made-up sites.
type both struct {
	t    *testing.T
	jobs map[string]job
	runs int
}

func newBoth(t *testing.T) *both {
	srv := snowflaketest.Start(t, snowflaketest.Options{PATs: []string{snowflakeToken}})
	return &both{t: t, jobs: map[string]job{
		"DuckDB": {DuckDB: filepath.Join(t.TempDir(), "jira.duckdb")}, "Snowflake": {Port: srv.Port()},
	}}
}

// load loads a site into both.
func (b *both) load(m *madeUp) {
	b.t.Helper()
	b.runs++
	for name, j := range b.jobs {
		w, err := j.open(b.t.Context())
		if err != nil {
			b.t.Fatal(err)
		}
		report, err := pipeline.Run(b.t.Context(), m, w, pipeline.Options{
			Pipeline: "jira", RunID: fmt.Sprintf("run-%03d", b.runs), Dir: b.t.TempDir(), FileSize: 128 << 20, CommitSize: 1 << 30, CommitEvery: time.Hour,
			Concurrency: 1, Overlap: overlap, Census: true, Log: slog.New(slog.DiscardHandler), Now: time.Now,
		})
		if err != nil || report.Outcome != pipeline.Complete {
			b.t.Fatalf("%s: run %d ended %s (%s): %v", name, b.runs, report.Outcome, report.Conclusion, err)
		}
		if err := w.Close(); err != nil {
			b.t.Fatal(err)
		}
	}
}

// query calls fn with the answer of each destination to a query. Cells are as
// the driver hands them over.
func (b *both) query(query string, fn func(name string, rows [][]any)) {
	b.t.Helper()
	b.each(func(name string, w load.Warehouse) { fn(name, allRows(b.t, w, query)) })
}

func (b *both) each(fn func(name string, w load.Warehouse)) {
	b.t.Helper()
	for name, j := range b.jobs {
		w, err := j.open(b.t.Context())
		if err != nil {
			b.t.Fatal(err)
		}
		fn(name, w)
		if err := w.Close(); err != nil {
			b.t.Fatal(err)
		}
	}
}

// describe returns the types and comments of the columns of issues, by name.
func (b *both) describe() map[string]map[string]described {
	b.t.Helper()
	out := map[string]map[string]described{}
	b.each(func(name string, w load.Warehouse) {
		out[name] = map[string]described{}
		query, pick := `SELECT column_name, data_type, coalesce(comment, '') FROM duckdb_columns() WHERE database_name = current_database() AND table_name = 'issues'`, func(row []any) (string, described) {
			return fmt.Sprint(row[0]), described{fmt.Sprint(row[1]), fmt.Sprint(row[2])}
		}
		if name == "Snowflake" {
			query = `DESCRIBE TABLE issues`
		}
		rows, err := w.Query(b.t.Context(), query)
		if err != nil {
			b.t.Fatal(err)
		}
		if name == "Snowflake" {
			at := map[string]int{}
			for i, c := range rows.Columns() {
				at[c] = i
			}
			pick = func(row []any) (string, described) {
				return strings.ToLower(fmt.Sprint(row[at["name"]])), described{fmt.Sprint(row[at["type"]]), fmt.Sprint(row[at["comment"]])}
			}
		}
		for row, err := range rows.All() {
			if err != nil {
				b.t.Fatal(err)
			}
			column, d := pick(row)
			out[name][column] = d
		}
	})
	return out
}

// described is what a destination says of a column.
type described struct{ kind, comment string }

// ddlNames are the types as each destination writes them.
var ddlNames = map[string]map[table.Type]string{
	"DuckDB": {table.Bool: "BOOLEAN", table.Int: "BIGINT", table.Float: "DOUBLE", table.Text: "VARCHAR", table.Date: "DATE",
		table.Timestamp: "TIMESTAMP WITH TIME ZONE", table.JSON: "JSON", table.List: "VARCHAR[]"},
	"Snowflake": {table.Bool: "BOOLEAN", table.Int: "NUMBER(38,0)", table.Float: "FLOAT", table.Text: "VARCHAR(16777216)", table.Date: "DATE",
		table.Timestamp: "TIMESTAMP_TZ(9)", table.JSON: "VARIANT", table.List: "ARRAY"},
}

// customField is a field of a made-up site.
func customField(number int, name, typ, items, plugin string) jira.Field {
	f := jira.Field{ID: "customfield_" + strconv.Itoa(number), Name: name, Custom: true}
	f.Schema.Type, f.Schema.Items, f.Schema.Custom = typ, items, plugin
	return f
}
