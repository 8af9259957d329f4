package load

import (
	"fmt"
	"strings"

	"snowdrift/internal/table"
	"snowdrift/state"
)

// CreateChanged returns the statement that makes the temporary table of the
// issue readings that a commit writes.
func (d Dialect) CreateChanged() string {
	return fmt.Sprintf("CREATE OR REPLACE TEMPORARY TABLE %s (%s %s, %s %s)",
		d.Quote(Changed), d.Quote(table.ID), d.Types[table.Int], d.Quote(table.Seq), d.Types[table.Int])
}

// FindChanged returns the statement that picks, of all staged readings of an
// issue, the newest, and keeps it if the table does not have it yet: the issue
// is new, or not older than the row and different in content, or the row is
// held to be gone. What it does not pick is not written.
func (d Dialect) FindChanged(issues *table.Table) string {
	return d.fill(`INSERT INTO {changed}
SELECT s.{id}, s.{_seq}
FROM (
  SELECT {id}, {_seq}, {updated}, {_hash} FROM {stage}
  QUALIFY ROW_NUMBER() OVER (PARTITION BY {id} ORDER BY {updated} DESC NULLS LAST, {_seq} DESC) = 1
) s
LEFT JOIN {issues} t ON t.{id} = s.{id}
WHERE t.{id} IS NULL
   OR (t.{updated} IS NULL OR s.{updated} >= t.{updated})
  AND (t.{_hash} <> s.{_hash} OR t.{_presence} <> 'live')`, issues)
}

// MergeIssues returns the statement that writes the changed issues. Its
// parameters are pipeline and run id. Columns that are not part of this load
// keep their cells.
func (d Dialect) MergeIssues(issues *table.Table) string {
	var columns, values, updates []string
	for _, c := range issues.Columns {
		name := d.Quote(c.Name)
		columns = append(columns, name)
		values = append(values, "s."+name)
		if c.Name != table.ID {
			updates = append(updates, name+" = s."+name)
		}
	}
	return d.fill(`MERGE INTO {issues} t
USING (
  SELECT `+strings.Join(d.cells(issues), ",\n    ")+`
  FROM {stage} r JOIN {changed} c ON c.{id} = r.{id} AND c.{_seq} = r.{_seq}
) s
ON t.{id} = s.{id}
WHEN MATCHED THEN UPDATE SET
  `+strings.Join(updates, ",\n  ")+`
WHEN NOT MATCHED THEN INSERT (`+strings.Join(columns, ", ")+`)
VALUES (`+strings.Join(values, ", ")+`)`, issues)
}

// cells returns the select list that makes rows of t of staged rows r.
func (d Dialect) cells(t *table.Table) []string {
	var list []string
	for _, c := range t.Columns {
		name := d.Quote(c.Name)
		expr := d.Stored(c.Type, "r."+name)
		if c.Source == table.FromLoad {
			expr = d.stamp(c)
		}
		list = append(list, expr+" AS "+name)
	}
	return list
}

// stamp returns what the load itself puts into a column.
func (d Dialect) stamp(c table.Column) string {
	switch c.Name {
	case table.Presence:
		return "'live'"
	case table.LoadedAt:
		return d.Now
	case table.RunID, table.Pipeline:
		return "CAST(? AS " + d.Types[table.Text] + ")"
	}
	return "CAST(NULL AS " + d.Types[c.Type] + ")"
}

// DeleteRows returns the statement that removes the rows of t that belong to
// changed issues.
func (d Dialect) DeleteRows(t *table.Table) string {
	return d.fill(`DELETE FROM {table} WHERE {`+issueOf(t)+`} IN (SELECT {id} FROM {changed})`, t)
}

// InsertRows returns the statement that adds the staged rows of changed issues,
// those of the reading that was picked. For issues its parameters are pipeline
// and run id. Columns named in kept are taken from the table of that name, see
// KeepColumns.
func (d Dialect) InsertRows(t *table.Table, kept []string) string {
	var columns []string
	for _, c := range t.Columns {
		columns = append(columns, d.Quote(c.Name))
	}
	cells, join := d.cells(t), ""
	for _, name := range kept {
		columns = append(columns, d.Quote(name))
		cells = append(cells, "k."+d.Quote(name))
		join = "\nLEFT JOIN " + d.Quote(Kept) + " k ON k.{id} = r.{id}"
	}
	return d.fill(`INSERT INTO {table} (`+strings.Join(columns, ", ")+`)
SELECT `+strings.Join(cells, ", ")+`
FROM {stage} r JOIN {changed} c ON c.{id} = r.{`+issueOf(t)+`} AND c.{_seq} = r.{_seq}`+join, t)
}

// KeepColumns returns the statement that saves the cells of changed issues in
// columns that are not part of this load.
func (d Dialect) KeepColumns(issues *table.Table, columns []string) string {
	list := ""
	for _, c := range columns {
		list += ", " + d.Quote(c)
	}
	return d.fill(`CREATE OR REPLACE TEMPORARY TABLE `+d.Quote(Kept)+` AS SELECT {id}`+list+` FROM {issues} WHERE {id} IN (SELECT {id} FROM {changed})`, issues)
}

// issueOf names the column with the id of the issue that a row belongs to.
func issueOf(t *table.Table) string {
	if t.Role == table.Issue {
		return table.ID
	}
	return table.IssueID
}

// SetPresence returns the statement that marks issues by the staged findings.
func (d Dialect) SetPresence(issues *table.Table) string {
	return d.fill(`UPDATE {issues} SET {_presence} = s.{_presence}, {_presence_evidence} = s.{_presence_evidence}, {_run_id} = ?, {_loaded_at} = `+d.Now+`
FROM `+d.Quote(StageName(table.Findings()))+` s
WHERE {issues}.{id} = s.{id}`, issues)
}

// LiveDigest returns the query for the digest of a pipeline's live rows, see
// state.Digest. Its parameter is the pipeline.
func (d Dialect) LiveDigest(issues *table.Table) string {
	h := fmt.Sprintf("MOD(CAST(MOD({id}, %d) AS %s) * %d, %d)", int64(state.Prime), d.Wide, int64(state.Factor), int64(state.Prime))
	return d.fill(fmt.Sprintf(`SELECT COUNT(*), COALESCE(MOD(SUM(MOD(h * MOD(h, %d), %d)), %d), 0)
FROM (SELECT %s AS h FROM {issues} WHERE {_presence} = 'live' AND {_pipeline} = ?) x`, int64(state.Second), int64(state.Prime), int64(state.Prime), h), issues)
}

// MissingIDs returns the query for ids of the census that are no live row.
func (d Dialect) MissingIDs(issues *table.Table) string {
	return d.fill(`SELECT DISTINCT s.{id} FROM `+d.Quote(StageName(table.Census()))+` s
LEFT JOIN {issues} t ON t.{id} = s.{id} AND t.{_presence} = 'live'
WHERE t.{id} IS NULL ORDER BY 1`, issues)
}

// AbsentIDs returns the query for a pipeline's live rows that the census does
// not have. Its parameter is the pipeline.
func (d Dialect) AbsentIDs(issues *table.Table) string {
	return d.fill(`SELECT t.{id}, COALESCE(t.{project_id}, 0), COALESCE(t.{key}, '') FROM {issues} t
LEFT JOIN `+d.Quote(StageName(table.Census()))+` s ON s.{id} = t.{id}
WHERE t.{_presence} = 'live' AND t.{_pipeline} = ? AND s.{id} IS NULL ORDER BY 1`, issues)
}

// LiveByProject returns the query for the number of a pipeline's live rows in
// each project. Its parameter is the pipeline.
func (d Dialect) LiveByProject(issues *table.Table) string {
	return d.fill(`SELECT COALESCE({project_id}, 0), COUNT(*) FROM {issues}
WHERE {_presence} = 'live' AND {_pipeline} = ? GROUP BY 1 ORDER BY 1`, issues)
}

// fill replaces names in braces by quoted identifiers: {table} and {issues} by
// the table, {stage} by its staged rows, {changed} by the changed readings, any
// other by the column of that name.
func (d Dialect) fill(sql string, t *table.Table) string {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(sql, "{")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		name, after, _ := strings.Cut(rest, "}")
		switch name {
		case "table", "issues":
			name = t.Name
		case "stage":
			name = StageName(t)
		case "changed":
			name = Changed
		}
		b.WriteString(d.Quote(name))
		sql = after
	}
}
