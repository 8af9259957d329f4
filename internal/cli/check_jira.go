package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"snowdrift/internal/config"
	"snowdrift/internal/jira"
	"snowdrift/stages/fetch"
)

// checkPatience bounds the repeating of a request: somebody is watching.
const checkPatience = 30 * time.Second

// checkJira tries what a load asks of a site, and returns the source if there is one.
func (a *app) checkJira(ctx context.Context, d *doctor, cfg *config.Config) *fetch.Source {
	brief := *cfg
	brief.Jira.RetryBudget = min(cfg.Jira.RetryBudget, checkPatience)
	client, err := a.openJira(ctx, &brief)
	if err != nil {
		d.fail("Jira", err)
		return nil
	}
	defer client.Close()
	d.site(client)
	defer func() { d.limits(client.LimitHeaders()) }()
	source, err := a.sourceOf(ctx, client, &brief)
	if err != nil {
		d.fail("selection", err)
		return nil
	}
	d.selection(source)
	d.reading(ctx, source)
	return source
}

// maxSkew is how far clocks may be apart: OAuth 1.0a refuses signatures beyond
// five minutes.
const maxSkew = time.Minute

// site says which site it is and who we are there.
func (d *doctor) site(client *jira.Client) {
	site := client.Site()
	through := ""
	if site.Gateway != "" {
		through = ", through the gateway " + site.Gateway
	}
	d.ok("Jira", "Jira %s: %s %s%s", site.BaseURL, site.Deployment, site.Version, through)
	if site.Named != site.Deployment {
		d.warn("deployment", fmt.Sprintf("jira.deployment is %s, and the site says that it is %s", site.Deployment, site.Named), "set it to auto, or leave it out")
	}
	apart := site.ClockSkew.Abs().Round(time.Second)
	if apart > maxSkew {
		d.warn("clock", fmt.Sprintf("clock: Jira's and this machine's are %s apart", apart), "set this machine's clock, best by NTP")
	} else {
		d.ok("clock", "clock %s apart", apart)
	}
	until := "; when the token ends Jira does not say"
	if at := client.LoginExpires(); !at.IsZero() {
		until = "; access token until " + at.UTC().Format(time.RFC3339) + ", renewed by itself"
	}
	d.ok("login", "login as %s, time zone %s%s", site.User.Name, site.TimeZone, until)
}

// selection says what there is and what is wanted of it.
func (d *doctor) selection(source *fetch.Source) {
	archived := 0
	var keys []string
	for _, p := range source.Projects() {
		keys = append(keys, p.Key)
		if p.Archived {
			archived++
		}
	}
	found := fmt.Sprintf("%d projects visible, %d custom fields selected", len(keys), len(source.Fields().Custom))
	if archived > 0 {
		found += fmt.Sprintf(", %d projects archived", archived)
	}
	if len(keys) == 0 {
		d.warn("projects", found, "an administrator has to give the account the permission Browse Projects")
		return
	}
	slices.Sort(keys)
	if len(keys) > 10 {
		keys = append(keys[:10], "…")
	}
	d.ok("projects", "%s: %s", found, strings.Join(keys, ", "))
}

// reading sends the requests of a load: each can need a scope or permission of
// its own.
func (d *doctor) reading(ctx context.Context, source *fetch.Source) {
	query := source.Asked().Query
	if query == "" {
		query = "(all issues)"
	}
	found, err := source.Rehearse(ctx)
	switch {
	case err != nil:
		d.fail("issues", err)
	case found.Issue == 0:
		d.warn("issues", "no issue matches "+query, "check jira.search, and whether the account may browse the projects")
	default:
		about := map[bool]string{true: "", false: "about "}[found.Exact]
		d.ok("issues", "issues can be searched, counted and read by id: %s%d match %s", about, found.Count, query)
	}
	if err == nil {
		d.tables(ctx, source, found.Issue)
	}
}

// tables says of each table beside issues whether it can be filled. What Jira
// refuses of what a load can do without is a warning.
func (d *doctor) tables(ctx context.Context, source *fetch.Source, issue int64) {
	var readable []string
	for t := range source.RehearseTables(ctx, issue) {
		if t.Err == nil {
			readable = append(readable, t.Table)
			continue
		}
		found, mend := cutMend(t.Err.Error(), t.Err)
		if kind := jira.KindOf(t.Err); t.Needs != "" && (kind == jira.KindAuth || kind == jira.KindForbidden) {
			mend = "give the login " + t.Needs
		}
		var refused *fetch.Refused
		if errors.As(t.Err, &refused) {
			d.warn(t.Table, "table "+t.Table+" stays as it is: "+found, mend+", or take the table out of tables")
			continue
		}
		d.failures = append(d.failures, t.Err)
		d.add(finding{Check: t.Table, Status: failed, Found: found, Mend: mend})
	}
	if len(readable) > 0 {
		d.ok("tables", "tables beside issues can be read: %s", strings.Join(readable, ", "))
	}
}

// limits shows what the site says about its rate limits.
func (d *doctor) limits(said http.Header) {
	if len(said) == 0 {
		d.ok("rate limit", "rate limit: the site states none")
		return
	}
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(said)) {
		parts = append(parts, name+": "+strings.Join(said[name], ", "))
	}
	d.ok("rate limit", "rate limit: %s", strings.Join(parts, ", "))
}
