package pipeline_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"snowdrift/internal/jira"
	"snowdrift/internal/jirasim"
	"snowdrift/internal/table"
	"snowdrift/pipeline"
)

// columnsOf returns the columns of a field, quoted, in the order of their names.
func (b *bench) columnsOf(field string) (columns []string) {
	b.t.Helper()
	for _, row := range b.rows("SELECT column_name FROM _snowdrift_columns WHERE field_id = '" + field + "' ORDER BY 1") {
		columns = append(columns, `"`+row[0]+`"`)
	}
	return columns
}

// cellOf is a cell of an issue's row, as text.
func (b *bench) cellOf(id int64, column string) string {
	b.t.Helper()
	return b.one(fmt.Sprintf("SELECT CAST(%s AS VARCHAR) FROM issues WHERE id = %d", column, id))
}

// addField adds a field to the site.
func (b *bench) addField(name, kind string) string {
	b.t.Helper()
	id, err := b.sim.AddField(name, kind)
	if err != nil {
		b.t.Fatal(err)
	}
	return id
}

func (b *bench) set(id int64, field, value string) {
	b.t.Helper()
	b.do(func() error { return b.sim.EditField(id, field, json.RawMessage(value)) })
}

// TestTrap_T10_OneNameTwoFields: display names of custom fields are not unique.
// Who names columns after them lets one field overwrite the other, and which one
// wins depends on the order in which Jira lists them.
func TestTrap_T10_OneNameTwoFields(t *testing.T) {
	t.Parallel()
	b := newBench(t, jirasim.Options{Issues: 30})
	first, second := b.addField("Severity", "text"), b.addField("Severity", "text")
	id := b.sim.IDs()[2]
	b.set(id, first, `"of the first"`)
	b.set(id, second, `"of the second"`)
	b.run(pipeline.Complete)
	for field, want := range map[string]string{first: "of the first", second: "of the second"} {
		columns := b.columnsOf(field)
		if len(columns) != 1 {
			t.Fatalf("columns of %s: %v", field, columns)
		}
		if got := b.cellOf(id, columns[0]); got != want {
			t.Errorf("%s of %s is %q, want %q", columns[0], field, got, want)
		}
	}
}

// TestTrap_T11_FieldRenamed: a field that gets another name stays the field that
// it is. Loaders that know it by name start a new, empty column, or lose it. Its
// history is told by the name that it had when the row was written, which is no
// difference that verify could report: no run would read the issue again for it.
func TestTrap_T11_FieldRenamed(t *testing.T) {
	t.Parallel()
	b := newBench(t, jirasim.Options{Issues: 30})
	b.tables = []string{"issues", table.FieldHistory}
	field := b.addField("Effort", "text")
	ids := b.sim.IDs()
	b.set(ids[1], field, `"before"`)
	b.run(pipeline.Complete)
	b.do(func() error { return b.sim.RenameField(field, "Size") })
	b.set(ids[2], field, `"after"`)
	b.run(pipeline.Complete)
	for id, name := range map[int64]string{ids[1]: "Effort", ids[2]: "Size"} {
		b.want(fmt.Sprintf("SELECT MAX(field) FROM issue_field_history WHERE field_id = '%s' AND issue_id = %d", field, id), name)
	}
	if v := b.verify(); v.Outcome != pipeline.Clean || v.Deep.Issues != 30 {
		t.Errorf("verify: %s (%s): %+v", v.Outcome, v.Conclusion, v.Deep)
	}
	if columns := b.columnsOf(field); !slices.Equal(columns, []string{`"effort"`}) {
		t.Errorf("columns %v", columns)
	}
	for id, want := range map[int64]string{ids[1]: "before", ids[2]: "after"} {
		if got := b.cellOf(id, "effort"); got != want {
			t.Errorf("issue %d has %q, want %q", id, got, want)
		}
	}
	b.compare()
}

// TestTrap_T11_FieldRenamedTwice: Data Center's changelog knows a custom field by
// the name that it had at the time alone. A name that a run saw stays known as the
// field's when it gets yet another one.
func TestTrap_T11_FieldRenamedTwice(t *testing.T) {
	t.Parallel()
	b := newBench(t, jirasim.Options{Deployment: jirasim.DataCenter, Issues: 30})
	b.tables = []string{"issues", table.FieldHistory}
	field := b.addField("Effort", "text")
	id := b.sim.IDs()[1]
	b.set(id, field, `"first"`)
	b.run(pipeline.Complete)
	for _, name := range []string{"Size", "Extent", "Size", "Weight"} {
		b.do(func() error { return b.sim.RenameField(field, name) })
		b.set(id, field, `"as `+name+`"`)
		b.run(pipeline.Complete)
	}
	values := fmt.Sprintf("SELECT string_agg(value, ', ' ORDER BY position) FROM issue_field_history WHERE field_id = '%s' AND issue_id = %d", field, id)
	b.want(values, "first, as Size, as Extent, as Size, as Weight")
	if v := b.verify(); v.Outcome != pipeline.Clean || v.Deep.Issues != 30 {
		t.Errorf("verify: %s (%s): %+v", v.Outcome, v.Conclusion, v.Deep)
	}
	b.clear() // what is read again keeps it, too
	b.set(id, field, `"at last"`)
	b.run(pipeline.Complete)
	b.want(values, "first, as Size, as Extent, as Size, as Weight, at last")
}

// TestTrap_T12_FieldChangesType: a field under the same id with values of
// another type gets a column more. The old one stays, with its values: queries
// that use it go on, and no value is lost in a failed cast.
func TestTrap_T12_FieldChangesType(t *testing.T) {
	t.Parallel()
	b := newBench(t, jirasim.Options{Issues: 30})
	field := b.addField("Effort", "number")
	ids := b.sim.IDs()
	b.set(ids[1], field, `3.5`)
	b.set(ids[2], field, `8`)
	b.run(pipeline.Complete)
	b.do(func() error { return b.sim.RetypeField(field, "text") })
	b.set(ids[2], field, `"large"`)
	b.run(pipeline.Complete)
	columns := b.columnsOf(field)
	if len(columns) != 2 || columns[0] != `"effort"` {
		t.Fatalf("columns %v", columns)
	}
	if got := b.cellOf(ids[1], "effort"); got != "3.5" {
		t.Errorf("the number has become %q", got)
	}
	if got := b.cellOf(ids[2], columns[1]); got != "large" {
		t.Errorf("the text is %q", got)
	}
	b.want("SELECT data_type FROM duckdb_columns() WHERE table_name = 'issues' AND column_name = 'effort'", "DOUBLE")
	for _, id := range ids { // those that nobody edited, too
		want := string(b.sim.FieldValue(id, field))
		if got := b.cellOf(id, "to_json("+columns[1]+")"); got != want && (got != "∅" || want != "null") {
			t.Errorf("the text of issue %d is %s, want %s", id, got, want)
		}
	}
}

// TestTrap_T17_FieldAdded: a field that is added to the selection is wanted of
// all issues. Loaders fill it as issues change, and leave the others NULL.
func TestTrap_T17_FieldAdded(t *testing.T) {
	t.Parallel()
	b := newBench(t, jirasim.Options{Issues: 60})
	field := b.addField("Effort", "text")
	for i, id := range b.sim.IDs() {
		b.set(id, field, fmt.Sprintf(`"size %d"`, i))
	}
	b.fields = []string{"summary"}
	b.run(pipeline.Complete)
	if columns := b.columnsOf(field); len(columns) > 0 {
		t.Fatalf("columns %v of a field that nobody asked for", columns)
	}
	b.fields = []string{"summary", field}
	b.run(pipeline.Complete)
	for i, row := range b.rows("SELECT effort FROM issues ORDER BY id") {
		if want := fmt.Sprintf("size %d", i); row[0] != want {
			t.Errorf("row %d has %q, want %q", i, row[0], want)
		}
	}
}

// TestTrap_T18_NoTzdata: a container without zone files must neither fail nor
// take UTC for every zone, and a zone that is not known is an error.
func TestTrap_T18_NoTzdata(t *testing.T) {
	t.Parallel()
	t.Run("unknown zone", func(t *testing.T) {
		t.Parallel()
		b := newBench(t, jirasim.Options{Issues: 20})
		b.sim.Fault(func(r *http.Request) *jirasim.Fault {
			if jirasim.Endpoint(r) != "myself" {
				return nil
			}
			return &jirasim.Fault{Status: http.StatusOK, Body: `{"accountId":"7","displayName":"User 7","timeZone":"Mars/Phobos"}`}
		})
		if _, err := b.try(t.Context()); jira.KindOf(err) != jira.KindProtocol || !strings.Contains(err.Error(), "Mars/Phobos") {
			t.Errorf("error %v", err)
		}
	})
	t.Run("embedded", func(t *testing.T) {
		t.Parallel()
		// The simulator, which these tests link, embeds the zones too; what
		// counts is that the client does.
		out, err := exec.Command("go", "list", "-deps", "snowdrift/internal/jira").CombinedOutput()
		if err != nil {
			t.Fatalf("go list: %v\n%s", err, out)
		}
		if !slices.Contains(strings.Fields(string(out)), "time/tzdata") {
			t.Error("internal/jira does not embed time/tzdata")
		}
	})
	t.Run("bare machine", func(t *testing.T) {
		t.Parallel()
		b := newBench(t, jirasim.Options{Issues: 40, TimeZone: "Asia/Kathmandu", NoEpochMillis: true})
		b.run(pipeline.Complete)
		b.do(func() error { return b.sim.Edit(b.sim.IDs()[0]) })
		if b.runWithoutZones() {
			b.compare()
		}
	})
}

// zoneDirectories are where Go looks for zone files (package time, zoneinfo_unix.go).
var zoneDirectories = []string{"/usr/share/zoneinfo", "/usr/share/lib/zoneinfo", "/usr/lib/locale/TZ", "/etc/zoneinfo"}

// runWithoutZones loads in a process that sees empty directories in place of
// the machine's zone files, and reports whether it could be made.
func (b *bench) runWithoutZones() bool {
	b.t.Helper()
	root, err := exec.Command("go", "env", "GOROOT").Output() // whose zone files Go knows, too
	if err != nil {
		b.t.Fatal(err)
	}
	script := "set -e; "
	for _, dir := range append(zoneDirectories, filepath.Join(strings.TrimSpace(string(root)), "lib", "time")) {
		if _, err := os.Stat(dir); err == nil && filepath.IsAbs(dir) {
			script += "mount -t tmpfs none '" + dir + "'; "
		}
	}
	namespace := func(then string) *exec.Cmd { return exec.Command("unshare", "-rm", "sh", "-c", script+then) }
	if out, err := namespace("true").CombinedOutput(); err != nil {
		b.t.Logf("no namespace of our own can be had here, so the zone files stay: %v: %s", err, out)
		return false
	}
	j := job{Site: b.url, Run: "run-without-zones", Partition: 100, CommitSize: 1, Dir: b.t.TempDir(), DuckDB: b.file}
	text, err := json.Marshal(j)
	if err != nil {
		b.t.Fatal(err)
	}
	c := namespace(`exec "$0"`)
	c.Args = append(c.Args, os.Args[0])
	c.Env = append(os.Environ(), jobVariable+"="+string(text), "ZONEINFO=", "TZ=")
	var log strings.Builder
	c.Stderr = &log
	out, err := c.StdoutPipe()
	if err != nil {
		b.t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		b.t.Fatal(err)
	}
	printed, readErr := io.ReadAll(out)
	var report pipeline.Report
	if err := c.Wait(); err != nil || readErr != nil || json.Unmarshal(printed, &report) != nil || report.Outcome != pipeline.Complete {
		b.t.Fatalf("the loader ended %s: %v\n%s", report.Outcome, err, &log)
	}
	return true
}
