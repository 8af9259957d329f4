package engine

import (
	"context"
	"fmt"
	"slices"

	"snowdrift/internal/snowflaketest/duckfn"
	"snowdrift/internal/snowflaketest/sferr"
	"snowdrift/internal/snowflaketest/sqltype"
	"snowdrift/internal/snowflaketest/syntax"
	"snowdrift/internal/snowflaketest/translate"
)

// alterTable runs ALTER TABLE, which wants OWNERSHIP.
func (x *execution) alterTable(ctx context.Context, st *syntax.AlterTable) (string, error) {
	t, err := x.findTable(st.Name)
	if err != nil {
		if st.IfExists && sferr.As(err).Code == "002003" {
			return succeeded, nil
		}
		return "", err
	}
	if err := x.require("OWNERSHIP", t.name); err != nil {
		return "", err
	}
	if err := x.lock(ctx, t, exclusive); err != nil {
		return "", err
	}
	switch {
	case st.Add != nil:
		return succeeded, x.addColumns(ctx, t, st)
	case st.DropColumns != nil:
		return succeeded, x.dropColumns(ctx, t, st)
	case st.Columns != nil:
		return succeeded, x.changeColumns(t, st.Columns)
	case st.SetComment != nil:
		x.engine.mu.Lock()
		defer x.engine.mu.Unlock()
		t.comment = *st.SetComment
		return succeeded, nil
	}
	return "", sferr.Unsupported("this form of ALTER TABLE")
}

// setColumns replaces the columns of a table or a view.
func (e *Engine) setColumns(of *[]column, columns []column) {
	e.mu.Lock()
	defer e.mu.Unlock()
	*of = columns
}

func (x *execution) addColumns(ctx context.Context, t *table, st *syntax.AlterTable) error {
	defs, err := translate.Definition(st.Add)
	if err != nil {
		return err
	}
	columns := x.engine.columns(&t.columns)
	var statements []string
	for i, c := range defs {
		if c.Default != nil && st.AddIfNotExists {
			return sferr.Compilation("001003", "42000", "syntax error: ADD COLUMN IF NOT EXISTS takes no DEFAULT")
		}
		if slices.ContainsFunc(columns, func(o column) bool { return o.Name == c.Name }) {
			if st.AddIfNotExists {
				continue
			}
			return sferr.Compilation("001430", "42601", "column '%s' already exists", c.Name)
		}
		if c.NotNull && c.Default == nil {
			n, err := x.queryInt(ctx, "SELECT count(*) FROM "+t.physical)
			if err != nil {
				return err
			}
			if n > 0 {
				return sferr.New("002055", "42601", "Non-nullable column '%s' cannot be added to non-empty table '%s' unless it has a non-null default value.", c.Name, t.name[2])
			}
		}
		columns = append(columns, column{Column: c, comment: st.Add[i].Comment})
		fill := ""
		if c.Default != nil {
			fill = " DEFAULT " + duckfn.Quote(*c.Default)
		}
		statements = append(statements, fmt.Sprintf("ALTER TABLE %s ADD COLUMN %s %s%s", t.physical, quoted(c.Name), c.Type.DuckDB(), fill))
	}
	if err := checkColumns(columns); err != nil {
		return err
	}
	if err := x.exec(ctx, statements...); err != nil {
		return err
	}
	x.engine.setColumns(&t.columns, columns)
	return nil
}

func (x *execution) dropColumns(ctx context.Context, t *table, st *syntax.AlterTable) error {
	columns := x.engine.columns(&t.columns)
	var statements []string
	for _, name := range st.DropColumns {
		i := slices.IndexFunc(columns, func(c column) bool { return c.Name == name })
		if i < 0 {
			if st.DropIfExists {
				continue
			}
			return sferr.Compilation("000904", "42000", "invalid identifier '%s'", name)
		}
		columns = slices.Delete(columns, i, i+1)
		statements = append(statements, fmt.Sprintf("ALTER TABLE %s DROP COLUMN %s", t.physical, quoted(name)))
	}
	if err := x.exec(ctx, statements...); err != nil {
		return err
	}
	x.engine.setColumns(&t.columns, columns)
	return nil
}

// changeColumns comments, widens or loosens columns. What would rewrite data is
// refused, as on Snowflake.
func (x *execution) changeColumns(t *table, changes []syntax.ColumnChange) error {
	columns := x.engine.columns(&t.columns)
	for _, ch := range changes {
		i := slices.IndexFunc(columns, func(c column) bool { return c.Name == ch.Column })
		if i < 0 {
			return sferr.Compilation("000904", "42000", "invalid identifier '%s'", ch.Column)
		}
		switch {
		case ch.Comment != nil:
			columns[i].comment = *ch.Comment
		case ch.DropNotNull:
			columns[i].NotNull = false
		case ch.Type != nil:
			to, err := sqltype.Resolve(*ch.Type)
			if err != nil {
				return err
			}
			from := columns[i].Type
			if from.Kind != to.Kind || from.Scale != to.Scale || to.Precision < from.Precision || to.Length < from.Length {
				return sferr.Compilation("002108", "22023", "cannot change column %s from type %s to %s", ch.Column, from, to)
			}
			if from.Kind == sqltype.Number && from != to {
				return sferr.Unsupported("widening a NUMBER column")
			}
			columns[i].Type = to
		}
	}
	x.engine.setColumns(&t.columns, columns)
	return nil
}

// comment runs COMMENT ON.
func (x *execution) comment(st *syntax.Comment) (string, error) {
	missing := func(err error) (string, error) {
		if code := sferr.As(err).Code; st.IfExists && (code == "002003" || code == "002043") {
			return succeeded, nil
		}
		return "", err
	}
	set := func(field *string) (string, error) {
		x.engine.mu.Lock()
		defer x.engine.mu.Unlock()
		*field = st.Text
		return succeeded, nil
	}
	switch st.Object {
	case "TABLE":
		t, err := x.findTable(st.Name)
		if err != nil {
			return missing(err)
		}
		if err := x.require("OWNERSHIP", t.name); err != nil {
			return "", err
		}
		return set(&t.comment)
	case "VIEW":
		v, err := x.findView(st.Name)
		if err != nil {
			return missing(err)
		}
		return set(&v.comment)
	case "STAGE":
		s, err := x.findStage(st.Name)
		if err != nil {
			return missing(err)
		}
		return set(&s.comment)
	case "COLUMN":
		return x.commentColumn(st)
	case "SCHEMA":
		full, err := x.qualify(append(slices.Clone(st.Name), "-"))
		if err != nil {
			return "", err
		}
		x.engine.mu.Lock()
		sc, err := x.engine.schemaOf(full)
		x.engine.mu.Unlock()
		if err != nil {
			return missing(err)
		}
		return set(&sc.comment)
	}
	return "", sferr.Unsupported("COMMENT ON %s", st.Object)
}

// commentColumn comments a column of a table or a view.
func (x *execution) commentColumn(st *syntax.Comment) (string, error) {
	of, name := st.Name[:len(st.Name)-1], st.Name[len(st.Name)-1]
	if v, err := x.findView(of); err == nil {
		columns := x.engine.columns(&v.columns)
		i := slices.IndexFunc(columns, func(c column) bool { return c.Name == name })
		if i < 0 {
			return "", sferr.Compilation("000904", "42000", "invalid identifier '%s'", name)
		}
		columns[i].comment = st.Text
		x.engine.setColumns(&v.columns, columns)
		return succeeded, nil
	}
	t, err := x.findTable(of)
	if err != nil {
		return "", err
	}
	if err := x.require("OWNERSHIP", t.name); err != nil {
		return "", err
	}
	return succeeded, x.changeColumns(t, []syntax.ColumnChange{{Column: name, Comment: &st.Text}})
}
