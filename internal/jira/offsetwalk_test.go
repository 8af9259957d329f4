package jira

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// A livelyIndex is a Data Center whose issues change while they are searched for.
type livelyIndex struct {
	t       *testing.T
	site    *site
	cap     int
	rows    []livelyRow // in the order of their dates
	clock   int64
	between map[int]func(*livelyIndex) // before it answers the request with the number, from 1 on
	each    func(*livelyIndex)         // before it answers any
	silent  func(body dataCenterSearch) bool
	twice   bool // every row of a page comes two times
	mute    bool // it does not tell how many there are
}

// livelyRow is an issue, or an entry of one that is no more.
type livelyRow struct {
	id, date int64
	stale    bool
}

func (r livelyRow) String() string {
	return fmt.Sprintf(`{"id":"%d","fields":{"updated":"%s"}}`, r.id, time.UnixMilli(r.date).UTC().Format("2006-01-02T15:04:05.000-0700"))
}

func newLivelyIndex(issues, cap int) *livelyIndex {
	x := &livelyIndex{cap: cap, clock: 1_790_000_000_000, between: map[int]func(*livelyIndex){}}
	for id := range issues {
		x.clock++
		x.rows = append(x.rows, livelyRow{id: int64(id + 1), date: x.clock})
	}
	return x
}

func (x *livelyIndex) remove(from, to int) { x.rows = slices.Delete(x.rows, from, to) }

// edit moves issues to the end.
func (x *livelyIndex) edit(from, to int) {
	edited := slices.Clone(x.rows[from:to])
	x.remove(from, to)
	for _, r := range edited {
		x.clock++
		r.date = x.clock
		x.rows = append(x.rows, r)
	}
}

func (x *livelyIndex) stale(from, to int) *livelyIndex {
	for i := range x.rows[from:to] {
		x.rows[from+i].stale = true
	}
	return x
}

func (x *livelyIndex) search(w http.ResponseWriter, _ *http.Request) {
	requests := x.site.sent("/rest/api/2/search")
	if change := x.between[len(requests)]; change != nil {
		change(x)
	}
	if x.each != nil {
		x.each(x)
	}
	body := decodeBody[dataCenterSearch](x.t, requests[len(requests)-1])
	size := min(body.MaxResults, x.cap)
	from := min(int(body.StartAt), len(x.rows))
	var issues []string
	for _, r := range x.rows[from:min(from+size, len(x.rows))] {
		if r.stale || x.silent != nil && x.silent(body) {
			continue
		}
		issues = append(issues, r.String())
		if x.twice {
			issues = append(issues, r.String())
		}
	}
	total := fmt.Sprintf(`"total":%d,`, len(x.rows))
	if x.mute {
		total = ""
	}
	answerJSON(w, fmt.Sprintf(`{"startAt":%d,"maxResults":%d,%s"issues":[%s]}`, body.StartAt, size, total, strings.Join(issues, ",")))
}

// read walks through the index and returns its rows and warnings.
func (x *livelyIndex) read(t *testing.T) (rows, warnings []string, requests int, err error) {
	s := newSite(t, DataCenter)
	x.t, x.site = t, s
	s.handle("POST /rest/api/2/search", x.search)
	c, _ := dial(t, s)
	for page, err := range c.Search(t.Context(), Search{JQL: "x ORDER BY updated ASC", Fields: []string{"updated"}, Order: "updated", PageSize: 1000}) {
		if err != nil {
			return rows, warnings, len(s.sent("/rest/api/2/search")), err
		}
		warnings = append(warnings, page.Warnings...)
		for _, raw := range page.Issues {
			rows = append(rows, string(raw))
		}
		page.Release()
	}
	return rows, warnings, len(s.sent("/rest/api/2/search")), nil
}

// passedOver returns the issues of which no row came as they are now.
func (x *livelyIndex) passedOver(rows []string) (ids []int64) {
	came := map[string]bool{}
	for _, r := range rows {
		came[r] = true
	}
	for _, r := range x.rows {
		if !r.stale && !came[r.String()] {
			ids = append(ids, r.id)
		}
	}
	return ids
}

// TestLivelySearch: an offset means other rows when issues leave the result or go
// to its end while pages turn; and positions of an index that was not cleaned have
// none. No issue is passed over, or the search says that it cannot tell.
func TestLivelySearch(t *testing.T) {
	at := func(request int, change func(*livelyIndex)) func(*livelyIndex) {
		return func(x *livelyIndex) { x.between[request] = change }
	}
	silent := func(from, to int64) func(*livelyIndex) {
		return func(x *livelyIndex) {
			x.silent = func(b dataCenterSearch) bool { return b.StartAt >= from && b.StartAt < to }
		}
	}
	for name, tt := range map[string]struct {
		index    *livelyIndex
		change   func(*livelyIndex)
		requests int
		rows     int
		warns    bool
		is       error
	}{
		"nothing happens":                     {newLivelyIndex(950, 100), func(*livelyIndex) {}, 10, 950, false, nil},
		"one is deleted":                      {newLivelyIndex(950, 100), at(4, func(x *livelyIndex) { x.remove(7, 8) }), 12, 950, false, nil},
		"one is edited":                       {newLivelyIndex(950, 100), at(4, func(x *livelyIndex) { x.edit(7, 8) }), 12, 951, false, nil},
		"few are edited, large pages":         {newLivelyIndex(9000, 1000), at(4, func(x *livelyIndex) { x.edit(7, 16) }), 10, 9009, false, nil},
		"many are edited":                     {newLivelyIndex(950, 100), at(4, func(x *livelyIndex) { x.edit(0, 90) }), 15, 1040, false, nil},
		"all that came are edited":            {newLivelyIndex(950, 100), at(4, func(x *livelyIndex) { x.edit(0, 298) }), 16, 1248, false, nil},
		"many are deleted":                    {newLivelyIndex(950, 100), at(9, func(x *livelyIndex) { x.remove(0, 700) }), 14, 950, false, nil},
		"so many that nothing is there":       {newLivelyIndex(100, 20), at(4, func(x *livelyIndex) { x.remove(0, 50) }), 8, 100, false, nil},
		"all":                                 {newLivelyIndex(100, 20), at(4, func(x *livelyIndex) { x.remove(0, 100) }), 7, 58, false, nil},
		"an issue enters where the page ends": {newLivelyIndex(95, 20), at(3, func(x *livelyIndex) { x.rows = slices.Insert(x.rows, 38, livelyRow{id: 999, date: x.rows[37].date}) }), 7, 96, false, nil},
		"rows come twice":                     {newLivelyIndex(95, 20), func(x *livelyIndex) { x.twice = true }, 5, 95, false, nil},
		"nothing is counted":                  {newLivelyIndex(95, 20), func(x *livelyIndex) { x.mute = true }, 6, 95, false, nil},
		"one offset is always empty":          {newLivelyIndex(95, 20), silent(38, 39), 7, 95, false, nil},
		"offsets are always empty":            {newLivelyIndex(95, 20), silent(38, 95), 17, 57, false, ErrShiftingRows},
		"one in ten is gone":                  {newLivelyIndex(95, 20).stale(30, 39), func(*livelyIndex) {}, 6, 86, true, nil},
		"the last are gone":                   {newLivelyIndex(95, 20).stale(90, 95), func(*livelyIndex) {}, 8, 90, true, nil},
		"the first are gone":                  {newLivelyIndex(95, 10).stale(0, 10), func(*livelyIndex) {}, 13, 85, true, nil},
		"a page is gone":                      {newLivelyIndex(950, 10).stale(38, 48), func(*livelyIndex) {}, 109, 940, true, nil},
		"a large page is gone":                {newLivelyIndex(95, 20).stale(30, 60), func(*livelyIndex) {}, 5, 30, false, ErrMissingRows},
		"many here and there are gone":        {newLivelyIndex(95, 20).stale(30, 36).stale(60, 66), func(*livelyIndex) {}, 7, 81, false, ErrMissingRows},
	} {
		t.Run(name, func(t *testing.T) {
			tt.change(tt.index)
			rows, warnings, requests, err := tt.index.read(t)
			if !errors.Is(err, tt.is) || (err == nil) != (tt.is == nil) || err != nil && KindOf(err) != KindProtocol {
				t.Fatalf("error %v, want %v", err, tt.is)
			}
			if missed := tt.index.passedOver(rows); err == nil && len(missed) > 0 {
				t.Errorf("passed over %v", missed)
			}
			if (len(warnings) > 0) != tt.warns {
				t.Errorf("warnings %v", warnings)
			}
			if len(rows) != tt.rows || requests != tt.requests {
				t.Errorf("%d rows in %d requests, want %d in %d", len(rows), requests, tt.rows, tt.requests)
			}
		})
	}
}

// TestRestlessSearch: whatever leaves, goes to the end, and is added there while
// pages turn, the walk ends with every issue as it is.
func TestRestlessSearch(t *testing.T) {
	for seed := range uint64(200) {
		random := rand.New(rand.NewPCG(seed, 0))
		x := newLivelyIndex(random.IntN(400), 2+random.IntN(50))
		restless := 60
		x.each = func(x *livelyIndex) {
			for range random.IntN(4) {
				at := random.IntN(max(len(x.rows), 1))
				to := min(at+1+random.IntN(4), len(x.rows))
				switch restless--; {
				case restless < 0 || at >= to:
				case random.IntN(3) == 0:
					x.remove(at, to)
				case random.IntN(3) == 0:
					x.clock++
					x.rows = append(x.rows, livelyRow{id: 10_000 + x.clock%100_000, date: x.clock})
				default:
					x.edit(at, to)
				}
			}
		}
		rows, warnings, _, err := x.read(t)
		if missed := x.passedOver(rows); err != nil || len(missed) > 0 || len(warnings) > 0 {
			t.Errorf("seed %d: passed over %v, %v, %v", seed, missed, warnings, err)
		}
	}
}

// TestSearchNeverStandsStill: a site that never shows what it showed ends the search soon.
func TestSearchNeverStandsStill(t *testing.T) {
	x := newLivelyIndex(500, 20)
	x.each = func(x *livelyIndex) {
		for i := range x.rows {
			x.rows[i].id += 1000
		}
	}
	_, _, requests, err := x.read(t)
	if !errors.Is(err, ErrShiftingRows) || requests > 100 {
		t.Errorf("%d requests, %v", requests, err)
	}
}
