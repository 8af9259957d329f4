package jirasim

import (
	"fmt"
	"testing"
	"time"
)

// A literal is read in the account's zone, to the minute; what the clocks do
// there at the changes of DST is the interesting part.
func TestDateLiterals(t *testing.T) {
	for _, tt := range []struct {
		zone, repeated, literal string
		want                    string // RFC 3339, UTC
	}{
		{"UTC", "", "2024-03-01 12:34", "2024-03-01T12:34:00Z"},
		{"UTC", "", "2024/03/01 12:34", "2024-03-01T12:34:00Z"},
		{"Europe/Berlin", "", "2024-03-01", "2024-02-29T23:00:00Z"},
		{"Europe/Berlin", "", "2024/07/01", "2024-06-30T22:00:00Z"},
		{"Asia/Kolkata", "", "2024-01-01 00:00", "2023-12-31T18:30:00Z"},
		{"Pacific/Kiritimati", "", "2024-01-01", "2023-12-31T10:00:00Z"}, // +14
		{"Etc/GMT+12", "", "2024-01-01", "2024-01-01T12:00:00Z"},
		{"Europe/Berlin", "", "2024-03-31 02:30", "2024-03-31T01:30:00Z"},       // skipped: 02:30 does not exist
		{"Europe/Berlin", "second", "2024-10-27 02:30", "2024-10-27T01:30:00Z"}, // shown twice
		{"Europe/Berlin", "first", "2024-10-27 02:30", "2024-10-27T00:30:00Z"},
		{"Europe/Berlin", "second", "2024-10-27 03:00", "2024-10-27T02:00:00Z"},
		{"Europe/Berlin", "first", "2024-10-27 01:59", "2024-10-26T23:59:00Z"},
		{"America/New_York", "second", "2024-11-03 01:00", "2024-11-03T06:00:00Z"},
		{"America/New_York", "first", "2024-11-03 01:00", "2024-11-03T05:00:00Z"},
		{"America/New_York", "", "2024-03-10 02:15", "2024-03-10T07:15:00Z"},
		{"Australia/Lord_Howe", "second", "2024-04-07 01:45", "2024-04-06T15:15:00Z"}, // half an hour
		{"Australia/Lord_Howe", "first", "2024-04-07 01:45", "2024-04-06T14:45:00Z"},
		{"America/Sao_Paulo", "", "2018-11-04", "2018-11-04T03:00:00Z"}, // midnight did not exist
	} {
		s, err := New(Options{Issues: 1, TimeZone: tt.zone, RepeatedHour: tt.repeated})
		ok(t, err)
		e := &evaluator{s: s, now: s.now()}
		ms, err := e.instant("updated", operand{text: tt.literal, quoted: true})
		ok(t, err)
		if got := time.UnixMilli(ms).UTC().Format(time.RFC3339); got != tt.want {
			t.Errorf("%s in %s (%s pass): %s, want %s", tt.literal, tt.zone, tt.repeated, got, tt.want)
		}
	}
}

// Every minute of two days around every change of DST means an instant at
// which the clocks show it, or that lies the gap behind it.
func TestLiteralsAgreeWithClocks(t *testing.T) {
	for _, zone := range []string{"Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "Asia/Tehran", "Africa/Casablanca"} {
		s, err := New(Options{Issues: 1, TimeZone: zone})
		ok(t, err)
		for day := time.Date(2010, 1, 1, 0, 0, 0, 0, time.UTC); day.Year() < 2024; day = day.AddDate(0, 0, 1) {
			_, before := day.In(s.loc).Zone()
			_, after := day.AddDate(0, 0, 1).In(s.loc).Zone()
			if before == after {
				continue
			}
			for m := -24 * 60; m < 48*60; m += 7 {
				wall := day.Add(time.Duration(m) * time.Minute)
				shown := s.localInstant(wall).In(s.loc)
				diff := time.Date(shown.Year(), shown.Month(), shown.Day(), shown.Hour(), shown.Minute(), 0, 0, time.UTC).Sub(wall)
				gap := time.Duration(after-before) * time.Second
				if diff != 0 && (diff != gap || gap < 0) {
					t.Fatalf("%s: %s is taken as %s", zone, wall.Format("2006-01-02 15:04"), shown)
				}
			}
		}
	}
}

// Jira compares with the minute's first instant.
func TestMinutesAreHalfOpen(t *testing.T) {
	c := newClock()
	s := newSite(t, Options{Issues: 3, Now: c.now, Until: c.t.Add(-48 * time.Hour)})
	c.t = time.Date(2026, 7, 2, 12, 1, 30, 0, time.UTC)
	ok(t, s.Edit(s.IDs()[0]))
	for jql, want := range map[string]int{
		`updated <= "2026-07-02 12:01"`: 2, `updated < "2026-07-02 12:02"`: 3, `updated >= "2026-07-02 12:01"`: 1, `updated > "2026-07-02 12:01"`: 1,
		`updated = "2026-07-02 12:01"`: 0, fmt.Sprintf("updated = %d", c.t.UnixMilli()): 1,
	} {
		if got := len(s.searchAll(jql, 10)); got != want {
			t.Errorf("%s: %d, want %d", jql, got, want)
		}
	}
}

func TestRelativeDates(t *testing.T) {
	c := &clock{time.Date(2026, 3, 29, 10, 30, 0, 0, time.UTC)} // the clocks of Berlin went forward this morning
	s, err := New(Options{Issues: 1, Now: c.now, TimeZone: "Europe/Berlin"})
	ok(t, err)
	for _, tt := range []struct{ text, want string }{
		{"-24h", "2026-03-28T10:30:00Z"}, {"-1d", "2026-03-28T10:30:00Z"}, {"-90m", "2026-03-29T09:00:00Z"}, {"-1w", "2026-03-22T10:30:00Z"},
		{"4w 2d", "2026-04-28T10:30:00Z"}, {"-30", "2026-03-29T10:00:00Z"},
	} {
		e := &evaluator{s: s, now: c.t}
		at, okay := e.shift(c.t, tt.text)
		if got := at.UTC().Format(time.RFC3339); !okay || got != tt.want {
			t.Errorf("%s: %s, want %s", tt.text, got, tt.want)
		}
	}
	for _, tt := range []struct {
		fn   string
		args []string
		want string
	}{
		{"now", nil, "2026-03-29T10:30:00Z"}, {"startOfDay", nil, "2026-03-28T23:00:00Z"}, {"startofday", []string{"-1d"}, "2026-03-27T23:00:00Z"},
		{"endOfDay", nil, "2026-03-29T21:59:59.999Z"}, {"startOfMonth", nil, "2026-02-28T23:00:00Z"}, {"startOfYear", nil, "2025-12-31T23:00:00Z"},
		{"startOfWeek", nil, "2026-03-28T23:00:00Z"}, {"endOfMonth", nil, "2026-03-31T21:59:59.999Z"},
	} {
		e := &evaluator{s: s, now: c.t}
		ms, err := e.dateFunction(operand{text: tt.fn, fn: true, args: tt.args})
		ok(t, err)
		if got := time.UnixMilli(ms).UTC().Format(time.RFC3339Nano); got != tt.want {
			t.Errorf("%s(%v): %s, want %s", tt.fn, tt.args, got, tt.want)
		}
	}
}

// Instants are shown with the offset that the account's zone had at the time.
func TestInstantsAreShownInTheAccountsZone(t *testing.T) {
	c := &clock{time.Date(2026, 7, 1, 12, 0, 0, 123e6, time.UTC)}
	s := newSite(t, Options{Issues: 400, TimeZone: "America/St_Johns", Now: c.now})
	offsets := map[string]int{}
	for i := range s.store.issues {
		is := &s.store.issues[i]
		var shown string
		unquote(t, s.FieldValue(is.id, "created"), &shown)
		at, err := time.Parse("2006-01-02T15:04:05.000-0700", shown)
		ok(t, err)
		if at.UnixMilli() != is.created {
			t.Fatalf("%s is not %d", shown, is.created)
		}
		offsets[shown[len(shown)-5:]]++
	}
	if len(offsets) != 2 || offsets["-0330"] == 0 || offsets["-0230"] == 0 {
		t.Errorf("offsets %v, want both of the zone", offsets)
	}
	var me struct{ TimeZone string }
	s.get("/rest/api/3/myself", &me)
	if me.TimeZone != "America/St_Johns" {
		t.Errorf("myself.timeZone is %q", me.TimeZone)
	}
}

func TestEpochMillis(t *testing.T) {
	for _, refuses := range []bool{false, true} {
		s := newSite(t, Options{Issues: 20, NoEpochMillis: refuses})
		x := s.do("POST", "/rest/api/3/search/jql", `{"jql":"updated >= 1732877091000"}`)
		if want := map[bool]int{false: 200, true: 400}[refuses]; x.StatusCode != want {
			t.Errorf("NoEpochMillis %t: status %d, want %d", refuses, x.StatusCode, want)
		}
	}
}

func TestUnknownZoneIsAnError(t *testing.T) {
	if _, err := New(Options{TimeZone: "Mars/Olympus"}); err == nil {
		t.Error("a zone that does not exist was accepted")
	}
}

// The same literal in every zone: an issue of that minute is on its right side.
func TestLiteralsInEveryZone(t *testing.T) {
	zones := []string{"Pacific/Kiritimati", "Asia/Kathmandu", "UTC", "Atlantic/Azores", "America/Caracas", "Pacific/Marquesas", "Etc/GMT+12"}
	for _, zone := range zones {
		c := newClock()
		s := newSite(t, Options{Issues: 2, TimeZone: zone, Now: c.now, Until: c.t.Add(-time.Hour)})
		ok(t, s.Edit(s.IDs()[1]))
		local := c.t.In(s.loc).Format("2006-01-02 15:04")
		got := s.searchAll(fmt.Sprintf("updated >= %q", local), 10)
		if len(got) != 1 || got[0].ID != fmt.Sprint(s.IDs()[1]) {
			t.Errorf("%s: %v", zone, got)
		}
	}
}
