package viewtest

import (
	"testing"
	"time"

	"snowdrift/internal/table"
)

// on is an instant of January 2026, in UTC; the 5th is a Monday.
func on(day, hour, minute int) time.Time {
	return time.Date(2026, 1, day, hour, minute, 0, 0, time.UTC)
}

// Indexes into statuses.
const (
	toDo = iota
	inProgress
	inReview
	isDone
)

// pantry is the site of the cookbook: two projects, three sprints, of which two have
// one name, ten issues and one that was deleted.
func pantry() *scene {
	begin, end := on(6, 8, 0), on(16, 17, 0)
	s := &scene{sprints: []*sprint{
		{site: "jira", id: 1, state: "closed", start: begin, end: end, complete: end},
		{site: "jira", id: 2, state: "closed", start: on(19, 8, 0), end: on(30, 16, 0), complete: on(30, 16, 0)},
		{site: "jira", id: 3, state: "closed", start: on(7, 8, 0), end: end, complete: end, board: 2, called: "Sprint 1"}, // without points
	}}
	epic := map[string]any{"parent_id": int64(10), "parent_key": "RED-10"}
	add := s.tell
	add(issue{id: 1, project: "RED", kind: "Story", created: on(5, 9, 0), creator: "User 1", points: 3, sprints: []int64{1},
		more:  with(epic, map[string]any{"reporter": "User 2", "reporter_id": "User 2 id"}), // on behalf of whom it was created
		moves: []move{{at: on(6, 9, 0), to: inProgress, by: "User 2"}, {at: on(8, 9, 0), to: inReview, by: "User 2"}, {at: on(9, 17, 0), to: isDone, by: "User 1"}},
		works: []work{{on(6, 9, 0), 7200, "User 2"}, {on(7, 9, 0), 10800, "User 2"}}})
	add(issue{id: 2, project: "RED", kind: "Bug", created: on(5, 10, 0), creator: "User 2", points: 2, sprints: []int64{1}, more: epic,
		moves: []move{{at: on(7, 10, 0), to: inProgress, by: "User 2"}, {at: on(8, 10, 0), to: isDone, by: "User 2"},
			{at: on(12, 10, 0), to: inProgress, by: "User 3"}, {at: on(13, 16, 0), to: isDone, by: "User 2"}},
		works: []work{{on(12, 10, 0), 5400, "User 2"}, {on(13, 9, 0), 14400, "User 3"}}})
	add(issue{id: 3, project: "RED", kind: "Story", created: on(6, 12, 0), creator: "User 1", points: 5,
		more:    with(epic, map[string]any{"assignee": nil, "assignee_id": nil}),
		relists: []relist{{at: on(7, 12, 0), to: []int64{1}}, {at: on(16, 17, 1), to: []int64{1, 2}}},
		moves:   []move{{at: on(13, 9, 0), to: inProgress, by: "User 3"}, {at: on(21, 15, 0), to: isDone, by: "User 3"}}})
	add(issue{id: 4, project: "RED", kind: "Story", created: on(5, 11, 0), creator: "User 1", points: 1, sprints: []int64{1},
		more:    map[string]any{"epic_link": "RED-10"}, // as Data Center has it
		relists: []relist{{at: on(9, 12, 0), to: nil}}})
	add(issue{id: 5, project: "RED", kind: "Bug", created: on(12, 9, 0), creator: "User 3", points: 8,
		relists: []relist{{at: on(16, 17, 1), to: []int64{2}}},
		moves:   []move{{at: on(19, 9, 0), to: inProgress, by: "User 1"}, {at: on(20, 9, 0), to: inReview, by: "User 1"}}})
	add(issue{id: 6, project: "BLUE", kind: "Story", created: on(6, 9, 0), creator: "User 1", sprints: []int64{3},
		moves: []move{{at: on(6, 10, 0), to: inProgress, by: "User 1"}, {at: on(7, 10, 0), to: isDone, by: "User 1"}},
		works: []work{{on(6, 9, 0), 28800, "User 1"}}})
	add(issue{id: 7, project: "BLUE", kind: "Bug", created: on(14, 9, 0), creator: "User 3",
		more: map[string]any{"due_date": int64(on(31, 0, 0).Unix() / 86400), "labels": `["customer","security"]`}})
	add(issue{id: 8, project: "BLUE", kind: "Story", created: on(15, 8, 0), creator: "User 2", sprints: []int64{3},
		moves: []move{{at: on(15, 9, 0), to: inProgress, by: "User 2"}}})
	add(issue{id: 9, project: "RED", kind: "Bug", created: on(5, 9, 0), creator: "User 3", gone: true})
	add(issue{id: 10, project: "RED", kind: "Epic", created: on(5, 8, 0), creator: "User 1"})
	return s
}

// tell adds an issue of the site jira that begins in To Do; what its moves and relists
// lead to follows from them.
func (s *scene) tell(i issue) {
	i.site = "jira"
	i.status = toDo
	for n := range i.moves {
		i.moves[n].from, i.status = i.status, i.moves[n].to
	}
	for n := range i.relists {
		i.relists[n].from, i.sprints = i.sprints, i.relists[n].to
	}
	s.issues = append(s.issues, &i)
}

// stock loads the pantry, and what belongs to its issues beside their history.
func stock(t *testing.T, d Destination) {
	t.Helper()
	s := pantry()
	w := newWriter(t, d, "jira")
	w.begin()
	for _, i := range s.issues {
		w.issue(s, i)
	}
	type cells = map[string]any
	for n, l := range []struct {
		issue int64
		label string
	}{{2, "customer"}, {7, "customer"}, {7, "security"}} {
		w.belongs(l.issue, "issue_labels", cells{"position": int64(n), "label": l.label})
	}
	for n, c := range []struct {
		issue  int64
		author string
		at     time.Time
	}{{1, "User 1", on(5, 10, 0)}, {1, "User 2", on(5, 11, 30)}, {2, "User 3", on(5, 10, 45)}, {7, "User 2", on(15, 9, 0)}} {
		w.belongs(c.issue, "issue_comments", cells{table.ID: int64(n + 1), "author": c.author, "author_id": c.author + " id", "created": c.at, "body": "A comment."})
	}
	blocks := cells{table.ID: int64(1), "link_type": "Blocks", "outward": "blocks", "inward": "is blocked by"}
	w.belongs(5, "issue_links", with(blocks, cells{"linked_id": int64(7), "linked_key": "BLUE-7", "target_id": int64(7)}))
	w.belongs(7, "issue_links", with(blocks, cells{"linked_id": int64(5), "linked_key": "RED-5", "source_id": int64(5)}))
	for n, c := range []struct {
		at       time.Time
		from, to string
	}{{on(13, 9, 0), "User 1", "User 2"}, {on(20, 9, 0), "User 2", "User 1"}, {on(21, 15, 0), "User 1", ""}} {
		w.belongs(3, "issue_changelog", cells{"history_id": int64(1000 + n), "item_index": int64(0), "created": c.at, "author": c.from, "field": "assignee",
			"field_id": "assignee", "field_type": "jira", "from_id": personID(c.from), "from_string": text(c.from), "to_id": personID(c.to), "to_string": text(c.to)})
	}
	w.commit(1)
	w.add(table.Findings(), cells{table.ID: int64(9), table.Presence: "deleted", table.PresenceEvidence: "made up"})
	w.commit(2)
	w.close()
}

func with(a, b map[string]any) map[string]any {
	for k, v := range a {
		b[k] = v
	}
	return b
}

// belongs adds a row of an issue that was read before: the reading of issue n is
// the n-th.
func (w *writer) belongs(issue int64, name string, cells map[string]any) {
	w.t.Helper()
	cells[table.IssueID] = issue
	last := w.seq
	w.seq = issue
	w.add(tableOf(name), cells)
	w.seq = last
}
