package flatten

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"reflect"
	"slices"
	"testing"

	"snowdrift/internal/jirasim"
	"snowdrift/internal/table"
	"snowdrift/stages"
)

// simulated returns issues of a generated site and the tables that follow from
// its fields.
func simulated(t testing.TB, opts jirasim.Options) (issues [][]byte, tables []*table.Table) {
	t.Helper()
	sim, err := jirasim.New(opts)
	if err != nil {
		t.Fatal(err)
	}
	request := httptest.NewRequest("GET", "/rest/api/2/field", nil)
	request.SetBasicAuth("user7", "password")
	answer := httptest.NewRecorder()
	sim.ServeHTTP(answer, request)
	var list []struct {
		ID, Name string
		Custom   bool
		Schema   struct{ Type, Items, Custom string }
	}
	if err := json.Unmarshal(answer.Body.Bytes(), &list); err != nil {
		t.Fatalf("fields of the simulated site: %v", err)
	}
	var fields []table.Field
	for _, f := range list {
		if f.Custom {
			fields = append(fields, table.Field{ID: f.ID, Name: f.Name, Type: f.Schema.Type, Items: f.Schema.Items, Custom: f.Schema.Custom})
		}
	}
	custom, ledger := table.Custom(table.DefaultSite, fields, nil)
	if len(custom) == 0 {
		t.Fatal("the simulated site has no custom fields")
	}
	for _, id := range sim.IDs() {
		request := httptest.NewRequest("GET", fmt.Sprintf("/rest/api/2/issue/%d?expand=changelog", id), nil)
		request.SetBasicAuth("user7", "password")
		answer := httptest.NewRecorder()
		sim.ServeHTTP(answer, request)
		issues = append(issues, answer.Body.Bytes())
	}
	history := *historyTable()
	history.History = table.HistoryOf(table.DefaultSite, fields, ledger, nil)
	return issues, []*table.Table{table.Issues(custom, nil), table.ValueErrors(), comments, changelog, &history}
}

// Every issue of a generated site becomes one row, and its comments their rows;
// what is counted here is counted by another reader.
func TestSimulatedIssues(t *testing.T) {
	for _, deployment := range []string{jirasim.Cloud, jirasim.DataCenter} {
		t.Run(deployment, func(t *testing.T) {
			issues, tables := simulated(t, jirasim.Options{Deployment: deployment, Issues: 300, Seed: 3, OddValues: true})
			f, rows := into(tables...)
			remarks := 0
			for _, raw := range issues {
				if _, err := f.Issue(raw); err != nil {
					t.Fatalf("%v: %.200s", err, raw)
				}
				var doc struct {
					Fields struct {
						Comment struct{ Comments []json.RawMessage }
					}
				}
				if err := json.Unmarshal(raw, &doc); err != nil {
					t.Fatal(err)
				}
				remarks += len(doc.Fields.Comment.Comments)
			}
			if n := rows["issues"].Len(); n != len(issues) || n != 300 {
				t.Errorf("%d rows of %d issues", n, len(issues))
			}
			if n := rows[comments.Name].Len(); n != remarks || n == 0 {
				t.Errorf("%d comments, want %d", n, remarks)
			}
			if rows["_snowdrift_value_errors"].Len() == 0 {
				t.Error("the site has odd values, and none was listed")
			}
		})
	}
}

// Without odd values everything fits.
func TestSimulatedIssuesFit(t *testing.T) {
	for _, deployment := range []string{jirasim.Cloud, jirasim.DataCenter} {
		issues, tables := simulated(t, jirasim.Options{Deployment: deployment, Issues: 200, Seed: 4})
		f, _ := into(tables...)
		for _, raw := range issues {
			if _, err := f.Issue(raw); err != nil {
				t.Fatal(err)
			}
		}
		if len(f.Odd()) > 0 {
			t.Errorf("%s: %v", deployment, f.Odd())
		}
	}
}

// fill returns a function that flattens all issues into the same rows, with
// their memory kept, as the pipeline does it.
func fill(t testing.TB, issues [][]byte, tables []*table.Table) func() {
	f := New(tables)
	var set []*stages.Rows
	for _, tb := range tables {
		set = append(set, stages.NewRows(tb))
	}
	f.Into(set)
	return func() {
		for _, r := range set {
			r.Reset()
		}
		for _, raw := range issues {
			if _, err := f.Issue(raw); err != nil {
				t.Fatal(err)
			}
		}
		for _, r := range set {
			r.Pad()
		}
	}
}

// The hot path: allocations are exact, unlike times, so they can be guarded.
func TestAllocations(t *testing.T) {
	if testing.Short() {
		t.Skip("the race detector, which runs with -short, empties pools at random")
	}
	for _, deployment := range []string{jirasim.Cloud, jirasim.DataCenter} {
		issues, tables := simulated(t, jirasim.Options{Deployment: deployment, Issues: 200, Seed: 5})
		run := fill(t, issues, comeAlong(tables))
		run()
		perIssue := testing.AllocsPerRun(5, run) / float64(len(issues))
		t.Logf("%s: %.2f allocations per issue", deployment, perIssue)
		if perIssue > 5 {
			t.Errorf("%s: %.2f allocations per issue, want at most 5", deployment, perIssue)
		}
	}
}

// comeAlong adds the child tables that come along with issues to the tables of a
// simulated site.
func comeAlong(site []*table.Table) []*table.Table {
	all := site[:2:2]
	for _, c := range table.Children() {
		switch {
		case c.OnRequest:
		case c.Name == table.FieldHistory:
			all = append(all, site[len(site)-1])
		case c.Plugin != "":
			i := slices.IndexFunc(site[0].Columns, func(c table.Column) bool { return c.Form == table.Sprint })
			c.Field = site[0].Columns[i].Field
			all = append(all, c.Table)
		default:
			all = append(all, c.Table)
		}
	}
	return all
}

func BenchmarkFlatten(b *testing.B) {
	for _, deployment := range []string{jirasim.Cloud, jirasim.DataCenter} {
		issues, tables := simulated(b, jirasim.Options{Deployment: deployment, Issues: 500, Seed: 6})
		for name, tables := range map[string][]*table.Table{"issues": tables[:2], "default": comeAlong(tables)} {
			b.Run(deployment+"/"+name, func(b *testing.B) {
				run := fill(b, issues, tables)
				run()
				b.SetBytes(int64(len(bytes.Join(issues, nil))))
				b.ReportAllocs()
				for b.Loop() {
					run()
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(issues)), "ns/issue")
			})
		}
	}
}

// FuzzIssue: a valid document with an id becomes one row, whatever else it
// holds, and the same one again after it was dropped.
func FuzzIssue(f *testing.F) {
	cloud, tables := simulated(f, jirasim.Options{Issues: 3, Seed: 7, OddValues: true})
	server, _ := simulated(f, jirasim.Options{Deployment: jirasim.DataCenter, Issues: 3, Seed: 7})
	for _, raw := range append(cloud, server...) {
		f.Add(raw)
	}
	for _, s := range []string{
		issue(1, `"comment":{"comments":[[],{"id":{}},null]},"labels":{},"duedate":1e400,"customfield_10020":["Sprint@1[id=1,name=]"]`),
		`{"id":"9223372036854775807","fields":null,"changelog":{"histories":[{"items":[{}]}]}}`,
		`{"id":-1,"fields":[{"summary":"x"}],"id":2}`, `{"id":"1","fields":{"\u0073ummary":"x","summary":"\ud800"}}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		raw = bytes.TrimSpace(raw)
		if !json.Valid(raw) {
			return
		}
		fl, rows := into(tables...)
		first, err := fl.Issue(raw)
		if err != nil {
			for name, r := range rows {
				if r.Len() != 0 {
					t.Errorf("%v, and %d rows in %s", err, r.Len(), name)
				}
			}
			return
		}
		if n := rows["issues"].Len(); n != 1 {
			t.Errorf("%d rows", n)
		}
		fl.Drop()
		again, err := fl.Issue(raw)
		if err != nil || again != first {
			t.Errorf("read again: %+v, %v, first %+v", again, err, first)
		}
		for _, r := range rows {
			r.Pad()
		}
		var want, got any
		raws := json.NewDecoder(bytes.NewReader(bytes.ToValidUTF8(raw, []byte("\uFFFD"))))
		raws.UseNumber()
		stored := json.NewDecoder(bytes.NewReader([]byte(cell(rows["issues"], table.Raw, 0))))
		stored.UseNumber()
		if raws.Decode(&want) != nil || stored.Decode(&got) != nil {
			t.Errorf("_raw cannot be read back: %q", cell(rows["issues"], table.Raw, 0))
		}
	})
}

// FuzzIssuesInTurn: what an issue becomes does not depend on the one before, of
// which the flattener remembers names and values.
func FuzzIssuesInTurn(f *testing.F) {
	cloud, tables := simulated(f, jirasim.Options{Issues: 4, Seed: 9, OddValues: true})
	tables = comeAlong(tables)
	for i, raw := range cloud {
		f.Add(cloud[(i+1)%len(cloud)], raw)
	}
	f.Add([]byte(issue(1, `"status":{"name":"a"},"status":{"name":"b"},"x":[1],"votes":{"votes":1}`)),
		[]byte(issue(2, `"status":{"name":"b"},"status":{"name":"a"},"x":[1,2],"votes":{"votes":1}`)))
	f.Fuzz(func(t *testing.T, first, second []byte) {
		first, second = bytes.TrimSpace(first), bytes.TrimSpace(second)
		if !json.Valid(first) || !json.Valid(second) {
			return
		}
		fl, got := into(tables...)
		page := bytes.Clone(first)
		fl.Issue(page)
		for _, r := range got {
			r.Reset()
		}
		for i := range page { // it is used for other issues
			page[i] = 'x'
		}
		after, err := fl.Issue(second)
		fresh, want := into(tables...)
		alone, aloneErr := fresh.Issue(second)
		if after != alone || (err == nil) != (aloneErr == nil) {
			t.Fatalf("%+v, %v; alone %+v, %v", after, err, alone, aloneErr)
		}
		for name, r := range got {
			r.Pad()
			want[name].Pad()
			cells := len(r.Columns) - 1 // without the number of the reading
			if !reflect.DeepEqual(shown(r.Columns[:cells]), shown(want[name].Columns[:cells])) {
				t.Errorf("%s: %+v, alone %+v", name, r.Columns, want[name].Columns)
			}
		}
	})
}

// shown prints columns, so that empty ones of any capacity are the same.
func shown(columns []stages.Column) (out []string) {
	for _, c := range columns {
		out = append(out, fmt.Sprint(c.Ints, c.Floats, c.Ends, c.Valid, string(c.Data)))
	}
	return out
}

// Two flatteners of the same tables make the same rows: nothing is left over
// from one issue in the next.
func TestIssuesDoNotInfluenceEachOther(t *testing.T) {
	issues, tables := simulated(t, jirasim.Options{Issues: 100, Seed: 8, OddValues: true})
	f, _ := into(tables...)
	for _, raw := range issues {
		one, err := f.Issue(raw)
		if err != nil {
			t.Fatal(err)
		}
		fresh, _ := into(tables...)
		alone, err := fresh.Issue(raw)
		if err != nil || !reflect.DeepEqual(one, alone) {
			t.Errorf("got %+v, alone %+v, %v", one, alone, err)
		}
	}
}
