package jira

import (
	"fmt"
	"slices"

	"snowdrift/internal/jiratime"
	"snowdrift/internal/rawjson"
)

// An offsetWalk pages through a result by offset, without passing anything over
// while the result changes. An issue that leaves it, or goes to its end because it
// was edited, has those behind it move up, so that a page which begins where the
// one before ended begins behind rows that nobody has seen. So pages overlap by a
// few rows. If the first row of a page was delivered and has not moved since, then
// all that is in front of it was delivered; if not, the walk goes back until that is
// so. What was delivered already is dropped.
//
// Some positions have no row: an index that was not cleaned counts issues that are no
// more, and Jira leaves them out of its pages. So where an answer has nothing new
// though Jira counts more, and twice more when it is asked again, the walk goes on
// behind it. In the end there may be fewestMissing or 1 % fewer issues than Jira
// counts, of which the last page warns; if there are fewer still, pages were left out,
// which is an ErrMissingRows. Issues that left the result while it was read make up
// for some that are missing: they were delivered and are no longer counted.
type offsetWalk struct {
	size    int64  // of a page
	order   string // see Search.Order
	lenient bool   // the search is for as many ids as the size, of which some may not come

	seen    map[int64]sighting // issues that were delivered
	start   int64              // of the page that is asked for
	overlap int64              // rows that it repeats; 0: nothing is known of what is in front of it
	total   int64              // what Jira counted last
	pages   int                // that came
	looks   int                // answers in a row that have nothing new and should
	back    int                // steps back in a row
	begun   int                // steps back to the beginning
}

// sighting is how an issue came.
type sighting struct {
	date int64 // by which rows are ordered, epoch milliseconds; 0: unknown, or it does not change
	page int
}

const (
	// mostOverlap is the number of rows that pages overlap by, and of issues that
	// may leave the part of the result that was read before the next page comes, at no
	// cost; small pages overlap by a hundredth.
	mostOverlap = 10
	// emptyLooks is how often a page is asked for that has nothing new and by the
	// total should. Then it is believed.
	emptyLooks = 3
	// stepsBack is how often in a row the walk goes back: half a page, two, eight, and
	// to the beginning.
	stepsBack = 4
	// mostBegun is how often it goes back to the beginning at all: a site whose
	// answers have nothing in common would never come to an end.
	mostBegun = 10
	// fewestMissing is how many issues fewer than Jira counts are always borne.
	fewestMissing = 10
)

// step is what to do after a page.
type step int

const (
	onward  step = iota // deliver it and ask for the next
	another             // it is good for nothing: ask for another in its place
	theLast             // deliver it: it is the last
)

// next returns what to ask for.
func (w *offsetWalk) next() (start int64, rows int) {
	rows = int(w.size)
	// The last page before the window must not reach over its end.
	if left := resultWindow - w.start; left > w.overlap {
		rows = int(min(w.size, left))
	}
	return w.start, rows
}

// take judges the answer to next, a page with room for so many rows, and drops
// from it what was delivered before.
func (w *offsetWalk) take(page *Page, delivers int64) (step, error) {
	w.total, delivers = page.Total, max(delivers, 1)
	if w.start > 0 && w.overlap > 0 && !w.delivered(page) {
		return w.goBack(delivers)
	}
	rows, fresh := w.drop(page)
	end := w.start + rows
	if w.total < 0 && (fresh > 0 || rows >= delivers) {
		w.total = end + 1 // it may be; who does not count tells nothing
	}
	switch {
	case rows < delivers && end >= w.total, w.lenient && int64(len(w.seen)) >= w.size:
		return theLast, w.finish(page)
	case rows < delivers && fresh == 0:
		return w.skip(page, delivers)
	}
	// The page received decides how far we are, not the one asked for. One that is
	// full may be followed by rows that the total does not count.
	w.overlap = min(max(rows/100, 1), mostOverlap, rows-1)
	w.start = end - w.overlap
	if fresh > 0 {
		w.looks, w.back = 0, 0
	}
	return onward, nil
}

// delivered reports whether the first row of a page was delivered as it is.
func (w *offsetWalk) delivered(page *Page) bool {
	if len(page.Issues) == 0 {
		return false
	}
	id, _ := w.identify(page.Issues[0])
	before, known := w.seen[id]
	return known && before.date == w.dateOf(page.Issues[0])
}

// drop takes from a page what was delivered, notes the rest, and returns how many
// rows came, without repetitions, and how many of them are left.
func (w *offsetWalk) drop(page *Page) (rows, fresh int64) {
	w.pages++
	page.Issues = slices.DeleteFunc(page.Issues, func(raw []byte) bool {
		id, ok := w.identify(raw)
		if !ok { // which is for the caller to refuse
			rows, fresh = rows+1, fresh+1
			return false
		}
		before, known := w.seen[id]
		now := sighting{date: w.dateOf(raw), page: w.pages}
		w.seen[id] = now
		if !known || before.page != now.page {
			rows++
		}
		if known && before.date == now.date {
			return true
		}
		fresh++
		return false
	})
	return rows, fresh
}

func (w *offsetWalk) identify(raw []byte) (id int64, ok bool) {
	return rawjson.Int64(rawjson.Lookup(raw, "id"))
}

func (w *offsetWalk) dateOf(raw []byte) int64 {
	if w.order == "" {
		return 0
	}
	date, _ := jiratime.ParseMillis(rawjson.Lookup(rawjson.Lookup(raw, "fields"), w.order))
	return date
}

// goBack asks for a page further in front, after one that does not go on from what
// was delivered.
func (w *offsetWalk) goBack(delivers int64) (step, error) {
	at := w.start
	w.back++
	w.start -= max(delivers/2, 1) << (2 * (w.back - 1))
	if w.start <= 0 || w.back == stepsBack {
		w.start = 0
		w.begun++
	}
	if w.back > stepsBack || w.begun > mostBegun {
		return theLast, fmt.Errorf("%w: at %d of %d", ErrShiftingRows, at, w.total)
	}
	return another, nil
}

// skip goes on behind a page that has nothing new, though Jira counts more, once it
// was seen to stay so.
func (w *offsetWalk) skip(page *Page, delivers int64) (step, error) {
	if w.looks++; w.looks < emptyLooks {
		return another, nil
	}
	w.start, w.overlap, w.looks = w.start+delivers, 0, 0
	if w.start >= w.total {
		return theLast, w.finish(page)
	}
	return another, w.checkCount()
}

// missing is the number of issues that Jira counts in what was read and that did not come.
func (w *offsetWalk) missing() int64 {
	return min(w.total, w.start+w.overlap) - int64(len(w.seen))
}

// checkCount requires that about as many issues came as Jira counts.
func (w *offsetWalk) checkCount() error {
	if n := w.missing(); n > max(fewestMissing, w.total/100) && !w.lenient {
		return fmt.Errorf("%w: it counts %d, and of %d it shows nothing", ErrMissingRows, w.total, n)
	}
	return nil
}

// finish checks the count at the end, of which the last page warns if it must.
func (w *offsetWalk) finish(page *Page) error {
	w.start, w.overlap = max(w.total, 0), 0
	if n := w.missing(); n > 0 && !w.lenient {
		page.Warnings = append(page.Warnings, fmt.Sprintf("the search counts %d issues and shows nothing of %d of them: its index may hold issues that are no more", w.total, n))
	}
	return w.checkCount()
}
