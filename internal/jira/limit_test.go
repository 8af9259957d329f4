package jira

import (
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"snowdrift/internal/jirasim"
)

// inProcess answers requests by a handler, in the goroutine that sends them: so
// a simulated clock holds for both ends.
type inProcess struct{ http.Handler }

func (h inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result(), nil
}

// TestLimitIsUsed: of a limit that the site only shows by refusing, nearly all
// is used, and hardly a request is refused.
func TestLimitIsUsed(t *testing.T) {
	for name, site := range map[string]jirasim.Options{
		"cloud, 100 ms":       {Latency: 100 * time.Millisecond},
		"cloud, 300 ms":       {Latency: 300 * time.Millisecond},
		"data center, 100 ms": {Latency: 100 * time.Millisecond, Deployment: jirasim.DataCenter},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const limit, requests, readers = 20, 2000, 8
				site.Now, site.RateLimit, site.Issues = time.Now, limit, 10
				sim, err := jirasim.New(site)
				if err != nil {
					t.Fatal(err)
				}
				c, err := Dial(t.Context(), Options{BaseURL: "https://jira.example.com", Login: Basic{User: "u", Secret: plain("p")}, Transport: inProcess{sim}, Concurrency: readers})
				if err != nil {
					t.Fatal(err)
				}
				begin := time.Now()
				var wg sync.WaitGroup
				for range readers {
					wg.Go(func() {
						for range requests / readers {
							if _, _, err := c.Count(t.Context(), "created >= 0"); err != nil {
								t.Error(err)
								return
							}
						}
					})
				}
				wg.Wait()
				took := time.Since(begin).Seconds()
				possible := limit*took + limit // a bucket full of requests comes on top
				s := c.Stats()
				t.Logf("%.1f s, %.1f %% of the limit, %d of %d refused", took, 100*requests/possible, s.Throttled, s.Total())
				if share := requests / possible; share < 0.95 {
					t.Errorf("%.1f %% of the limit was used", 100*share)
				}
				if s.Throttled*100 > s.Total() {
					t.Errorf("%d of %d requests were refused", s.Throttled, s.Total())
				}
			})
		})
	}
}
