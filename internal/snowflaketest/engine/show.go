package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"snowdrift/internal/snowflaketest/sferr"
	"snowdrift/internal/snowflaketest/sqltype"
	"snowdrift/internal/snowflaketest/syntax"
)

// show answers SHOW with the column names that Snowflake documents, first the
// commonly read ones. It needs no warehouse.
func (x *execution) show(ctx context.Context, st *syntax.Show) (*Result, error) {
	switch st.Object {
	case "PARAMETERS":
		return x.showParameters(st), nil
	case "WAREHOUSES":
		state := map[bool]string{true: "SUSPENDED", false: "STARTED"}[x.engine.isSuspended()]
		return grid(typeShow, []string{"name", "state", "type", "size"}, filtered(st, 0, [][]any{{x.engine.opts.Warehouse, state, "STANDARD", "X-Small"}})), nil
	case "TRANSACTIONS":
		return x.showTransactions(st), nil
	case "COLUMNS":
		return x.showColumns(st)
	}
	names, rows, err := x.showObjects(ctx, st)
	if err != nil {
		return nil, err
	}
	return grid(typeShow, names, filtered(st, 1, rows)), nil
}

func (e *Engine) isSuspended() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.suspended
}

// maxShown is how many rows SHOW answers (docs: sql/show-columns).
const maxShown = 10_000

// filtered applies LIKE, STARTS WITH and LIMIT to the column at.
func filtered(st *syntax.Show, at int, rows [][]any) [][]any {
	out := [][]any{}
	for _, r := range rows {
		name, _ := r[at].(string)
		if st.HasLike && !like(st.Like, name) || !strings.HasPrefix(name, st.StartsWith) {
			continue
		}
		if out = append(out, r); len(out) == st.Limit || len(out) == maxShown {
			break
		}
	}
	return out
}

// like is SHOW's LIKE: case does not matter.
func like(pattern, s string) bool {
	p := regexp.QuoteMeta(pattern)
	// An escaped wildcard, doubly escaped by QuoteMeta, is the character itself.
	p = strings.NewReplacer(`\\_`, "_", `\\%`, "%", "%", ".*", "_", ".").Replace(p)
	ok, err := regexp.MatchString("(?is)^"+p+"$", s)
	return err == nil && ok
}

// scope lists the schemas that SHOW … IN covers: the session's by default.
func (x *execution) scope(st *syntax.Show) ([]syntax.Name, error) {
	db, schema := x.database, x.schema
	switch {
	case st.Scope == "ACCOUNT":
		db, schema = "", ""
	case st.Scope == "DATABASE" && len(st.In) > 0:
		db, schema = st.In[0], ""
	case st.Scope == "DATABASE":
		schema = ""
	case st.Scope == "SCHEMA" && len(st.In) == 1:
		schema = st.In[0]
	case st.Scope == "SCHEMA" && len(st.In) == 2:
		db, schema = st.In[0], st.In[1]
	}
	x.engine.mu.Lock()
	defer x.engine.mu.Unlock()
	var out []syntax.Name
	for _, d := range sortedKeys(x.engine.databases) {
		for _, s := range sortedKeys(x.engine.databases[d].schemas) {
			if (db == "" || d == db) && (schema == "" || s == schema) {
				out = append(out, syntax.Name{d, s})
			}
		}
	}
	if len(out) == 0 {
		return nil, sferr.Missing("Schema", display(syntax.Name{db, schema}))
	}
	return out, nil
}

// objects collects what scope covers, temporary objects of the session included.
func (x *execution) objects(schemas []syntax.Name) (tables []*table, views []*view, stages []*stageObject) {
	x.engine.mu.Lock()
	defer x.engine.mu.Unlock()
	for _, n := range schemas {
		sc := x.engine.databases[n[0]].schemas[n[1]]
		for _, k := range sortedKeys(sc.tables) {
			tables = append(tables, sc.tables[k])
		}
		for _, k := range sortedKeys(x.temp) {
			if t := x.temp[k]; t.name[0] == n[0] && t.name[1] == n[1] {
				tables = append(tables, t)
			}
		}
		for _, k := range sortedKeys(sc.views) {
			if !x.engine.hidden(sc.views[k].name) {
				views = append(views, sc.views[k])
			}
		}
		for _, k := range sortedKeys(sc.stages) {
			stages = append(stages, sc.stages[k])
		}
		for _, k := range sortedKeys(x.tempStages) {
			if s := x.tempStages[k]; s.name[0] == n[0] && s.name[1] == n[1] {
				stages = append(stages, s)
			}
		}
	}
	return tables, views, stages
}

func (x *execution) showObjects(ctx context.Context, st *syntax.Show) (names []string, rows [][]any, err error) {
	if st.Object == "SCHEMAS" || st.Object == "DATABASES" {
		return x.showNamespaces(st)
	}
	schemas, err := x.scope(st)
	if err != nil {
		return nil, nil, err
	}
	tables, views, stages := x.objects(schemas)
	counts := make([]int64, len(tables))
	for i, t := range tables {
		if st.Object == "TABLES" {
			if counts[i], err = x.queryInt(ctx, "SELECT count(*) FROM "+t.physical); err != nil {
				return nil, nil, err
			}
		}
	}
	owner := x.engine.opts.Role
	x.engine.mu.Lock()
	defer x.engine.mu.Unlock()
	switch st.Object {
	case "TABLES":
		names = []string{"created_on", "name", "database_name", "schema_name", "kind", "comment", "cluster_by", "rows", "bytes", "owner", "retention_time"}
		for i, t := range tables {
			rows = append(rows, []any{t.created, t.name[2], t.name[0], t.name[1], t.kind, t.comment, "", counts[i], nil, owner, "1"})
		}
	case "VIEWS":
		names = []string{"created_on", "name", "reserved", "database_name", "schema_name", "owner", "comment", "text", "is_secure", "is_materialized"}
		for _, v := range views {
			rows = append(rows, []any{v.created, v.name[2], "", v.name[0], v.name[1], owner, v.comment, v.text, "false", "false"})
		}
	case "STAGES":
		names = []string{"created_on", "name", "database_name", "schema_name", "url", "has_credentials", "has_encryption_key", "owner", "comment", "region", "type", "cloud"}
		for _, s := range stages {
			kind := "INTERNAL"
			if s.temporary {
				kind = "INTERNAL TEMPORARY"
			}
			rows = append(rows, []any{s.created, s.name[2], s.name[0], s.name[1], "", "N", "N", owner, s.comment, nil, kind, nil})
		}
	}
	return names, rows, nil
}

func (x *execution) showNamespaces(st *syntax.Show) ([]string, [][]any, error) {
	x.engine.mu.Lock()
	defer x.engine.mu.Unlock()
	owner := x.engine.opts.Role
	names := []string{"created_on", "name", "is_default", "is_current", "database_name", "owner", "comment", "options", "retention_time"}
	var rows [][]any
	flag := func(b bool) string { return map[bool]string{true: "Y", false: "N"}[b] }
	for _, d := range sortedKeys(x.engine.databases) {
		db := x.engine.databases[d]
		if st.Object == "DATABASES" {
			rows = append(rows, []any{db.created, d, "N", flag(d == x.database), "", owner, db.comment, "", "1"})
			continue
		}
		if in := x.database; len(st.In) > 0 && st.In[0] != d || len(st.In) == 0 && st.Scope != "ACCOUNT" && in != "" && in != d {
			continue
		}
		for _, s := range sortedKeys(db.schemas) {
			sc := db.schemas[s]
			rows = append(rows, []any{sc.created, s, "N", flag(s == x.schema && d == x.database), d, owner, sc.comment, "", "1"})
		}
	}
	return names, rows, nil
}

// showColumns lists columns of one table or view, or of all in scope, in the order
// of their names: Snowflake promises none.
func (x *execution) showColumns(st *syntax.Show) (*Result, error) {
	type described struct {
		name    syntax.Name
		columns []column
	}
	var all []described
	if st.Scope == "TABLE" && len(st.In) > 0 {
		name, columns, err := x.columnsOf(st.In)
		if err != nil {
			return nil, err
		}
		all = append(all, described{name, columns})
	} else {
		schemas, err := x.scope(st)
		if err != nil {
			return nil, err
		}
		tables, views, _ := x.objects(schemas)
		for _, t := range tables {
			all = append(all, described{t.name, x.engine.columns(&t.columns)})
		}
		for _, v := range views {
			all = append(all, described{v.name, x.engine.columns(&v.columns)})
		}
	}
	names := []string{"table_name", "schema_name", "column_name", "data_type", "null?", "default", "kind", "expression", "comment", "database_name", "autoincrement"}
	var rows [][]any
	for _, d := range all {
		slices.SortFunc(d.columns, func(a, b column) int { return strings.Compare(a.Name, b.Name) })
		for _, c := range d.columns {
			dataType, err := dataType(c.Type, !c.NotNull)
			if err != nil {
				return nil, err
			}
			rows = append(rows, []any{d.name[2], d.name[1], c.Name, dataType, fmt.Sprint(!c.NotNull), "", "COLUMN", "", c.comment, d.name[0], ""})
		}
	}
	return grid(typeShow, names, filtered(st, 2, rows)), nil
}

func (x *execution) columnsOf(n syntax.Name) (syntax.Name, []column, error) {
	if v, err := x.findView(n); err == nil {
		return v.name, x.engine.columns(&v.columns), nil
	}
	t, err := x.findTable(n)
	if err != nil {
		return nil, nil, err
	}
	return t.name, x.engine.columns(&t.columns), nil
}

// dataType is SHOW COLUMNS' JSON description of a type.
func dataType(t sqltype.Type, nullable bool) (string, error) {
	m := map[string]any{"type": strings.ToUpper(t.Kind.Wire()), "nullable": nullable}
	switch t.Kind {
	case sqltype.Number:
		m["precision"], m["scale"] = t.Precision, t.Scale
	case sqltype.Text, sqltype.Binary:
		m["length"], m["byteLength"] = t.Length, min(t.Length*4, max(t.Length, sqltype.DefaultLength))
		m["fixed"] = false
	case sqltype.TimestampNTZ, sqltype.TimestampLTZ, sqltype.TimestampTZ, sqltype.Time:
		m["precision"], m["scale"] = 0, 9
	}
	b, err := json.Marshal(m)
	return string(b), err
}

func (x *execution) showParameters(st *syntax.Show) *Result {
	defaults := x.engine.defaultParameters()
	var rows [][]any
	for _, k := range sortedKeys(x.params) {
		level := ""
		if x.params[k] != defaults[k] {
			level = "SESSION"
		}
		rows = append(rows, []any{k, x.params[k], defaults[k], level, "", "STRING"})
	}
	return grid(typeShow, []string{"key", "value", "default", "level", "description", "type"}, filtered(st, 0, rows))
}

// describe answers DESCRIBE TABLE and DESCRIBE VIEW.
func (x *execution) describe(st *syntax.Describe) (*Result, error) {
	_, columns, err := x.columnsOf(st.Name)
	if err != nil {
		return nil, err
	}
	names := []string{"name", "type", "kind", "null?", "default", "primary key", "unique key", "check", "expression", "comment", "policy name", "privacy domain"}
	var rows [][]any
	for _, c := range columns {
		null := map[bool]string{true: "N", false: "Y"}[c.NotNull]
		rows = append(rows, []any{c.Name, c.Type.String(), "COLUMN", null, nil, "N", "N", nil, nil, c.comment, nil, nil})
	}
	return grid(typeDescribe, names, rows), nil
}

// matching compiles a PATTERN, which must match the whole path.
func matching(pattern string) (*regexp.Regexp, error) {
	re, err := regexp.Compile("^(?:" + pattern + ")$")
	if err != nil {
		return nil, sferr.Compilation("001003", "42000", "PATTERN: %v", err)
	}
	return re, nil
}

// shownPath is a staged file as LIST, REMOVE and COPY show it: stage name in
// lower case, then the path.
func shownPath(s *stageObject, name string) string {
	return path.Join(strings.ToLower(s.name[2]), name)
}
