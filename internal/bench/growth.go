package bench

import (
	"context"
	"fmt"

	"snowdrift/internal/jirasim"
)

// growth measures one load of each size, with issues alone and with all tables,
// and sets what an issue costs and what the load holds in memory against the
// first size.
func (b *bench) growth(ctx context.Context) error {
	t := newSheet(b.out, "How first loads into DuckDB grow with the site", "tables", "issues", "issues/s", "CPU s", "CPU s/100k", "of the first", "peak MB", "of the first", "requests", "file MB")
	for _, tables := range []string{"issues", "default"} {
		var first *loaded
		for _, n := range b.issues {
			l, size, err := b.grown(ctx, tables, n)
			if err != nil {
				return err
			}
			if first == nil {
				first = &l
			}
			each := func(l loaded) float64 { return l.CPU.Seconds() / float64(l.report.Issues) * 1e5 }
			t.row(tables, fmt.Sprint(l.report.Issues), fmt.Sprintf("%.0f", float64(l.report.Issues)/l.Wall.Seconds()), seconds(l.CPU),
				fmt.Sprintf("%.1f", each(l)), fmt.Sprintf("%.2f", each(l)/each(*first)),
				megabytes(l.Peak), fmt.Sprintf("%.2f", float64(l.Peak)/float64(first.Peak)), fmt.Sprint(l.report.Jira.Total()), megabytes(size))
		}
	}
	return t.print()
}

// grown loads a site of n issues once and returns what that took, and the size
// of the database file.
func (b *bench) grown(ctx context.Context, tables string, n int) (l loaded, size int64, err error) {
	s, err := b.open(ctx, jirasim.Options{Issues: n})
	if err != nil {
		return l, 0, err
	}
	defer s.close()
	if l, err = b.load(ctx, s, fmt.Sprintf("growth-%s-%d", tables, n), tables); err != nil {
		return l, 0, err
	}
	if size, err = l.size(); err != nil {
		return l, 0, err
	}
	return l, size, b.checked(ctx, s, l, tables)
}
