package snowflake

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"

	"snowdrift/internal/table"
	"snowdrift/stages/load"
	"snowdrift/state"
)

// Live returns the digest that the last commit left, and whether the table of
// issues still has as many rows as then, which SHOW knows without a warehouse.
func (w *Warehouse) Live(ctx context.Context, last *state.State) (d state.Digest, known bool, err error) {
	issues := w.table(table.Issue)
	if issues == nil {
		return d, false, fail("look at", "issues", "", errors.New("the tables were not prepared"))
	}
	err = w.with(ctx, func(ctx context.Context, s *session) error {
		rows, found, err := s.countRows(ctx, "look at", issues.Name, Dialect.Fold(issues.Name))
		known = found && last.Rows != nil && rows == strconv.FormatInt(*last.Rows, 10)
		return err
	})
	return last.Digest, known, err
}

// Diff compares the staged census with the pipeline's rows. It wakes the
// warehouse and writes nothing.
func (w *Warehouse) Diff(ctx context.Context) (load.Diff, error) {
	const op = "compare with the census"
	census := table.Census().Name
	issues := w.table(table.Issue)
	files, err := w.uploads.wait()
	if err != nil {
		return load.Diff{}, err
	}
	if issues == nil || len(files[census]) == 0 {
		return load.Diff{}, fail(op, "issues", "", errors.New("no census was staged, or the tables were not prepared"))
	}
	staged := map[string][]stagedFile{census: files[census]}
	var d load.Diff
	err = w.with(ctx, func(ctx context.Context, s *session) error {
		d = load.NewDiff()
		if err := w.copy(ctx, s, staged); err != nil {
			return err
		}
		if err := s.each(ctx, op, issues.Name, w.sql().MissingIDs(issues), []any{w.job.Pipeline}, d.ScanMissing); err != nil {
			return err
		}
		if err := s.each(ctx, op, issues.Name, w.sql().AbsentIDs(issues), []any{w.job.Pipeline}, func(rows *sql.Rows) error {
			a, err := load.ScanAbsent(rows)
			d.Absent = append(d.Absent, a)
			return err
		}); err != nil {
			return err
		}
		if err := s.each(ctx, op, issues.Name, w.sql().StaleRows(issues), []any{w.job.Pipeline}, func(rows *sql.Rows) error {
			stale, err := load.ScanStale(rows)
			d.Stale = append(d.Stale, stale)
			return err
		}); err != nil {
			return err
		}
		return s.each(ctx, op, issues.Name, w.sql().LiveByProject(issues), []any{w.job.Pipeline}, func(rows *sql.Rows) error {
			var project, n int64
			err := rows.Scan(&project, &n)
			d.Live[project] = n
			return err
		})
	})
	if err != nil {
		return load.Diff{}, err
	}
	return d, w.forgetCensus(ctx, staged)
}

// Gone returns the pipeline's rows that are not live. It wakes the warehouse and
// writes nothing.
func (w *Warehouse) Gone(ctx context.Context, from int64, limit int) (gone []load.Absent, err error) {
	const op = "list rows that are not live"
	issues := w.table(table.Issue)
	if issues == nil {
		return nil, fail(op, "issues", "", errors.New("the tables were not prepared"))
	}
	err = w.with(ctx, func(ctx context.Context, s *session) error {
		gone = nil
		return s.each(ctx, op, issues.Name, w.sql().GoneRows(issues, limit), []any{w.job.Pipeline, from}, func(rows *sql.Rows) error {
			a, err := load.ScanAbsent(rows)
			gone = append(gone, a)
			return err
		})
	})
	return gone, err
}

// forgetCensus forgets the census; files of other tables stay staged.
func (w *Warehouse) forgetCensus(ctx context.Context, staged map[string][]stagedFile) error {
	return w.with(ctx, func(ctx context.Context, s *session) error {
		for name, files := range staged {
			for _, f := range files {
				if _, err := s.named(ctx, "remove file", f.name, "REMOVE "+location(w.job.Pipeline, w.job.Run)+f.name); err != nil {
					return err
				}
			}
			delete(w.copied, name)
			w.uploads.forget(name)
		}
		return nil
	})
}

// reading are the first words of statements that read. Snowflake has no session
// that can only read; a role that may only SELECT is the real guard.
var reading = []string{"SELECT", "WITH", "SHOW", "DESCRIBE", "DESC", "LIST", "LS", "EXPLAIN"}

// Query runs SQL that reads. Whole numbers come as int64 where they fit, other
// fixed-point numbers and documents as texts.
func (w *Warehouse) Query(ctx context.Context, query string) (load.Rows, error) {
	if word := firstWord(query); !slices.Contains(reading, strings.ToUpper(word)) {
		return nil, fail("query", "", query, fmt.Errorf("%q does not begin a statement that reads; use %s", word, strings.Join(reading, ", ")))
	}
	a := &answer{}
	err := w.with(ctx, func(ctx context.Context, s *session) (err error) {
		ctx, done := s.note(ctx, "query", "", query)
		a.rows, err = s.conn.QueryContext(ctx, query)
		done(err)
		if number(err) == errSeveral {
			err = errors.Join(load.ErrSeveralStatements, err)
		}
		if err != nil {
			return fail("query", "", query, err)
		}
		if a.types, err = a.rows.ColumnTypes(); err != nil {
			return errors.Join(fail("query", "", query, err), a.rows.Close())
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return a, nil
}

// firstWord returns the first word of a statement behind blanks, comments and
// opening parentheses.
func firstWord(query string) string {
	for {
		query = strings.TrimLeft(query, " \t\r\n(")
		switch {
		case strings.HasPrefix(query, "--"), strings.HasPrefix(query, "//"):
			_, query, _ = strings.Cut(query, "\n")
		case strings.HasPrefix(query, "/*"):
			_, query, _ = strings.Cut(query, "*/")
		default:
			end := strings.IndexFunc(query, func(r rune) bool { return (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') })
			if end < 0 {
				return query
			}
			return query[:end]
		}
	}
}

type answer struct {
	rows  *sql.Rows
	types []*sql.ColumnType
}

// Types returns Snowflake's names of the columns' types.
func (a *answer) Types() []string {
	var names []string
	for _, t := range a.types {
		names = append(names, t.DatabaseTypeName())
	}
	return names
}

// Columns returns the names of the columns.
func (a *answer) Columns() []string {
	var names []string
	for _, t := range a.types {
		names = append(names, t.Name())
	}
	return names
}

// All yields the rows, and closes the answer.
func (a *answer) All() iter.Seq2[[]any, error] {
	return load.Cells(a.rows, len(a.types), func(cells []any) {
		for i, t := range a.types {
			cells[i] = typed(t, cells[i])
		}
	})
}

// typed makes a value of a cell that the driver hands over as its text.
func typed(t *sql.ColumnType, cell any) any {
	text, isText := cell.(string)
	if !isText {
		return cell
	}
	switch t.DatabaseTypeName() {
	case "FIXED":
		if n, err := strconv.ParseInt(text, 10, 64); err == nil {
			return n
		}
	case "BOOLEAN":
		if b, err := strconv.ParseBool(text); err == nil {
			return b
		}
	case "REAL":
		if f, err := strconv.ParseFloat(text, 64); err == nil {
			return f
		}
	}
	return cell
}
