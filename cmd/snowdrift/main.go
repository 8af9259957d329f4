// Command snowdrift loads a company's Jira into its warehouse.
package main

import (
	"os"

	"snowdrift/internal/cli"
)

func main() { os.Exit(cli.Main(os.Args[1:], os.Stdout, os.Stderr)) }
