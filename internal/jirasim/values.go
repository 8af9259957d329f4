package jirasim

import (
	"fmt"
	"time"
)

// Writers of the system fields. What Jira derives (resolution from status,
// progress from time tracking) is derived here too.

func writeNull(_ *view, b []byte, _ *issue, _ *field) []byte { return append(b, "null"...) }

func writeCreated(v *view, b []byte, is *issue, _ *field) []byte {
	return appendTime(b, is.created, v.s.loc)
}
func writeUpdated(v *view, b []byte, is *issue, _ *field) []byte {
	return appendTime(b, is.updated, v.s.loc)
}
func writeProject(v *view, b []byte, is *issue, _ *field) []byte {
	return append(b, v.projects[is.project].json...)
}
func writeType(v *view, b []byte, is *issue, _ *field) []byte {
	return append(b, v.s.cat.types[is.typ].json...)
}
func writeStatus(v *view, b []byte, is *issue, _ *field) []byte {
	return append(b, v.s.cat.statuses[is.status].json...)
}
func writeStatusCategory(v *view, b []byte, is *issue, _ *field) []byte {
	return append(b, v.s.categories[v.s.cat.statuses[is.status].category]...)
}
func writePriority(v *view, b []byte, is *issue, _ *field) []byte {
	return append(b, v.s.cat.priorities[is.priority].json...)
}

func writeAssignee(v *view, b []byte, is *issue, _ *field) []byte {
	if is.assignee < 0 {
		return append(b, "null"...)
	}
	return append(b, v.s.cat.users[is.assignee].json...)
}

// creator is the index of the user who created an issue.
func (v *view) creator(is *issue) int {
	r := v.draw(forCreator, is.id)
	return r.n(len(v.s.cat.users))
}

func writeCreator(v *view, b []byte, is *issue, _ *field) []byte {
	return append(b, v.s.cat.users[v.creator(is)].json...)
}

func writeReporter(v *view, b []byte, is *issue, _ *field) []byte {
	r := v.draw(forReporter, is.id)
	if r.one(200) { // deleted accounts leave nobody
		return append(b, "null"...)
	}
	return writeCreator(v, b, is, nil)
}

func (v *view) done(is *issue) bool { return v.s.cat.statuses[is.status].category == categoryDone }

func writeResolution(v *view, b []byte, is *issue, _ *field) []byte {
	if !v.done(is) {
		return append(b, "null"...)
	}
	r := v.draw(forResolution, is.id)
	return append(b, v.s.cat.resolutions[[]int{0, 0, 0, 0, 1, 2, 3}[r.n(7)]].json...)
}

func writeResolved(v *view, b []byte, is *issue, _ *field) []byte {
	if !v.done(is) {
		return append(b, "null"...)
	}
	return appendTime(b, v.statusSince(is), v.s.loc)
}

func writeCategoryChange(v *view, b []byte, is *issue, _ *field) []byte {
	return appendTime(b, v.statusSince(is), v.s.loc)
}

func writeSummary(v *view, b []byte, is *issue, f *field) []byte {
	return v.s.prose.appendPhrase(b, v.summary(is.id))
}

// summary is where the words of an issue's generated summary come from.
func (v *view) summary(id int64) rng { return v.draw(forSummary, id) }

func writeDescription(v *view, b []byte, is *issue, f *field) []byte {
	r := v.draw(forDescription, is.id)
	if r.one(8) {
		return append(b, "null"...)
	}
	n := 1 + r.n(4)
	return v.s.prose.appendProse(b, r, n, v.adf)
}

func writeDue(v *view, b []byte, is *issue, f *field) []byte {
	r := v.ofField(is, f)
	if !r.one(4) {
		return append(b, "null"...)
	}
	return appendDate(b, v.instant(is, &r))
}

func writeFixVersions(v *view, b []byte, is *issue, f *field) []byte {
	return v.appendSome(b, is, f, len(v.s.cat.versions[is.project]), func(i int) []byte { return v.s.cat.versions[is.project][i].json })
}
func writeAffects(v *view, b []byte, is *issue, f *field) []byte {
	return writeFixVersions(v, b, is, f)
}
func writeComponents(v *view, b []byte, is *issue, f *field) []byte {
	return v.appendSome(b, is, f, len(v.s.cat.components[is.project]), func(i int) []byte { return v.s.cat.components[is.project][i].json })
}

// appendSome writes none, one or two of n values as an array.
func (v *view) appendSome(b []byte, is *issue, f *field, n int, json func(int) []byte) []byte {
	r := v.value(is, f)
	count := []int{0, 0, 1, 1, 2}[r.n(5)]
	if is.flags&fresh != 0 {
		count = 0
	}
	first := r.n(max(n, 1))
	return list(b, min(count, n), func(b []byte, i int) []byte { return append(b, json((first+i)%n)...) })
}

func writeSecurity(v *view, b []byte, is *issue, f *field) []byte {
	r := v.ofField(is, f)
	if !r.one(20) {
		return append(b, "null"...)
	}
	return append(b, v.s.cat.levels[r.n(len(v.s.cat.levels))].json...)
}

func writeVotes(v *view, b []byte, is *issue, _ *field) []byte {
	return fmt.Appendf(b, `{"self":"%s/issue/%s/votes","votes":%d,"hasVoted":false}`, v.api, v.key(is), len(v.voters(is)))
}

func writeWatches(v *view, b []byte, is *issue, _ *field) []byte {
	return fmt.Appendf(b, `{"self":"%s/issue/%s/watchers","watchCount":%d,"isWatching":false}`, v.api, v.key(is), len(v.watchers(is)))
}

func (v *view) key(is *issue) string { return keyOf(v.projects, is) }

// watchers and voters are indexes of users.
func (v *view) watchers(is *issue) []int { return v.people(is, forWatchers, 5) }
func (v *view) voters(is *issue) []int   { return v.people(is, forVoters, 3) }

func (v *view) people(is *issue, what purpose, limit int) []int {
	r := v.draw(what, is.id)
	n := r.n(limit)
	if is.flags&fresh != 0 {
		n = 0
	}
	first := r.n(len(v.s.cat.users))
	var who []int
	for i := range n {
		who = append(who, (first+i)%len(v.s.cat.users))
	}
	return who
}

// writeRestriction: Cloud's "restrict to", never used here.
func writeRestriction(_ *view, b []byte, _ *issue, _ *field) []byte {
	return append(b, `{"issuerestrictions":{},"shouldDisplay":true}`...)
}

func writeArchivedDate(v *view, b []byte, is *issue, _ *field) []byte {
	if is.flags&archived == 0 {
		return append(b, "null"...)
	}
	return appendTime(b, is.over.archived, v.s.loc)
}

func writeArchivedBy(v *view, b []byte, is *issue, _ *field) []byte {
	if is.flags&archived == 0 {
		return append(b, "null"...)
	}
	return append(b, v.s.cat.users[0].json...)
}

// estimate is the original estimate in seconds, 0: none.
func (v *view) estimate(is *issue) int64 {
	r := v.draw(forEstimate, is.id)
	if r.one(3) || is.flags&fresh != 0 {
		return 0
	}
	return int64(1+r.n(40)) * 1800
}

func (v *view) remaining(is *issue) int64 { return max(v.estimate(is)-v.spent(is), 0) }

func (v *view) spent(is *issue) int64 {
	var total int64
	for _, w := range v.worklogs(is) {
		total += w.seconds
	}
	return total
}

func appendSeconds(b []byte, n int64) []byte {
	if n == 0 {
		return append(b, "null"...)
	}
	return appendInt(b, n)
}

func writeEstimate(v *view, b []byte, is *issue, _ *field) []byte {
	return appendSeconds(b, v.estimate(is))
}
func writeTimeSpent(v *view, b []byte, is *issue, _ *field) []byte {
	return appendSeconds(b, v.spent(is))
}

func writeRemaining(v *view, b []byte, is *issue, _ *field) []byte {
	if v.estimate(is) == 0 {
		return append(b, "null"...)
	}
	return appendInt(b, v.remaining(is))
}

func writeWorkRatio(v *view, b []byte, is *issue, _ *field) []byte {
	if e := v.estimate(is); e > 0 {
		return appendInt(b, v.spent(is)*100/e)
	}
	return append(b, "-1"...)
}

func writeProgress(v *view, b []byte, is *issue, _ *field) []byte {
	spent := v.spent(is)
	total := spent + v.remaining(is)
	if total == 0 {
		return append(b, `{"progress":0,"total":0}`...)
	}
	return fmt.Appendf(b, `{"progress":%d,"total":%d,"percent":%d}`, spent, total, spent*100/total)
}

func writeTimeTracking(v *view, b []byte, is *issue, _ *field) []byte {
	b = append(b, '{')
	add := func(name string, seconds int64) {
		if b[len(b)-1] != '{' {
			b = append(b, ',')
		}
		b = fmt.Appendf(b, `"%s":"%s","%sSeconds":%d`, name, workTime(seconds), name, seconds)
	}
	if e := v.estimate(is); e > 0 {
		add("originalEstimate", e)
		add("remainingEstimate", v.remaining(is))
	}
	if spent := v.spent(is); spent > 0 {
		add("timeSpent", spent)
	}
	return append(b, '}')
}

// workTime is a duration as Jira writes it, in working days of 8 hours.
func workTime(seconds int64) string {
	d := time.Duration(seconds) * time.Second
	days, rest := d/(8*time.Hour), d%(8*time.Hour)
	s := ""
	for _, part := range []struct {
		n    int64
		unit string
	}{{int64(days), "d"}, {int64(rest / time.Hour), "h"}, {int64(rest % time.Hour / time.Minute), "m"}} {
		if part.n > 0 {
			if s != "" {
				s += " "
			}
			s += fmt.Sprintf("%d%s", part.n, part.unit)
		}
	}
	if s == "" {
		return "0m"
	}
	return s
}
