package bench

import (
	"context"
	"fmt"

	"snowdrift/internal/jirasim"
)

// nightly measures what becomes of a file in which one issue in a hundred is replaced
// again and again, all over the site: what a run costs, and how the file grows.
func (b *bench) nightly(ctx context.Context) error {
	t := newSheet(b.out, "Runs after 1 % of the issues changed, all tables", "issues", "run", "rows", "CPU s", "seconds", "peak MB", "file MB")
	return b.fill(t, func(n int) error { return b.changing(ctx, t, n) })
}

// changing adds the first load of a site to the sheet, and runs that come after.
func (b *bench) changing(ctx context.Context, t *sheet, issues int) error {
	s, recorder, err := b.host(jirasim.Options{Issues: issues, Projects: 50, ExtraCustomFields: b.extra})
	if err != nil {
		return err
	}
	defer s.close()
	var l loaded
	for night := range b.nights + 1 {
		if night > 0 {
			if _, err := s.edit((night - 1) % 100); err != nil {
				return err
			}
		}
		if l, err = b.load(ctx, s, fmt.Sprintf("nights-%d", issues), "default"); err != nil {
			return err
		}
		recorder.take() // and nobody wants to know
		size, err := l.size()
		if err != nil {
			return err
		}
		rows := int64(0)
		for _, n := range l.report.Rows {
			rows += n
		}
		t.row(fmt.Sprint(issues), fmt.Sprint(night), fmt.Sprint(rows), seconds(l.CPU), seconds(l.Wall), megabytes(l.Peak), megabytes(size))
	}
	return b.checked(ctx, s, l, "default")
}
