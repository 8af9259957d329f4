package jql

import (
	_ "embed"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"
)

//go:embed testdata/zones.txt
var zoneNames string // every name of the IANA database

func load(t testing.TB, name string) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

// readings are the instants that a site could take a quoted literal for: each
// at which clocks in the zone show it and, where clocks skip it, what a lenient
// parser makes of it with the offset before or after.
func readings(literal string, zone *time.Location) []time.Time {
	naive, err := time.Parse(minuteLayout, strings.Trim(literal, `"`))
	if err != nil {
		panic(err)
	}
	var shown, skipped []time.Time
	for _, hours := range []time.Duration{-26, -13, -3, 0, 3, 13, 26} {
		_, offset := naive.Add(hours * time.Hour).In(zone).Zone()
		at := naive.Add(-time.Duration(offset) * time.Second)
		if local := at.In(zone); local.Format(time.DateTime) == naive.Format(time.DateTime) {
			shown = append(shown, at)
		} else {
			skipped = append(skipped, at)
		}
	}
	if len(shown) > 0 {
		return shown
	}
	return skipped
}

// checkBounds requires that nothing asked for can be left out, however the site
// reads the literals.
func checkBounds(t *testing.T, zone *time.Location, at time.Time) {
	t.Helper()
	d := Minutes(zone)
	lower, upper := d.lower(at), d.upper(at)
	for _, r := range readings(lower, zone) {
		if r.After(at) {
			t.Fatalf("%s: since %s is written %s, which can mean %s: issues are lost", zone, at.UTC(), lower, r.UTC())
		}
	}
	for _, r := range readings(upper, zone) {
		if r.Before(at) {
			t.Fatalf("%s: before %s is written %s, which can mean %s: issues are lost", zone, at.UTC(), upper, r.UTC())
		}
	}
	if setBack(at.In(zone)) != 0 {
		return
	}
	// Away from set-backs the bounds are also tight: a minute, and another one
	// where clocks once jumped in the middle of one.
	if r := readings(lower, zone)[0]; at.Sub(r) >= 2*time.Minute {
		t.Fatalf("%s: since %s is written %s, two minutes too early", zone, at.UTC(), lower)
	}
	if r := readings(upper, zone)[0]; r.Sub(at) >= 2*time.Minute {
		t.Fatalf("%s: before %s is written %s, two minutes too late", zone, at.UTC(), upper)
	}
}

// changes lists the offset changes of a zone between two instants.
func changes(zone *time.Location, from, to time.Time) (list []time.Time) {
	for at := from.In(zone); ; {
		_, end := at.ZoneBounds()
		if end.IsZero() || end.After(to) {
			return list
		}
		list = append(list, end)
		at = end
	}
}

// Traps T01 and T03, by property: for every zone of the world, at random and
// at each change of the clocks, no issue falls out of a window.
func TestBoundsLoseNothingInAnyZone(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	first := time.Date(1971, 1, 1, 0, 0, 0, 0, time.UTC)
	last := time.Date(2037, 12, 31, 0, 0, 0, 0, time.UTC)
	near := []time.Duration{0, time.Millisecond, time.Second, 59 * time.Second, 29 * time.Minute, time.Hour - time.Millisecond,
		time.Hour, time.Hour + time.Minute, 2 * time.Hour, 3 * time.Hour, 24 * time.Hour}
	zones := strings.Fields(zoneNames)
	if len(zones) < 500 {
		t.Fatalf("only %d zones", len(zones))
	}
	for _, name := range zones {
		zone := load(t, name)
		for range 16 {
			at := first.Add(time.Duration(random.Int64N(int64(last.Sub(first)))))
			checkBounds(t, zone, at)
			checkBounds(t, zone, at.Truncate(time.Minute))
		}
		recent := changes(zone, time.Date(2023, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC))
		old := changes(zone, first, time.Date(2023, 1, 1, 0, 0, 0, 0, time.UTC))
		random.Shuffle(len(old), func(i, j int) { old[i], old[j] = old[j], old[i] })
		for _, change := range append(recent, old[:min(6, len(old))]...) {
			for _, distance := range near {
				checkBounds(t, zone, change.Add(distance))
				checkBounds(t, zone, change.Add(-distance))
			}
		}
	}
}

func FuzzBounds(f *testing.F) {
	zones := strings.Fields(zoneNames)
	f.Add(0, int64(1793494800), int64(0))
	f.Add(300, int64(1761440400), int64(999999999))
	f.Fuzz(func(t *testing.T, zone int, seconds, nanos int64) {
		const century = 100 * 365 * 86400
		at := time.Unix(86400*365+(seconds%century+century)%century, (nanos%1e9+1e9)%1e9)
		loc := load(t, zones[(zone%len(zones)+len(zones))%len(zones)])
		checkBounds(t, loc, at)
	})
}

func TestLiterals(t *testing.T) {
	berlin, kolkata, kiritimati := load(t, "Europe/Berlin"), load(t, "Asia/Kolkata"), load(t, "Pacific/Kiritimati")
	at := func(text string) time.Time {
		v, err := time.Parse(time.RFC3339Nano, text)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	tests := []struct {
		name  string
		dates Dates
		t     string
		lower string
		upper string
	}{
		{"millis", Millis(), "2024-11-29T10:44:51.887Z", `1732877091887`, `1732877091887`},
		{"millis with nanoseconds", Millis(), "2024-11-29T10:44:51.887000001Z", `1732877091887`, `1732877091888`},
		{"minute", Minutes(berlin), "2026-07-01T10:00:00Z", `"2026-07-01 12:00"`, `"2026-07-01 12:00"`},
		{"within a minute", Minutes(berlin), "2026-07-01T10:00:59.999Z", `"2026-07-01 12:00"`, `"2026-07-01 12:01"`},
		{"half-hour zone", Minutes(kolkata), "2026-07-01T23:31:30Z", `"2026-07-02 05:01"`, `"2026-07-02 05:02"`},
		{"+14", Minutes(kiritimati), "2026-07-01T10:00:00Z", `"2026-07-02 00:00"`, `"2026-07-02 00:00"`},
		{"first pass of the repeated hour", Minutes(berlin), "2026-10-25T00:30:00Z", `"2026-10-25 01:30"`, `"2026-10-25 02:30"`},
		{"second pass of the repeated hour", Minutes(berlin), "2026-10-25T01:30:00Z", `"2026-10-25 02:30"`, `"2026-10-25 03:30"`},
		{"clocks go forward", Minutes(berlin), "2026-03-29T01:00:00Z", `"2026-03-29 03:00"`, `"2026-03-29 03:00"`},
		{"before the epoch", Millis(), "1960-01-01T00:00:00Z", `86400000`, `86400000`},
		{"year 51502", Minutes(berlin), "9999-12-31T23:59:59Z", `"9999-12-01 01:00"`, `"9999-12-01 01:00"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.dates.lower(at(tt.t)); got != tt.lower {
				t.Errorf("lower %s, want %s", got, tt.lower)
			}
			if got := tt.dates.upper(at(tt.t)); got != tt.upper {
				t.Errorf("upper %s, want %s", got, tt.upper)
			}
		})
	}
}

func TestRange(t *testing.T) {
	a, b := time.UnixMilli(1000000000000), time.UnixMilli(1000000060000)
	tests := []struct {
		got  Clause
		want string
	}{
		{Millis().Since("updated", a), `updated >= 1000000000000`},
		{Millis().Before("created", b), `created < 1000000060000`},
		{Millis().Range("created", a, b), `created >= 1000000000000 AND created < 1000000060000`},
		{Millis().Range("created", time.Time{}, b), `created < 1000000060000`},
		{Millis().Range("created", a, time.Time{}), `created >= 1000000000000`},
		{Millis().Range("created", time.Time{}, time.Time{}), ``},
		{Minutes(time.UTC).Range("created", a, b), `created >= "2001-09-09 01:46" AND created < "2001-09-09 01:48"`},
	}
	for _, tt := range tests {
		if tt.got.String() != tt.want {
			t.Errorf("got %s, want %s", tt.got, tt.want)
		}
	}
}
