package snowflake

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"snowdrift/internal/table"
	"snowdrift/stages/load"
)

// typeNames are what SHOW COLUMNS calls the types of our columns
// (sql-reference/sql/show-columns).
var typeNames = map[string]table.Type{
	"BOOLEAN": table.Bool, "FIXED": table.Int, "REAL": table.Float, "TEXT": table.Text, "DATE": table.Date,
	"TIMESTAMP_TZ": table.Timestamp, "VARIANT": table.JSON, "ARRAY": table.List,
}

// typeOf reads the type of a column in the answer of SHOW COLUMNS: 0 for one that
// snowdrift gives to no column, such as a NUMBER with a scale, which somebody chose.
// Lengths and precisions, which can be changed in place, do not count.
func typeOf(dataType string) table.Type {
	var shown struct {
		Type  string `json:"type"`
		Scale int    `json:"scale"`
	}
	if err := json.Unmarshal([]byte(dataType), &shown); err != nil {
		return 0 // nothing is concluded from what cannot be read
	}
	t := typeNames[shown.Type]
	if t == table.Int && shown.Scale != 0 {
		return 0
	}
	return t
}

// mistyped returns the columns of t that are there with the type of another kind of
// values. A type that snowdrift gives to no column is no mistake of its own.
func mistyped(t *table.Table, have map[string]column) []table.Column {
	var out []table.Column
	for _, c := range t.Columns {
		if is := have[Dialect.Fold(c.Name)].kind; is != 0 && is != c.Type {
			out = append(out, c)
		}
	}
	return out
}

// emptyMistyped returns the mistyped columns that hold nothing, and refuses one with
// values for which it was not made.
func emptyMistyped(ctx context.Context, s *session, t *table.Table, have map[string]column) (empty []table.Column, err error) {
	for _, c := range mistyped(t, have) {
		is := have[Dialect.Fold(c.Name)].kind
		values, err := countValues(ctx, s, t, c)
		switch {
		case err != nil:
			return nil, err
		case values == 0:
			empty = append(empty, c)
		case !load.Alike(is, c.Type):
			return nil, Dialect.Mistyped(t, c, Dialect.Types[is])
		}
	}
	return empty, nil
}

// dropMistyped removes, of the table and of have, columns of another type than their
// description says, if they hold nothing. A run that ended before its first commit
// leaves columns of which the ledger does not know; when their field then changes its
// type, the new column gets the name of the old one.
func (w *Warehouse) dropMistyped(ctx context.Context, s *session, t *table.Table, have map[string]column) error {
	if len(mistyped(t, have)) == 0 {
		return nil
	}
	if err := w.lead(ctx, s); err != nil {
		return err
	}
	empty, err := emptyMistyped(ctx, s, t, have)
	if err != nil {
		return err
	}
	for _, c := range empty {
		name := Dialect.Fold(c.Name)
		if err := w.unclaimed(ctx, s, t, c, have[name].kind); err != nil {
			return err
		}
		w.shown = nil
		drop := "ALTER TABLE " + Dialect.Quote(t.Name) + " DROP COLUMN " + Dialect.Quote(c.Name)
		if err := s.run(ctx, "prepare table", t.Name, drop); err != nil {
			return err
		}
		delete(have, name)
	}
	return nil
}

func countValues(ctx context.Context, s *session, t *table.Table, c table.Column) (n int64, err error) {
	count := "SELECT COUNT(" + Dialect.Quote(c.Name) + ") FROM " + Dialect.Quote(t.Name)
	err = s.each(ctx, "look at column "+c.Name+" of", t.Name, count, nil, func(rows *sql.Rows) error { return rows.Scan(&n) })
	return n, err
}

// othersAtWork returns the query for the pipelines other than one that hold their
// lease.
func othersAtWork(expiry time.Duration) string {
	return fmt.Sprintf(`SELECT "PIPELINE" FROM "_SNOWDRIFT_LEASE" WHERE "PIPELINE" <> ? AND "RUN_ID" <> '' AND "ACQUIRED" >= DATEADD(second, -%d, CURRENT_TIMESTAMP()) ORDER BY 1`,
		int64(expiry.Seconds()))
}

// unclaimed fails if an empty column may be another pipeline's, which names its
// columns beside ours: made by a run that has not committed yet, or in the ledger
// since this run read it.
func (w *Warehouse) unclaimed(ctx context.Context, s *session, t *table.Table, c table.Column, is table.Type) error {
	claimed := func(by error) error {
		return &load.Error{Op: "prepare table", On: t.Name,
			Err:  fmt.Errorf("column %s is %s and is to be %s: %w", c.Name, Dialect.Types[is], Dialect.Types[c.Type], by),
			Hint: "it may be another pipeline's: run again when that has come to its end, and the field gets a column of another name"}
	}
	var others []string
	err := s.each(ctx, "look for other runs", "", othersAtWork(w.opts.Lease), []any{w.job.Pipeline}, func(rows *sql.Rows) error {
		var pipeline string
		err := rows.Scan(&pipeline)
		others = append(others, pipeline)
		return err
	})
	if err != nil {
		return err
	}
	if len(others) > 0 {
		return claimed(fmt.Errorf("%w: pipeline %s", load.ErrLeaseHeld, strings.Join(others, ", ")))
	}
	ledger, err := readLedger(ctx, s)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(ledger, func(a table.Assignment) bool { return a.Column == c.Name && a.Type == is })
	if i >= 0 && t.Role == table.Issue {
		return claimed(fmt.Errorf("the column ledger has it for %s of site %s", ledger[i].Field, ledger[i].SiteName()))
	}
	return nil
}
