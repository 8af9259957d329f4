package jql

import (
	"strconv"
	"strings"
	"time"
)

// Dates writes bounds on instants in one of three styles of literal. Make one
// with [Millis], [Minutes] or [Days].
//
// Jira reads a quoted literal in the time zone of the account that asks, to the
// minute at best, and where clocks went back a local time has two meanings. Every
// bound is therefore written so that it is surely wide enough: nothing that the
// caller asked for is left out, and up to an hour or a day more may come in.
type Dates struct {
	style    style
	location *time.Location
}

type style int

const (
	styleMillis style = iota
	styleMinutes
	styleDays
)

const (
	minuteLayout = "2006-01-02 15:04"
	dayLayout    = time.DateOnly
)

// Millis writes unquoted epoch milliseconds, which are exact and know no zone.
// They are not documented, but understood by Cloud and by Server since 4.0 (used
// so by Airbyte and Onyx): probe the site before relying on them.
func Millis() Dates { return Dates{style: styleMillis} }

// Minutes writes "yyyy-MM-dd HH:mm" in the zone of the account, which must not be nil.
func Minutes(account *time.Location) Dates {
	return Dates{style: styleMinutes, location: account}
}

// Days writes "yyyy-MM-dd" in the zone of the account, which must not be nil.
func Days(account *time.Location) Dates {
	return Dates{style: styleDays, location: account}
}

// Since restricts field to instants from t on. The field's name is written as it is.
func (d Dates) Since(field string, t time.Time) Clause {
	return Clause{field + " >= " + d.lower(t)}
}

// Before restricts field to instants before t.
func (d Dates) Before(field string, t time.Time) Clause {
	return Clause{field + " < " + d.upper(t)}
}

// Range restricts field to from ≤ field < to. A zero time leaves its side open.
// Ranges that meet leave no gap; in zone styles they can overlap.
func (d Dates) Range(field string, from, to time.Time) Clause {
	var terms []string
	if !from.IsZero() {
		terms = append(terms, d.Since(field, from).text)
	}
	if !to.IsZero() {
		terms = append(terms, d.Before(field, to).text)
	}
	return Clause{strings.Join(terms, " AND ")}
}

// Jira's literals have years of four digits, and an operand cannot be negative.
// No issue is older than the first bound (see Everything) or newer than the last.
var (
	earliest = time.Date(1970, 1, 2, 0, 0, 0, 0, time.UTC)
	latest   = time.Date(9999, 12, 1, 0, 0, 0, 0, time.UTC)
)

func clamp(t time.Time) time.Time {
	switch {
	case t.Before(earliest):
		return earliest
	case t.After(latest):
		return latest
	}
	return t
}

// lower is a literal that no reading places after t.
func (d Dates) lower(t time.Time) string {
	t = clamp(t)
	if d.style == styleMillis {
		return strconv.FormatInt(t.UnixMilli(), 10)
	}
	local := t.In(d.location)
	local = local.Add(-setBack(local))
	return d.literal(local.Add(-pastMinute(local)))
}

// upper is a literal that no reading places before t.
func (d Dates) upper(t time.Time) string {
	t = clamp(t)
	if d.style == styleMillis {
		return strconv.FormatInt(t.Add(time.Millisecond-1).UnixMilli(), 10)
	}
	local := t.In(d.location)
	local = local.Add(setBack(local))
	if d.style == styleMinutes {
		// Twice where clocks jump in the middle of the minute, as they once did.
		for past := pastMinute(local); past > 0; past = pastMinute(local) {
			local = local.Add(time.Minute - past)
		}
		return d.literal(local)
	}
	return d.literal(nextMidnight(local))
}

// pastMinute is how long ago the local minute began. It is taken off the instant
// and not off the text, which at a change of clocks could name a time that
// never was.
func pastMinute(local time.Time) time.Duration {
	return time.Duration(local.Second())*time.Second + time.Duration(local.Nanosecond())
}

// nextMidnight is t if a day begins there, else an instant on the next day that
// has a midnight. Where clocks jump over it, as they do in some zones, it is
// anyone's guess what a site makes of that day.
func nextMidnight(t time.Time) time.Time {
	if midnight, ok := midnightOf(t); ok && midnight.Equal(t) {
		return t
	}
	// By hours and not by the calendar: a zone can leave out a whole day.
	for day := t.Day(); ; t = t.Add(time.Hour) {
		if _, ok := midnightOf(t); ok && t.Day() != day {
			return t
		}
	}
}

// midnightOf is when the day of t begins in its zone; false if clocks never
// showed 00:00 on it.
func midnightOf(t time.Time) (time.Time, bool) {
	at := time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, t.Location())
	return at, at.Day() == t.Day() && at.Hour() == 0 && at.Minute() == 0 && at.Second() == 0
}

func (d Dates) literal(local time.Time) string {
	if d.style == styleDays {
		return Quote(local.Format(dayLayout))
	}
	return Quote(local.Format(minuteLayout))
}

// nearSetBack is how far from the repeated hour a bound is still moved out of
// it. One inside it must be, since its local time has two meanings; the rest is
// caution towards a site whose zone rules differ a little from ours.
const nearSetBack = 3 * time.Hour

// setBack says by how much clocks are set back near t in its zone, 0 if they
// are not: one hour where summer time ends.
func setBack(t time.Time) time.Duration {
	var most time.Duration
	start, end := t.ZoneBounds()
	for _, change := range []time.Time{start, end} {
		if change.IsZero() {
			continue
		}
		_, before := change.Add(-1).Zone()
		_, after := change.Zone()
		back := time.Duration(before-after) * time.Second
		if t.Sub(change).Abs() <= back+nearSetBack {
			most = max(most, back)
		}
	}
	return most
}
