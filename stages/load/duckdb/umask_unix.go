//go:build unix

package duckdb

import "syscall"

// keepPrivate lets nobody else read the files that the process makes.
func keepPrivate() { syscall.Umask(0o077) }
