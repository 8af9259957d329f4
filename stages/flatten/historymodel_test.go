package flatten

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"snowdrift/internal/table"
)

// model is a field with several values that lives through random changes, and
// remembers what it held when.
type model struct {
	r     *rand.Rand
	shape table.Shape
	held  []int   // now, sorted
	past  [][]int // by hour, from the creation on
	items []string
}

// live makes random changes at the hours from 1 to n.
func (m *model) live(n int) {
	for id := range 4 {
		if m.r.IntN(3) == 0 {
			m.held = append(m.held, id)
		}
	}
	m.past = [][]int{slices.Clone(m.held)}
	for hour := 1; hour <= n; hour++ {
		if m.r.IntN(2) == 0 {
			m.change(hour)
		}
		m.past = append(m.past, slices.Clone(m.held))
	}
}

// change makes a change at an hour, of one item or more.
func (m *model) change(hour int) {
	var items []map[string]any
	for range 1 + m.r.IntN(3) {
		id := m.r.IntN(4)
		before := slices.Clone(m.held)
		if at := slices.Index(m.held, id); at >= 0 {
			m.held = slices.Delete(m.held, at, at+1)
		} else {
			m.held = append(m.held, id)
			slices.Sort(m.held)
		}
		switch m.shape {
		case table.Members:
			item := map[string]any{"field": "Fix Version"}
			if len(m.held) < len(before) {
				item["from"], item["fromString"] = fmt.Sprint(id), name(id)
			} else {
				item["to"], item["toString"] = fmt.Sprint(id), name(id)
			}
			items = append(items, item)
		case table.Whole:
			item := map[string]any{"field": "Sprint"}
			item["from"], item["fromString"] = whole(before)
			item["to"], item["toString"] = whole(m.held)
			items = append(items, item)
		}
	}
	text, err := json.Marshal(map[string]any{"id": fmt.Sprint(hour), "created": fmt.Sprintf("2024-01-01T%02d:00:00.000+0000", hour), "items": items})
	if err != nil {
		panic(err)
	}
	m.items = append(m.items, string(text))
}

func name(id int) string { return fmt.Sprintf("V %d", id) }

func whole(ids []int) (idText, names string) {
	var i, n []string
	for _, id := range ids {
		i, n = append(i, fmt.Sprint(id)), append(n, name(id))
	}
	return strings.Join(i, ", "), strings.Join(n, ", ")
}

// issue writes the field's issue as Jira would, its changes in any order.
func (m *model) issue(id int) string {
	m.r.Shuffle(len(m.items), func(i, j int) { m.items[i], m.items[j] = m.items[j], m.items[i] })
	var now []string
	for _, id := range m.held {
		now = append(now, fmt.Sprintf(`{"id":"%d","name":%q}`, id, name(id)))
	}
	member := map[table.Shape]string{table.Members: "fixVersions", table.Whole: "customfield_2"}[m.shape]
	return fmt.Sprintf(`{"id":"%d","changelog":{"histories":[%s]},"fields":{"created":"2024-01-01T00:00:00.000+0000",%q:[%s]}}`, id, strings.Join(m.items, ","), member, strings.Join(now, ","))
}

// TestFieldHistoryAgainstAModel asks, at every hour of random histories, what
// the rows hold that are valid then.
func TestFieldHistoryAgainstAModel(t *testing.T) {
	seed := rand.Uint64()
	const hours = 20
	h := historyTable(customFields...)
	for i := range 400 {
		m := &model{r: rand.New(rand.NewPCG(seed, uint64(i))), shape: []table.Shape{table.Members, table.Whole}[i%2]}
		m.live(hours)
		rows := flattenAll(t, []*table.Table{table.Issues(nil, nil), h}, m.issue(i+1))[h.Name]
		at := make([][]string, hours+1)
		for _, c := range cells(rows, "value_id", "value", "valid_from", "valid_to", "from_differs", "today_differs") {
			if c[4] == "true" || c[5] == "true" {
				t.Fatalf("seed %d, issue %d: a contradiction: %q", seed, i, c)
			}
			for hour := range at {
				now := fmt.Sprintf("2024-01-01T%02d:30", hour)
				if c[2] < now && (c[3] == "NULL" || now < c[3]) {
					at[hour] = append(at[hour], strings.Trim(c[0], `"`)+" "+strings.Trim(c[1], `"`))
				}
			}
		}
		for hour, got := range at {
			want := []string{}
			for _, id := range m.past[hour] {
				want = append(want, fmt.Sprintf("%d %s", id, name(id)))
			}
			if len(want) == 0 && rows.Len() > 0 {
				want = []string{"NULL NULL"}
			}
			if slices.Sort(got); !slices.Equal(got, want) {
				t.Fatalf("seed %d, issue %d, hour %d: %q, want %q", seed, i, hour, got, want)
			}
		}
	}
}
