package viewtest

import (
	"cmp"
	"slices"
	"time"
)

// expectations are what the views ought to hold.
var expectations = []expectation{
	{"working_calendar", "weekday i, opens f, closes f", func(*scene, time.Time) (rows [][]any) {
		for n := int64(1); n <= 7; n++ {
			hours := [2]float64{9, 17}
			if n > 5 {
				hours = [2]float64{}
			}
			rows = append(rows, []any{n, hours[0], hours[1]})
		}
		return rows
	}},
	{"calendar_days", "day d, week d, month d, weekday i, working b", func(s *scene, now time.Time) (rows [][]any) {
		for d := s.firstDay(); !d.After(now); d = d.AddDate(0, 0, 1) {
			weekday := int64(d.Weekday()+6)%7 + 1
			rows = append(rows, []any{day(d), monday(d), d.Format("2006-01") + "-01", weekday, weekday <= 5})
		}
		return rows
	}},
	{"issues_current", "_site t, id i, key t, project_key t, issue_type t, status t, status_category t, assignee t, parent_id i, parent_key t, created z, updated z", currentRows},
	{"issue_points", "_site t, issue_id i, points f", func(s *scene, _ time.Time) (rows [][]any) {
		for _, i := range s.live() {
			rows = append(rows, []any{i.site, i.id, i.pointsCell()})
		}
		return rows
	}},
	{"known_statuses", "_site t, status_id i, status t, status_category t", knownStatuses},
	{"time_in_status", `_site t, issue_id i, stay i, issue_key t, project_key t, issue_type t, status_id i, status t, status_category t, entered_at z,
		entered_by t, entered_by_id t, left_at z, left_by t, left_by_id t, previous_status t, next_status t, is_current b, hours f, working_hours f`, timeInStatus},
	{"cycle_time", `_site t, issue_id i, issue_key t, project_key t, issue_type t, created_at z, started_at z, finished_at z,
		finish_unknown b, lead_hours f, lead_working_hours f, cycle_hours f, cycle_working_hours f`, func(s *scene, now time.Time) (rows [][]any) {
		for _, i := range s.live() {
			c := s.cycle(i, now)
			rows = append(rows, []any{i.site, i.id, s.key(i), s.project(i), s.today(i.kind), i.created, instant(c.started), instant(c.finished), c.unknown,
				cell(c.lead), cell(c.leadWorked), cell(c.cycle), cell(c.cycleWorked)})
		}
		return rows
	}},
	{"throughput_weekly", "week d, project_key t, issue_type t, finished_issues i, finished_points f, avg_lead_hours f, median_cycle_hours f, _site t", throughput},
	{"work_in_progress", `_site t, issue_id i, issue_key t, project_key t, issue_type t, summary t, assignee t, assignee_id t, points f, status t, entered_at z,
		hours_in_status f, working_hours_in_status f, started_at z, age_hours f, age_working_hours f`, workInProgress},
	{"reopened_issues", `_site t, issue_id i, issue_key t, project_key t, issue_type t, times_reopened i, first_reopened_at z, last_reopened_at z,
		last_reopened_by t, last_reopened_by_id t, reopened_from t, reopened_to t, status t, status_category t`, reopened},
	{"cumulative_flow_daily", "day d, _site t, project_key t, status_id i, status t, status_category t, issues i", cumulativeFlow},
	{"worklog_weekly", "week d, author t, author_id t, project_key t, hours f, worklogs i, issues i, _site t", worklogs},
	{"known_sprints", "_site t, sprint_id i, sprint t, state t, board_id i, start_date z, end_date z, complete_date z, ended_at z, _presence t", knownSprints},
	{"sprint_membership", "_site t, issue_id i, issue_key t, sprint_id i, added_at z, removed_at z", memberships},
	{"sprint_issues", `_site t, sprint_id i, sprint t, issue_id i, issue_key t, project_key t, issue_type t, points f, status_at_end t,
		committed b, added b, removed b, completed b, carried_over b`, sprintIssues},
	{"sprint_report", `_site t, sprint_id i, sprint t, state t, start_date z, end_date z, complete_date z, committed_issues i, committed_points f,
		added_issues i, added_points f, removed_issues i, removed_points f, completed_issues i, completed_points f, carried_over_issues i, carried_over_points f,
		unknown_issues i, unknown_points f`, sprintReport},
	{"sprint_burndown", "_site t, sprint_id i, sprint t, day d, scope_issues i, scope_points f, remaining_issues i, remaining_points f, unknown_issues i, unknown_points f", burndown},
}

// firstDay is the day on which the oldest live issue was created.
func (s *scene) firstDay() time.Time {
	var first time.Time
	for _, i := range s.live() {
		if first.IsZero() || i.created.Before(first) {
			first = i.created
		}
	}
	return first.Truncate(24 * time.Hour)
}

func currentRows(s *scene, _ time.Time) (rows [][]any) {
	for _, i := range s.live() {
		id, key := any(i.parent), any(awayKey)
		switch {
		case i.parent == 0:
			id, key = nil, nil
		case i.parent != away:
			key = s.key(s.issues[slices.IndexFunc(s.issues, func(p *issue) bool { return p.site == i.site && p.id == i.parent })])
		}
		now := statuses[i.status]
		rows = append(rows, []any{i.site, i.id, s.key(i), s.project(i), s.today(i.kind), s.today(now.name), now.category, s.today(people[i.id%3]),
			id, key, i.created, i.created.Add(time.Hour)})
	}
	return rows
}

func knownStatuses(s *scene, _ time.Time) (rows [][]any) {
	for _, site := range []string{"one", "two"} {
		known := s.known(site)
		for _, st := range statuses {
			switch {
			case s.dimensions && !st.unlisted:
				rows = append(rows, []any{site, st.id, s.today(st.name), cmp.Or(st.category, "new")})
			case known[st.id]:
				rows = append(rows, []any{site, st.id, st.name, st.category})
			case builtIn[st.id] != "":
				rows = append(rows, []any{site, st.id, nil, builtIn[st.id]})
			}
		}
	}
	return rows
}

func timeInStatus(s *scene, now time.Time) (rows [][]any) {
	for _, i := range s.live() {
		for _, st := range s.stays(i, now) {
			left := any(st.to)
			if st.open {
				left = nil
			}
			rows = append(rows, []any{i.site, i.id, int64(st.n), s.key(i), s.project(i), s.today(i.kind), st.status.id, st.name, text(st.category), st.from,
				st.by, personID(st.by), left, text(st.leftBy), personID(st.leftBy), text(st.previous), text(st.on), st.open, st.hours, st.worked})
		}
	}
	return rows
}

// cycle is what became of an issue; times are nil where there are none.
type cycle struct {
	started, finished                    time.Time
	unknown                              bool // whether, or since when, it is finished
	lead, leadWorked, cycle, cycleWorked *float64
}

func cell(f *float64) any {
	if f == nil {
		return nil
	}
	return *f
}

// started is when the work on an issue began; zero if it did not, or before that
// the issue was in a status in which it may have.
func started(stays []stay) time.Time {
	for _, st := range stays {
		switch st.category {
		case "indeterminate":
			return st.from
		case "":
			return time.Time{}
		}
	}
	return time.Time{}
}

func (s *scene) cycle(i *issue, now time.Time) (c cycle) {
	stays := s.stays(i, now)
	c.started = started(stays)
	for _, st := range stays {
		switch {
		case st.category != "done":
			c.finished, c.unknown = time.Time{}, st.category == ""
		case c.finished.IsZero():
			c.finished = st.from
		}
	}
	if c.unknown {
		c.finished = time.Time{}
	}
	if c.finished.IsZero() {
		return c
	}
	span := func(from time.Time) (hours, worked *float64) {
		h, w := c.finished.Sub(from).Hours(), workingHours(from, c.finished)
		return &h, &w
	}
	c.lead, c.leadWorked = span(i.since())
	if !c.started.IsZero() {
		c.cycle, c.cycleWorked = span(c.started)
	}
	return c
}

func throughput(s *scene, now time.Time) (rows [][]any) {
	type group struct{ week, project, kind, site string }
	type sums struct {
		n            int64
		points, lead float64
		cycles       []float64
	}
	groups := map[group]*sums{}
	for _, i := range s.live() {
		c := s.cycle(i, now)
		if c.finished.IsZero() {
			continue
		}
		g := group{monday(c.finished), s.project(i), s.today(i.kind), i.site}
		if groups[g] == nil {
			groups[g] = &sums{}
		}
		sum := groups[g]
		sum.n, sum.points, sum.lead = sum.n+1, sum.points+i.points, sum.lead+*c.lead
		if c.cycle != nil {
			sum.cycles = append(sum.cycles, *c.cycle)
		}
	}
	for g, sum := range groups {
		points := any(sum.points)
		if sum.points == 0 {
			points = nil
		}
		rows = append(rows, []any{g.week, g.project, g.kind, sum.n, points, sum.lead / float64(sum.n), median(sum.cycles), g.site})
	}
	return rows
}

func median(values []float64) any {
	n := len(values)
	if n == 0 {
		return nil
	}
	slices.Sort(values)
	return (values[(n-1)/2] + values[n/2]) / 2
}

func workInProgress(s *scene, now time.Time) (rows [][]any) {
	for _, i := range s.live() {
		stays := s.stays(i, now)
		last := stays[len(stays)-1]
		if last.category != "indeterminate" {
			continue
		}
		began, age, worked := started(stays), any(nil), any(nil)
		if !began.IsZero() {
			age, worked = now.Sub(began).Hours(), workingHours(began, now)
		}
		rows = append(rows, []any{i.site, i.id, s.key(i), s.project(i), s.today(i.kind), "Summary of " + i.key(), s.today(people[i.id%3]), people[i.id%3] + " id", i.pointsCell(),
			last.name, last.from, last.hours, last.worked, instant(began), age, worked})
	}
	return rows
}

func reopened(s *scene, now time.Time) (rows [][]any) {
	for _, i := range s.live() {
		var back []stay
		var before stay // the last one whose category is known
		for _, st := range s.stays(i, now) {
			if st.category == "" {
				continue
			}
			if before.category == "done" && st.category != "done" {
				st.previous = before.name
				back = append(back, st)
			}
			before = st
		}
		if len(back) == 0 {
			continue
		}
		last := back[len(back)-1]
		rows = append(rows, []any{i.site, i.id, s.key(i), s.project(i), s.today(i.kind), int64(len(back)), back[0].from, last.from, last.by, personID(last.by),
			last.previous, last.name, s.today(statuses[i.status].name), statuses[i.status].category})
	}
	return rows
}

func cumulativeFlow(s *scene, now time.Time) (rows [][]any) {
	type flow struct {
		site, project string
		status        int64
	}
	walks := map[*issue][]stay{}
	first, name, category := map[flow]string{}, map[flow]string{}, map[flow]any{}
	for _, i := range s.live() {
		walks[i] = s.stays(i, now)
		for _, st := range walks[i] {
			f := flow{i.site, s.project(i), st.status.id}
			if d := day(st.from); first[f] == "" || d < first[f] {
				first[f] = d
			}
			name[f], category[f] = max(name[f], st.name), text(st.category)
		}
	}
	for f := range first {
		for d := s.firstDay(); !d.After(now); d = d.AddDate(0, 0, 1) {
			if day(d) < first[f] {
				continue
			}
			n := int64(0)
			for i, stays := range walks {
				end := d.AddDate(0, 0, 1).Add(-time.Microsecond)
				if end.After(now) {
					end = now
				}
				if st, ok := at(stays, end); ok && i.site == f.site && s.project(i) == f.project && st.status.id == f.status {
					n++
				}
			}
			rows = append(rows, []any{day(d), f.site, f.project, f.status, name[f], category[f], n})
		}
	}
	return rows
}

func worklogs(s *scene, _ time.Time) (rows [][]any) {
	type group struct{ week, by, project, site string }
	type sums struct {
		seconds, n int64
		issues     map[int64]bool
	}
	groups := map[group]*sums{}
	for _, i := range s.live() {
		for _, w := range i.works {
			g := group{monday(w.at), w.by, s.project(i), i.site}
			groups[g] = cmp.Or(groups[g], &sums{issues: map[int64]bool{}})
			groups[g].seconds, groups[g].n = groups[g].seconds+w.seconds, groups[g].n+1
			groups[g].issues[i.id] = true
		}
	}
	for g, sum := range groups {
		rows = append(rows, []any{g.week, s.today(g.by), personID(g.by), g.project, float64(sum.seconds) / 3600, sum.n, int64(len(sum.issues)), g.site})
	}
	return rows
}
