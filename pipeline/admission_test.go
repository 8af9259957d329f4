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
		err := a.ask(ctx)
		if errors.Is(err, over) {
			return n
		}
		if err != nil {
			t.Fatal(err)
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
		a.ended()
	}
	if n := asks(t, newAdmission(1)); n != 1 {
		t.Errorf("%d of one reader asks", n)
	}
}
