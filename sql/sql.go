// Package sql embeds the SQL files beside it: what the product runs to set a
// destination up, and what an administrator can read or run by hand. Tables of
// issues are not here: their DDL follows from internal/table.
//
// The views for analysts are in views, where all dialects write them alike, or else
// in the folder of that name of each dialect, see View.
package sql

import (
	"embed"
	"strings"
)

//go:embed duckdb snowflake views
var files embed.FS

// Text returns a file such as "duckdb/meta.sql" as it is.
func Text(name string) string {
	text, err := files.ReadFile(name)
	if err != nil {
		panic("sql: the file is part of the binary: " + err.Error())
	}
	return string(text)
}

// Statements returns the statements of a file, in their order, without comments
// between them.
func Statements(name string) []string {
	var lines []string
	for _, line := range strings.Split(Text(name), "\n") {
		if !strings.HasPrefix(strings.TrimSpace(line), "--") {
			lines = append(lines, line)
		}
	}
	var statements []string
	for _, s := range strings.Split(strings.Join(lines, "\n"), ";\n") {
		if s = strings.TrimSpace(s); s != "" {
			statements = append(statements, s)
		}
	}
	return statements
}
