package cli

import (
	"context"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"snowdrift/internal/config"
	tables "snowdrift/internal/table"
	"snowdrift/pipeline"
	"snowdrift/stages/fetch"
	"snowdrift/state"
)

func (a *app) fields() *cobra.Command {
	return &cobra.Command{
		Use:   "fields",
		Short: "List Jira's fields and the columns that they get",
		Long: `Fields lists the fields of the site that are selected, with the columns of issues
that hold them. A field that was renamed keeps its column; both names are shown.`,
		Example: "  snowdrift fields -c snowdrift.yaml",
		Args:    exactArgs(0, "no arguments"),
		RunE: func(c *cobra.Command, _ []string) error {
			sites, err := a.loadSites()
			if err != nil {
				return err
			}
			var l ledger
			return a.each(c.Context(), sites, func(a *app, cfg *config.Config) error { return a.listFields(c.Context(), cfg, &l) })
		},
	}
}

func (a *app) listFields(ctx context.Context, cfg *config.Config, l *ledger) error {
	source, client, err := a.openSource(ctx, cfg)
	if err != nil {
		return err
	}
	defer client.Close()
	s, err := a.readState(ctx, cfg)
	if err != nil {
		return err
	}
	described, _, err := l.tables(cfg, source, s)
	if err != nil {
		return err
	}
	names, first := map[string]string{}, map[string]string{}
	for _, f := range source.Fields().Custom {
		names[f.ID] = f.Name
	}
	for _, a := range l.columns {
		if a.SiteName() == cfg.Jira.Site {
			first[a.Column] = a.Name
		}
	}
	a.heading(cfg)
	t := newTable(a.stdout)
	t.AppendHeader(table.Row{"field", "name", "column", "type", "name when the column was made"})
	for _, column := range described[0].Columns {
		if column.Source != tables.FromValue {
			continue
		}
		was := first[column.Name]
		if was == names[column.Field] {
			was = ""
		}
		t.AppendRow(table.Row{column.Field, names[column.Field], column.Name, column.Type.String(), was})
	}
	t.Render()
	return nil
}

// ledger is the column ledger as it would be after the runs of several sites.
type ledger struct{ columns []tables.Assignment }

// tables describes the tables of a site, and says how many columns are new with
// it. before is the state that its run would begin from.
func (l *ledger) tables(cfg *config.Config, source *fetch.Source, before *state.State) (described []*tables.Table, added int, err error) {
	if len(before.Columns) > len(l.columns) {
		l.columns = before.Columns
	}
	known := len(l.columns)
	described, columns, err := pipeline.Tables(cfg.Jira.Site, source.Fields(), l.columns)
	if err != nil {
		return nil, 0, err
	}
	l.columns = columns
	return described, len(columns) - known, nil
}
