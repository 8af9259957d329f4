package pipeline

import (
	"context"
	"errors"
	"testing"

	"snowdrift/stages"
)

// asks returns how many readers may ask before one has to wait.
func asks(t *testing.T, a *admission) (n int) {
	t.Helper()
	ctx, cancel := context.WithCancelCause(context.Background())
	over := errors.New("over")
	cancel(over)
	for {
		mark, err := a.ask(ctx)
		if errors.Is(err, over) {
			return n
		}
		if err != nil || mark {
			t.Fatal(mark, err)
		}
		n++
	}
}

// All readers may ask while nothing waits; the more pages wait, the fewer.
func TestAdmission(t *testing.T) {
	a := newAdmission(8)
	if n := asks(t, a); n != 8 {
		t.Fatalf("%d of 8 readers ask while no page waits", n)
	}
	var waiting []stages.Page
	released := 0
	for range 8 {
		waiting = append(waiting, a.answered(stages.Page{Release: func() { released++ }}))
		a.done()
		if n := asks(t, a); n != 0 {
			t.Fatalf("%d more readers ask while %d pages wait and the others still ask", n, len(waiting))
		}
	}
	for left := 7; left >= 0; left-- {
		waiting[left].Release()
		want := map[int]int{2: 2, 1: 3, 0: 3}[left] // of 8, three for each page that waits
		if n := asks(t, a); n != want {
			t.Errorf("%d pages wait: %d more readers ask, want %d", left, n, want)
		}
	}
	if released != 8 {
		t.Errorf("%d pages of 8 were released", released)
	}
	for range 8 {
		a.done()
	}
	if n := asks(t, newAdmission(1)); n != 1 {
		t.Errorf("%d of one reader asks", n)
	}
}

// Readers that are held ask for nothing, and one of them is told to send the mark
// as soon as no more than a quarter of them still waits for Jira.
func TestHold(t *testing.T) {
	t.Parallel()
	a := newAdmission(8)
	if n := asks(t, a); n != 8 {
		t.Fatalf("%d of 8 readers ask", n)
	}
	a.hold()
	for asking := 8; asking > 2; asking-- {
		if n := asks(t, a); n != 0 {
			t.Fatalf("%d more readers ask while all are held", n)
		}
		a.done()
	}
	for i, want := range []bool{true, false} { // there is one mark
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if mark, err := a.ask(ctx); mark != want || mark == (err != nil) {
			t.Errorf("ask %d: mark %v, %v", i+1, mark, err)
		}
	}
	a.done()
	a.done()
	if n := asks(t, a); n != 0 {
		t.Errorf("%d readers ask before they may", n)
	}
	a.resume()
	if n := asks(t, a); n != 8 {
		t.Errorf("%d of 8 readers ask again", n)
	}
	one := newAdmission(1)
	one.hold()
	if mark, err := one.ask(t.Context()); !mark || err != nil {
		t.Errorf("a single reader: mark %v, %v", mark, err)
	}
}
