package pipeline_test

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"

	"snowdrift/internal/jirasim"
	"snowdrift/state"
)

// TestKilledLoadingDuckDB: wherever a run is killed, the file's state is not
// ahead of its rows, and the next run ends with the tables of a load that
// nobody disturbed. A kill before one statement is a kill after the one before
// it; the last statement is a COMMIT, behind which there is nothing to lose.
func TestKilledLoadingDuckDB(t *testing.T) {
	t.Parallel()
	h := newHistory(t)
	for _, name := range []string{"first load", "incremental"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var sim atomic.Pointer[jirasim.Sim]
			sim.Store(h.before)
			site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { sim.Load().ServeHTTP(w, r) }))
			t.Cleanup(site.Close)
			d := duckCases{t: t, site: site.URL, start: filepath.Join(t.TempDir(), "start.duckdb")}
			if name == "incremental" {
				d.run(t, d.start, "run-000", 0)
				sim.Store(h.after)
			}
			clean := d.copy(t)
			d.run(t, clean, "run-001", 0)
			want := d.bench(t, clean, sim.Load())
			want.compare()
			killed := 0
			for k := 1; ; k++ { // the number of statements is known when one survives
				if points := killPoints(t, k); len(points) == 0 || points[len(points)-1] != k {
					continue
				}
				file := d.copy(t)
				if !d.run(t, file, "run-001", k) {
					t.Logf("killed at %d statements; there are fewer than %d", killed, k)
					return
				}
				killed++
				where := fmt.Sprintf("killed before statement %d", k)
				b := d.bench(t, file, sim.Load())
				b.notAhead(where)
				if d.run(t, file, "run-002", 0) {
					t.Fatal("somebody else killed the loader")
				}
				b.compare()
				got, undisturbed := b.contents(), want.contents()
				for _, name := range slices.Sorted(maps.Keys(undisturbed)) {
					if !slices.Equal(got[name], undisturbed[name]) {
						t.Errorf("%s: table %s differs from that of a load that nobody disturbed", where, name)
					}
				}
			}
		})
	}
}

// duckCases are loads of one site into copies of one file.
type duckCases struct {
	t     *testing.T
	site  string
	start string // what each begins with; there is none before a first load
	files int
}

// copy returns the path of a file for one case.
func (d *duckCases) copy(t *testing.T) string {
	t.Helper()
	d.files++
	path := filepath.Join(t.TempDir(), fmt.Sprintf("%d.duckdb", d.files))
	from, err := os.Open(d.start)
	if os.IsNotExist(err) {
		return path
	}
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	to, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer to.Close()
	if _, err := io.Copy(to, from); err != nil {
		t.Fatal(err)
	}
	return path
}

// run loads in a process of its own, which dies before the k-th statement, and
// reports whether it did.
func (d *duckCases) run(t *testing.T, file, id string, k int) bool {
	t.Helper()
	return start(t, job{
		Site: d.site, Run: id, Tables: killTables, Partition: 20, CommitSize: 1, Dir: t.TempDir(), DuckDB: file, DieAt: k,
	}).killed(t)
}

// bench looks at a file.
func (d *duckCases) bench(t *testing.T, file string, sim *jirasim.Sim) *bench {
	return &bench{t: t, sim: sim, url: d.site, file: file}
}

// contents are the rows of the data tables, but for the stamps of who wrote a
// row and when.
func (b *bench) contents() map[string][]string {
	b.t.Helper()
	out := map[string][]string{}
	for _, name := range dataTables() {
		columns := "*"
		if stamped[name] {
			columns = "* EXCLUDE (_run_id, _loaded_at)"
		}
		for _, row := range b.rows("SELECT CAST(to_json(x) AS VARCHAR) AS line FROM (SELECT " + columns + " FROM " + name + ") x ORDER BY line") {
			out[name] = append(out[name], row[0])
		}
	}
	return out
}

// notAhead wants every claim of the state to be true of the rows, see
// place.notAhead. A file that a killed run left is recovered by opening it to
// write.
func (b *bench) notAhead(where string) {
	b.t.Helper()
	if err := b.open(false).Close(); err != nil {
		b.t.Fatal(err)
	}
	if b.one("SELECT COUNT(*) FROM duckdb_tables() WHERE table_name = 'issues'") == "0" {
		return
	}
	st := b.state()
	rows := map[string]string{}
	var digest state.Digest
	for _, r := range b.rows("SELECT id, epoch_ms(updated), _presence FROM issues") {
		if rows[r[0]] != "" {
			b.t.Errorf("%s: issue %s has two rows", where, r[0])
		}
		rows[r[0]] = r[1]
		if r[2] == "live" {
			var id int64
			if _, err := fmt.Sscan(r[0], &id); err != nil {
				b.t.Fatal(err)
			}
			digest.Add(id)
		}
	}
	if st.Digest != digest {
		b.t.Errorf("%s: the state claims %+v, the rows are %+v", where, st.Digest, digest)
	}
	for _, ref := range st.Recent {
		if rows[fmt.Sprint(ref.ID)] != fmt.Sprint(ref.Updated) {
			b.t.Errorf("%s: the state claims issue %d as of %d, the row is of %s", where, ref.ID, ref.Updated, rows[fmt.Sprint(ref.ID)])
		}
	}
	b.sim.Each(func(id int64, key string, raw []byte) bool {
		if updated := updatedOf(b.t, raw); updated <= st.Cursor && rows[fmt.Sprint(id)] != fmt.Sprint(updated) {
			b.t.Errorf("%s: the state claims issue %d (%s) as of %d, the row is of %s", where, id, key, updated, rows[fmt.Sprint(id)])
		}
		return true
	})
}
