package cli

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"

	"snowdrift/internal/config"
	"snowdrift/internal/jira"
	"snowdrift/internal/secret"
	"snowdrift/stages/fetch"
	"snowdrift/stages/load"
	"snowdrift/stages/load/duckdb"
)

// loadConfig reads the configuration; flags are the overrides that the
// command's own flags make.
func (a *app) loadConfig(flags map[string]string) (*config.Config, error) {
	overrides := map[string]string{}
	for _, s := range a.set {
		key, value, found := strings.Cut(s, "=")
		if !found {
			return nil, usageError{fmt.Errorf("--set %q: write it as key=value", s)}
		}
		overrides[key] = value
	}
	for key, value := range flags {
		overrides[key] = value
	}
	cfg, err := config.Load(a.configPath, overrides)
	if err != nil {
		return nil, err
	}
	for _, w := range cfg.Warnings() {
		a.log.Warn(w)
	}
	return cfg, nil
}

// openJira dials the site and proves the login.
func (a *app) openJira(ctx context.Context, cfg *config.Config) (*jira.Client, error) {
	if err := cfg.RequireJira(); err != nil {
		return nil, err
	}
	login, err := loginOf(cfg.Jira.Auth)
	if err != nil {
		return nil, err
	}
	transport, err := transportOf(ctx, cfg.Jira)
	if err != nil {
		return nil, err
	}
	deployment := jira.Deployment(cfg.Jira.Deployment)
	if cfg.Jira.Deployment == config.DeploymentAuto {
		deployment = ""
	}
	return jira.Dial(ctx, jira.Options{
		BaseURL: cfg.Jira.URL, Deployment: deployment, Login: login, Transport: transport,
		Concurrency: cfg.Jira.Concurrency, RequestsPerSecond: cfg.Jira.RequestsPerSecond,
		RequestTimeout: cfg.Jira.RequestTimeout, RetryBudget: cfg.Jira.RetryBudget,
		MaxResponseBytes: int64(cfg.Jira.MaxResponse), AllowHTTP: cfg.Jira.AllowHTTP, Log: a.log,
	})
}

// transportOf returns the transport for a site's own certificates or proxy, nil
// for the client's usual one.
func transportOf(ctx context.Context, j config.Jira) (http.RoundTripper, error) {
	certificates, err := j.TLS.ClientConfig()
	if err != nil {
		return nil, err
	}
	if certificates == nil && j.Proxy.IsZero() {
		return nil, nil
	}
	transport := jira.NewTransport(j.Concurrency)
	transport.TLSClientConfig = certificates
	if !j.Proxy.IsZero() {
		text, err := j.Proxy.Reveal(ctx)
		if err != nil {
			return nil, err
		}
		proxy, err := url.Parse(text)
		if err != nil {
			return nil, usageError{errors.New("jira.proxy is not a URL")}
		}
		transport.Proxy = http.ProxyURL(proxy)
	}
	return transport, nil
}

// loginOf returns the login that the configuration asks for.
func loginOf(auth config.Auth) (jira.Login, error) {
	switch auth.Method {
	case config.AuthBasic:
		if auth.Email != "" {
			return jira.Basic{User: auth.Email, Secret: rotating{auth.APIToken}}, nil
		}
		return jira.Basic{User: auth.User, Secret: rotating{auth.Password}}, nil
	case config.AuthBearer:
		return jira.Bearer{Token: rotating{auth.Token}}, nil
	}
	return nil, usageError{fmt.Errorf("jira.auth.method %s is not part of this version; use basic or bearer", auth.Method)}
}

// rotating lets the Jira client read a secret again after it was refused.
type rotating struct{ secret.String }

func (r rotating) Refresh(ctx context.Context) error {
	_, err := r.Reload(ctx)
	return err
}

// openSource dials Jira and checks what the configuration asks for against it.
func (a *app) openSource(ctx context.Context, cfg *config.Config) (*fetch.Source, *jira.Client, error) {
	client, err := a.openJira(ctx, cfg)
	if err != nil {
		return nil, nil, err
	}
	query := fetch.Query{JQL: cfg.Jira.Search.JQL}
	if cfg.Jira.Search.Type == config.SearchSimple {
		query = fetch.Query{
			Projects: cfg.Jira.Search.Project, StatusCategories: cfg.Jira.Search.StatusCategory,
			UpdatedAfter: day(cfg.Jira.Search.UpdatedAfter), CreatedAfter: day(cfg.Jira.Search.CreatedAfter),
		}
	}
	source, err := fetch.Open(ctx, client, fetch.Options{
		Query: query, Fields: cfg.Jira.Fields, Tables: cfg.Tables, PageSize: cfg.Jira.PageSize,
		PartitionIssues: int64(cfg.Jira.PartitionIssues), Overlap: cfg.Jira.Overlap, Log: a.log,
	})
	if err != nil {
		client.Close()
		return nil, nil, err
	}
	return source, client, nil
}

func day(d config.Date) string {
	if d.IsZero() {
		return ""
	}
	return d.String()
}

// openWarehouse opens the destination; one that is only read has to be there.
func (a *app) openWarehouse(ctx context.Context, cfg *config.Config, readOnly bool) (load.Warehouse, error) {
	if cfg.Destination.Type != config.DestinationDuckDB {
		return nil, usageError{fmt.Errorf("destination.type %s is not part of this version; use duckdb", cfg.Destination.Type)}
	}
	d := cfg.Destination.DuckDB
	opts := duckdb.Options{Path: string(d.Path), Schema: d.Schema, ReadOnly: readOnly, Log: a.log}
	if !readOnly { // who asks may use the whole machine
		opts.MemoryLimit, opts.Threads = d.MemoryLimit.String(), d.Threads
	}
	return duckdb.Open(ctx, opts)
}

// workDir makes the directory for a run's files on their way.
func workDir(cfg *config.Config, runID string) (string, error) {
	parent := string(cfg.Batch.Dir)
	if parent == "" {
		parent = os.TempDir()
	}
	dir, err := os.MkdirTemp(parent, "snowdrift-"+runID+"-")
	if err != nil {
		return "", fmt.Errorf("make a directory for files on their way: %w; set batch.dir to one that can be written", err)
	}
	return dir, nil
}
