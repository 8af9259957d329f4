package jira

import (
	"bytes"
	"errors"
	"testing"
	"testing/iotest"
)

// An answer as large as the last one takes two pieces of memory, one that is larger or
// the first of its kind a few more, and all come whole.
func TestRoomForAnswers(t *testing.T) {
	whole := bytes.Repeat([]byte("0123456789abcdef"), 100_000)
	for _, c := range []struct {
		usual  int
		allocs float64
	}{{len(whole), 2}, {len(whole) * 2, 2}, {len(whole) / 2, 6}, {0, 20}} {
		var b buffer
		source := bytes.NewReader(whole)
		allocs := testing.AllocsPerRun(3, func() {
			b = buffer{}
			source.Reset(whole)
			if err := b.readFrom(source, int64(len(whole)), c.usual); err != nil {
				t.Fatal(err)
			}
		})
		if !bytes.Equal(b.b, whole) {
			t.Errorf("usual %d: %d bytes of %d came, or others", c.usual, len(b.b), len(whole))
		}
		if allocs > c.allocs && !testing.Short() { // so the race detector runs, which takes memory of its own
			t.Errorf("usual %d: %.0f pieces of memory, want %.0f at most", c.usual, allocs, c.allocs)
		}
	}
	var b buffer
	if err := b.readFrom(iotest.OneByteReader(bytes.NewReader(whole)), 100_000, len(whole)); !errors.Is(err, errTooLarge) {
		t.Errorf("more than allowed: %v", err)
	}
}
