// Package sprint reads the elements of Jira's sprint field
// (com.pyxis.greenhopper.jira:gh-sprint) and the sprints of the agile API.
//
// Cloud writes a sprint as a JSON object. Server and Data Center, and fields
// that were migrated from them, write the text of a Java object:
//
//	com.atlassian.greenhopper.service.sprint.Sprint@1bf75fd[id=1,rapidViewId=1,
//	state=CLOSED,name=Sprint 1,goal=a, b=c,startDate=2016-06-06T21:30:53.537+10:00,
//	endDate=…,completeDate=<null>,sequence=1]
//
// In that text nothing is quoted: names and goals may hold commas, equals
// signs and brackets, and the order of the keys differs between versions. So a
// value ends where a comma is followed by a known key that has not been seen
// yet and whose own value looks right: digits for an id, a date or <null> for a
// date. What remains ambiguous (a goal that reads ",state=CLOSED" before the
// real state) cannot be told apart by anyone.
package sprint

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// A Sprint is a period of work on a board. Zero values stand for what the
// sprint does not have: a future sprint has no dates, an open one was not
// completed.
type Sprint struct {
	ID      int64 // never 0
	BoardID int64 // the board that it was created on: boardId, originBoardId or rapidViewId
	Name    string
	State   string // in lower case: "future", "active" or "closed"
	Goal    string

	Created   time.Time // all times are in UTC
	Activated time.Time // when it was really started, on Data Center
	Start     time.Time // as planned
	End       time.Time // as planned
	Complete  time.Time
}

var (
	// ErrSyntax means that the value is no sprint: nothing was read.
	ErrSyntax = errors.New("not a sprint")

	// ErrDate means that a date of the sprint could not be read, and is zero;
	// everything else was.
	ErrDate = errors.New("sprint has an unreadable date")
)

// shownBytes bounds how much of a bad value an error repeats.
const shownBytes = 80

// Parse reads one element of a sprint field, a JSON object or string; a bare
// number is the id of a sprint of which nothing else is known. The error wraps
// [ErrSyntax], or [ErrDate] beside a sprint that can be used.
func Parse(raw []byte) (Sprint, error) {
	var s Sprint
	raw = bytes.TrimSpace(raw)
	err := ErrSyntax
	if len(raw) > 0 {
		switch raw[0] {
		case '{':
			s, err = parseObject(raw)
		case '"':
			s, err = parseString(raw)
		default:
			if id, ok := positive(raw); ok {
				s, err = Sprint{ID: id}, nil
			}
		}
	}
	switch {
	case err == nil:
		return s, nil
	case errors.Is(err, ErrDate):
		return s, fmt.Errorf("sprint %d: %w", s.ID, err)
	}
	if len(raw) > shownBytes {
		raw = raw[:shownBytes]
	}
	return Sprint{}, fmt.Errorf("parse sprint %q: %w", raw, err)
}

func parseString(raw []byte) (Sprint, error) {
	text, err := jsontext.AppendUnquote(nil, raw)
	// Lone surrogates and invalid UTF-8 became U+FFFD; but what is not a JSON
	// string at all is no sprint.
	if err != nil && !jsontext.Value(raw).IsValid(jsontext.AllowInvalidUTF8(true)) {
		return Sprint{}, fmt.Errorf("%w: %w", ErrSyntax, err)
	}
	return parseLegacy(text)
}

// positive reads an id: digits only, from 1 to the largest int64.
func positive(b []byte) (int64, bool) {
	n, err := strconv.ParseUint(string(b), 10, 63)
	if err != nil {
		return 0, false
	}
	return int64(n), n > 0
}
