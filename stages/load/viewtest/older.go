package viewtest

import (
	"slices"
	"testing"
)

// imported is a site with issues whose history is older than they are: all of it, or a
// part, or that of sprints.
func imported() *scene {
	begin, end := on(6, 8, 0), on(16, 17, 0)
	s := &scene{sprints: []*sprint{{site: "jira", id: 1, state: "closed", start: begin, end: end, complete: end}}}
	in, out := []int64{1}, []int64(nil)
	s.tell(issue{id: 1, project: "RED", kind: "Story", created: on(20, 9, 0), creator: "User 1", points: 3,
		moves:   []move{{at: on(7, 9, 0), to: inProgress, by: "User 2"}, {at: on(8, 9, 0), to: isDone, by: "User 2"}},
		relists: []relist{{at: on(7, 12, 0), to: in}}})
	s.tell(issue{id: 2, project: "RED", kind: "Story", created: on(20, 9, 0), creator: "User 1", points: 5,
		moves:   []move{{at: on(7, 9, 0), to: inProgress, by: "User 2"}, {at: on(22, 9, 0), to: isDone, by: "User 2"}},
		sprints: in, relists: []relist{{at: on(8, 9, 0), to: out}, {at: on(9, 9, 0), to: in}}})
	s.tell(issue{id: 3, project: "RED", kind: "Bug", created: on(20, 9, 0), creator: "User 1", moves: []move{{at: on(7, 9, 0), to: inReview, by: "User 2"}}})
	s.tell(issue{id: 4, project: "RED", kind: "Story", created: on(5, 9, 0), creator: "User 1", points: 1, sprints: in,
		moves: []move{{at: on(9, 9, 0), to: inProgress, by: "User 2"}, {at: on(12, 9, 0), to: isDone, by: "User 2"}}})
	return s
}

// ofHistories are the views that follow from what happened to issues.
var ofHistories = []string{"time_in_status", "cycle_time", "throughput_weekly", "work_in_progress", "sprint_membership", "sprint_issues", "sprint_report", "sprint_burndown"}

// olderHistory: where transitions are older than the issue, nothing lasts less than no
// time, and creation is what Jira says it is.
func olderHistory(t *testing.T, d Destination) {
	s := imported()
	load := newWriter(t, d, "jira")
	load.begin()
	for _, i := range s.issues {
		load.issue(s, i)
	}
	load.commit(1)
	load.close()
	w := d.Open(t)
	defer func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	}()
	for _, e := range expectations {
		if slices.Contains(ofHistories, e.view) {
			t.Run(e.view, func(t *testing.T) { e.check(t, s, w) })
		}
	}
	wantRows(t, w, "SELECT issue_id, stay, entered_at, left_at, hours FROM time_in_status WHERE NOT is_current ORDER BY issue_id, stay",
		"1|1|2026-01-07T09:00:00Z|2026-01-07T09:00:00Z|0", "1|2|2026-01-07T09:00:00Z|2026-01-08T09:00:00Z|24",
		"2|1|2026-01-07T09:00:00Z|2026-01-07T09:00:00Z|0", "2|2|2026-01-07T09:00:00Z|2026-01-22T09:00:00Z|360",
		"3|1|2026-01-07T09:00:00Z|2026-01-07T09:00:00Z|0",
		"4|1|2026-01-05T09:00:00Z|2026-01-09T09:00:00Z|96", "4|2|2026-01-09T09:00:00Z|2026-01-12T09:00:00Z|72")
	wantRows(t, w, "SELECT issue_id, created_at, finished_at, lead_hours, lead_working_hours, cycle_hours FROM cycle_time ORDER BY issue_id",
		"1|2026-01-20T09:00:00Z|2026-01-08T09:00:00Z|24|8|24", "2|2026-01-20T09:00:00Z|2026-01-22T09:00:00Z|360|88|360",
		"3|2026-01-20T09:00:00Z|NULL|NULL|NULL|NULL", "4|2026-01-05T09:00:00Z|2026-01-12T09:00:00Z|168|40|72")
	wantRows(t, w, "SELECT issue_id, added_at, removed_at FROM sprint_membership ORDER BY issue_id, added_at",
		"1|2026-01-07T12:00:00Z|NULL", "2|2026-01-08T09:00:00Z|2026-01-08T09:00:00Z", "2|2026-01-09T09:00:00Z|NULL", "4|2026-01-05T09:00:00Z|NULL")
}
