package load

import (
	"database/sql"

	"snowdrift/internal/table"
)

// StaleRows returns the query for a pipeline's live rows whose version is
// another than the census has. Its parameter is the pipeline; ScanStale reads
// its rows.
func (d Dialect) StaleRows(issues *table.Table) string {
	return d.fill(`SELECT DISTINCT t.{id}, COALESCE(t.{key}, ''), t.{updated}, s.{updated}
FROM {issues} t JOIN `+d.Quote(StageName(table.Census()))+` s ON s.{id} = t.{id}
WHERE t.{_presence} = 'live' AND t.{_pipeline} = ? AND s.{updated} IS NOT NULL
  AND (t.{updated} IS NULL OR t.{updated} <> s.{updated}) ORDER BY 1`, issues)
}

// ScanStale reads a row of StaleRows.
func ScanStale(rows *sql.Rows) (Stale, error) {
	var s Stale
	var row sql.NullTime
	err := rows.Scan(&s.ID, &s.Key, &row, &s.Jira)
	s.Row = row.Time
	return s, err
}
