package jira

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
)

func TestStats(t *testing.T) {
	s := newSite(t, Cloud)
	body := strings.Repeat(" ", 5000) + goodField
	s.handle("GET /rest/api/3/field", func(w http.ResponseWriter, r *http.Request) {
		if !slices.Contains(r.Header.Values("Accept-Encoding"), "gzip") {
			t.Error("gzip is not asked for")
		}
		w.Header().Set("Content-Encoding", "gzip")
		zw := gzip.NewWriter(w)
		_, _ = zw.Write([]byte(body))
		_ = zw.Close()
	})
	c, _ := dial(t, s)
	before := c.Stats()
	if _, err := c.Fields(t.Context()); err != nil {
		t.Fatal(err)
	}
	after := c.Stats()
	if got := after.BytesDecoded - before.BytesDecoded; got != int64(len(body)) {
		t.Errorf("%d bytes decoded, want %d", got, len(body))
	}
	if got := after.BytesWire - before.BytesWire; got <= 0 || got > 500 {
		t.Errorf("%d bytes on the wire", got)
	}
	if after.Requests["field"] != 1 || before.Requests["field"] != 0 {
		t.Errorf("requests %v then %v", before.Requests, after.Requests)
	}
}

func TestTooLarge(t *testing.T) {
	s := newSite(t, Cloud)
	s.handle("GET /rest/api/3/field", func(w http.ResponseWriter, _ *http.Request) {
		answerJSON(w, strings.Repeat(" ", 1<<20)+goodField)
	})
	c, clock := dial(t, s, func(o *Options) { o.MaxResponseBytes = 1 << 19 })
	_, err := c.Fields(t.Context())
	if KindOf(err) != KindTooLarge || len(clock.slept) != 0 {
		t.Errorf("error %v after %d sleeps", err, len(clock.slept))
	}
}

// A query string is made of values, not glued together.
func TestQueryIsEncoded(t *testing.T) {
	s := newSite(t, Cloud)
	s.handle("GET /rest/api/3/issue/{id}", func(w http.ResponseWriter, _ *http.Request) { answerJSON(w, `{"id":"7"}`) })
	c, _ := dial(t, s)
	if _, err := c.Issue(t.Context(), 7, []string{"*all", "-a&b=c"}); err != nil {
		t.Fatal(err)
	}
	q, err := url.ParseQuery(s.sent("/rest/api/3/issue/7")[0].query)
	if err != nil || q.Get("fields") != "*all,-a&b=c" {
		t.Errorf("query %v, %v", q, err)
	}
}
