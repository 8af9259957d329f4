//go:build !linux

package duckdb

// program is what is mapped of the program itself. It is empty where it is not known how
// to let go of it.
type program struct{}

func thisProgram() (program, error) { return program{}, nil }

func (program) letGo() error { return nil }
