package loadtest

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"snowdrift/internal/table"
	"snowdrift/stages"
	"snowdrift/stages/load"
	"snowdrift/state"
)

// mark stages findings: id and presence.
func (d *destination) mark(findings map[int64]string) {
	d.Helper()
	rows := stages.NewRows(table.Findings())
	for _, id := range slices.Sorted(maps.Keys(findings)) {
		set(d.T, rows, map[string]any{table.ID: id, table.Presence: findings[id], table.PresenceEvidence: "it's gone"}, 0)
	}
	d.handOver(rows)
}

// presence: marked rows stay and are no longer live; a reading undoes the mark,
// even one that brings nothing new.
func presence(d *destination) {
	d.load(reading{id: 1, updated: 5, hash: 1, parts: []string{"a"}}, reading{id: 2, updated: 5, hash: 1}, reading{id: 3, updated: 5, hash: 1})
	d.acquire("run 2")
	d.mark(map[int64]string{1: "deleted", 2: "no_access", 99: "deleted"})
	result := d.commit(nil)
	d.wantRows(result.Rows, map[string]int64{"issues": 2})
	d.wantDigest(result.Digest, 3)
	rows := `SELECT id, _presence, _presence_evidence, _run_id FROM issues ORDER BY id`
	d.want(rows, "1|deleted|it's gone|run 2", "2|no_access|it's gone|run 2", "3|live|NULL|run 1")
	d.want(`SELECT issue_id, body FROM issue_parts`, "1|a")

	d.acquire("run 3")
	result = d.load(reading{id: 1, updated: 5, hash: 1, parts: []string{"a"}}, reading{id: 2, updated: 6, hash: 2})
	d.wantRows(result.Rows, map[string]int64{"issues": 2, "issue_parts": 1})
	d.wantDigest(result.Digest, 1, 2, 3)
	d.want(rows, "1|live|NULL|run 3", "2|live|NULL|run 3", "3|live|NULL|run 1")
}

// removal: rows of issues that are deleted go with their child rows, those of
// tables that the load does not fill among them; other findings mark. An issue
// that comes back is loaded like a new one.
func removal(d *destination) {
	labels := table.Children()[slices.IndexFunc(table.Children(), func(c table.ChildTable) bool { return c.Name == "issue_labels" })].Table
	d.prepare(append(d.tables, labels))
	rows := stages.NewRows(labels)
	for _, id := range []int64{1, 2} {
		set(d.T, rows, map[string]any{table.IssueID: id, "position": int64(0), "label": "old"}, id)
	}
	d.handOver(rows)
	d.load(reading{id: 1, updated: 5, hash: 1, parts: []string{"a", "b"}, errors: []string{"day"}}, reading{id: 2, updated: 5, hash: 1, parts: []string{"c"}},
		reading{id: 3, updated: 5, hash: 1})
	d.acquire("run 2")
	d.mark(map[int64]string{1: "deleted", 2: "no_access", 99: "deleted"})
	result, err := d.w.Commit(d.Context(), load.Commit{Run: d.run, Remove: true})
	d.must(err)
	d.wantRows(result.Rows, map[string]int64{"issues": 2, "issue_parts": 2, "issue_labels": 1, "_snowdrift_value_errors": 1})
	d.wantDigest(result.Digest, 3)
	d.want(`SELECT id, _presence FROM issues ORDER BY id`, "2|no_access", "3|live")
	d.want(`SELECT issue_id, body FROM issue_parts`, "2|c")
	d.want(`SELECT issue_id, label FROM issue_labels`, "2|old")
	d.want(`SELECT COUNT(*) FROM _snowdrift_value_errors`, "0")
	d.wantDigest(d.load(reading{id: 1, updated: 5, hash: 1, parts: []string{"a"}}).Digest, 1, 3)
	d.want(`SELECT issue_id, body FROM issue_parts ORDER BY 1`, "1|a", "2|c")
}

func (d *destination) wantDigest(got state.Digest, ids ...int64) {
	d.Helper()
	var want state.Digest
	for _, id := range ids {
		want.Add(id)
	}
	if got != want {
		d.Errorf("digest %v, want %v", got, want)
	}
}

// digest: what the destination computes is what state.Digest computes, for sets
// of ids that are small, large, next to each other and far apart.
func digest(d *destination) {
	d.wantDigest(d.commit(nil).Digest)
	live := map[int64]bool{}
	for round, span := range []int64{10, 100_000, 1 << 31, 1<<63 - 1} {
		rnd := rand.New(rand.NewPCG(uint64(round), 1))
		var readings []reading
		for range 100 {
			id := rnd.Int64N(span)
			readings = append(readings, reading{id: id, updated: 1, hash: 1})
			live[id] = true
		}
		readings = append(readings, reading{id: span, updated: 1, hash: 1}, reading{id: state.Prime - 1 + int64(round), updated: 1, hash: 1})
		live[span], live[state.Prime-1+int64(round)] = true, true
		d.wantDigest(d.load(readings...).Digest, slices.Collect(maps.Keys(live))...)

		gone := map[int64]string{}
		for id := range live {
			if rnd.IntN(3) == 0 {
				gone[id] = "deleted"
			}
		}
		for id := range gone {
			delete(live, id)
		}
		if len(gone) > 0 {
			d.mark(gone)
		}
		d.wantDigest(d.commit(nil).Digest, slices.Collect(maps.Keys(live))...)
	}
}

// live: the digest that is said to be known is that of the rows, whoever writes
// beside the pipeline.
func live(d *destination) {
	d.stage(reading{id: 1, updated: 1, hash: 1}, reading{id: 2, updated: 1, hash: 1})
	last := someState()
	want := d.commit(last).Digest
	check := func(when string) {
		d.Helper()
		got, known, err := d.w.Live(d.Context(), last)
		d.must(err)
		if !known || got != want {
			d.Errorf("%s: %v, known: %t; want %v", when, got, known, want)
		}
	}
	check("after a commit")
	d.acquire("run 2")
	last = d.state()
	check("in the next run")
	d.acquireFor("other", "run 3")
	d.load(reading{id: 8, updated: 1, hash: 1})
	d.acquire("run 4")
	if got, known, err := d.w.Live(d.Context(), last); err != nil || known && got != want {
		d.Errorf("beside another pipeline: %v, known: %t, %v; want %v", got, known, err, want)
	}
}

// takingOver: a row of another pipeline that is read becomes this one's, even if
// nothing else of it changes. An older reading leaves it.
func takingOver(d *destination) {
	d.acquireFor("other", "run 2")
	d.load(reading{id: 1, updated: 5, hash: 1, parts: []string{"a"}}, reading{id: 2, updated: 5, hash: 1})
	d.acquire("run 3")
	d.wantDigest(d.load(reading{id: 1, updated: 5, hash: 1, parts: []string{"a"}}, reading{id: 2, updated: 4, hash: 2}).Digest, 1)
	d.want(`SELECT id, _pipeline FROM issues ORDER BY id`, "1|jira", "2|other")
	d.want(`SELECT issue_id, body FROM issue_parts`, "1|a")
	d.wantRows(d.load(reading{id: 1, updated: 5, hash: 1, parts: []string{"a"}}).Rows, nil)
}

// census stages ids as those that Jira has, in files of a few.
func (d *destination) census(ids ...int64) {
	d.Helper()
	for some := range slices.Chunk(ids, 3) {
		rows := stages.NewRows(table.Census())
		for _, id := range some {
			set(d.T, rows, map[string]any{table.ID: id}, 0)
		}
		d.handOver(rows)
	}
}

// diff: what the census has and the table not, and the other way round; only
// live rows of the pipeline count.
func diff(d *destination) {
	project := func(id, project int64) reading {
		return reading{id: id, updated: 1, hash: 1, cells: map[string]any{"project_id": project}}
	}
	d.load(project(1, 10), project(2, 10), project(3, 20), reading{id: 4, updated: 1, hash: 1}, project(5, 20), project(6, 30))
	d.mark(map[int64]string{5: "deleted", 6: "out_of_scope"})
	d.commit(nil)
	d.acquireFor("other", "run 2")
	d.load(project(8, 10))
	d.acquire("run 3")

	for _, tt := range []struct {
		census, missing, absent []int64
		others                  map[string]int64
	}{
		{census: []int64{1, 2, 3, 4}},
		{census: []int64{1, 2, 3, 4, 8}, missing: []int64{8}, others: map[string]int64{"other": 1}},
		{census: []int64{8, 1, 9, 2, 5, 7, 3, 4, 8}, missing: []int64{5, 7, 8, 9}, others: map[string]int64{"other": 1}},
		{census: []int64{table.NoIssue}, absent: []int64{1, 2, 3, 4}},
		{census: []int64{2}, absent: []int64{1, 3, 4}},
		{census: []int64{100, 1, 100}, missing: []int64{100}, absent: []int64{2, 3, 4}},
	} {
		d.census(tt.census...)
		got, err := d.w.Diff(d.Context())
		d.must(err)
		d.noFiles()
		want := load.Diff{Missing: tt.missing, Live: map[int64]int64{10: 2, 20: 1, 0: 1}}
		for _, id := range tt.absent {
			projects := map[int64]int64{1: 10, 2: 10, 3: 20}
			want.Absent = append(want.Absent, load.Absent{ID: id, ProjectID: projects[id], Key: fmt.Sprintf("TO-%d", id), Updated: 1, Presence: table.Live})
		}
		if !slices.Equal(got.Missing, want.Missing) || !slices.Equal(got.Absent, want.Absent) || !maps.Equal(got.Live, want.Live) || !maps.Equal(got.Others, tt.others) {
			d.Errorf("census %v: got %+v, want %+v", tt.census, got, want)
		}
		if got.Clean() != (len(tt.missing)+len(tt.absent) == 0) {
			d.Errorf("census %v: clean: %t", tt.census, got.Clean())
		}
	}
	d.wantRows(d.commit(nil).Rows, nil) // comparing writes nothing
}

// diffOfVersions: a row that is older or newer than its issue in the census, or
// has no version, is stale; one that the census has no version of is not. Rows
// that are not live or another pipeline's do not count.
func diffOfVersions(d *destination) {
	d.load(reading{id: 1, updated: 1000, hash: 1}, reading{id: 2, updated: 2000, hash: 1}, reading{id: 3, hash: 1},
		reading{id: 4, updated: 4000, hash: 1}, reading{id: 5, updated: 5000, hash: 1}, reading{id: 6, updated: 6000, hash: 1})
	d.mark(map[int64]string{5: "deleted"})
	d.commit(nil)
	d.acquireFor("other", "run 2")
	d.load(reading{id: 8, updated: 8000, hash: 1})
	d.acquire("run 3")
	rows := stages.NewRows(table.Census())
	for _, id := range []int64{1, 2, 3, 4, 5, 6, 8} {
		set(d.T, rows, map[string]any{table.ID: id}, 0)
	}
	for id, ms := range map[int64]int64{1: 1000, 2: 2001, 3: 3000, 4: 3999, 5: 1, 8: 1} {
		set(d.T, rows, map[string]any{table.ID: id, table.Updated: ms * 1000}, 0)
	}
	set(d.T, rows, map[string]any{table.ID: int64(2), table.Updated: int64(2001 * 1000)}, 0) // some come twice
	d.handOver(rows)
	got, err := d.w.Diff(d.Context())
	d.must(err)
	want := []load.Stale{{ID: 2, Row: time.UnixMilli(2000), Jira: time.UnixMilli(2001)}, {ID: 3, Jira: time.UnixMilli(3000)},
		{ID: 4, Row: time.UnixMilli(4000), Jira: time.UnixMilli(3999)}}
	same := func(a, b load.Stale) bool {
		return a.ID == b.ID && a.Key == fmt.Sprintf("TO-%d", b.ID) && a.Row.Equal(b.Row) && a.Jira.Equal(b.Jira)
	}
	if !slices.EqualFunc(got.Stale, want, same) || got.Clean() {
		d.Errorf("stale %+v, want %+v", got.Stale, want)
	}
	if !slices.Equal(got.Missing, []int64{5, 8}) || len(got.Absent) > 0 {
		d.Errorf("missing %v, absent %v", got.Missing, got.Absent)
	}
}

// diffNeedsACensus: without one the table would look as if all were gone. Every
// Diff takes its own.
func diffNeedsACensus(d *destination) {
	d.load(reading{id: 1, updated: 1, hash: 1})
	if got, err := d.w.Diff(d.Context()); err == nil {
		d.Errorf("no census: %+v", got)
	}
	d.census(1)
	_, err := d.w.Diff(d.Context())
	d.must(err)
	if got, err := d.w.Diff(d.Context()); err == nil {
		d.Errorf("the census of the Diff before: %+v", got)
	}
}

// gone: the pipeline's rows of the site that are not live, by id, a part at a
// time, with what is known of them.
func gone(d *destination) {
	absent := func(id, project, updated int64, presence string) load.Absent {
		return load.Absent{ID: id, ProjectID: project, Key: fmt.Sprintf("TO-%d", id), Updated: updated, Presence: presence, Evidence: "it's gone"}
	}
	d.load(reading{id: 1, updated: 1000, hash: 1}, reading{id: 12, updated: 2000, hash: 1, cells: map[string]any{"project_id": int64(10)}},
		reading{id: 3, hash: 1}, reading{id: 1<<62 + 1, updated: 4000, hash: 1})
	d.mark(map[int64]string{12: "deleted", 3: "no_access", 1<<62 + 1: "archived"})
	d.commit(nil)
	d.acquireFor("other", "run 2")
	d.load(reading{id: 5, updated: 1000, hash: 1})
	d.mark(map[int64]string{5: "deleted"})
	d.commit(nil)
	d.acquireAt("b", "run 3")
	d.load(reading{id: 6, updated: 1000, hash: 1})
	d.mark(map[int64]string{6: "deleted"})
	d.commit(nil)
	d.site = table.DefaultSite
	d.acquire("run 4")
	all := []load.Absent{absent(3, 0, 0, "no_access"), absent(12, 10, 2000, "deleted"), absent(1<<62+1, 0, 4000, "archived")}
	for _, tt := range []struct {
		from  int64
		limit int
		want  []load.Absent
	}{{1, 10, all}, {3, 2, all[:2]}, {4, 2, all[1:]}, {13, 1, all[2:]}, {1<<62 + 2, 10, nil}} {
		got, err := d.w.Gone(d.Context(), tt.from, tt.limit)
		d.must(err)
		if !slices.Equal(got, tt.want) {
			d.Errorf("from %d, %d at most: got %+v, want %+v", tt.from, tt.limit, got, tt.want)
		}
	}
	d.wantRows(d.commit(nil).Rows, nil) // looking writes nothing
}
