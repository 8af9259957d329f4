package jirasim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"snowdrift/internal/realdata"
)

func dataSite(t *testing.T, o Options) *site {
	t.Helper()
	o.Deployment = DataCenter
	o.Data = []string{filepath.Join("testdata", "odd.jsonl")}
	return newSite(t, o)
}

func TestDataFilesAreServedVerbatim(t *testing.T) {
	s := dataSite(t, Options{})
	lines, err := os.ReadFile(filepath.Join("testdata", "odd.jsonl"))
	ok(t, err)
	if s.Count() != 4 || s.Skipped() != 5 {
		t.Errorf("%d issues and %d skipped lines, want 4 and 5", s.Count(), s.Skipped())
	}
	s.Each(func(id int64, key string, raw []byte) bool {
		if !bytes.Contains(lines, append(bytes.Clone(raw), '\n')) {
			t.Errorf("issue %d is not a line of the file: %.80s", id, raw)
		}
		if x := s.do("GET", "/rest/api/2/issue/"+key, ""); string(x.body) != string(raw) {
			t.Errorf("GET %s differs", key)
		}
		return true
	})
	var p struct{ Issues []json.RawMessage }
	s.post("/rest/api/2/search", `{"jql":"order by id","fields":["*all"]}`, &p)
	if len(p.Issues) != 4 || string(p.Issues[0]) != string(s.Raw(100)) || !strings.Contains(string(p.Issues[0]), `"First"`) {
		t.Errorf("search: %.200s", p.Issues)
	}
	s.post("/rest/api/2/search", `{"jql":"id = 106","fields":["customfield_10002","summary"]}`, &p)
	if want := `{"id":"106","key":"AB-6","fields":{"summary":"hostile","customfield_10002":"\ud800 \u0000","customfield_10002":"twice"}}`; string(p.Issues[0]) != want {
		t.Errorf("two fields:\n%s, want\n%s", p.Issues[0], want)
	}
}

func TestDataFilesAreIndexed(t *testing.T) {
	s := dataSite(t, Options{TimeZone: "Asia/Tokyo"})
	for jql, want := range map[string]string{
		"updated >= 0 order by updated": "[AB-6 AB-1]", // without updated, created counts
		`created = 1304658489500`:       "[AB-6]",
		"project = AB order by id":      "[AB-1 AB-2 AB-6]",
		`project = "See Dee"`:           "[OTHER-7]",
		"key = OTHER-7":                 "[OTHER-7]",
		"statusCategory = new":          "[OTHER-7]",
		"assignee = user7":              "[OTHER-7]",
		"labels = y":                    "[AB-2]",
		"cf[10001] = 13":                "[AB-2]",
		"created is empty order by id":  "[AB-2 OTHER-7]",
	} {
		var keys []string
		for _, is := range s.searchAll(jql, 3) {
			keys = append(keys, is.Key)
		}
		if fmt.Sprint(keys) != want {
			t.Errorf("%s: %v, want %s", jql, keys, want)
		}
	}
	var fields []struct {
		ID, Name string
		Custom   bool
		Schema   struct{ Type, Items string }
	}
	s.get("/rest/api/2/field", &fields)
	types := map[string]string{}
	for _, f := range fields {
		types[f.ID] = strings.TrimSpace(f.Schema.Type + " " + f.Schema.Items)
		if f.Custom != strings.HasPrefix(f.ID, "customfield_") {
			t.Errorf("%+v", f)
		}
	}
	for id, want := range map[string]string{"summary": "string", "customfield_10001": "number", "customfield_10002": "string", "customfield_10003": "array option", "labels": "array string", "created": "datetime"} {
		if types[id] != want {
			t.Errorf("%s has type %q, want %q", id, types[id], want)
		}
	}
	var projects []struct{ ID, Key, Name string }
	s.get("/rest/api/2/project", &projects)
	if fmt.Sprint(projects) != "[{77 CD See Dee} {900001 AB AB}]" && fmt.Sprint(projects) != "[{900000 AB AB} {77 CD See Dee}]" {
		t.Errorf("%v", projects)
	}
}

func TestDataFilesHaveChildren(t *testing.T) {
	s := dataSite(t, Options{})
	var p remarkPage
	s.get("/rest/api/2/issue/OTHER-7/comment", &p)
	if len(p.Comments) != 1 || p.Total != 1 || string(p.Comments[0].Body) != `"hello"` {
		t.Errorf("%+v", p)
	}
	s.get("/rest/api/2/issue/AB-2/worklog", &p)
	slot, _ := s.store.slot(106)
	v := s.viewLocked(false)
	rows := v.changeRows(&s.store.issues[slot], true)
	if got := string(rows.append(nil, 0)); got != `{"id":"8","created":1304726400000,"items":[{"field":"status","fieldId":"status","toString":"Open"}]}` {
		t.Errorf("oldest change: %s", got)
	}
}

func TestDataFilesCanBeEdited(t *testing.T) {
	c := newClock()
	s := dataSite(t, Options{Now: c.now})
	ok(t, s.Edit(101))
	var is foundIssue
	s.get("/rest/api/2/issue/101", &is)
	var updated string
	unquote(t, is.Fields["updated"], &updated)
	if at, err := time.Parse(jiraTime, updated); err != nil || !at.Equal(c.t) || !strings.Contains(string(is.Fields["summary"]), "Edited") {
		t.Errorf("updated %s, summary %s", updated, is.Fields["summary"])
	}
	ok(t, s.Move(107, "AB"))
	s.get("/rest/api/2/issue/OTHER-7", &is)
	if is.Key != "AB-7" || !strings.Contains(string(is.Fields["project"]), `"AB"`) {
		t.Errorf("moved to %s, project %s", is.Key, is.Fields["project"])
	}
	if s.EditField(101, "status", []byte(`"Open"`)) == nil {
		t.Error("the status of a data file's issue was changed")
	}
	if _, err := s.Create("AB"); err == nil {
		t.Error("an issue was made up")
	}
	if _, err := s.AddComment(101, "x"); err == nil {
		t.Error("a comment was made up")
	}
}

func TestDataOptions(t *testing.T) {
	if _, err := New(Options{Data: []string{"testdata/odd.jsonl"}, Issues: 5}); err == nil {
		t.Error("data and generated issues at once")
	}
	if _, err := New(Options{Data: []string{"testdata/nosuch.jsonl"}}); err == nil {
		t.Error("a missing file was accepted")
	}
}

// TestRealData serves every collected set and compares line by line.
func TestRealData(t *testing.T) {
	for _, file := range realdata.Glob(t, "issues", "*.jsonl*") {
		if strings.Contains(file, "titanium") && testing.Short() {
			continue
		}
		want := lastLines(t, file)
		s := newSite(t, Options{Deployment: DataCenter, Data: []string{file}})
		n := 0
		s.Each(func(id int64, _ string, raw []byte) bool {
			if want[id] != string(raw) {
				t.Errorf("%s: issue %d is not its line", filepath.Base(file), id)
			}
			n++
			return true
		})
		if n != len(want) {
			t.Errorf("%s: %d issues, want %d", filepath.Base(file), n, len(want))
		}
		for _, jql := range []string{"created >= 0 or created is empty order by key", "project is not empty order by updated", "status is empty or status is not empty"} {
			if f, err := s.search(jql, false); err != nil || len(f.slots) != n {
				t.Errorf("%s: %s: %v", filepath.Base(file), jql, err)
			}
		}
	}
}

// lastLines reads a data file without the package: the last line of each id.
func lastLines(t *testing.T, file string) map[int64]string {
	t.Helper()
	lines := map[int64]string{}
	for _, line := range realdata.Lines(t, file) {
		var is struct {
			ID  json.Number
			Key string
		}
		if json.Unmarshal(bytes.ReplaceAll(line, []byte("1e400"), []byte("1")), &is) == nil && is.Key != "" {
			if id, err := is.ID.Int64(); err == nil {
				lines[id] = string(line)
			}
		}
	}
	return lines
}

func FuzzLine(f *testing.F) {
	lines, err := os.ReadFile(filepath.Join("testdata", "odd.jsonl"))
	if err != nil {
		f.Fatal(err)
	}
	for _, l := range bytes.Split(lines, []byte("\n")) {
		f.Add(l)
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		if bytes.ContainsAny(line, "\n\r") {
			return
		}
		file := filepath.Join(t.TempDir(), "x.jsonl")
		if err := os.WriteFile(file, line, 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := New(Options{Data: []string{file}})
		if err != nil {
			t.Fatal(err)
		}
		s.Each(func(id int64, _ string, raw []byte) bool {
			if string(raw) != string(bytes.TrimSpace(line)) {
				t.Errorf("%q became %q", line, raw)
			}
			if err := s.Edit(id); err != nil && s.schema.byID["summary"] != nil {
				t.Error(err)
			}
			return true
		})
		if _, err := s.search("project is not empty order by key", false); err != nil {
			t.Error(err)
		}
	})
}

// Some exports write ids as numbers.
func TestDataFilesWithNumericIDs(t *testing.T) {
	file := filepath.Join(t.TempDir(), "x.jsonl")
	ok(t, os.WriteFile(file, []byte(`{"id":42,"key":"AB-1","fields":{"created":"2020-01-01T00:00:00.000+0000"}}`), 0o600))
	s, err := New(Options{Data: []string{file}})
	ok(t, err)
	if string(s.Raw(42)) == "" || s.Presence(42) != Live {
		t.Error("the issue is not there")
	}
}
