package cli

import (
	"fmt"
	"runtime/debug"

	"github.com/spf13/cobra"
)

func (a *app) version() *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the version",
		Long:    "Version prints the version of snowdrift, of Go, and of the libraries that read and write data.",
		Example: "  snowdrift version",
		Args:    exactArgs(0, "no arguments"),
		RunE: func(*cobra.Command, []string) error {
			info, ok := debug.ReadBuildInfo()
			if !ok {
				return fmt.Errorf("this binary carries no build information")
			}
			fmt.Fprintf(a.stdout, "snowdrift %s %s\n", info.Main.Version, info.GoVersion)
			for _, dep := range info.Deps {
				switch dep.Path {
				case "github.com/duckdb/duckdb-go/v2", "github.com/snowflakedb/gosnowflake", "github.com/apache/arrow/go/v15":
					fmt.Fprintf(a.stdout, "  %s %s\n", dep.Path, dep.Version)
				}
			}
			return nil
		},
	}
}
