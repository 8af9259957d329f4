package cli

import (
	"fmt"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"snowdrift/internal/config"
)

func (a *app) configCommand() *cobra.Command {
	c := &cobra.Command{
		Use:     "config",
		Short:   "Show the configuration as snowdrift understands it",
		Example: "  snowdrift config show\n  snowdrift config example > snowdrift.yaml",
		Args:    exactArgs(0, "a command"),
		RunE: func(c *cobra.Command, _ []string) error {
			return usageError{fmt.Errorf("%s takes a command: show, example or schema", c.CommandPath())}
		},
	}
	c.AddCommand(
		&cobra.Command{
			Use: "show", Short: "Show every key with its value and where it comes from; secrets are masked",
			Example: "  snowdrift config show -c snowdrift.yaml",
			Args:    exactArgs(0, "no arguments"),
			RunE: func(*cobra.Command, []string) error {
				cfg, err := a.loadConfig(nil)
				if err != nil {
					return err
				}
				t := newTable(a.stdout)
				t.AppendHeader(table.Row{"key", "value", "from"})
				for _, r := range cfg.Rows() {
					t.AppendRow(table.Row{r.Key, r.Value, r.Origin})
				}
				t.Render()
				return nil
			},
		},
		&cobra.Command{
			Use: "example", Short: "Print a configuration with every key documented",
			Example: "  snowdrift config example > snowdrift.yaml",
			Args:    exactArgs(0, "no arguments"),
			RunE: func(*cobra.Command, []string) error {
				_, err := a.stdout.Write(config.Example())
				return err
			},
		},
		&cobra.Command{
			Use: "schema", Short: "Print the JSON Schema of the configuration, for editors",
			Example: "  snowdrift config schema > snowdrift.schema.json",
			Args:    exactArgs(0, "no arguments"),
			RunE: func(*cobra.Command, []string) error {
				schema, err := config.Schema()
				if err != nil {
					return err
				}
				_, err = a.stdout.Write(schema)
				return err
			},
		},
	)
	return c
}
