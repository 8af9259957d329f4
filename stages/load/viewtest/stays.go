package viewtest

import (
	"cmp"
	"time"
)

// stay is a time in a status, walked through from the issue's beginning.
type stay struct {
	n             int
	status        status
	name          string // as the views should call it
	category      string // "" when nobody knows it any more
	from, to      time.Time
	open          bool // the present one
	by, leftBy    string
	previous, on  string // names of the statuses before and after
	hours, worked float64
}

// known says which statuses a site still tells of: those that an issue is in.
func (s *scene) known(site string) map[int64]bool {
	ids := map[int64]bool{}
	for _, i := range s.issues {
		if i.site == site {
			ids[statuses[i.status].id] = true
		}
	}
	return ids
}

// stays walks through an issue's moves.
func (s *scene) stays(i *issue, now time.Time) []stay {
	known := s.known(i.site)
	begin := func(n int, st status, at time.Time, by string) stay {
		out := stay{n: n, status: st, name: oldName(st), category: builtIn[st.id], from: at, by: by}
		switch {
		case s.dimensions && !st.unlisted:
			out.name, out.category = s.today(st.name), cmp.Or(st.category, "new")
		case known[st.id]:
			out.name, out.category = st.name, st.category
		}
		return out
	}
	first := statuses[i.status]
	if len(i.moves) > 0 {
		first = statuses[i.moves[0].from]
	}
	out := []stay{begin(1, first, i.since(), i.creator)}
	for n, m := range i.moves {
		last := &out[len(out)-1]
		next := begin(n+2, statuses[m.to], m.at, m.by)
		last.to, last.leftBy, last.on, next.previous = m.at, m.by, next.name, last.name
		out = append(out, next)
	}
	out[len(out)-1].to, out[len(out)-1].open = now, true
	for n := range out {
		out[n].hours = out[n].to.Sub(out[n].from).Hours()
		out[n].worked = workingHours(out[n].from, out[n].to)
	}
	return out
}

// since is when an issue came into its first status: imports have transitions that
// are older than the issue.
func (i *issue) since() time.Time {
	if len(i.moves) > 0 && i.moves[0].at.Before(i.created) {
		return i.moves[0].at
	}
	return i.created
}

// listed is when the sprint field had its first value.
func (i *issue) listed() time.Time {
	if len(i.relists) > 0 && i.relists[0].at.Before(i.created) {
		return i.relists[0].at
	}
	return i.created
}

// workingHours goes through the days between two instants and adds up what is
// within Monday to Friday from 9 to 17.
func workingHours(from, to time.Time) (sum float64) {
	for day := from.UTC().Truncate(24 * time.Hour); day.Before(to); day = day.AddDate(0, 0, 1) {
		if day.Weekday() == time.Saturday || day.Weekday() == time.Sunday {
			continue
		}
		opens, closes := day.Add(9*time.Hour), day.Add(17*time.Hour)
		if from.After(opens) {
			opens = from
		}
		if to.Before(closes) {
			closes = to
		}
		if closes.After(opens) {
			sum += closes.Sub(opens).Hours()
		}
	}
	return sum
}

// live are the issues that views show.
func (s *scene) live() (out []*issue) {
	for _, i := range s.issues {
		if !i.gone {
			out = append(out, i)
		}
	}
	return out
}

// at returns the stay at an instant; ok is false before the issue was created.
func at(stays []stay, t time.Time) (found stay, ok bool) {
	for _, st := range stays {
		if !st.from.After(t) && (st.open || st.to.After(t)) {
			return st, true
		}
	}
	return stay{}, false
}

// in reports whether an issue was in a sprint at an instant.
func (i *issue) in(sprint int64, t time.Time) bool {
	if t.Before(i.listed()) {
		return false
	}
	held := i.sprints
	if len(i.relists) > 0 {
		held = i.relists[0].from
	}
	for _, r := range i.relists {
		if !r.at.After(t) {
			held = r.to
		}
	}
	for _, id := range held {
		if id == sprint {
			return true
		}
	}
	return false
}

// Cells of expected rows.

func text(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func instant(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t
}

func personID(name string) any {
	if name == "" {
		return nil
	}
	return name + " id"
}

func (i *issue) pointsCell() any {
	if i.points == 0 {
		return nil
	}
	return i.points
}

func unless(none bool, sum float64) any {
	if none {
		return nil
	}
	return sum
}

func day(t time.Time) string { return t.UTC().Format(time.DateOnly) }

// monday is the first day of the week of t.
func monday(t time.Time) string {
	t = t.UTC()
	return day(t.AddDate(0, 0, -(int(t.Weekday())+6)%7))
}
