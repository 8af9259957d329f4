package jql

import (
	"strconv"
	"strings"
	"time"
)

// Dates writes bounds on instants in one of two styles of literal. Make one with
// [Millis] or [Minutes].
//
// Jira reads a quoted literal in the time zone of the account that asks, to the
// minute at best, and where clocks went back a local time has two meanings. Every
// bound is therefore written so that it is surely wide enough: nothing that the
// caller asked for is left out, and up to an hour more may come in.
type Dates struct{ location *time.Location } // nil: milliseconds, which need none

const minuteLayout = "2006-01-02 15:04"

// Millis writes unquoted epoch milliseconds, which are exact and know no zone.
// They are not documented, but understood by Cloud and by Server since 4.0 (used
// so by Airbyte and Onyx): probe the site before relying on them.
func Millis() Dates { return Dates{} }

// Minutes writes "yyyy-MM-dd HH:mm" in the zone of the account, which must not be nil.
func Minutes(account *time.Location) Dates { return Dates{account} }

// Since restricts field to instants from t on. The field's name is written as it is.
func (d Dates) Since(field string, t time.Time) Clause {
	return Clause{field + " >= " + d.lower(t)}
}

// Before restricts field to instants before t.
func (d Dates) Before(field string, t time.Time) Clause {
	return Clause{field + " < " + d.upper(t)}
}

// Range restricts field to from ≤ field < to. A zero time leaves its side open.
// Ranges that meet leave no gap; those of minutes can overlap.
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
	if d.location == nil {
		return strconv.FormatInt(t.UnixMilli(), 10)
	}
	local := t.In(d.location)
	local = local.Add(-setBack(local))
	return Quote(local.Add(-pastMinute(local)).Format(minuteLayout))
}

// upper is a literal that no reading places before t.
func (d Dates) upper(t time.Time) string {
	t = clamp(t)
	if d.location == nil {
		return strconv.FormatInt(t.Add(time.Millisecond-1).UnixMilli(), 10)
	}
	local := t.In(d.location)
	local = local.Add(setBack(local))
	// Twice where clocks jump in the middle of the minute, as they once did.
	for past := pastMinute(local); past > 0; past = pastMinute(local) {
		local = local.Add(time.Minute - past)
	}
	return Quote(local.Format(minuteLayout))
}

// pastMinute is how long ago the local minute began. It is taken off the instant
// and not off the text, which at a change of clocks could name a time that
// never was.
func pastMinute(local time.Time) time.Duration {
	return time.Duration(local.Second())*time.Second + time.Duration(local.Nanosecond())
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
