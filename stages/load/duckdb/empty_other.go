//go:build !unix

package duckdb

import "errors"

func replaceEmpty(_, _ string) error {
	return errors.New("the file is empty: remove it")
}
