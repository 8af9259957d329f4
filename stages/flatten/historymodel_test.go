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
	of    modelled
	held  []int   // now, sorted
	past  [][]int // by hour, from the creation on
	items []string
}

// modelled is a field, and how Jira writes its values.
type modelled struct {
	field, member string
	shape         table.Shape
	id, name      func(n int) string
	whole         func(ids, names []string) (from, text string) // as a change has them
	shown         func(n int) string                            // as the issue has one
}

func modelID(n int) string   { return fmt.Sprint(n) }
func modelName(n int) string { return fmt.Sprintf("V %d", n) }
func modelShown(n int) string {
	return fmt.Sprintf(`{"id":"%d","name":%q}`, n, modelName(n))
}

var modelFields = []modelled{
	{field: "Fix Version", member: "fixVersions", shape: table.Members, id: modelID, name: modelName, shown: modelShown},
	{field: "Sprint", member: "customfield_2", shape: table.Whole, id: modelID, name: modelName, shown: modelShown,
		whole: func(ids, names []string) (string, string) { return strings.Join(ids, ", "), strings.Join(names, ", ") }},
	{field: "Cities", member: "customfield_11", shape: table.Whole, id: modelID, name: func(n int) string { return fmt.Sprintf("City, %d", n) },
		shown: func(n int) string { return fmt.Sprintf(`{"id":"%d","value":"City, %[1]d"}`, n) },
		whole: func(ids, names []string) (string, string) {
			return "[" + strings.Join(ids, ", ") + "]", strings.Join(names, ",")
		}},
	{field: "Place", member: "customfield_12", shape: table.Single,
		id:   func(n int) string { return strings.TrimSuffix(fmt.Sprintf("%d / %d", n/2, 10+n), " / 11") },
		name: func(n int) string { return strings.TrimSuffix(fmt.Sprintf("(P%d) / C (%d)", n/2, n), " / C (1)") },
		shown: func(n int) string {
			if n == 1 {
				return `{"id":"0","value":"(P0)"}`
			}
			return fmt.Sprintf(`{"id":"%d","value":"(P%[1]d)","child":{"id":"%[2]d","value":"C (%[3]d)"}}`, n/2, 10+n, n)
		},
		whole: func(ids, _ []string) (string, string) {
			parent, child, two := strings.Cut(strings.Join(ids, ""), " / ")
			text := fmt.Sprintf("Parent values: (P%[1]s)(%[1]s)", parent)
			if two {
				text += fmt.Sprintf("Level 1 values: C (%s)(%s)", child[1:], child)
			}
			return "", map[bool]string{true: text}[len(ids) > 0]
		}},
}

// live makes random changes at the hours from 1 to n.
func (m *model) live(n int) {
	for id := range 4 {
		if m.r.IntN(3) == 0 && (len(m.held) == 0 || m.of.shape != table.Single) {
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
		} else if m.of.shape == table.Single {
			m.held = []int{id}
		} else {
			m.held = append(m.held, id)
			slices.Sort(m.held)
		}
		item := map[string]any{"field": m.of.field}
		switch {
		case m.of.shape != table.Members:
			item["from"], item["fromString"] = m.whole(before)
			item["to"], item["toString"] = m.whole(m.held)
		case len(m.held) < len(before):
			item["from"], item["fromString"] = m.of.id(id), m.of.name(id)
		default:
			item["to"], item["toString"] = m.of.id(id), m.of.name(id)
		}
		items = append(items, item)
	}
	text, err := json.Marshal(map[string]any{"id": fmt.Sprint(hour), "created": fmt.Sprintf("2024-01-01T%02d:00:00.000+0000", hour), "items": items})
	if err != nil {
		panic(err)
	}
	m.items = append(m.items, string(text))
}

// whole is what a change says of all values at once.
func (m *model) whole(held []int) (ids, names string) {
	var i, n []string
	for _, id := range held {
		i, n = append(i, m.of.id(id)), append(n, m.of.name(id))
	}
	return m.of.whole(i, n)
}

// issue writes the field's issue as Jira would, its changes in any order.
func (m *model) issue(id int) string {
	m.r.Shuffle(len(m.items), func(i, j int) { m.items[i], m.items[j] = m.items[j], m.items[i] })
	var now []string
	for _, id := range m.held {
		now = append(now, m.of.shown(id))
	}
	value := "[" + strings.Join(now, ",") + "]"
	if m.of.shape == table.Single {
		if value = "null"; len(now) > 0 {
			value = now[0]
		}
	}
	return fmt.Sprintf(`{"id":"%d","changelog":{"histories":[%s]},"fields":{"created":"2024-01-01T00:00:00.000+0000",%q:%s}}`, id, strings.Join(m.items, ","), m.of.member, value)
}

// TestFieldHistoryAgainstAModel asks, at every hour of random histories, what
// the rows hold that are valid then.
func TestFieldHistoryAgainstAModel(t *testing.T) {
	seed := rand.Uint64()
	const hours = 20
	h := historyTable(customFields...)
	for i := range 800 {
		m := &model{r: rand.New(rand.NewPCG(seed, uint64(i))), of: modelFields[i%len(modelFields)]}
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
				want = append(want, m.of.id(id)+" "+m.of.name(id))
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
