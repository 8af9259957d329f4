package fetch_test

import (
	"archive/zip"
	"flag"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"snowdrift/internal/jira"
	"snowdrift/internal/jirasim"
	"snowdrift/stages/fetch"
	"snowdrift/state"
)

var update = flag.Bool("update", false, "rewrite testdata")

const zonesFile = "testdata/zones.txt"

// zones are the names of all IANA zones, links included, as the Go release
// that wrote the file knows them; the machine's own list may be shorter.
func zones(t *testing.T) []string {
	t.Helper()
	if *update {
		writeZones(t)
	}
	text, err := os.ReadFile(zonesFile)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Fields(string(text))
}

func writeZones(t *testing.T) {
	t.Helper()
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	archive, err := zip.OpenReader(filepath.Join(strings.TrimSpace(string(root)), "lib", "time", "zoneinfo.zip"))
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	var names []string
	for _, f := range archive.File {
		// Factory says of itself that it is no zone.
		if !f.FileInfo().IsDir() && f.Name != "Factory" {
			names = append(names, f.Name)
		}
	}
	slices.Sort(names)
	if err := os.WriteFile(zonesFile, []byte(strings.Join(names, "\n")+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
}

// within serves a site without a socket in between.
type within struct{ site http.Handler }

func (w within) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	if r.Body == nil {
		r.Body = http.NoBody
	}
	answer := httptest.NewRecorder()
	w.site.ServeHTTP(answer, r)
	return answer.Result(), nil
}

// timeline is a site whose issues were each created, and last updated, at an
// instant of their own, and a source that reads it.
type timeline struct {
	t      *testing.T
	name   string
	source *fetch.Source
	issues map[int64]int64 // updated, by id
}

func newTimeline(t *testing.T, site jirasim.Options, instants []time.Time) *timeline {
	t.Helper()
	var at atomic.Int64
	at.Store(instants[0].UnixMilli())
	site.Issues, site.Projects, site.Now = -1, 1, func() time.Time { return time.UnixMilli(at.Load()) }
	sim, err := jirasim.New(site)
	if err != nil {
		t.Fatal(err)
	}
	l := &timeline{t: t, issues: map[int64]int64{},
		name: fmt.Sprintf("%s, milliseconds %t, %s pass", site.TimeZone, !site.NoEpochMillis, site.RepeatedHour)}
	for _, i := range instants {
		at.Store(i.UnixMilli())
		id, err := sim.Create(sim.Projects()[0])
		if err != nil {
			t.Fatal(err)
		}
		l.issues[id] = i.UnixMilli()
	}
	at.Add(time.Hour.Milliseconds())
	client, err := jira.Dial(t.Context(), jira.Options{
		BaseURL: "http://127.0.0.1", Transport: within{sim}, Login: jira.Basic{User: "loader@example.com", Secret: password("secret")},
	})
	if err != nil {
		t.Fatal(err)
	}
	l.source, err = fetch.Open(t.Context(), client, fetch.Options{
		Fields: []string{"summary"}, Tables: []string{"issues"}, PageSize: 200, PartitionIssues: 5, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// load reads the site as a first run does, and wants every issue. It returns
// the state after it.
func (l *timeline) load() *state.State {
	l.t.Helper()
	plan, err := l.source.Plan(l.t.Context(), state.New("jira"))
	if err != nil {
		l.t.Fatalf("%s: %v", l.name, err)
	}
	came := map[int64]int{}
	for _, p := range plan.Partitions {
		for id, n := range read(l.t, l.source, p) {
			came[id] += n
		}
	}
	for id, updated := range l.issues {
		if came[id] == 0 {
			l.t.Errorf("%s: the issue created at %s is in no partition of %d", l.name, instant(updated), len(plan.Partitions))
		}
	}
	st := plan.State
	st.Load = nil
	return st
}

// follow reads the changes since each instant, as a run does whose predecessor
// ended there, without any overlap, and wants everything from it on. What comes
// beside that must not be older than slack.
func (l *timeline) follow(st *state.State, slack time.Duration) {
	l.t.Helper()
	for _, cursor := range l.issues {
		st.Cursor = cursor
		plan, err := l.source.Plan(l.t.Context(), st)
		if err != nil {
			l.t.Fatalf("%s: %v", l.name, err)
		}
		came := read(l.t, l.source, plan.Partitions[0])
		for id, updated := range l.issues {
			if updated >= cursor && came[id] == 0 {
				l.t.Errorf("%s: the update at %s is lost to a window from %s (%s)", l.name, instant(updated), instant(cursor), plan.Partitions[0].JQL)
			}
			if came[id] > 0 && updated < cursor-slack.Milliseconds() {
				l.t.Errorf("%s: the update at %s comes again in a window from %s (%s)", l.name, instant(updated), instant(cursor), plan.Partitions[0].JQL)
			}
		}
	}
}

func instant(ms int64) string { return time.UnixMilli(ms).UTC().Format("2006-01-02T15:04:05.000Z") }

// transitions are the changes of clocks in a zone that lie between two instants.
func transitions(zone *time.Location, from, to time.Time) (out []time.Time) {
	for at := from.In(zone); ; {
		_, next := at.ZoneBounds()
		if next.IsZero() || next.After(to) {
			return out
		}
		out = append(out, next)
		at = next
	}
}

// around are instants at which to update issues, around one: at the boundaries
// of minutes and half hours, and just before them.
func around(at time.Time, offsets ...time.Duration) (out []time.Time) {
	for _, o := range offsets {
		out = append(out, at.Add(o-time.Millisecond), at.Add(o))
	}
	return out
}

// ordered sorts instants and drops those that come twice.
func ordered(instants []time.Time) []time.Time {
	slices.SortFunc(instants, time.Time.Compare)
	return slices.CompactFunc(instants, time.Time.Equal)
}

// TestEveryZone: in the zone of any account no issue is lost between two runs,
// nor between two partitions, on sites that understand milliseconds and on
// those that don't. Updates come at the boundaries of minutes, and around each
// change of clocks of two years.
func TestEveryZone(t *testing.T) {
	t.Parallel()
	names := zones(t)
	if len(names) < 500 {
		t.Fatalf("%d zones", len(names))
	}
	from := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	changing := 0
	for _, name := range names {
		zone, err := time.LoadLocation(name)
		if err != nil {
			t.Errorf("zone %s: %v", name, err)
			continue
		}
		instants := around(time.Date(2026, 7, 14, 12, 0, 0, 0, time.UTC), 0, time.Minute, 30*time.Minute)
		changes := transitions(zone, from, from.AddDate(1, 0, 0))
		for _, at := range changes {
			instants = append(instants, around(at, -30*time.Minute, 0, 30*time.Minute)...)
		}
		changing += min(len(changes), 1)
		for _, millis := range []bool{true, false} {
			l := newTimeline(t, jirasim.Options{TimeZone: name, NoEpochMillis: !millis}, ordered(slices.Clone(instants)))
			l.follow(l.load(), slackOf(millis, zone))
		}
	}
	if changing < 100 {
		t.Errorf("the clocks of %d zones only change: this test shows little", changing)
	}
}

// slackOf is by how much a window may begin early: not at all where it is
// written in milliseconds, by up to a minute in literals, and by what clocks are
// set back where they are.
func slackOf(millis bool, zone *time.Location) time.Duration {
	if millis {
		return 0
	}
	slack := time.Minute
	for _, at := range transitions(zone, time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2028, 1, 1, 0, 0, 0, 0, time.UTC)) {
		_, before := at.Add(-1).In(zone).Zone()
		_, after := at.In(zone).Zone()
		// Twice: the literal is moved before the repeated hour, and the site may
		// read it as its first pass.
		slack = max(slack, time.Minute+2*time.Duration(before-after)*time.Second)
	}
	return slack
}

// summerTimes are twenty zones of every kind: a whole hour and half of one,
// changes at midnight and in the afternoon of UTC, both hemispheres, backwards
// (Casablanca's clocks go back for Ramadan, Dublin's winter is the exception),
// two hours at once (Troll).
var summerTimes = []string{
	"Africa/Cairo", "Africa/Casablanca", "America/Asuncion", "America/Havana", "America/Los_Angeles", "America/New_York", "America/Nuuk",
	"America/Santiago", "America/St_Johns", "Antarctica/Troll", "Asia/Beirut", "Asia/Jerusalem", "Atlantic/Azores", "Australia/Lord_Howe",
	"Australia/Sydney", "Europe/Berlin", "Europe/Dublin", "Europe/London", "Pacific/Auckland", "Pacific/Chatham",
}

// TestBothTransitions: around both changes of clocks of twenty zones no issue is
// lost, whichever pass of the repeated hour the site takes a literal for. There
// are updates in each ten minutes from three hours before to three hours after.
func TestBothTransitions(t *testing.T) {
	t.Parallel()
	for _, name := range summerTimes {
		zone, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		// The one year in which the clocks of all of them did both: those of Paraguay
		// stopped in it, those of Greenland had paused.
		from := time.Date(2024, 2, 1, 0, 0, 0, 0, time.UTC)
		var forward, back time.Time
		for _, at := range transitions(zone, from, from.AddDate(1, 0, 0)) {
			_, before := at.Add(-1).In(zone).Zone()
			if _, after := at.In(zone).Zone(); after > before {
				forward = at
			} else {
				back = at
			}
		}
		if forward.IsZero() || back.IsZero() {
			t.Errorf("%s has not both transitions: %s, %s", name, forward, back)
		}
		for _, at := range []time.Time{forward, back} {
			var offsets []time.Duration
			for o := -3 * time.Hour; o <= 3*time.Hour; o += 10 * time.Minute {
				offsets = append(offsets, o)
			}
			instants := ordered(around(at, append(offsets, -time.Minute, time.Minute)...))
			for _, site := range []jirasim.Options{{}, {NoEpochMillis: true, RepeatedHour: "first"}, {NoEpochMillis: true, RepeatedHour: "second"}} {
				site.TimeZone = name
				l := newTimeline(t, site, instants)
				slack := time.Duration(0)
				if site.NoEpochMillis {
					slack = 5 * time.Hour // of two hours set back, twice, and a minute
				}
				l.follow(l.load(), slack)
			}
		}
	}
}
