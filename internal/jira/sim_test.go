package jira_test

import (
	"bytes"
	"context"
	"encoding/json"
	"strconv"
	"testing"
	"time"

	"snowdrift/internal/jira"
	"snowdrift/internal/jira/jql"
	"snowdrift/internal/jirasim"
	"snowdrift/internal/jirasim/simtest"
)

type secret string

func (s secret) Reveal(context.Context) (string, error) { return string(s), nil }

func dialSim(t *testing.T, o jirasim.Options) (*jira.Client, *jirasim.Sim) {
	t.Helper()
	o.Email, o.Token = "user7@example.com", "token-7"
	sim, url := simtest.Serve(t, o)
	c, err := jira.Dial(t.Context(), jira.Options{BaseURL: url, Login: jira.Basic{User: o.Email, Secret: secret(o.Token)}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c, sim
}

type ref struct {
	ID  string `json:"id"`
	Key string `json:"key"`
}

// read collects the issues of some pages by id.
func read(t *testing.T, pages func(func(*jira.Page, error) bool)) map[int64][]byte {
	t.Helper()
	issues := make(map[int64][]byte)
	for page, err := range pages {
		if err != nil {
			t.Fatal(err)
		}
		for _, raw := range page.Issues {
			var r ref
			if err := json.Unmarshal(raw, &r); err != nil {
				t.Fatal(err)
			}
			id, err := strconv.ParseInt(r.ID, 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			issues[id] = bytes.Clone(raw)
		}
		page.Release()
	}
	return issues
}

// Both dialects against the simulator: all that is there comes, whole, by search
// and by id, in zone literals and in milliseconds.
func TestAgainstSimulator(t *testing.T) {
	for _, deployment := range []string{jirasim.Cloud, jirasim.DataCenter} {
		t.Run(deployment, func(t *testing.T) {
			c, sim := dialSim(t, jirasim.Options{Deployment: deployment, Issues: 450, Projects: 3, TimeZone: "America/St_Johns", OddValues: true})
			if got := c.Site(); string(got.Deployment) != deployment || got.TimeZone != "America/St_Johns" {
				t.Fatalf("site %+v", got)
			}
			order := " " + jql.OrderBy("updated", "key")
			all := read(t, c.Search(t.Context(), jira.Search{JQL: jql.Everything().String() + order, PageSize: 200}))
			if len(all) != sim.Count() {
				t.Fatalf("%d issues of %d", len(all), sim.Count())
			}
			sim.Each(func(id int64, key string, raw []byte) bool {
				if !bytes.Equal(all[id], raw) {
					t.Errorf("%s: the issue that came is not the one that is there", key)
				}
				return true
			})
			checkWindows(t, c, sim)
			checkBulk(t, c, sim)
			checkMetadata(t, c, sim)
		})
	}
}

// checkWindows cuts the site into windows that meet; together they hold all.
func checkWindows(t *testing.T, c *jira.Client, sim *jirasim.Sim) {
	t.Helper()
	var bounds []time.Time
	bounds = append(bounds, time.Time{})
	for at := time.Date(2008, 1, 1, 0, 0, 0, 0, time.UTC); at.Before(time.Now()); at = at.AddDate(1, 1, 3).Add(37 * time.Minute) {
		bounds = append(bounds, at)
	}
	bounds = append(bounds, time.Time{})
	for name, dates := range map[string]jql.Dates{"millis": jql.Millis(), "minutes": jql.Minutes(c.Site().Location)} {
		seen := make(map[int64]bool)
		for i := range bounds[1:] {
			window := dates.Range("created", bounds[i], bounds[i+1]).String() + " " + jql.OrderBy("created", "key")
			for id := range read(t, c.Search(t.Context(), jira.Search{JQL: window, Fields: []string{"id"}, PageSize: 5000})) {
				seen[id] = true
			}
		}
		if len(seen) != sim.Count() {
			t.Errorf("%s: windows hold %d issues of %d", name, len(seen), sim.Count())
		}
	}
}

// checkBulk fetches by id, among them some that are gone or never were.
func checkBulk(t *testing.T, c *jira.Client, sim *jirasim.Sim) {
	t.Helper()
	ids := sim.IDs()
	for _, id := range ids[5:8] {
		if err := sim.Delete(id); err != nil {
			t.Fatal(err)
		}
	}
	got := read(t, c.BulkFetch(t.Context(), append(ids, 999_999_999), nil))
	if len(got) != len(ids)-3 {
		t.Errorf("%d issues by id, want %d", len(got), len(ids)-3)
	}
	if _, err := c.Issue(t.Context(), ids[5], nil); jira.KindOf(err) != jira.KindNotFound {
		t.Errorf("deleted issue: %v", err)
	}
}

func checkMetadata(t *testing.T, c *jira.Client, sim *jirasim.Sim) {
	t.Helper()
	fields, err := c.Fields(t.Context())
	if err != nil || len(fields) < 30 {
		t.Errorf("%d fields, %v", len(fields), err)
	}
	projects, err := c.Projects(t.Context())
	if err != nil || len(projects) != 3 {
		t.Errorf("projects %+v, %v", projects, err)
	}
	n, exact, err := c.Count(t.Context(), jql.Everything().String())
	if err != nil || n != int64(sim.Count()) || exact != (c.Site().Deployment == jira.DataCenter) {
		t.Errorf("count %d, exact %v, %v", n, exact, err)
	}
	_, _, err = c.Count(t.Context(), "nonsense = 1 AND")
	if jira.KindOf(err) != jira.KindBadRequest {
		t.Errorf("bad JQL: %v", err)
	}
}
