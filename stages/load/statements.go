package load

import (
	"database/sql"
	"fmt"
	"strconv"
	"strings"

	"snowdrift/internal/table"
	"snowdrift/state"
)

// Statements is the SQL that reads and writes the rows of one site. Ids of two
// sites are the same numbers, so every join and every condition on an id is on
// the site as well.
type Statements struct {
	Dialect
	Site string
}

// For returns the SQL for the rows of a site.
func (d Dialect) For(site string) Statements { return Statements{d, site} }

// CreateChanged returns the statement that makes the temporary table of the
// issue readings that a commit writes.
func (d Dialect) CreateChanged() string {
	return fmt.Sprintf("CREATE OR REPLACE TEMPORARY TABLE %s (%s %s, %s %s)",
		d.Quote(Changed), d.Quote(table.ID), d.Types[table.Int], d.Quote(table.Seq), d.Types[table.Int])
}

// FindChanged returns the statement that picks, of all staged readings of an
// issue, the newest, and keeps it if the table does not have it yet: the issue
// is new, or not older than the row and newer or different in content, or the
// row is held to be gone or belongs to another pipeline. What it does not pick is
// not written. rewrite has it pick what is as it was, too. It picks a reading once,
// however many rows somebody made of the issue.
func (q Statements) FindChanged(issues *table.Table, pipeline string, rewrite bool) (statement string, args []any) {
	differs, args := `t.{_hash} IS DISTINCT FROM s.{_hash} OR s.{updated} IS DISTINCT FROM t.{updated} OR t.{_presence} IS DISTINCT FROM 'live' OR t.{_pipeline} IS DISTINCT FROM ?`, []any{pipeline}
	if rewrite {
		differs, args = "TRUE", nil
	}
	return q.fill(`INSERT INTO {changed}
SELECT DISTINCT s.{id}, s.{_seq}
FROM (
  SELECT {id}, {_seq}, {updated}, {_hash} FROM {stage}
  QUALIFY ROW_NUMBER() OVER (PARTITION BY {id} ORDER BY {updated} DESC NULLS LAST, {_seq} DESC) = 1
) s
LEFT JOIN {issues} t ON t.{id} = s.{id} AND t.{_site} = {'site'}
WHERE t.{id} IS NULL
   OR (t.{updated} IS NULL OR s.{updated} >= t.{updated})
  AND (`+differs+`)`, issues), args
}

// MergeIssues returns the statement that writes the changed issues. Its
// parameters are pipeline and run id. Columns that are not part of this load
// keep their cells.
func (q Statements) MergeIssues(issues *table.Table) string {
	var columns, values, updates []string
	for _, c := range issues.Columns {
		name := q.Quote(c.Name)
		columns = append(columns, name)
		values = append(values, "s."+name)
		if !isKey(issues, c.Name) {
			updates = append(updates, name+" = s."+name)
		}
	}
	return q.fill(`MERGE INTO {issues} t
USING (
  SELECT `+strings.Join(q.cells(issues), ",\n    ")+`
  FROM {stage} r JOIN {changed} c ON c.{id} = r.{id} AND c.{_seq} = r.{_seq}
) s
ON t.{id} = s.{id} AND t.{_site} = s.{_site}
WHEN MATCHED THEN UPDATE SET
  `+strings.Join(updates, ",\n  ")+`
WHEN NOT MATCHED THEN INSERT (`+strings.Join(columns, ", ")+`)
VALUES (`+strings.Join(values, ", ")+`)`, issues)
}

// cells returns the select list that makes rows of t of staged rows r.
func (q Statements) cells(t *table.Table) []string {
	var list []string
	for _, c := range t.Columns {
		name := q.Quote(c.Name)
		expr := q.Stored(c.Type, "r."+name)
		if c.Source == table.FromLoad {
			expr = q.stamp(c)
		}
		list = append(list, expr+" AS "+name)
	}
	return list
}

// stamp returns what the load itself puts into a column.
func (q Statements) stamp(c table.Column) string {
	switch c.Name {
	case table.Presence:
		return "'" + table.Live + "'"
	case table.LoadedAt:
		return q.Now
	case table.Site:
		return q.Literal(q.Site)
	case table.RunID, table.Pipeline:
		return "CAST(? AS " + q.Types[table.Text] + ")"
	}
	return "CAST(NULL AS " + q.Types[c.Type] + ")"
}

// DeleteRows returns the statement that removes the rows of t that belong to
// changed issues.
func (q Statements) DeleteRows(t *table.Table) string {
	return q.fill(`DELETE FROM {table} `+ofChanged(t), t)
}

// AnyRow returns the query for one of the rows of t that DeleteRows removes.
func (q Statements) AnyRow(t *table.Table) string {
	return q.fill(`SELECT 1 FROM {table} `+ofChanged(t)+` LIMIT 1`, t)
}

// InsertRows returns the statement that adds the staged rows of changed issues,
// those of the reading that was picked. For issues its parameters are pipeline
// and run id. Columns named in kept are taken from the table of that name, see
// KeepColumns.
func (q Statements) InsertRows(t *table.Table, kept []string) string {
	return q.insert(t, kept, StageName(t), `
JOIN {changed} c ON c.{id} = r.{`+issueOf(t)+`} AND c.{_seq} = r.{_seq}`)
}

// InsertAll is InsertRows where every staged reading was picked, as in a first
// load: nothing has to be looked up. stage is the name under which the rows can be
// read, which may be a part of those that are staged.
func (q Statements) InsertAll(t *table.Table, kept []string, stage string) string {
	return q.insert(t, kept, stage, "")
}

// insert returns the statement that adds the staged rows that the join leaves.
func (q Statements) insert(t *table.Table, kept []string, stage, join string) string {
	var columns []string
	for _, c := range t.Columns {
		columns = append(columns, q.Quote(c.Name))
	}
	cells := q.cells(t)
	for _, name := range kept {
		columns = append(columns, q.Quote(name))
		cells = append(cells, "k."+q.Quote(name))
	}
	if len(kept) > 0 {
		join += "\nLEFT JOIN " + q.Quote(Kept) + " k ON k.{id} = r.{id}"
	}
	return q.fill(`INSERT INTO {table} (`+strings.Join(columns, ", ")+`)
SELECT `+strings.Join(cells, ", ")+`
FROM `+q.Quote(stage)+` r`+join, t)
}

// KeepColumns returns the statement that saves the cells of changed issues in
// columns that are not part of this load.
func (q Statements) KeepColumns(issues *table.Table, columns []string) string {
	list := ""
	for _, c := range columns {
		list += ", " + q.Quote(c)
	}
	return q.fill(`CREATE OR REPLACE TEMPORARY TABLE `+q.Quote(Kept)+` AS SELECT {id}`+list+` FROM {issues} `+ofChanged(issues), issues)
}

// ofChanged is the condition for the rows of t that belong to changed issues.
func ofChanged(t *table.Table) string {
	return `WHERE {` + issueOf(t) + `} IN (SELECT {id} FROM {changed}) AND {_site} = {'site'}`
}

// issueOf names the column with the id of the issue that a row belongs to.
func issueOf(t *table.Table) string {
	if t.Role == table.Issue {
		return table.ID
	}
	return table.IssueID
}

// SetPresence returns the statement that marks issues by the staged findings.
func (q Statements) SetPresence(issues *table.Table) string {
	return q.fill(`UPDATE {issues} SET {_presence} = s.{_presence}, {_presence_evidence} = s.{_presence_evidence}, {_run_id} = ?, {_loaded_at} = `+q.Now+`
FROM `+q.Quote(StageName(table.Findings()))+` s
WHERE {issues}.{id} = s.{id} AND {issues}.{_site} = {'site'}`, issues)
}

// LiveDigest returns the query for the digest of a pipeline's live rows, see
// state.Digest, and for the number of all rows. Its parameter is the pipeline.
func (q Statements) LiveDigest(issues *table.Table) string {
	h := fmt.Sprintf("MOD(CAST(MOD({id}, %d) AS %s) * %d, %d)", int64(state.Prime), q.Wide, int64(state.Factor), int64(state.Prime))
	return q.fill(fmt.Sprintf(`SELECT COUNT(h), COALESCE(MOD(SUM(MOD(h * MOD(h, %d), %d)), %d), 0), COUNT(*)
FROM (SELECT CASE WHEN {_presence} = 'live' AND {_pipeline} = ? AND {_site} = {'site'} THEN %s END AS h FROM {issues}) x`, int64(state.Second), int64(state.Prime), int64(state.Prime), h), issues)
}

// LiveIDs returns the query for the ids of a pipeline's live rows, for who sums
// them up by state.Digest. Its parameter is the pipeline.
func (q Statements) LiveIDs(issues *table.Table) string {
	return q.fill(`SELECT {id} FROM {issues} WHERE {_presence} = 'live' AND {_pipeline} = ? AND {_site} = {'site'}`, issues)
}

// MissingIDs returns the query for ids of the census that are no live row of a
// pipeline, and for the pipeline of which they are one, "" if they are none. Its
// parameter is the pipeline; ScanMissing reads its rows.
func (q Statements) MissingIDs(issues *table.Table) string {
	return q.fill(`SELECT s.{id}, MAX(COALESCE(t.{_pipeline}, '')) FROM `+q.Quote(StageName(table.Census()))+` s
LEFT JOIN {issues} t ON t.{id} = s.{id} AND t.{_site} = {'site'} AND t.{_presence} = 'live'
WHERE t.{_pipeline} IS DISTINCT FROM ? AND s.{id} <> `+strconv.Itoa(table.NoIssue)+` GROUP BY 1 ORDER BY 1`, issues)
}

// ScanMissing reads a row of MissingIDs into a difference.
func (d *Diff) ScanMissing(rows *sql.Rows) error {
	var id int64
	var owner string
	if err := rows.Scan(&id, &owner); err != nil {
		return err
	}
	d.Missing = append(d.Missing, id)
	if owner != "" {
		d.Others[owner]++
	}
	return nil
}

// AbsentIDs returns the query for a pipeline's live rows that the census does
// not have. Its parameter is the pipeline; ScanAbsent reads its rows.
func (q Statements) AbsentIDs(issues *table.Table) string {
	return q.fill(q.absent()+`
LEFT JOIN `+q.Quote(StageName(table.Census()))+` s ON s.{id} = t.{id}
WHERE t.{_presence} = 'live' AND t.{_pipeline} = ? AND t.{_site} = {'site'} AND s.{id} IS NULL ORDER BY 1`, issues)
}

// GoneRows returns the query for a pipeline's rows that are not live, see
// Warehouse.Gone. Its parameters are the pipeline and the least id.
func (q Statements) GoneRows(issues *table.Table, limit int) string {
	return q.fill(q.absent()+`
WHERE t.{_presence} <> 'live' AND t.{_pipeline} = ? AND t.{_site} = {'site'} AND t.{id} >= ? ORDER BY 1 LIMIT `+strconv.Itoa(limit), issues)
}

// absent begins a query whose rows ScanAbsent reads.
func (q Statements) absent() string {
	return `SELECT t.{id}, COALESCE(t.{project_id}, 0), COALESCE(t.{key}, ''), COALESCE(` + q.Millis("t.{updated}") + `, 0), t.{_presence}, COALESCE(t.{_presence_evidence}, '') FROM {issues} t`
}

// ScanAbsent reads a row of AbsentIDs or GoneRows.
func ScanAbsent(rows *sql.Rows) (Absent, error) {
	var a Absent
	err := rows.Scan(&a.ID, &a.ProjectID, &a.Key, &a.Updated, &a.Presence, &a.Evidence)
	return a, err
}

// LiveByProject returns the query for the number of a pipeline's live rows in
// each project. Its parameter is the pipeline.
func (q Statements) LiveByProject(issues *table.Table) string {
	return q.fill(`SELECT COALESCE({project_id}, 0), COUNT(*) FROM {issues}
WHERE {_presence} = 'live' AND {_pipeline} = ? AND {_site} = {'site'} GROUP BY 1 ORDER BY 1`, issues)
}

// fill replaces names in braces by quoted identifiers: {table} and {issues} by
// the table, {stage} by its staged rows, {changed} by the changed readings, any
// other by the column of that name. {'site'} is the site's name as a literal.
func (q Statements) fill(sql string, t *table.Table) string {
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
		case "ordered":
			name = Ordered
		case "'site'":
			b.WriteString(q.Literal(q.Site))
			sql = after
			continue
		}
		b.WriteString(q.Quote(name))
		sql = after
	}
}
