package sprint

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"snowdrift/internal/jiratime"
)

// parseObject reads a sprint as Cloud and the agile API write it. Unknown
// members are skipped, null is absent.
func parseObject(raw []byte) (Sprint, error) {
	var s Sprint
	var dates error
	dec := jsontext.NewDecoder(bytes.NewReader(raw), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	if _, err := dec.ReadToken(); err != nil {
		return Sprint{}, fmt.Errorf("%w: %w", ErrSyntax, err)
	}
	for dec.PeekKind() != '}' {
		name, err := dec.ReadToken()
		if err != nil {
			return Sprint{}, fmt.Errorf("%w: %w", ErrSyntax, err)
		}
		member := name.String()
		value, err := dec.ReadValue()
		if err != nil {
			return Sprint{}, fmt.Errorf("%w: %w", ErrSyntax, err)
		}
		if value.Kind() != 'n' {
			dates = errors.Join(dates, s.set(member, scalar(value)))
		}
	}
	if _, err := dec.ReadToken(); err != nil {
		return Sprint{}, fmt.Errorf("%w: %w", ErrSyntax, err)
	}
	if _, err := dec.ReadToken(); err != io.EOF {
		return Sprint{}, fmt.Errorf("%w: more than one JSON value", ErrSyntax)
	}
	if s.ID == 0 {
		return Sprint{}, fmt.Errorf("%w: it has no id", ErrSyntax)
	}
	return s, dates
}

// scalar returns the text of a string, or a number as it stands. Arrays and
// objects have none.
func scalar(v jsontext.Value) []byte {
	switch v.Kind() {
	case '"':
		// The decoder has checked the syntax: all that unquoting can report
		// is invalid Unicode, which it replaces.
		text, _ := jsontext.AppendUnquote(nil, v)
		return text
	case '0':
		return v
	}
	return nil
}

// set stores the value of one member, by the names of both notations. The
// error wraps ErrDate.
func (s *Sprint) set(member string, value []byte) error {
	if len(value) == 0 {
		return nil
	}
	switch member {
	case "id":
		s.ID, _ = positive(value) // 0 is reported as a missing id
	case "boardId", "originBoardId", "rapidViewId":
		s.BoardID, _ = positive(value) // the field is optional
	case "name":
		s.Name = string(value)
	case "state":
		s.State = strings.ToLower(string(value))
	case "closed":
		if string(value) == "true" && s.State == "" {
			s.State = "closed"
		}
	case "goal":
		s.Goal = string(value)
	case "createdDate":
		return setDate(&s.Created, member, value)
	case "activatedDate":
		return setDate(&s.Activated, member, value)
	case "startDate":
		return setDate(&s.Start, member, value)
	case "endDate":
		return setDate(&s.End, member, value)
	case "completeDate":
		return setDate(&s.Complete, member, value)
	}
	return nil
}

func setDate(dst *time.Time, member string, value []byte) error {
	t, err := jiratime.Parse(value)
	if err != nil {
		return fmt.Errorf("%w: %s: %w", ErrDate, member, err)
	}
	*dst = t
	return nil
}
