package load

import (
	"strings"

	"snowdrift/internal/table"
)

// ReplaceDimension returns the statements that make the site's rows of a
// dimension what is staged of it; staged tells whether any row is. rewrite has rows
// written that are as they were, too. The parameter of each is the run id.
func (q Statements) ReplaceDimension(t *table.Table, staged, rewrite bool) []string {
	if !staged {
		return []string{q.markGone(t, "")}
	}
	var same []string
	for _, k := range t.Key {
		if k != table.Site { // which staged rows do not say
			same = append(same, "s."+q.Quote(k)+" = {table}."+q.Quote(k))
		}
	}
	return []string{
		q.markGone(t, " AND NOT EXISTS (SELECT 1 FROM {stage} s WHERE "+strings.Join(same, " AND ")+")"),
		q.mergeDimension(t, rewrite),
	}
}

// markGone returns the statement that marks the live rows for which a further
// condition holds.
func (q Statements) markGone(t *table.Table, condition string) string {
	return q.fill(`UPDATE {table} SET {_presence} = '`+table.Gone+`', {_run_id} = ?, {_loaded_at} = `+q.Now+`
WHERE {_presence} = '`+table.Live+`' AND {_site} = {'site'}`+condition, t)
}

// mergeDimension returns the statement that writes the staged rows that are new,
// different, or held to be gone, or that lack a cell, as all do in a column that was
// dropped and made anew. Of rows with one key, which pages that shift give, the last
// counts.
func (q Statements) mergeDimension(t *table.Table, rewrite bool) string {
	differs := []string{"t.{_hash} IS DISTINCT FROM s.{_hash}", "t.{_presence} IS DISTINCT FROM '" + table.Live + "'"}
	var columns, values, updates, staged, same []string
	for _, c := range t.Columns {
		name := q.Quote(c.Name)
		columns = append(columns, name)
		values = append(values, "s."+name)
		if !isKey(t, c.Name) {
			updates = append(updates, name+" = s."+name)
			if c.Source != table.FromLoad {
				differs = append(differs, "t."+name+" IS NULL AND s."+name+" IS NOT NULL")
			}
			continue
		}
		same = append(same, "t."+name+" = s."+name)
		if c.Name != table.Site {
			staged = append(staged, "r."+name)
		}
	}
	if rewrite {
		differs = []string{"TRUE"}
	}
	return q.fill(`MERGE INTO {table} t
USING (
  SELECT `+strings.Join(q.cells(t), ",\n    ")+`
  FROM {stage} r
  QUALIFY ROW_NUMBER() OVER (PARTITION BY `+strings.Join(staged, ", ")+` ORDER BY r.{_seq} DESC) = 1
) s
ON `+strings.Join(same, " AND ")+`
WHEN MATCHED AND (`+strings.Join(differs, "\n  OR ")+`) THEN UPDATE SET
  `+strings.Join(updates, ",\n  ")+`
WHEN NOT MATCHED THEN INSERT (`+strings.Join(columns, ", ")+`)
VALUES (`+strings.Join(values, ", ")+`)`, t)
}
