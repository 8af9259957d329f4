package jirasim

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// kanbanBoard is the index of the board that has no sprints.
const kanbanBoard = 3

const noSprints = "The board does not support sprints"

// agileRoutes registers boards and sprints; a board's id is 1 + the index of
// its project.
func (s *Sim) agileRoutes() {
	s.handleAt("GET", "/rest/agile/1.0/board", personal, serveBoards)
	s.handleAt("GET", "/rest/agile/1.0/board/{board}/sprint", personal, ofBoard(serveSprints))
	s.handleAt("GET", "/rest/agile/1.0/board/{board}/configuration", personal, ofBoard(serveBoardConfiguration))
	s.handleAt("GET", "/rest/agile/1.0/sprint/{sprint}", personal, serveSprint)
}

func (s *Sim) agileURL() string { return s.opt.BaseURL + "/rest/agile/1.0" }

func boardKind(board int) string {
	if board == kanbanBoard {
		return "kanban"
	}
	return "scrum"
}

// boards are the indexes of the visible boards; mu is held.
func (s *Sim) boards() []int {
	var all []int
	if s.gen == nil {
		return nil
	}
	for i, p := range s.store.projects {
		if i < boardProjects && !p.hidden && !p.archived {
			all = append(all, i)
		}
	}
	return all
}

func serveBoards(c *call) answer {
	s, p := c.s, c.r.URL.Query()
	s.mu.Lock()
	defer s.mu.Unlock()
	kinds := c.queryList("type")
	all := slices.DeleteFunc(s.boards(), func(i int) bool {
		pr := s.store.projects[i]
		asked := p.Get("projectKeyOrId")
		return len(kinds) > 0 && !slices.Contains(kinds, boardKind(i)) ||
			asked != "" && !strings.EqualFold(asked, pr.key) && asked != strconv.FormatInt(pr.id, 10)
	})
	return c.page(pageStyle{"values", 50, 50, true, false}, rows{len(all), func(b []byte, i int) []byte {
		board := all[i]
		pr := s.store.projects[board]
		return fmt.Appendf(b, `{"id":%d,"self":"%s/board/%d","name":"%s board","type":"%s","isPrivate":false,"location":{"projectId":%d,"displayName":%s,"projectName":%s,"projectKey":"%s","projectTypeKey":"software","name":%s}}`,
			board+1, s.agileURL(), board+1, pr.key, boardKind(board), pr.id, quote(pr.name), quote(pr.name), pr.key, quote(pr.name))
	}})
}

// ofBoard answers for the board in the path.
func ofBoard(fn func(c *call, board int) answer) handler {
	return func(c *call) answer {
		c.s.mu.Lock()
		defer c.s.mu.Unlock()
		id, err := strconv.Atoi(c.r.PathValue("board"))
		if err != nil || !slices.Contains(c.s.boards(), id-1) {
			return failure(http.StatusNotFound, "The requested board cannot be viewed because it either does not exist or you do not have permission to view it.")
		}
		return fn(c, id-1)
	}
}

func serveSprints(c *call, board int) answer {
	if board == kanbanBoard {
		return failure(http.StatusBadRequest, noSprints)
	}
	states := c.queryList("state")
	var chosen []*sprint
	for i := range c.s.sprints {
		if sp := &c.s.sprints[i]; sp.board == int64(board+1) && (len(states) == 0 || slices.Contains(states, sp.state)) {
			chosen = append(chosen, sp)
		}
	}
	return c.page(pageStyle{"values", 50, 50, true, false}, rows{len(chosen), func(b []byte, i int) []byte { return c.s.appendSprintResource(b, chosen[i]) }})
}

func (s *Sim) appendSprintResource(b []byte, sp *sprint) []byte {
	b = fmt.Appendf(b, `{"id":%d,"self":"%s/sprint/%d","state":"%s","name":%s`, sp.id, s.agileURL(), sp.id, sp.state, quote(sp.name))
	b = appendSprintDates(b, sp)
	created := s.gen.from + (sp.id%int64(s.gen.span/sprintLength))*sprintLength/2
	return fmt.Appendf(b, `,"createdDate":"%s","originBoardId":%d,"goal":%s}`, time.UnixMilli(created).UTC().Format("2006-01-02T15:04:05.000Z"), sp.board, quote(sp.goal))
}

func serveSprint(c *call) answer {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	i := slices.IndexFunc(c.s.sprints, func(sp sprint) bool { return strconv.FormatInt(sp.id, 10) == c.r.PathValue("sprint") })
	if i < 0 || !slices.Contains(c.s.boards(), int(c.s.sprints[i].board-1)) {
		return failure(http.StatusNotFound, "Sprint does not exist.")
	}
	return jsonAnswer(c.s.appendSprintResource(nil, &c.s.sprints[i]))
}

func serveBoardConfiguration(c *call, board int) answer {
	s := c.s
	pr := s.store.projects[board]
	b := fmt.Appendf(nil, `{"id":%d,"name":"%s board","type":"%s","self":"%s/board/%d/configuration","location":{"type":"project","key":"%s","id":"%d","self":"%s/project/%d","name":%s},"filter":{"id":"%d","self":"%s/filter/%d"},"columnConfig":{"columns":[`,
		board+1, pr.key, boardKind(board), s.agileURL(), board+1, pr.key, pr.id, s.api, pr.id, quote(pr.name), 10_000+board, s.api, 10_000+board)
	for i, column := range []struct {
		name     string
		statuses []int
	}{{"To Do", []int{statusToDo}}, {"In Progress", []int{statusProgress, statusBlocked}}, {"In Review", []int{statusReview}}, {"Done", []int{statusDone, statusClosed, statusTeamDone}}} {
		if i > 0 {
			b = append(b, ',')
		}
		b = fmt.Appendf(b, `{"name":"%s","statuses":`, column.name)
		b = list(b, len(column.statuses), func(b []byte, i int) []byte {
			id := s.cat.statuses[column.statuses[i]].id
			return fmt.Appendf(b, `{"id":"%d","self":"%s/status/%d"}`, id, s.api, id)
		})
		b = append(b, '}')
	}
	b = append(b, `],"constraintType":"issueCount"}`...)
	if f := s.schema.byID[pointsField]; f != nil && board != kanbanBoard {
		b = fmt.Appendf(b, `,"estimation":{"type":"field","field":{"fieldId":"%s","displayName":%s}}`, f.id, quote(f.name))
	}
	return jsonAnswer(append(b, `,"ranking":{"rankCustomFieldId":10019}}`...))
}
