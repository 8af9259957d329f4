package snowflake

import (
	"context"
	"database/sql"
	"slices"

	"snowdrift/internal/table"
	"snowdrift/stages/load"
)

// write does all that a commit changes, within the transaction. It runs no DDL.
func (w *Warehouse) write(ctx context.Context, s *session, c load.Commit, files map[string][]stagedFile) (load.Result, error) {
	result := load.Result{Rows: map[string]int64{}}
	if err := w.checkFence(ctx, s); err != nil {
		return result, err
	}
	var all int64
	if issues := w.table(table.Issue); issues != nil {
		if err := w.merge(ctx, s, c, issues, files, result.Rows); err != nil {
			return result, err
		}
		if err := w.dimensions(ctx, s, c, files, result.Rows); err != nil {
			return result, err
		}
		err := s.each(ctx, "commit", issues.Name, w.sql().LiveDigest(issues), []any{c.Run.Pipeline}, func(rows *sql.Rows) error {
			return rows.Scan(&result.Digest.Count, &result.Digest.Sum, &all)
		})
		if err != nil {
			return result, err
		}
	}
	if c.State != nil {
		c.State.Digest, c.State.Rows = result.Digest, &all
		if err := w.saveState(ctx, s, c.State); err != nil {
			return result, err
		}
	}
	return result, saveRun(ctx, s, c.Run)
}

// merge writes the rows of the staged files.
func (w *Warehouse) merge(ctx context.Context, s *session, c load.Commit, issues *table.Table, files map[string][]stagedFile, rows map[string]int64) error {
	if len(files[issues.Name]) > 0 {
		if err := w.replace(ctx, s, c, issues, files, rows); err != nil {
			return err
		}
	}
	if len(files[table.Findings().Name]) == 0 {
		return nil
	}
	if c.Remove {
		if err := w.remove(ctx, s, rows); err != nil {
			return err
		}
	}
	n, err := s.affect(ctx, "commit", issues.Name, w.sql().SetPresence(issues), c.Run.ID)
	rows[issues.Name] += n
	return err
}

// remove removes the rows of issues that are found to be deleted, from every
// table that is there.
func (w *Warehouse) remove(ctx context.Context, s *session, rows map[string]int64) error {
	from := func(t *table.Table, withSite bool) error {
		n, err := s.affect(ctx, "commit", t.Name, w.sql().RemoveFound(t, withSite))
		if n > 0 {
			rows[t.Name] += n
		}
		return err
	}
	for _, t := range w.tables {
		if !t.OfIssues() {
			continue
		}
		if err := from(t, true); err != nil {
			return err
		}
	}
	for _, t := range load.Unprepared(w.tables) {
		have, err := columns(ctx, s, t.Name)
		if err != nil {
			return err
		}
		if len(have) == 0 {
			continue
		}
		_, withSite := have[Dialect.Fold(table.Site)]
		if err := from(t, withSite); err != nil {
			return err
		}
	}
	return nil
}

// dimensions writes the dimensions that were read.
func (w *Warehouse) dimensions(ctx context.Context, s *session, c load.Commit, files map[string][]stagedFile, rows map[string]int64) error {
	for _, t := range w.tables {
		if t.Role != table.Dimension || !slices.Contains(c.Dimensions, t.Name) {
			continue
		}
		for _, statement := range w.sql().ReplaceDimension(t, len(files[t.Name]) > 0, c.Rewrite) {
			n, err := s.affect(ctx, "commit", t.Name, statement, c.Run.ID)
			if err != nil {
				return err
			}
			rows[t.Name] += n
		}
	}
	return nil
}

// replace writes the staged rows of changed issues, in all tables that have
// rows of issues.
func (w *Warehouse) replace(ctx context.Context, s *session, c load.Commit, issues *table.Table, files map[string][]stagedFile, rows map[string]int64) error {
	pick, args := w.sql().FindChanged(issues, c.Run.Pipeline, c.Rewrite)
	changed, err := s.affect(ctx, "commit", issues.Name, pick, args...)
	if err != nil || changed == 0 {
		return err
	}
	if rows[issues.Name], err = s.affect(ctx, "commit", issues.Name, w.sql().MergeIssues(issues), c.Run.Pipeline, c.Run.ID); err != nil {
		return err
	}
	for _, t := range w.tables {
		if t.Role != table.Child {
			continue
		}
		deleted, err := s.affect(ctx, "commit", t.Name, w.sql().DeleteRows(t))
		if err != nil {
			return err
		}
		var inserted int64
		if len(files[t.Name]) > 0 {
			if inserted, err = s.affect(ctx, "commit", t.Name, w.sql().InsertRows(t, nil)); err != nil {
				return err
			}
		}
		rows[t.Name] += max(deleted, inserted)
	}
	return w.noteUnparsed(ctx, s, issues, rows)
}

// unparsed returns the statement that notes the issues whose document Snowflake
// does not take for JSON as value errors. A column of theirs that holds a part of
// the document may be a text as well; so _raw stands for all of them. It asks the
// staged rows: of issues Snowflake would have to read the whole column.
func unparsed(q load.Statements) string {
	return `INSERT INTO "_SNOWDRIFT_VALUE_ERRORS" ("ISSUE_ID", "FIELD_ID", "TABLE_NAME", "COLUMN_NAME", "REASON", "_SITE")
SELECT r."ID", '', 'issues', '_raw', 'Snowflake does not take the document for JSON, such as an object that has a member twice; it is kept as a text', ` + q.Literal(q.Site) + `
FROM "_STAGE_ISSUES" r JOIN "_SNOWDRIFT_CHANGED" c ON c."ID" = r."ID" AND c."_SEQ" = r."_SEQ"
WHERE r."_RAW" IS NOT NULL AND TRY_PARSE_JSON(r."_RAW") IS NULL`
}

func (w *Warehouse) noteUnparsed(ctx context.Context, s *session, issues *table.Table, rows map[string]int64) error {
	errors := table.ValueErrors().Name
	if issues.Column(table.Raw) == nil || !slices.ContainsFunc(w.tables, func(t *table.Table) bool { return t.Name == errors }) {
		return nil
	}
	n, err := s.affect(ctx, "commit", errors, unparsed(w.sql()))
	if n > 0 {
		w.opts.Log.Warn("Snowflake does not take some documents for JSON; they are kept as texts, see _snowdrift_value_errors", "issues", n)
	}
	rows[errors] += n
	return err
}
