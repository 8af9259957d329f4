package state

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestIDs(t *testing.T) {
	for _, ids := range [][]int64{nil, {1}, {-3, 0, 5}, {10001, 10002, 10200, 1 << 62}} {
		given := NewIDs(slices.Concat(ids, ids)...)
		if !slices.Equal(given, ids) {
			t.Errorf("%v became %v", ids, given)
		}
		text, err := json.Marshal(State{Version: 1, Pipeline: "jira", Unseen: given})
		if err != nil {
			t.Fatal(err)
		}
		if s, err := Parse(text); err != nil || !slices.Equal(s.Unseen, given) {
			t.Errorf("%v came back from %s as %v, %v", given, text, s.Unseen, err)
		}
	}
	some := NewIDs(3, 5, 9)
	if got := some.In([]int64{1, 3, 4, 9, 10}); !slices.Equal(got, []int64{3, 9}) {
		t.Errorf("of %v are found %v", some, got)
	}
}

// A hundred thousand issues of a project take little more room than a page of Jira.
func TestIDsAreShort(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	ids, at := IDs(nil), int64(1_000_000)
	for range 100_000 {
		at += 1 + random.Int64N(50)
		ids = append(ids, at)
	}
	text, err := ids.MarshalText()
	if err != nil || len(text) > 200_000 {
		t.Errorf("%d bytes for %d ids, %v", len(text), len(ids), err)
	}
}

func TestDamagedIDs(t *testing.T) {
	for _, text := range []string{"!", "gA", "AgA", "AgE"} { // no base64, half a number, an id twice, out of order
		if err := new(IDs).UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q was read", text)
		}
	}
}
