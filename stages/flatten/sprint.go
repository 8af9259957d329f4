package flatten

import (
	"encoding/json"
	"errors"
	"time"

	"snowdrift/internal/rawjson"
	"snowdrift/internal/sprint"
)

// sprintJSON is a sprint as Cloud writes it.
type sprintJSON struct {
	ID       int64     `json:"id"`
	Name     string    `json:"name,omitempty"`
	State    string    `json:"state,omitempty"`
	BoardID  int64     `json:"boardId,omitempty"`
	Goal     string    `json:"goal,omitempty"`
	Start    time.Time `json:"startDate,omitzero"`
	End      time.Time `json:"endDate,omitzero"`
	Complete time.Time `json:"completeDate,omitzero"`
}

// sprints are the objects made of Server's texts, by text: a few sprints stand
// in many issues, word for word.
type sprints map[string][]byte

// What is remembered is bounded; sprints beyond it are read each time.
const (
	maxSprints    = 1024
	maxSprintText = 4096
)

// object returns a sprint as a JSON object. Server's text for one, and a bare
// id, are rewritten; what is no sprint stays, and will not fit.
func (s sprints) object(v []byte) []byte {
	if t := rawjson.TypeOf(v); t != rawjson.String && t != rawjson.Number {
		return v
	}
	if object, remembered := s[string(v)]; remembered {
		return object
	}
	object, ok := rewriteSprint(v)
	if !ok {
		return v
	}
	if len(s) < maxSprints && len(v) <= maxSprintText {
		s[string(v)] = object
	}
	return object
}

func rewriteSprint(v []byte) ([]byte, bool) {
	s, err := sprint.Parse(v)
	if err != nil && !errors.Is(err, sprint.ErrDate) {
		return nil, false
	}
	object, err := json.Marshal(sprintJSON{ID: s.ID, Name: s.Name, State: s.State, BoardID: s.BoardID, Goal: s.Goal,
		Start: s.Start, End: s.End, Complete: s.Complete})
	return object, err == nil
}
