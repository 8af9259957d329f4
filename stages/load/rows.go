package load

import (
	"fmt"
	"strconv"

	"snowdrift/internal/table"
)

// Rows of DuckDB have numbers, and lie in groups in the order of these. The statements
// here are DuckDB's alone.

// CountParts returns the query for the number of parts of t, of so many rows each,
// in which there are rows that DeleteRows removes.
func (q Statements) CountParts(t *table.Table, rows int) string {
	return q.fill(`SELECT COUNT(DISTINCT rowid // `+strconv.Itoa(rows)+`) FROM {table} `+ofChanged(t), t)
}

// CreateOrdered returns the statement that makes the temporary table of changed readings
// in the order of their rows.
func (d Dialect) CreateOrdered() string {
	return fmt.Sprintf("CREATE OR REPLACE TEMPORARY TABLE %s (%s %s, %s %s, place BIGINT)",
		d.Quote(Ordered), d.Quote(table.ID), d.Types[table.Int], d.Quote(table.Seq), d.Types[table.Int])
}

// OrderChanged returns the statement that numbers the changed readings of issues that have
// a live row of a pipeline, from 0, in the order of these rows, each once however many
// rows somebody made of it. Its parameter is the pipeline.
func (q Statements) OrderChanged(issues *table.Table) string {
	return q.fill(`INSERT INTO {ordered}
SELECT c.{id}, c.{_seq}, ROW_NUMBER() OVER (ORDER BY MIN(t.rowid)) - 1
FROM {issues} t JOIN {changed} c ON c.{id} = t.{id}
WHERE t.{_presence} = 'live' AND t.{_pipeline} = ? AND t.{_site} = {'site'} GROUP BY c.{id}, c.{_seq}`, issues)
}

// OrderedSpans returns the query for the numbers of the first and the last ordered
// reading with rows in a part of t, for each of its parts of so many rows.
func (q Statements) OrderedSpans(t *table.Table, rows int) string {
	return q.fill(`SELECT MIN(o.place), MAX(o.place)
FROM {table} t JOIN {ordered} o ON o.{id} = t.{`+issueOf(t)+`}
WHERE t.{_site} = {'site'} GROUP BY t.rowid // `+strconv.Itoa(rows), t)
}

// TakeOrdered returns the statements that make those of the ordered readings the changed
// ones whose numbers are from one up to another.
func (q Statements) TakeOrdered(from, to int) []string {
	changed, id, seq := q.Quote(Changed), q.Quote(table.ID), q.Quote(table.Seq)
	return []string{
		"DELETE FROM " + changed,
		fmt.Sprintf("INSERT INTO %s SELECT %s, %s FROM %s WHERE place >= %d AND place < %d", changed, id, seq, q.Quote(Ordered), from, to),
	}
}
