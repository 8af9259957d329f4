package pipeline_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"snowdrift/internal/jirasim"
)

// history is what the site has been, and is: two simulators with the same
// issues, in one of which time went on.
type history struct{ before, after *jirasim.Sim }

// killTables are the tables of the kill tests beside issues: of rows that come
// with the issue, of some that changes take away, and a dimension.
var killTables = []string{"issue_labels", "issue_comments", "issue_links", "priorities"}

// stamped are the tables whose rows say which run wrote them, and when.
var stamped = map[string]bool{"issues": true, "priorities": true}

// newHistory makes a small site with four edited issues, two new ones, one that
// moved, one that lost a comment, and one that is deleted.
func newHistory(t *testing.T) history {
	t.Helper()
	c := &clock{at: time.Date(2026, 7, 1, 9, 30, 15, 250e6, time.UTC)}
	made := func() *jirasim.Sim {
		sim, err := jirasim.New(jirasim.Options{Issues: 40, Projects: 2, Seed: 21, Now: c.now})
		if err != nil {
			t.Fatal(err)
		}
		return sim
	}
	h := history{made(), made()}
	sim, ids := h.after, h.after.IDs()
	// One issue is so long that rows are passed on, and a commit is made, while
	// a partition is being read.
	long, err := json.Marshal(strings.Repeat("long text ", 150_000))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []*jirasim.Sim{h.before, h.after} {
		if err := s.EditField(ids[25], "description", long); err != nil {
			t.Fatal(err)
		}
	}
	c.move(time.Hour)
	steps := []func() error{
		func() error { _, err := sim.AddComment(ids[3], "a comment"); return err },
		func() error { return sim.EditField(ids[4], "labels", json.RawMessage(`[]`)) },
		func() error { return sim.Move(ids[5], otherProject(sim, ids[5])) },
		func() error { return sim.Delete(ids[6]) },
	}
	for _, id := range ids[10:14] {
		steps = append(steps, func() error { return sim.Edit(id) })
	}
	for _, id := range ids {
		if comments := sim.Comments(id); id > ids[20] && len(comments) > 0 {
			steps = append(steps, func() error { return sim.DeleteComment(id, comments[0]) })
			break
		}
	}
	for range 2 {
		steps = append(steps, func() error { _, err := sim.Create(sim.Projects()[0]); return err })
	}
	for _, step := range steps {
		c.move(time.Second)
		if err := step(); err != nil {
			t.Fatal(err)
		}
	}
	c.move(time.Hour)
	return h
}

// otherProject returns a project that an issue is not in.
func otherProject(sim *jirasim.Sim, id int64) string {
	var issue struct{ Key string }
	if err := json.Unmarshal(sim.Raw(id), &issue); err != nil || !strings.HasPrefix(issue.Key, sim.Projects()[0]+"-") {
		return sim.Projects()[0]
	}
	return sim.Projects()[1]
}
