package load

import (
	"database/sql"
	"time"

	"snowdrift/internal/table"
)

// Contradiction is a row of issue_field_history that contradicts the rows beside
// it or the issue. Jira's own history says so; the row tells it as it is.
type Contradiction struct {
	Issue int64  `json:"issue"`
	Key   string `json:"key"`
	Field string `json:"field"` // id of the field, or its name in the changelog
	// Change is the id of the change that the row began with, 0 for a row that
	// begins with the issue; Since is when it began.
	Change int64     `json:"change,omitempty"`
	Since  time.Time `json:"since"`
	// FromDiffers: a change says that the field had another value before than the
	// changes before it left. TodayDiffers: the issue has another value now than
	// its last change left. TooEarly: the row began before the issue did.
	FromDiffers  bool `json:"from_differs"`
	TodayDiffers bool `json:"today_differs"`
	TooEarly     bool `json:"too_early"`
}

// Contradictions returns the query for the contradictions in the history of a
// pipeline's live issues. Its parameter is the pipeline; ScanContradiction reads
// its rows.
func (q Statements) Contradictions(issues, history *table.Table) string {
	return q.fill(`SELECT h.{issue_id}, COALESCE(i.{key}, ''), COALESCE(h.{field_id}, h.{field}, ''), COALESCE(h.{history_id}, 0), h.{valid_from},
  COALESCE(h.{from_differs}, FALSE), COALESCE(h.{today_differs}, FALSE), COALESCE(h.{valid_from} < i.{created}, FALSE)
FROM {table} h JOIN `+q.Quote(issues.Name)+` i ON i.{id} = h.{issue_id} AND i.{_site} = h.{_site}
WHERE i.{_presence} = 'live' AND i.{_pipeline} = ? AND i.{_site} = {'site'}
  AND (h.{from_differs} OR h.{today_differs} OR h.{valid_from} < i.{created})
ORDER BY h.{issue_id}, h.{position}`, history)
}

// ScanContradiction reads a row of Contradictions.
func ScanContradiction(rows *sql.Rows) (Contradiction, error) {
	var c Contradiction
	var since sql.NullTime
	err := rows.Scan(&c.Issue, &c.Key, &c.Field, &c.Change, &since, &c.FromDiffers, &c.TodayDiffers, &c.TooEarly)
	c.Since = since.Time.UTC()
	return c, err
}

// Histories returns the tables that hold issues and their history; the latter is
// nil where it is not loaded.
func Histories(tables []*table.Table) (issues, history *table.Table) {
	for _, t := range tables {
		switch {
		case t.Role == table.Issue:
			issues = t
		case t.Name == table.FieldHistory:
			history = t
		}
	}
	return issues, history
}
