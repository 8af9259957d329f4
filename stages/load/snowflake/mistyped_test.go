package snowflake

import (
	"errors"
	"strings"
	"testing"

	"snowdrift/internal/table"
	"snowdrift/stages/load"
	"snowdrift/state"
)

// TestTypeOf reads what Snowflake's page of SHOW COLUMNS shows, and what cannot be
// told.
func TestTypeOf(t *testing.T) {
	t.Parallel()
	for dataType, want := range map[string]table.Type{
		`{"type":"FIXED","precision":38,"scale":0,"nullable":true}`:                                table.Int,
		`{"type":"FIXED","precision":10,"scale":0,"nullable":false}`:                               table.Int,
		`{"type":"FIXED","precision":38,"scale":9,"nullable":true}`:                                0,
		`{"type":"REAL","nullable":true}`:                                                          table.Float,
		`{"type":"TEXT","length":16777216,"byteLength":16777216,"nullable":true,"fixed":false}`:    table.Text,
		`{"type":"TEXT","length":134217728,"byteLength":134217728,"nullable":false,"fixed":false}`: table.Text,
		`{"type":"BOOLEAN","nullable":true}`:                                                       table.Bool,
		`{"type":"DATE","nullable":true}`:                                                          table.Date,
		`{"type":"TIMESTAMP_TZ","precision":0,"scale":9,"nullable":true}`:                          table.Timestamp,
		`{"type":"TIMESTAMP_TZ","precision":0,"scale":3,"nullable":true}`:                          table.Timestamp,
		`{"type":"VARIANT","nullable":true}`:                                                       table.JSON,
		`{"type":"ARRAY","nullable":true}`:                                                         table.List,
		`{"type":"OBJECT","nullable":true}`:                                                        0,
		`{"type":"TIMESTAMP_NTZ","precision":0,"scale":9,"nullable":true}`:                         0,
		`{"type":"BINARY","length":8388608,"byteLength":8388608,"nullable":true,"fixed":false}`:    0,
		`VARCHAR(16777216)`: 0,
		``:                  0,
	} {
		if got := typeOf(dataType); got != want {
			t.Errorf("%s: %d, want %d", dataType, got, want)
		}
	}
}

// shownAs are the names of two types in SHOW COLUMNS.
var shownAs = map[table.Type]string{table.Float: "REAL", table.Text: "TEXT"}

// withColumn returns the loader's tables with a column of its own in issues.
func (l *loader) withColumn(name string, kind table.Type) []*table.Table {
	tables := append([]*table.Table{}, l.tables...)
	issues := *tables[0]
	issues.Columns = append(append([]table.Column{}, issues.Columns...), table.Column{Name: name, Type: kind, Field: "customfield_2", Doc: "Effort."})
	tables[0] = &issues
	return tables
}

// wantType wants SHOW COLUMNS to name the type of a column of issues.
func (l *loader) wantType(column, want string) {
	l.t.Helper()
	rows, err := l.main.named(l.t.Context(), "test", column, `SHOW COLUMNS LIKE '`+column+`' IN TABLE "ISSUES"`)
	must(l.t, err)
	if len(rows) != 1 || !strings.Contains(rows[0]["data_type"], `"type":"`+want+`"`) {
		l.t.Errorf("column %s: %v, want %s", column, rows, want)
	}
}

// TestMistypedWithValues: a column of another type that holds something is left as it
// is, and the error says what to do. Documents and lists take each other's values.
func TestMistypedWithValues(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		title         string
		made          table.Type
		value         string
		asked         table.Type
		want, refusal string
	}{
		{"a text", table.Text, `'many'`, table.Float, "TEXT", "prepare table issues: column effort is to be FLOAT, and is VARCHAR with values in it; ALTER TABLE \"ISSUES\" RENAME COLUMN \"EFFORT\" TO …"},
		{"a number", table.Float, `1.5`, table.Text, "REAL", "column effort is to be VARCHAR, and is FLOAT with values in it"},
		{"a list", table.List, `ARRAY_CONSTRUCT('a')`, table.JSON, "ARRAY", ""},
		{"a document", table.JSON, `TO_VARIANT('a')`, table.List, "VARIANT", ""},
		{"no document", table.JSON, `NULL`, table.List, "ARRAY", ""},
		{"no text", table.Text, `NULL`, table.Float, "REAL", ""},
	} {
		t.Run(c.title, func(t *testing.T) {
			t.Parallel()
			srv := account(t, nil)
			l := start(t, srv, "r1")
			l.stage(issue{id: 1, updated: 100, summary: "one"})
			l.mustCommit(1)
			prepare(t, l, l.withColumn("effort", c.made))
			must(t, l.main.run(t.Context(), "test", "", `UPDATE "ISSUES" SET "EFFORT" = `+c.value))
			l.end()
			l = start(t, srv, "r2")
			err := l.Prepare(t.Context(), l.withColumn("effort", c.asked))
			switch {
			case c.refusal == "":
				must(t, err)
			case err == nil || !strings.Contains(err.Error(), c.refusal) || !strings.Contains(err.Error(), "snowdrift state clear --rewrite"):
				t.Errorf("error %v", err)
			}
			l.wantType("EFFORT", c.want)
			if c.refusal == "" {
				return
			}
			must(t, l.main.run(t.Context(), "do what the error says", "", `ALTER TABLE "ISSUES" DROP COLUMN "EFFORT"`))
			prepare(t, l, l.withColumn("effort", c.asked))
			l.wantType("EFFORT", shownAs[c.asked])
		})
	}
}

// TestTypesOfOthers: a column whose type is spelled or sized otherwise, or is one
// that snowdrift gives to no column, is somebody's choice: it stays, empty as it is,
// and nobody looks at it, which would wake the warehouse.
func TestTypesOfOthers(t *testing.T) {
	t.Parallel()
	srv := account(t, nil)
	l := start(t, srv, "r1")
	l.stage(issue{id: 1, updated: 100, summary: "one"})
	l.mustCommit(1)
	for _, c := range []struct {
		made  string
		asked table.Type
		want  string
	}{
		{"NUMBER(10,0)", table.Int, "FIXED"}, {"NUMBER(38,6)", table.Float, "FIXED"}, {"NUMBER(38,6)", table.Int, "FIXED"},
		{"VARCHAR(50)", table.Text, "TEXT"}, {"VARCHAR(134217728)", table.Text, "TEXT"},
		{"TIMESTAMP_TZ(6)", table.Timestamp, "TIMESTAMP_TZ"}, {"TIMESTAMP_NTZ", table.Timestamp, "TIMESTAMP_NTZ"},
		{"OBJECT", table.JSON, "OBJECT"}, {"BINARY", table.Text, "BINARY"},
	} {
		must(t, l.main.run(t.Context(), "test", "", `ALTER TABLE "ISSUES" ADD COLUMN "EFFORT" `+c.made+` COMMENT 'Effort.'`))
		srv.SuspendWarehouse()
		wakes := srv.WarehouseWakes()
		prepare(t, l, l.withColumn("effort", c.asked))
		if n := srv.WarehouseWakes() - wakes; n != 0 {
			t.Errorf("%s: the warehouse woke %d times", c.made, n)
		}
		l.wantType("EFFORT", c.want)
		must(t, l.main.run(t.Context(), "test", "", `ALTER TABLE "ISSUES" DROP COLUMN "EFFORT"`))
	}
}

// TestMistypedOfAnother: an empty column may be one that another pipeline has just
// made, and fills with its first commit. It is dropped neither then nor afterwards.
func TestMistypedOfAnother(t *testing.T) {
	t.Parallel()
	srv := account(t, nil)
	l := start(t, srv, "r1")
	l.stage(issue{id: 1, updated: 100, summary: "one"})
	l.mustCommit(1)
	other := open(t, srv, "r2")
	must(t, other.Acquire(t.Context(), load.Job{Pipeline: "other", Site: "b", Run: "r2"}))
	st, err := other.State(t.Context(), "other")
	must(t, err)
	prepare(t, other, other.withColumn("effort", table.Float))

	wanted := l.withColumn("effort", table.Text)
	if err := l.Prepare(t.Context(), wanted); !errors.Is(err, load.ErrLeaseHeld) || !strings.Contains(err.Error(), "pipeline other") || !strings.Contains(err.Error(), "column effort") {
		t.Errorf("while it is at work: %v", err)
	}
	l.wantType("EFFORT", "REAL")

	st.Columns = append(st.Columns, table.Assignment{Site: "b", Field: "customfield_7", Type: table.Float, Column: "effort", Name: "Effort"})
	st.Commit = "r2/1"
	_, err = other.Commit(t.Context(), load.Commit{State: st, Run: state.Run{ID: "r2", Pipeline: "other"}})
	must(t, err)
	other.end()
	if err := l.Prepare(t.Context(), wanted); err == nil || !strings.Contains(err.Error(), "the column ledger has it for customfield_7 of site b") {
		t.Errorf("when it is in the ledger: %v", err)
	}
	l.wantType("EFFORT", "REAL")
}

// TestMistypedUnderTheLease: who does not get the lease drops nothing.
func TestMistypedUnderTheLease(t *testing.T) {
	t.Parallel()
	srv := account(t, nil)
	first := start(t, srv, "r1")
	prepare(t, first, first.withColumn("effort", table.Float)) // and holds the lease
	second := open(t, srv, "r2")
	from := len(srv.Statements())
	if err := second.Prepare(t.Context(), second.withColumn("effort", table.Text)); !errors.Is(err, load.ErrLeaseHeld) {
		t.Errorf("error %v", err)
	}
	first.wantType("EFFORT", "REAL")
	first.end()
	prepare(t, second, second.withColumn("effort", table.Text))
	second.wantType("EFFORT", "TEXT")
	var altered []string
	for _, s := range srv.Statements()[from:] {
		if strings.HasPrefix(s.Text, "ALTER TABLE") {
			altered = append(altered, s.Text)
		}
	}
	if len(altered) != 2 || !strings.Contains(altered[0], `DROP COLUMN "EFFORT"`) || !strings.Contains(altered[1], `ADD COLUMN IF NOT EXISTS "EFFORT" VARCHAR`) {
		t.Errorf("statements %q", altered)
	}
}
