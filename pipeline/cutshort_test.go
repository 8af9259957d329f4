package pipeline_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"snowdrift/internal/jira"
	"snowdrift/internal/jirasim"
	"snowdrift/pipeline"
)

// cutter is a site that finds less than a search asks for, and says so.
type cutter struct {
	on   atomic.Bool
	from string
	to   string
}

func (c *cutter) RoundTrip(r *http.Request) (*http.Response, error) {
	if !c.on.Load() || !strings.HasSuffix(r.URL.Path, "/search/jql") {
		return http.DefaultTransport.RoundTrip(r)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	body = bytes.ReplaceAll(body, []byte(c.from), []byte(c.to))
	r = r.Clone(r.Context())
	r.Header.Set("Accept-Encoding", "identity")
	r.Body, r.ContentLength, r.GetBody = io.NopCloser(bytes.NewReader(body)), int64(len(body)), nil
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(answer.Body)
	text = append([]byte(`{"warnings":[{"type":"JQL_FUNCTION_LIMIT_EXCEEDED","details":"the limit"}],`), bytes.TrimSpace(text)[1:]...)
	answer.Body, answer.ContentLength = io.NopCloser(bytes.NewReader(text)), int64(len(text))
	answer.Header.Del("Content-Length")
	return answer, errors.Join(err, r.Body.Close())
}

// TestSearchIsCutShort: where Jira says that it did not find all, nothing is concluded of
// what it did not find, and the changes that it left out are read when it finds them.
func TestSearchIsCutShort(t *testing.T) {
	t.Parallel()
	b := newBench(t, jirasim.Options{Issues: 200, Projects: 1})
	census := true
	b.options = func(o *pipeline.Options) { o.Deep, o.Census = 0, census }
	b.query.JQL = "project = " + b.sim.Projects()[0]
	c := &cutter{from: b.query.JQL, to: b.query.JQL + " AND statusCategory != 3"}
	b.client = func(o *jira.Options) { o.Transport = c }
	b.run(pipeline.Complete)
	live := b.one("SELECT COUNT(*) FROM issues WHERE _presence = 'live'")
	one := func(condition string) int64 {
		id, err := strconv.ParseInt(b.one("SELECT MAX(id) FROM issues WHERE "+condition), 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	b.behind(one("status_category = 'done'"), one("status_category <> 'done'"))
	c.on.Store(true)
	r := b.run(pipeline.Unproven)
	if !strings.Contains(r.Conclusion, "JQL_FUNCTION_LIMIT_EXCEEDED") {
		t.Errorf("conclusion %q", r.Conclusion)
	}
	b.want("SELECT COUNT(*) FROM issues WHERE _presence = 'live'", live)
	census = false
	b.run(pipeline.Unproven) // what was read is not even what the index shows
	census = true
	c.on.Store(false)
	b.clock.move(time.Hour)
	b.run(pipeline.Complete)
	b.want("SELECT COUNT(*) FROM issues WHERE _presence = 'live'", live)
	b.current()
}
