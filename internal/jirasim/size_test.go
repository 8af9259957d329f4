package jirasim

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"
)

// Equal seeds give equal sites, whatever the clock says; other seeds others.
func TestSeedsDecide(t *testing.T) {
	dump := func(o Options) string {
		s, err := New(o)
		ok(t, err)
		var b strings.Builder
		s.Each(func(_ int64, _ string, raw []byte) bool { b.Write(raw); return true })
		return b.String()
	}
	for _, d := range []string{Cloud, DataCenter} {
		o := Options{Deployment: d, Issues: 150, Seed: 1, OddValues: true}
		later := o
		later.Now = func() time.Time { return time.Date(2031, 1, 1, 0, 0, 0, 0, time.UTC) }
		other := o
		other.Seed = 2
		if one := dump(o); one != dump(o) || one != dump(later) {
			t.Errorf("%s: equal seeds give different sites", d)
		} else if one == dump(other) {
			t.Errorf("%s: different seeds give equal sites", d)
		}
	}
}

// Every generated issue is valid JSON, odd values included, and of the size
// that issues have.
func TestIssuesAreValid(t *testing.T) {
	for _, o := range []Options{{}, {Deployment: DataCenter, Issues: 200}, {OddValues: true, Issues: 200}, {ExtraCustomFields: 1000, Issues: 50}, {Projects: 40, Issues: 300}, {Issues: 1}, {Issues: -1}} {
		s, err := New(o)
		ok(t, err)
		n, bytes := 0, 0
		s.Each(func(id int64, key string, raw []byte) bool {
			if !json.Valid(raw) {
				t.Errorf("issue %d: %.200s", id, raw)
			}
			n, bytes = n+1, bytes+len(raw)
			return true
		})
		if n != s.Count() || n != len(s.IDs()) {
			t.Errorf("%+v: %d issues, Count %d", o, n, s.Count())
		}
		if mean := bytes / max(n, 1); n > 100 && o.ExtraCustomFields == 0 && (mean < 3_000 || mean > 14_000) || o.ExtraCustomFields > 0 && mean < 20_000 {
			t.Errorf("%+v: %d bytes an issue", o, mean)
		}
	}
}

// An untouched issue costs less than 100 bytes.
func TestUntouchedIssuesAreSmall(t *testing.T) {
	const n = 100_000
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	s, err := New(Options{Issues: n})
	ok(t, err)
	_, err = s.search("project is not empty order by updated, key", false)
	ok(t, err)
	runtime.GC()
	runtime.ReadMemStats(&after)
	if each := int64(after.HeapAlloc-before.HeapAlloc) / n; each > 100 {
		t.Errorf("%d bytes an issue", each)
	}
	runtime.KeepAlive(s)
}

// A million issues: memory, time to make them, and to page through them all.
// It fails when the site is bigger than 250 MB or misses an issue.
func BenchmarkMillion(b *testing.B) {
	const n = 1_200_000
	for b.Loop() {
		s, err := New(Options{Issues: n, Projects: 50})
		if err != nil {
			b.Fatal(err)
		}
		seen, token := 0, ""
		for {
			var p searchPage
			askBench(b, s, "/rest/api/3/search/jql", mustJSON(map[string]any{"jql": "updated > 0 order by updated, key", "fields": []string{"id"}, "maxResults": 5000, "nextPageToken": token}), &p)
			seen += len(p.Issues)
			if p.NextPageToken == nil {
				break
			}
			token = *p.NextPageToken
		}
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		if seen != n || m.HeapAlloc > 250<<20 {
			b.Fatalf("%d of %d issues, %d MB", seen, n, m.HeapAlloc>>20)
		}
		b.ReportMetric(float64(m.HeapAlloc>>20), "MB")
		runtime.KeepAlive(s)
	}
}

func askBench(b *testing.B, s *Sim, path, body string, into any) int {
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer x")
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	raw, err := io.ReadAll(w.Body)
	if err != nil || w.Code != http.StatusOK {
		b.Fatalf("%d %v %.200s", w.Code, err, raw)
	}
	if into != nil {
		if err := json.Unmarshal(raw, into); err != nil {
			b.Fatal(err)
		}
	}
	return len(raw)
}

// Rendering alone, and whole pages through the handler.
func BenchmarkRender(b *testing.B) {
	for _, o := range []Options{{Issues: 5000}, {Issues: 5000, Deployment: DataCenter}, {Issues: 5000, ExtraCustomFields: 1000}} {
		name := o.Deployment
		if o.ExtraCustomFields > 0 {
			name = "wide"
		} else if name == "" {
			name = Cloud
		}
		b.Run(name, func(b *testing.B) {
			s, err := New(o)
			if err != nil {
				b.Fatal(err)
			}
			v := s.viewLocked(s.cloud)
			sel := v.schema.pick([]string{"*all"}, "*all")
			var buf []byte
			total := int64(0)
			i := 0
			for b.Loop() {
				buf = v.appendIssue(buf[:0], &s.store.issues[i%len(s.store.issues)], &sel)
				total += int64(len(buf))
				i++
			}
			b.SetBytes(total / int64(b.N))
			if !bytes.HasSuffix(buf, []byte("}}")) {
				b.Fatal("not an issue")
			}
			b.ReportAllocs()
		})
	}
}

func BenchmarkPage(b *testing.B) {
	s, err := New(Options{Issues: 5000})
	if err != nil {
		b.Fatal(err)
	}
	total := 0
	for b.Loop() {
		total += askBench(b, s, "/rest/api/3/search/jql", `{"jql":"updated > 0 order by updated, key","fields":["*all"],"maxResults":100}`, nil)
	}
	b.SetBytes(int64(total / b.N))
}
