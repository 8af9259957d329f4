package jirasim

import (
	"regexp"
	"strconv"
	"strings"
	"time"
)

// dateLayouts are the only literals that JQL takes, in the account's zone and
// without seconds.
var dateLayouts = []string{"2006/01/02 15:04", "2006-01-02 15:04", "2006/01/02", "2006-01-02"}

var (
	digitsOnly  = regexp.MustCompile(`^-?\d+$`)
	period      = regexp.MustCompile(`^([+-]?)(\d+[wdhmMyY]?)((?:\s+\d+[wdhmMyY])*)$`)
	periodParts = regexp.MustCompile(`(\d+)([wdhmMyY]?)`)
)

// instant evaluates a date operand to ms since the epoch.
func (e *evaluator) instant(field string, o operand) (int64, error) {
	if o.fn {
		return e.dateFunction(o)
	}
	text := strings.TrimSpace(o.text)
	if digitsOnly.MatchString(text) {
		// A numeric operand is milliseconds since the epoch; a quoted one is
		// a string and no date.
		if ms, err := strconv.ParseInt(text, 10, 64); err == nil && !o.quoted && !e.s.opt.NoEpochMillis {
			return ms, nil
		}
		return 0, badDate(field, o.text)
	}
	for _, layout := range dateLayouts {
		if local, err := time.Parse(layout, text); err == nil {
			return e.s.localInstant(local).UnixMilli(), nil
		}
	}
	if t, ok := e.shift(e.now, text); ok {
		return t.UnixMilli(), nil
	}
	return 0, badDate(field, o.text)
}

func badDate(field, text string) error {
	return jqlErrorf("Date value '%s' for field '%s' is invalid. Valid formats include: 'yyyy/MM/dd HH:mm', 'yyyy-MM-dd HH:mm', 'yyyy/MM/dd', 'yyyy-MM-dd', or a period format e.g. '-5d', '4w 2d'.", text, field)
}

// shift moves an instant by a period such as -5d or "4w 2d": days are 24 hours,
// months and years follow the calendar of the account's zone.
func (e *evaluator) shift(t time.Time, text string) (time.Time, bool) {
	m := period.FindStringSubmatch(text)
	if m == nil {
		return t, false
	}
	e.usesNow = true
	t = t.In(e.s.loc)
	for _, part := range periodParts.FindAllStringSubmatch(text, -1) {
		n, err := strconv.Atoi(part[1])
		if err != nil || n > 100_000_000 {
			return t, false
		}
		if m[1] == "-" {
			n = -n
		}
		switch part[2] {
		case "", "m":
			t = t.Add(time.Duration(n) * time.Minute)
		case "h":
			t = t.Add(time.Duration(n) * time.Hour)
		case "d":
			t = t.Add(time.Duration(n) * 24 * time.Hour)
		case "w":
			t = t.Add(time.Duration(n) * 7 * 24 * time.Hour)
		case "M":
			t = t.AddDate(0, n, 0)
		case "y", "Y":
			t = t.AddDate(n, 0, 0)
		}
	}
	return t, true
}

func (e *evaluator) dateFunction(o operand) (int64, error) {
	e.usesNow = true
	now := e.now.In(e.s.loc)
	y, mo, d := now.Date()
	day := func(y int, mo time.Month, d int) time.Time {
		return e.s.localInstant(time.Date(y, mo, d, 0, 0, 0, 0, time.UTC))
	}
	var t time.Time
	end := false
	switch name := strings.ToLower(o.text); name {
	case "now":
		if len(o.args) > 0 {
			return 0, jqlErrorf("Function 'now' expected '0' arguments but received '%d'.", len(o.args))
		}
		return now.UnixMilli(), nil
	case "startofday", "endofday":
		t, end = day(y, mo, d), name == "endofday"
		if end {
			t = day(y, mo, d+1)
		}
	case "startofweek", "endofweek": // weeks begin on Sunday
		first := d - int(now.Weekday())
		t, end = day(y, mo, first), name == "endofweek"
		if end {
			t = day(y, mo, first+7)
		}
	case "startofmonth", "endofmonth":
		t, end = day(y, mo, 1), name == "endofmonth"
		if end {
			t = day(y, mo+1, 1)
		}
	case "startofyear", "endofyear":
		t, end = day(y, 1, 1), name == "endofyear"
		if end {
			t = day(y+1, 1, 1)
		}
	default:
		return 0, jqlErrorf("Unable to find JQL function '%s(%s)'.", o.text, strings.Join(o.args, ", "))
	}
	if len(o.args) > 0 {
		moved, ok := e.shift(t, o.args[0])
		if !ok || len(o.args) > 1 {
			return 0, jqlErrorf("Function '%s' received an invalid increment '%s'.", o.text, strings.Join(o.args, ", "))
		}
		t = moved
	}
	if end {
		t = t.Add(-time.Millisecond)
	}
	return t.UnixMilli(), nil
}

// localInstant is the instant at which the clocks of the account's zone show a
// wall time (given as if it were UTC). A time that the clocks skip is moved on
// by the gap; one that they show twice is the pass that the options name.
func (s *Sim) localInstant(wall time.Time) time.Time {
	offset := func(t time.Time) time.Duration {
		_, sec := t.In(s.loc).Zone()
		return time.Duration(sec) * time.Second
	}
	before := offset(wall.Add(-30 * time.Hour)) // beyond any offset, before any change that matters
	after := offset(wall.Add(30 * time.Hour))
	first, second := wall.Add(-before), wall.Add(-after)
	firstOK, secondOK := offset(first) == before, offset(second) == after
	switch {
	case firstOK && secondOK && s.opt.RepeatedHour == "second":
		return second
	case firstOK:
		return first
	case secondOK:
		return second
	}
	return first // skipped: before the gap's offset, thus after the gap
}
