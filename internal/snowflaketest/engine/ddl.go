package engine

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"snowdrift/internal/snowflaketest/duckfn"
	"snowdrift/internal/snowflaketest/sferr"
	"snowdrift/internal/snowflaketest/sqltype"
	"snowdrift/internal/snowflaketest/syntax"
	"snowdrift/internal/snowflaketest/translate"
)

const succeeded = "Statement executed successfully."

// ddl runs CREATE, DROP and COMMENT; ALTER TABLE is in alter.go.
func (x *execution) ddl(ctx context.Context) (*Result, error) {
	var text string
	var err error
	warehouse := false
	switch st := x.Statement.(type) {
	case *syntax.CreateTable:
		warehouse = st.Query != nil
		text, err = x.createTable(ctx, st)
	case *syntax.CreateView:
		text, err = x.createView(st)
	case *syntax.CreateStage:
		text, err = x.createStage(ctx, st)
	case *syntax.CreateNamespace:
		text, err = x.createNamespace(ctx, st)
	case *syntax.AlterTable:
		text, err = x.alterTable(ctx, st)
	case *syntax.Comment:
		text, err = x.comment(st)
	case *syntax.Drop:
		text, err = x.drop(ctx, st)
	default:
		err = sferr.Unsupported("%s", st.Kind())
	}
	if err != nil {
		return nil, err
	}
	r := status(typeDDL, text)
	r.Warehouse = warehouse
	return r, nil
}

// exists handles CREATE on a name that is taken: done is set when IF NOT EXISTS
// makes it a success.
func exists(name string, replace, ifNotExists bool) (done string, err error) {
	switch {
	case ifNotExists:
		return name + " already exists, statement succeeded.", nil
	case !replace:
		return "", sferr.Exists(name)
	}
	return "", nil
}

func (x *execution) createTable(ctx context.Context, st *syntax.CreateTable) (string, error) {
	full, err := x.qualify(st.Name)
	if err != nil {
		return "", err
	}
	if err := x.require("CREATE TABLE", full[:2]); err != nil {
		return "", err
	}
	t := &table{name: full, kind: "TABLE", comment: st.Comment, created: x.env.Now, loads: map[string]string{}, duckDB: duckSchema(full[0], full[1])}
	switch {
	case st.Temporary:
		t.kind, t.temporary, t.duckDB = "TEMPORARY", x.Session, x.tempSchema()
	case st.Transient:
		t.kind = "TRANSIENT"
	}
	x.engine.defining.Lock()
	defer x.engine.defining.Unlock()
	old, err := x.sameTable(t)
	if err != nil {
		return "", err
	}
	if old != nil {
		if done, err := exists(full[2], st.Replace, st.IfNotExists); done != "" || err != nil {
			return done, err
		}
		if err := x.lock(ctx, old, exclusive); err != nil {
			return "", err
		}
	}
	source, err := x.tableSource(st, t)
	if err != nil {
		return "", err
	}
	t.physical = t.duckDB + "." + duckfn.Ident(t.name[2])
	statements := []string{"CREATE SCHEMA IF NOT EXISTS " + t.duckDB}
	if old != nil {
		statements = append(statements, "DROP TABLE "+old.physical)
	}
	if err := x.exec(ctx, append(statements, "CREATE TABLE "+t.physical+" AS "+source)...); err != nil {
		return "", err
	}
	x.enter(t)
	return fmt.Sprintf("Table %s successfully created.", full[2]), nil
}

// tableSource sets t's columns and returns a SELECT of its first rows.
func (x *execution) tableSource(st *syntax.CreateTable, t *table) (string, error) {
	limit := " LIMIT 0"
	switch {
	case st.Like != nil:
		like, err := x.findTable(st.Like)
		if err != nil {
			return "", err
		}
		t.columns = x.engine.columns(&like.columns)
	case st.Query != nil:
		q, err := translate.Select(x.env, x.catalog(), st.Query)
		if err != nil {
			return "", err
		}
		if err := x.needWarehouse(); err != nil {
			return "", err
		}
		for _, c := range q.Columns {
			c.NotNull = false
			if c.Type.Kind == sqltype.Unknown {
				c.Type = sqltype.Of(sqltype.Text)
			}
			t.columns = append(t.columns, column{Column: c})
		}
		return x.namedColumns(t, "("+q.SQL+")"), checkColumns(t.columns)
	default:
		columns, err := translate.Definition(st.Columns)
		if err != nil {
			return "", err
		}
		for i, c := range columns {
			t.columns = append(t.columns, column{Column: c, comment: st.Columns[i].Comment})
		}
	}
	return x.namedColumns(t, "(SELECT "+nulls(len(t.columns))+")") + limit, checkColumns(t.columns)
}

func nulls(n int) string {
	return strings.TrimSuffix(strings.Repeat("NULL, ", n), ", ")
}

// namedColumns selects from q with t's column names and storage types.
func (x *execution) namedColumns(t *table, q string) string {
	names, casts := make([]string, len(t.columns)), make([]string, len(t.columns))
	for i, c := range t.columns {
		names[i] = fmt.Sprintf("c%d", i+1)
		casts[i] = fmt.Sprintf("CAST(q.c%d AS %s) AS %s", i+1, c.Type.DuckDB(), quoted(c.Name))
	}
	return fmt.Sprintf("SELECT %s FROM %s AS q(%s)", strings.Join(casts, ", "), q, strings.Join(names, ", "))
}

// checkColumns refuses duplicate names, and names that DuckDB cannot tell apart
// or keeps for itself.
func checkColumns(columns []column) error {
	seen := map[string]string{}
	for _, c := range columns {
		folded := strings.ToLower(c.Name)
		switch other, double := seen[folded]; {
		case double && other == c.Name:
			return sferr.Compilation("002025", "42S21", "duplicate column name '%s'", c.Name)
		case double:
			return sferr.Unsupported("columns %q and %q, which differ by case only", other, c.Name)
		case folded == "rowid":
			return sferr.Unsupported("a column named %q", c.Name)
		case len([]rune(c.Name)) > 255:
			return sferr.Compilation("001003", "42000", "identifier of more than 255 characters")
		}
		seen[folded] = c.Name
	}
	return nil
}

// sameTable finds what t would collide with.
func (x *execution) sameTable(t *table) (*table, error) {
	e := x.engine
	e.mu.Lock()
	defer e.mu.Unlock()
	sc, err := e.schemaOf(t.name)
	if err != nil {
		return nil, err
	}
	name := t.name[2]
	if t.temporary != nil {
		return x.temp[display(t.name)], nil
	}
	if sc.views[name] != nil {
		return nil, sferr.Exists(name)
	}
	for other := range sc.tables {
		if other != name && strings.EqualFold(other, name) {
			return nil, sferr.Unsupported("tables %q and %q, which differ by case only", other, name)
		}
	}
	return sc.tables[name], nil
}

// enter puts a table into the catalog.
func (x *execution) enter(t *table) {
	e := x.engine
	e.mu.Lock()
	defer e.mu.Unlock()
	if t.temporary != nil {
		x.temp[display(t.name)] = t
		return
	}
	e.databases[t.name[0]].schemas[t.name[1]].tables[t.name[2]] = t
}

// leave takes a table out of the catalog.
func (x *execution) leave(t *table) {
	e := x.engine
	e.mu.Lock()
	defer e.mu.Unlock()
	if t.temporary != nil {
		delete(x.temp, display(t.name))
		return
	}
	delete(e.databases[t.name[0]].schemas[t.name[1]].tables, t.name[2])
}

func (x *execution) createView(st *syntax.CreateView) (string, error) {
	full, err := x.qualify(st.Name)
	if err != nil {
		return "", err
	}
	if err := x.require("CREATE VIEW", full[:2]); err != nil {
		return "", err
	}
	v := &view{name: full, names: st.Columns, comment: st.Comment, text: st.Text, query: st.Query, created: x.env.Now}
	// Names in the view are those of its own schema, whoever selects from it.
	inner := names{session: x.Session, database: full[0], schema: full[1], tables: &x.tables}
	q, err := translate.Select(x.env, inner, st.Query)
	if err != nil {
		return "", err
	}
	if v.columns, err = viewColumns(q.Columns, st); err != nil {
		return "", err
	}
	x.engine.mu.Lock()
	defer x.engine.mu.Unlock()
	sc, err := x.engine.schemaOf(full)
	if err != nil {
		return "", err
	}
	if sc.tables[full[2]] != nil {
		return "", sferr.Exists(full[2])
	}
	if sc.views[full[2]] != nil {
		if x.engine.denied[grant{"OWNERSHIP", strings.Join(full, ".")}] {
			return "", sferr.Denied("view", full[2])
		}
		if done, err := exists(full[2], st.Replace, st.IfNotExists); done != "" || err != nil {
			return done, err
		}
	}
	sc.views[full[2]] = v
	return fmt.Sprintf("View %s successfully created.", full[2]), nil
}

// viewColumns describes a view's columns; each must have a name of its own.
func viewColumns(columns []translate.Column, st *syntax.CreateView) ([]column, error) {
	if st.Columns != nil && len(st.Columns) != len(columns) {
		return nil, sferr.Compilation("002026", "21S01", "view declared %d column(s), but view query produces %d column(s).", len(st.Columns), len(columns))
	}
	out := make([]column, len(columns))
	for i, c := range columns {
		out[i].Column = c
		if st.Columns != nil {
			out[i].Name, out[i].comment = st.Columns[i], st.Comments[i]
		}
		if slices.ContainsFunc(out[:i], func(o column) bool { return o.Name == out[i].Name }) {
			return nil, sferr.Compilation("002025", "42S21", "duplicate column name '%s'", out[i].Name)
		}
	}
	return out, nil
}
