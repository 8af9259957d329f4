//go:build unix

package cli

import "syscall"

// keepPrivate lets nobody else read the files that the process makes: they hold
// a company's issues, and DuckDB makes its files without asking for a mode.
func keepPrivate() { syscall.Umask(0o077) }
