package bench

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"os"
	"time"

	"snowdrift/internal/jirasim"
)

// inFlight is jira.concurrency of the loads that are measured in parallel.
const inFlight = 8

// fewFields keeps pages small, so that time passes by waiting and not by work.
const fewFields = "[summary, status]"

// parallel measures first loads of a site that takes its time, with one big
// project and many small ones: how near the load comes to what so many
// requests in flight could reach, and how much it uses of a limit on requests.
// The ideal is that of the pages alone, as if all were full and nothing else had
// to be asked.
func (b *bench) parallel(ctx context.Context) error {
	t := newSheet(b.out, fmt.Sprintf("First loads with %v for each answer, %d requests in flight, 200 projects", b.latency, inFlight),
		"issues", "limit/s", "requests", "pages", "reading s", "ideal s", "of the ideal", "whole run s", "of the limit", "429")
	for _, n := range b.issues {
		for _, limit := range []float64{0, b.rate} {
			if err := b.slow(ctx, t, jirasim.Options{Issues: n, Projects: 200, Latency: b.latency, RateLimit: limit}); err != nil {
				return err
			}
		}
	}
	return t.print()
}

// slow adds the row of one load to the table.
func (b *bench) slow(ctx context.Context, t *sheet, opts jirasim.Options) error {
	s, recorder, err := b.host(opts)
	if err != nil {
		return err
	}
	defer s.close()
	l, err := b.load(ctx, s, fmt.Sprintf("slow-%d-%v", opts.Issues, opts.RateLimit), "issues", "jira.fields="+fewFields)
	if err != nil {
		return err
	}
	if err := errors.Join(s.same(l), os.Remove(l.file)); err != nil {
		return err
	}
	a := read(recorder.take())
	ideal := math.Ceil(float64(opts.Issues)/100/inFlight) * opts.Latency.Seconds()
	limit, used := "none", ""
	if opts.RateLimit > 0 {
		limit, used = fmt.Sprint(opts.RateLimit), percent(float64(a.granted)/(a.reading.Seconds()*opts.RateLimit))
		ideal = max(ideal, float64(opts.Issues)/100/opts.RateLimit)
	}
	t.row(fmt.Sprint(opts.Issues), limit, fmt.Sprint(a.all), fmt.Sprint(a.pages), seconds(a.reading), fmt.Sprintf("%.2f", ideal),
		percent(ideal/a.reading.Seconds()), seconds(l.Wall), used, fmt.Sprintf("%d (%.1f %%)", a.refused, 100*float64(a.refused)/float64(a.all)))
	return nil
}

// readings is what was asked of a site while its issues were read.
type readings struct {
	all, pages, refused int
	granted             int           // requests answered while pages were read
	reading             time.Duration // from the first page's request to the last page's answer
	census              int
	bytes               int64 // of pages of issues
}

func read(requests []request) readings {
	var r readings
	var first, last time.Time
	for _, q := range requests {
		r.all++
		switch {
		case q.status == http.StatusTooManyRequests:
			r.refused++
		case q.what == pageOfIDs:
			r.census++
		case q.what == pageOfIssues:
			r.pages++
			r.bytes += q.bytes
			if first.IsZero() || q.from.Before(first) {
				first = q.from
			}
			if q.to.After(last) {
				last = q.to
			}
		}
	}
	for _, q := range requests {
		if q.status == http.StatusOK && !q.from.Before(first) && !q.to.After(last) {
			r.granted++
		}
	}
	r.reading = last.Sub(first)
	return r
}
