//go:build !unix

package duckdb

// keepPrivate has nothing to do where files inherit the rights of their
// directory.
func keepPrivate() {}
