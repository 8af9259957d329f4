package load

import (
	"database/sql"
	"fmt"

	"snowdrift/internal/table"
	"snowdrift/state"
)

// VersionDigest returns the query for the digest of a pipeline's live rows by id
// and updated, see state.Digest.AddVersion. Its parameter is the pipeline.
func (q Statements) VersionDigest(issues *table.Table) string {
	p := int64(state.Prime)
	spread := fmt.Sprintf("MOD(CAST(MOD({id}, %d) AS %s) * %d, %d)", p, q.Wide, int64(state.Factor), p)
	h := fmt.Sprintf("MOD(%s + %d + COALESCE(%s, 0), %d)", spread, p, q.Millis("{updated}"), p)
	return q.fill(fmt.Sprintf(`SELECT COUNT(*), COALESCE(MOD(SUM(MOD(h * MOD(h, %d), %d)), %d), 0)
FROM (SELECT %s AS h FROM {issues} WHERE {_presence} = 'live' AND {_pipeline} = ? AND {_site} = {'site'}) x`, int64(state.Second), p, p, h), issues)
}

// StrayRows returns the query for rows that no load writes: an issue's second
// row, and rows without presence, pipeline or site. Its parameter is the pipeline.
func (q Statements) StrayRows(issues *table.Table) string {
	return q.fill(`SELECT {id}, COALESCE(MAX({key}), ''), COUNT(*) FROM {issues}
WHERE ({_pipeline} = ? OR {_pipeline} IS NULL) AND ({_site} = {'site'} OR {_site} IS NULL) GROUP BY {id}
HAVING COUNT(*) > 1 OR COUNT({_pipeline}) = 0 OR COUNT({_presence}) = 0 OR COUNT({_site}) = 0 OR {id} IS NULL ORDER BY 1`, issues)
}

// StaleRows returns the query for a pipeline's live rows whose version is
// another than the census has. Its parameter is the pipeline; ScanStale reads
// its rows.
func (q Statements) StaleRows(issues *table.Table) string {
	return q.fill(`SELECT DISTINCT t.{id}, COALESCE(t.{key}, ''), t.{updated}, s.{updated}
FROM {issues} t JOIN `+q.Quote(StageName(table.Census()))+` s ON s.{id} = t.{id}
WHERE t.{_presence} = 'live' AND t.{_pipeline} = ? AND t.{_site} = {'site'} AND s.{updated} IS NOT NULL
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

// ScanStray reads a row of StrayRows.
func ScanStray(rows *sql.Rows) (Stray, error) {
	var s Stray
	var id sql.NullInt64
	err := rows.Scan(&id, &s.Key, &s.Rows)
	s.ID = id.Int64
	return s, err
}
