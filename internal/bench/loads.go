package bench

import (
	"context"
	"encoding/json"
	"fmt"

	"snowdrift/internal/jirasim"
)

// loads measures first loads of all sizes, with issues alone and with all
// tables, against the floors of the same site.
func (b *bench) loads(ctx context.Context) error {
	t := newSheet(b.out, "First loads into DuckDB, and floors: the same pages downloaded, and read once",
		"issues", "what", "issues/s", "MB of JSON", "MB/s", "CPU s", "CPU s/100k", "allocs/issue", "peak MB", "requests", "× download+scan", "× plain")
	return b.fill(t, func(n int) error { return b.size(ctx, t, jirasim.Options{Issues: n}) })
}

// wide measures a site with many custom fields, whose pages are large.
func (b *bench) wide(ctx context.Context) error {
	t := newSheet(b.out, fmt.Sprintf("The same with %d custom fields", b.fields),
		"issues", "what", "issues/s", "MB of JSON", "MB/s", "CPU s", "CPU s/100k", "allocs/issue", "peak MB", "requests", "× download+scan", "× plain")
	return b.fill(t, func(n int) error { return b.size(ctx, t, jirasim.Options{Issues: n, ExtraCustomFields: b.fields}) })
}

// size adds the rows of one site to the table.
func (b *bench) size(ctx context.Context, t *sheet, opts jirasim.Options) error {
	s, err := b.open(ctx, opts)
	if err != nil {
		return err
	}
	defer s.close()
	floors := map[string]Usage{}
	for _, way := range []string{floorDownload, floorScan, floorPlain} {
		u, f, err := b.floor(ctx, s, way)
		if err != nil {
			return err
		}
		floors[way] = u
		t.measured("floor: "+way, u, int64(f.Issues), f.Bytes, int64(f.Requests), floors)
	}
	for _, tables := range []string{"issues", "default"} {
		l, err := b.fresh(ctx, s, fmt.Sprintf("%s-%d-%d", tables, opts.Issues, opts.ExtraCustomFields), tables)
		if err != nil {
			return err
		}
		t.measured("tables: "+tables, l.Usage, l.report.Issues, l.report.Jira.BytesDecoded, l.report.Jira.Total(), floors)
	}
	return nil
}

// floor reads the site in the way, as often as loads are run, and returns the
// cheapest.
func (b *bench) floor(ctx context.Context, s *site, way string) (u Usage, f floored, err error) {
	for range b.repeat {
		fmt.Fprintf(b.log, "floor %s\n", way)
		stdout, again, err := b.part(ctx, nil, "floor", way, s.url)
		if err != nil {
			return u, f, err
		}
		if err := json.Unmarshal(stdout, &f); err != nil {
			return u, f, err
		}
		if f.Issues != s.opts.Issues {
			return u, f, fmt.Errorf("the floor read %d issues of %d", f.Issues, s.opts.Issues)
		}
		if u.CPU == 0 || again.CPU < u.CPU {
			u = again
		}
	}
	return u, f, nil
}

// measured adds what one part took, beside the floors that are known.
func (t *sheet) measured(what string, u Usage, issues, bytes, requests int64, floors map[string]Usage) {
	times := func(way string) string {
		if f, known := floors[way]; known {
			return fmt.Sprintf("%.2f", u.CPU.Seconds()/f.CPU.Seconds())
		}
		return ""
	}
	wall := u.Wall.Seconds()
	t.row(fmt.Sprint(issues), what, fmt.Sprintf("%.0f", float64(issues)/wall), megabytes(bytes), fmt.Sprintf("%.0f", float64(bytes)/1e6/wall),
		seconds(u.CPU), fmt.Sprintf("%.1f", u.CPU.Seconds()/float64(issues)*1e5), fmt.Sprintf("%.1f", float64(u.Allocs)/float64(issues)),
		megabytes(u.Peak), fmt.Sprint(requests), times(floorScan), times(floorPlain))
}
