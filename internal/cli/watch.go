package cli

import (
	"os"
	"sync"
	"time"

	"github.com/jedib0t/go-pretty/v6/progress"
	"golang.org/x/term"

	"snowdrift/pipeline"
)

// watch shows how a run goes until stop is called: as a live display on a
// terminal, as a log line every so often elsewhere.
func (a *app) watch(p *pipeline.Progress) (stop func()) {
	f, isFile := a.stderr.(*os.File)
	live := isFile && term.IsTerminal(int(f.Fd())) && a.logFormat == "text"
	if live {
		return a.watchLive(p)
	}
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		tick := time.NewTicker(10 * time.Second)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				a.log.Info("progress", "issues", p.Fetched.Load(), "expected", p.Expected.Load(), "pages", p.Pages.Load(),
					"bytes", p.Bytes.Load(), "files", p.Files.Load(), "file_bytes", p.FileBytes.Load(), "rows", p.Written.Load(), "commits", p.Commits.Load())
			case <-done:
				return
			}
		}
	})
	return func() { close(done); wg.Wait() }
}

// watchLive shows a tracker for each stage, with rate and time left.
func (a *app) watchLive(p *pipeline.Progress) (stop func()) {
	w := progress.NewWriter()
	w.SetOutputWriter(a.stderr)
	w.SetStyle(progress.StyleCircle)
	w.SetUpdateFrequency(200 * time.Millisecond)
	w.SetTrackerPosition(progress.PositionRight)
	w.SetAutoStop(false)
	w.Style().Visibility.ETA = true
	w.Style().Visibility.Speed = true
	w.Style().Visibility.Value = true
	stages := []struct {
		tracker *progress.Tracker
		value   func() int64
	}{
		{&progress.Tracker{Message: "fetch   pages", Units: progress.UnitsDefault}, p.Pages.Load},
		{&progress.Tracker{Message: "fetch   issues", Units: progress.UnitsDefault}, p.Fetched.Load},
		{&progress.Tracker{Message: "fetch   JSON", Units: progress.UnitsBytes}, p.Bytes.Load},
		{&progress.Tracker{Message: "flatten issues", Units: progress.UnitsDefault}, p.Flattened.Load},
		{&progress.Tracker{Message: "batch   Parquet", Units: progress.UnitsBytes}, p.FileBytes.Load},
		{&progress.Tracker{Message: "load    rows", Units: progress.UnitsDefault}, p.Written.Load},
		{&progress.Tracker{Message: "prove   ids", Units: progress.UnitsDefault}, p.Census.Load},
	}
	for _, s := range stages {
		w.AppendTracker(s.tracker)
	}
	update := func() {
		for i, s := range stages {
			if expected := p.Expected.Load(); i == 1 || i == 3 {
				s.tracker.UpdateTotal(max(expected, s.value()))
			}
			s.tracker.SetValue(s.value())
		}
	}
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(w.Render)
	wg.Go(func() {
		tick := time.NewTicker(200 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				update()
			case <-done:
				return
			}
		}
	})
	return func() {
		close(done)
		update()
		for _, s := range stages {
			s.tracker.MarkAsDone()
		}
		w.Stop()
		wg.Wait()
	}
}
