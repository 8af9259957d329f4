package cli

import (
	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	tables "snowdrift/internal/table"
	"snowdrift/pipeline"
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
			cfg, err := a.loadConfig(nil)
			if err != nil {
				return err
			}
			source, client, err := a.openSource(c.Context(), cfg)
			if err != nil {
				return err
			}
			defer client.Close()
			s, err := a.readState(c.Context(), cfg)
			if err != nil {
				return err
			}
			described, ledger, err := pipeline.Tables(cfg.Jira.Site, source.Fields(), s.Columns)
			if err != nil {
				return err
			}
			names, first := map[string]string{}, map[string]string{}
			for _, f := range source.Fields().Custom {
				names[f.ID] = f.Name
			}
			for _, a := range ledger {
				if a.SiteName() == cfg.Jira.Site {
					first[a.Column] = a.Name
				}
			}
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
		},
	}
}
