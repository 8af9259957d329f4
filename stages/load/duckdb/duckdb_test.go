package duckdb

import "testing"

func TestLink(t *testing.T) {}
