package bench

import (
	"context"
	"fmt"

	"snowdrift/internal/jirasim"
)

// requests counts, exactly, what a first load, an idle run and a run after
// changes of one issue in a hundred ask of the site.
func (b *bench) requests(ctx context.Context) error {
	t := newSheet(b.out, "Requests and bytes; a page has 100 issues", "issues", "run", "requests", "of issues", "of the census", "other", "MB of issues", "of the changed", "ratio")
	return b.fill(t, func(n int) error { return b.counted(ctx, t, n) })
}

func (b *bench) counted(ctx context.Context, t *sheet, issues int) error {
	s, recorder, err := b.host(jirasim.Options{Issues: issues, Projects: 50})
	if err != nil {
		return err
	}
	defer s.close()
	name := fmt.Sprintf("requests-%d", issues)
	run := func(what string, changed int64) (l loaded, err error) {
		if l, err = b.load(ctx, s, name, "issues"); err != nil {
			return l, err
		}
		r, of, ratio := read(recorder.take()), "", ""
		if changed > 0 {
			of, ratio = fmt.Sprintf("%.1f", float64(changed)/1e6), fmt.Sprintf("%.2f", float64(r.bytes)/float64(changed))
		}
		t.row(fmt.Sprint(issues), what, fmt.Sprint(r.all), fmt.Sprint(r.pages), fmt.Sprint(r.census), fmt.Sprint(r.all-r.pages-r.census),
			fmt.Sprintf("%.1f", float64(r.bytes)/1e6), of, ratio)
		return l, nil
	}
	if _, err := run("first load", 0); err != nil {
		return err
	}
	if _, err := run("idle", 0); err != nil {
		return err
	}
	changed, err := s.edit(0)
	if err != nil {
		return err
	}
	l, err := run("1 % changed", changed)
	if err != nil {
		return err
	}
	return b.checked(ctx, s, l, "issues")
}

// edit changes one issue in a hundred, from one on, and returns the size of their raw
// texts. Those that check looks at are among the issues from 0 on.
func (s *site) edit(from int) (bytes int64, err error) {
	ids := s.truth.IDs()
	for i := from; i < len(ids); i += 100 {
		if err := s.truth.Edit(ids[i]); err != nil {
			return bytes, err
		}
		bytes += int64(len(s.truth.Raw(ids[i])))
	}
	return bytes, nil
}
