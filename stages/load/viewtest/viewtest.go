// Package viewtest holds the views of a destination to what they promise. Every
// destination runs it, beside loadtest:
//
//	func TestViews(t *testing.T) {
//		viewtest.Run(t, func(t *testing.T) viewtest.Destination { … })
//	}
//
// It makes up the histories of issues (reopened, moved, carried over from sprint
// to sprint, deleted, on two sites with the same ids), writes their rows into the
// tables as the pipeline does, and compares every view with a calculation in Go
// that walks each history from its beginning.
package viewtest

import (
	"context"
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"snowdrift/stages/load"
)

// seedVariable repeats a run with the seed that it printed.
const seedVariable = "SNOWDRIFT_VIEW_SEED"

// Destination is an empty destination.
type Destination struct {
	// Open opens it, as often as it was closed.
	Open func(t *testing.T) load.Warehouse
	// Exec runs a statement that somebody else would run, while it is closed.
	Exec func(t *testing.T, statement string)
}

// Run runs the suite; each test asks for a destination of its own.
func Run(t *testing.T, empty func(t *testing.T) Destination) {
	for _, dimensions := range []bool{false, true} {
		name := map[bool]string{false: "IssuesAlone", true: "Dimensions"}[dimensions]
		t.Run(name, func(t *testing.T) { compare(t, empty(t), dimensions) })
	}
	t.Run("CurrentIssues", func(t *testing.T) { currentIssues(t, empty(t)) })
	t.Run("EarlyMoves", func(t *testing.T) { earlyMoves(t, empty(t)) })
	t.Run("OlderHistory", func(t *testing.T) { olderHistory(t, empty(t)) })
	t.Run("Upkeep", func(t *testing.T) { upkeep(t, empty(t)) })
}

// compare makes up histories, loads them, and compares all views, with or without
// the tables of what issues refer to.
func compare(t *testing.T, d Destination, dimensions bool) {
	seed := rand.Uint64()
	if text := os.Getenv(seedVariable); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatalf("%s=%q: %v", seedVariable, text, err)
		}
	}
	t.Logf("%s=%d", seedVariable, seed)
	s := invent(rand.New(rand.NewPCG(seed, 1)), time.Now().UTC())
	s.dimensions = dimensions
	s.load(t, d)
	w := d.Open(t)
	defer func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	}()
	for _, e := range expectations {
		t.Run(e.view, func(t *testing.T) { e.check(t, s, w) })
	}
}

// expectation is what a view ought to hold.
type expectation struct {
	view    string
	columns string // with the kind of each: "issue_id i, hours f"
	rows    func(s *scene, now time.Time) [][]any
}

// Kinds of columns: i number without fraction, f number, t text, b truth value,
// z instant, d day. A cell is nil, int64, float64, string, bool or time.Time.
type column struct{ name, kind string }

func (e expectation) parse() (out []column) {
	for _, c := range strings.Split(e.columns, ",") {
		name, kind, _ := strings.Cut(strings.TrimSpace(c), " ")
		out = append(out, column{name, kind})
	}
	return out
}

func (e expectation) check(t *testing.T, s *scene, w load.Warehouse) {
	t.Helper()
	columns := e.parse()
	var names []string
	for _, c := range columns {
		names = append(names, c.name)
	}
	got := answer(t, w, "SELECT "+strings.Join(names, ", ")+", CURRENT_TIMESTAMP FROM "+e.view)
	if len(got) == 0 {
		t.Fatal("the view is empty")
	}
	now := normal(t, "z", got[0][len(columns)]).(time.Time)
	for i, row := range got {
		for j, c := range columns {
			row[j] = normal(t, c.kind, row[j])
		}
		got[i] = row[:len(columns)]
	}
	want := e.rows(s, now)
	sortRows(got)
	sortRows(want)
	if len(got) != len(want) {
		t.Errorf("%d rows, want %d", len(got), len(want))
	}
	wrong := 0
	for i := range min(len(got), len(want)) {
		if same(got[i], want[i]) {
			continue
		}
		if wrong++; wrong <= 3 {
			t.Errorf("%s\n got %v\nwant %v", e.columns, got[i], want[i])
		}
	}
	if wrong > 3 {
		t.Errorf("%d rows differ", wrong)
	}
}

// answer returns the rows of a query.
func answer(t *testing.T, w load.Warehouse, query string) (out [][]any) {
	t.Helper()
	rows, err := w.Query(context.Background(), query)
	if err != nil {
		t.Fatalf("%s\n%v", query, err)
	}
	for cells, err := range rows.All() {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, slices.Clone(cells))
	}
	return out
}

// normal brings what a driver hands over to the cells that are compared.
func normal(t *testing.T, kind string, cell any) any {
	t.Helper()
	if cell == nil {
		return nil
	}
	text := fmt.Sprint(cell)
	switch v := cell.(type) {
	case *big.Int:
		text = v.String()
	case float64:
		text = strconv.FormatFloat(v, 'g', -1, 64)
	case time.Time:
		if kind == "d" {
			return v.Format(time.DateOnly)
		}
		return v.UTC().Truncate(time.Millisecond)
	}
	var err error
	switch kind {
	case "i":
		var f float64
		if f, err = strconv.ParseFloat(text, 64); err == nil && f == math.Trunc(f) {
			return int64(f)
		}
	case "f":
		var f float64
		if f, err = strconv.ParseFloat(text, 64); err == nil {
			return f
		}
	case "b":
		var b bool
		if b, err = strconv.ParseBool(text); err == nil {
			return b
		}
	default:
		return text
	}
	t.Fatalf("cell %v (%T) is no %s: %v", cell, cell, kind, err)
	return nil
}

// sortRows orders rows by all cells but fractions, which may differ by an ulp.
func sortRows(rows [][]any) {
	key := func(row []any) string {
		var b strings.Builder
		for _, c := range row {
			if _, fraction := c.(float64); !fraction {
				fmt.Fprintf(&b, "%v|", c)
			}
		}
		return b.String()
	}
	slices.SortFunc(rows, func(a, b []any) int { return strings.Compare(key(a), key(b)) })
}

func same(a, b []any) bool { return alike(a, b, 1e-6) }

// alike compares rows; fractions may be that much apart.
func alike(a, b []any, apart float64) bool {
	return slices.EqualFunc(a, b, func(x, y any) bool {
		f, isFloat := x.(float64)
		g, alsoFloat := y.(float64)
		if isFloat && alsoFloat {
			return math.Abs(f-g) <= apart*(1+math.Abs(g))
		}
		if at, isTime := x.(time.Time); isTime {
			other, alsoTime := y.(time.Time)
			return alsoTime && at.Equal(other)
		}
		return x == y
	})
}

// Agree wants two destinations that hold the same rows to have the same views
// with the same answers. Hours that run until now may differ by a little, and now
// is another instant in each of them.
func Agree(t *testing.T, a, b load.Warehouse) {
	t.Helper()
	begun := time.Now().Truncate(time.Millisecond)
	for _, e := range expectations {
		columns := e.parse()
		var names []string
		for _, c := range columns {
			names = append(names, c.name)
		}
		var sides [2][][]any
		for n, w := range []load.Warehouse{a, b} {
			for _, row := range answer(t, w, "SELECT "+strings.Join(names, ", ")+" FROM "+e.view) {
				for i, c := range columns {
					row[i] = normal(t, c.kind, row[i])
					if at, isTime := row[i].(time.Time); isTime && !at.Before(begun) {
						row[i] = "now"
					}
				}
				sides[n] = append(sides[n], row)
			}
			sortRows(sides[n])
		}
		if !slices.EqualFunc(sides[0], sides[1], func(x, y []any) bool { return alike(x, y, 0.1) }) {
			t.Errorf("%s has %d rows in one destination and %d in the other, not all of them the same", e.view, len(sides[0]), len(sides[1]))
		}
	}
}
