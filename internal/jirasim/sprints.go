package jirasim

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// A sprint of a board. Boards are one per project, the first boardProjects of
// them; the id of a project's board is its index plus 1.
type sprint struct {
	id                   int64
	board                int64
	name, goal           string
	label                string // the name with which it was made: histories keep it
	state                string // future, active, closed
	start, end, complete int64  // ms; noTime: not set
}

const (
	boardProjects = 20
	sprintLength  = int64(14 * 24 * time.Hour / time.Millisecond)
)

// sprintsOf generates the sprints of a site: two weeks each, the last but one
// active, the last one still to come.
func (g *generator) sprints() []sprint {
	var all []sprint
	count := int(g.span / sprintLength)
	for board := range min(len(g.weights), boardProjects) {
		if board == kanbanBoard {
			continue
		}
		for i := range count {
			start := g.from + int64(i)*sprintLength
			sp := sprint{id: int64(len(all) + 1), board: int64(board + 1), name: fmt.Sprintf("Sprint %d", i+1), label: fmt.Sprintf("Sprint %d", i+1), goal: "Ship a, b = c",
				state: "closed", start: start, end: start + sprintLength, complete: start + sprintLength + 3_600_123}
			switch i {
			case count - 1:
				sp.state, sp.start, sp.end, sp.complete = "future", noTime, noTime, noTime
			case count - 2:
				sp.state, sp.complete = "active", noTime
			}
			all = append(all, sp)
		}
	}
	return all
}

// sprintsOf are the sprints that an issue was in, as indexes into the site's
// sprints: the one that ran when it was created and maybe the next, unless it
// was put into others.
func (v *view) sprintsOf(is *issue, f *field) []int32 {
	if is.over != nil && is.over.sprints != nil {
		return is.over.sprints
	}
	g := v.s.gen
	if is.flags&fresh != 0 || g == nil || g.drawType(slotOf(is.id)) == typeEpic {
		return nil
	}
	project := int(g.project(slotOf(is.id)))
	count := int(g.span / sprintLength)
	k := int((is.created - g.from) / sprintLength)
	if r := v.ofField(is, f); project >= boardProjects || project == kanbanBoard || k < 0 || k >= count-1 || !r.one(2) {
		return nil
	}
	if project > kanbanBoard {
		project-- // in the list of boards with sprints
	}
	first := int32(project*count + k)
	if r := v.value(is, f); r.one(2) {
		return []int32{first}
	}
	return []int32{first, first + 1}
}

// sprintText is what a changelog says of sprints: their ids and the names
// that they were made with.
func (v *view) sprintText(indexes []int32) (ids, names *string) {
	var i, n []string
	for _, x := range indexes {
		i = append(i, strconv.FormatInt(v.sprints[x].id, 10))
		n = append(n, v.sprints[x].label)
	}
	return ptr(strings.Join(i, ", ")), ptr(strings.Join(n, ", "))
}

func writeSprints(v *view, b []byte, is *issue, f *field) []byte {
	in := v.sprintsOf(is, f)
	if len(in) == 0 {
		return append(b, "null"...)
	}
	return list(b, len(in), func(b []byte, i int) []byte { return v.appendSprint(b, &v.sprints[in[i]]) })
}

// appendSprint writes a sprint as issues show it: an object on Cloud, on Data
// Center the text that a Java object prints of itself.
func (v *view) appendSprint(b []byte, sp *sprint) []byte {
	if !v.s.cloud {
		stamp := func(ms int64) string {
			if ms == noTime {
				return "<null>"
			}
			return time.UnixMilli(ms).In(v.s.loc).Format("2006-01-02T15:04:05.000Z07:00")
		}
		return appendString(b, fmt.Sprintf("com.atlassian.greenhopper.service.sprint.Sprint@%x[id=%d,rapidViewId=%d,state=%s,name=%s,startDate=%s,endDate=%s,completeDate=%s,activatedDate=%s,sequence=%d,goal=%s,autoStartStop=false]",
			0x1bf75fd+sp.id, sp.id, sp.board, strings.ToUpper(sp.state), sp.name, stamp(sp.start), stamp(sp.end), stamp(sp.complete), stamp(sp.start), sp.id, sp.goal))
	}
	b = fmt.Appendf(b, `{"id":%d,"name":%s,"state":"%s","boardId":%d,"goal":%s`, sp.id, quote(sp.name), sp.state, sp.board, quote(sp.goal))
	return append(appendSprintDates(b, sp), '}')
}

// appendSprintDates writes the dates that a sprint has; future ones lack them.
func appendSprintDates(b []byte, sp *sprint) []byte {
	for _, d := range []struct {
		name string
		ms   int64
	}{{"startDate", sp.start}, {"endDate", sp.end}, {"completeDate", sp.complete}} {
		if d.ms != noTime {
			b = fmt.Appendf(b, `,"%s":"%s"`, d.name, time.UnixMilli(d.ms).UTC().Format("2006-01-02T15:04:05.000Z"))
		}
	}
	return b
}
