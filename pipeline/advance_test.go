package pipeline

import (
	"reflect"
	"testing"
	"time"

	"snowdrift/stages"
	"snowdrift/state"
)

const minute = int64(60_000)

func TestAdvance(t *testing.T) {
	a, b := &stages.Partition{Name: "a"}, &stages.Partition{Name: "b"}
	changes := &stages.Partition{Name: "changed", Changes: true}
	byID := &stages.Partition{Name: "missing 1", IDs: []int64{1}}
	loading := func(done ...string) *state.State {
		return &state.State{Load: &state.Load{Since: 50 * minute, Partitions: []*stages.Partition{a, b}, Done: done}}
	}
	for name, tt := range map[string]struct {
		before, want *state.State
		cut          stages.Cut
	}{
		"a partition is done":              {loading(), loading("a"), stages.Cut{Done: []*stages.Partition{a}}},
		"the last one ends the first load": {loading("a"), &state.State{Cursor: 50 * minute}, stages.Cut{Done: []*stages.Partition{b}}},
		"all at once":                      {loading(), &state.State{Cursor: 50 * minute}, stages.Cut{Done: []*stages.Partition{a, b}}},
		"part of a partition":              {loading("a"), loading("a"), stages.Cut{}},
		"changes in part leave the cursor": {
			&state.State{Cursor: 50 * minute},
			&state.State{Cursor: 50 * minute, Recent: []stages.Ref{{ID: 1, Updated: 55 * minute}}},
			stages.Cut{Read: []stages.Ref{{ID: 1, Updated: 55 * minute}}},
		},
		"changes to the end move it": {
			&state.State{Cursor: 50 * minute, Recent: []stages.Ref{{ID: 1, Updated: 55 * minute}}},
			&state.State{Cursor: 56 * minute, Recent: []stages.Ref{{ID: 1, Updated: 55 * minute}, {ID: 2, Updated: 56 * minute}}},
			stages.Cut{Read: []stages.Ref{{ID: 2, Updated: 56 * minute}}, Done: []*stages.Partition{changes}},
		},
		"no changes leave it": {&state.State{Cursor: 50 * minute}, &state.State{Cursor: 50 * minute}, stages.Cut{Done: []*stages.Partition{changes}}},
		"one of the future does not move it": {
			&state.State{Cursor: 50 * minute},
			&state.State{Cursor: 95 * minute, Recent: []stages.Ref{{ID: 1, Updated: 95 * minute}, {ID: 2, Updated: 5000 * minute}}},
			stages.Cut{Read: []stages.Ref{{ID: 1, Updated: 95 * minute}, {ID: 2, Updated: 5000 * minute}}, Done: []*stages.Partition{changes}},
		},
		"a first load that saw one ends when it began": {
			&state.State{Load: &state.Load{Began: 40 * minute, Since: 5000 * minute, Partitions: []*stages.Partition{a}}},
			&state.State{Cursor: 40 * minute, Deep: state.Deep{Proven: 40 * minute}},
			stages.Cut{Done: []*stages.Partition{a}},
		},
		"it never goes back": {
			&state.State{Cursor: 50 * minute},
			&state.State{Cursor: 50 * minute, Recent: []stages.Ref{{ID: 1, Updated: 45 * minute}}},
			stages.Cut{Read: []stages.Ref{{ID: 1, Updated: 45 * minute}}, Done: []*stages.Partition{changes}},
		},
		"an issue without a date does not move it": {
			&state.State{Cursor: 50 * minute},
			&state.State{Cursor: 50 * minute, Recent: []stages.Ref{{ID: 1}}},
			stages.Cut{Read: []stages.Ref{{ID: 1}}, Done: []*stages.Partition{changes}},
		},
		"issues by id leave all of it": {&state.State{Cursor: 50 * minute}, &state.State{Cursor: 50 * minute}, stages.Cut{Returned: []stages.Return{{ID: 1}}, Done: []*stages.Partition{byID}}},
	} {
		t.Run(name, func(t *testing.T) {
			before := tt.before.Clone()
			got := advance(tt.before, tt.cut, 10*time.Minute, time.UnixMilli(100*minute))
			if !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got  %+v\nwant %+v", got, tt.want)
			}
			if !reflect.DeepEqual(tt.before, before) {
				t.Errorf("the state before was changed to %+v", tt.before)
			}
		})
	}
}

func TestRecent(t *testing.T) {
	for name, tt := range map[string]struct{ known, read, want []stages.Ref }{
		"nothing": {nil, nil, nil},
		"the newest reading of an issue counts": {
			[]stages.Ref{{ID: 1, Updated: 50 * minute, Hash: 1}},
			[]stages.Ref{{ID: 1, Updated: 51 * minute, Hash: 2}},
			[]stages.Ref{{ID: 1, Updated: 51 * minute, Hash: 2}},
		},
		"what is older than the overlap is forgotten": {
			[]stages.Ref{{ID: 1, Updated: 50 * minute}, {ID: 2, Updated: 51 * minute}},
			[]stages.Ref{{ID: 3, Updated: 61 * minute}},
			[]stages.Ref{{ID: 2, Updated: 51 * minute}, {ID: 3, Updated: 61 * minute}},
		},
		"ordered by id": {
			[]stages.Ref{{ID: 9, Updated: 50 * minute}},
			[]stages.Ref{{ID: 7, Updated: 51 * minute}, {ID: 8, Updated: 50 * minute}},
			[]stages.Ref{{ID: 7, Updated: 51 * minute}, {ID: 8, Updated: 50 * minute}, {ID: 9, Updated: 50 * minute}},
		},
	} {
		if got := recent(tt.known, tt.read, 10*time.Minute, time.UnixMilli(1<<50)); !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: got %v, want %v", name, got, tt.want)
		}
	}
}

// TestRecentIsBounded: of too many readings the newest are kept.
func TestRecentIsBounded(t *testing.T) {
	var read []stages.Ref
	for i := range int64(maxRecent + 10) {
		read = append(read, stages.Ref{ID: maxRecent + 10 - i, Updated: 50*minute + i})
	}
	got := recent(nil, read, 10*time.Minute, time.UnixMilli(1<<50))
	if len(got) != maxRecent {
		t.Fatalf("%d readings are kept", len(got))
	}
	for i, ref := range got {
		if ref.Updated < 50*minute+10 || i > 0 && got[i-1].ID >= ref.ID {
			t.Fatalf("reading %d: %+v", i, ref)
		}
	}
}
