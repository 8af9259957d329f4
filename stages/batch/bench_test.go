package batch

import (
	"fmt"
	"math/rand/v2"
	"os"
	"testing"

	"snowdrift/internal/table"
	"snowdrift/stages"
)

// issueBytes is the size of the raw text of one made-up issue.
const issueBytes = 12 << 10

// issueRows returns n rows of a table like that of the issues of a usual site:
// 130 columns, every third cell NULL, and a raw text.
func issueRows(n int) *stages.Rows {
	t := &table.Table{Name: "issues", Role: table.Issue}
	types := []table.Type{table.Text, table.Int, table.Timestamp, table.Text, table.Float, table.List, table.Bool, table.Date}
	for i := range 129 {
		t.Columns = append(t.Columns, table.Column{Name: fmt.Sprintf("c%03d", i), Type: types[i%len(types)]})
	}
	t.Columns = append(t.Columns, table.Column{Name: "_raw", Type: table.JSON})
	r, rnd := stages.NewRows(t), rand.New(rand.NewPCG(1, 2))
	words := []string{"In Progress", "Task", `":{"self":"https://example.atlassian.net/rest/api/3/`, `"displayName":"User `}
	for seq := range n {
		for i, c := range t.Columns {
			switch {
			case i%3 == rnd.IntN(3):
			case c.Type == table.Text || c.Type == table.List:
				r.SetString(i, fmt.Sprint(words[rnd.IntN(len(words))], rnd.IntN(40)))
			case c.Type == table.Float:
				r.SetFloat(i, rnd.Float64())
			case c.Type != table.JSON:
				r.SetInt(i, rnd.Int64N(2))
			}
		}
		raw := []byte(`{"`)
		for len(raw) < issueBytes {
			raw = fmt.Append(raw, words[rnd.IntN(len(words))], rnd.IntN(1e6))
		}
		r.SetString(len(t.Columns)-1, string(raw))
		r.End(int64(seq))
	}
	return r
}

// A column costs a few objects for each piece of rows and each row group, and a
// cell costs none: less than 5 an issue.
func TestAllocations(t *testing.T) {
	if testing.Short() {
		t.Skip("the race detector, which runs with -short, empties pools at random")
	}
	for _, format := range []stages.Format{{}, {MarkJSON: true, Embedded: true}} {
		b := New(Options{Dir: t.TempDir(), Prefix: "run", FileSize: 1 << 30, Format: format})
		rows := issueRows(160)
		n := testing.AllocsPerRun(40, func() {
			if err := b.Write(rows); err != nil {
				t.Fatal(err)
			}
		})
		if perIssue := n / float64(rows.Len()); perIssue >= 5 {
			t.Errorf("%+v: %.1f objects for each issue", format, perIssue)
		}
		if err := b.Discard(); err != nil {
			t.Fatal(err)
		}
	}
}

func BenchmarkWrite(b *testing.B) {
	for name, format := range map[string]stages.Format{"DuckDB": {MarkJSON: true, Embedded: true}, "Snowflake": {}} {
		b.Run(name, func(b *testing.B) {
			rows := issueRows(160)
			w := New(Options{Dir: b.TempDir(), Prefix: "run", FileSize: 128 << 20, Format: format})
			b.SetBytes(int64(rows.Size()))
			b.ReportAllocs()
			for b.Loop() {
				if err := w.Write(rows); err != nil {
					b.Fatal(err)
				}
				for _, f := range w.Closed() {
					if err := os.Remove(f.Path); err != nil {
						b.Fatal(err)
					}
				}
			}
			if err := w.Discard(); err != nil {
				b.Fatal(err)
			}
		})
	}
}
