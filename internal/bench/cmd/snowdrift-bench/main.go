// Command snowdrift-bench measures loads of simulated sites; see package bench.
package main

import (
	"os"

	"snowdrift/internal/bench"
)

func main() { os.Exit(bench.Main(os.Args[1:], os.Stdout, os.Stderr)) }
