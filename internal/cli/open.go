package cli

import (
	"context"
	"fmt"
	"strings"

	"snowdrift/internal/config"
	"snowdrift/internal/jira"
	"snowdrift/internal/table"
	"snowdrift/stages/fetch"
	"snowdrift/stages/load"
	"snowdrift/stages/load/duckdb"
	"snowdrift/stages/load/snowflake"
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
	a.configs = append(a.configs, cfg)
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
	transport, err := transportOf(ctx, cfg.Jira)
	if err != nil {
		return nil, err
	}
	login, err := a.loginOf(cfg.Jira, transport)
	if err != nil {
		return nil, err
	}
	deployment := jira.Deployment(cfg.Jira.Deployment)
	if cfg.Jira.Deployment == config.DeploymentAuto {
		deployment = ""
	}
	opts := jira.Options{
		BaseURL: cfg.Jira.URL, Deployment: deployment, CloudID: cfg.Jira.CloudID, Login: login, Transport: transport,
		Concurrency: cfg.Jira.Concurrency, RequestsPerSecond: cfg.Jira.RequestsPerSecond,
		RequestTimeout: cfg.Jira.RequestTimeout, RetryBudget: max(cfg.Jira.RetryBudget, 1), // 0 is no repeating, not the client's default
		MaxResponseBytes: int64(cfg.Jira.MaxResponse), AllowHTTP: cfg.Jira.AllowHTTP, GatewayURL: a.gateway, Log: a.log,
	}
	if a.adjust != nil {
		a.adjust(&opts)
	}
	return jira.Dial(ctx, opts)
}

// openSource dials Jira and checks what the configuration asks for against it.
func (a *app) openSource(ctx context.Context, cfg *config.Config) (*fetch.Source, *jira.Client, error) {
	client, err := a.openJira(ctx, cfg)
	if err != nil {
		return nil, nil, err
	}
	source, err := a.sourceOf(ctx, client, cfg)
	if err != nil {
		client.Close()
		return nil, nil, err
	}
	return source, client, nil
}

// sourceOf asks the site for what the configuration selects.
func (a *app) sourceOf(ctx context.Context, client *jira.Client, cfg *config.Config) (*fetch.Source, error) {
	query := fetch.Query{JQL: cfg.Jira.Search.JQL}
	if cfg.Jira.Search.Type == config.SearchSimple {
		query = fetch.Query{
			Projects: cfg.Jira.Search.Project, StatusCategories: cfg.Jira.Search.StatusCategory,
			UpdatedAfter: cfg.Jira.Search.UpdatedAfter.String(), CreatedAfter: cfg.Jira.Search.CreatedAfter.String(),
		}
	}
	return fetch.Open(ctx, client, fetch.Options{
		Query: query, Fields: cfg.Jira.Fields.Select, Names: cfg.Jira.Fields.Rename, Text: richText(cfg.Jira.RichText), Tables: cfg.Tables, PageSize: cfg.Jira.PageSize,
		PartitionIssues: int64(cfg.Jira.PartitionIssues), Readers: cfg.Jira.Concurrency, Overlap: cfg.Jira.Overlap, Log: a.log,
	})
}

// richText is what the configuration wants made of rich text.
func richText(choice string) table.RichTexts {
	switch choice {
	case config.RichTextMarkdown:
		return table.MarkdownText
	case config.RichTextBoth:
		return table.BothTexts
	}
	return table.PlainText
}

// openWarehouse opens the destination; one that is only read has to be there.
func (a *app) openWarehouse(ctx context.Context, cfg *config.Config, readOnly bool) (load.Warehouse, error) {
	if cfg.Destination.Type == config.DestinationSnowflake {
		opts, err := snowflakeOptions(ctx, cfg, a.log)
		if err != nil {
			return nil, err
		}
		return snowflake.Open(ctx, opts)
	}
	opts := a.duckdbOptions(cfg)
	if readOnly { // who asks may use the whole machine
		opts.ReadOnly, opts.MemoryLimit, opts.Threads = true, "", 0
	}
	return duckdb.Open(ctx, opts)
}

func (a *app) duckdbOptions(cfg *config.Config) duckdb.Options {
	d := cfg.Destination.DuckDB
	opts := duckdb.Options{Path: string(d.Path), Schema: d.Schema, Threads: d.Threads, Log: a.log}
	if d.MemoryLimit > 0 {
		opts.MemoryLimit = d.MemoryLimit.String()
	}
	return opts
}
