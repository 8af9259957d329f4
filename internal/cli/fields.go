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
that hold them. A field that was renamed keeps its column.`,
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
			described, _ := pipeline.Tables(cfg.Jira.Site, source.Fields(), s.Columns)
			names := map[string]string{}
			for _, f := range source.Fields().Custom {
				names[f.ID] = f.Name
			}
			t := newTable(a.stdout)
			t.AppendHeader(table.Row{"field", "name", "column", "type"})
			for _, column := range described[0].Columns {
				if column.Source == tables.FromValue {
					t.AppendRow(table.Row{column.Field, names[column.Field], column.Name, column.Type.String()})
				}
			}
			t.Render()
			return nil
		},
	}
}
