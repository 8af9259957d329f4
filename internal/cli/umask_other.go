//go:build !unix

package cli

// keepPrivate has nothing to do where files inherit the rights of their
// directory.
func keepPrivate() {}
