package translate

import (
	"fmt"
	"strings"

	"snowdrift/internal/snowflaketest/sferr"
	"snowdrift/internal/snowflaketest/sqltype"
	"snowdrift/internal/snowflaketest/syntax"
)

// maxViewDepth stops views that refer to themselves through CREATE OR REPLACE.
const maxViewDepth = 40

// from translates the FROM list into sc's sources. Commas are cross joins; what
// stands right of a comma can refer to the left if it is LATERAL.
func (b *binder) from(tables []syntax.Table, sc *scope) (string, error) {
	text := ""
	for i, t := range tables {
		sql, outer, err := b.table(t, sc)
		if err != nil {
			return "", err
		}
		switch {
		case i == 0:
			text = sql
		case outer:
			text += " LEFT JOIN " + sql + " ON TRUE"
		default:
			text += " CROSS JOIN " + sql
		}
	}
	return text, nil
}

// table translates one item. outer is set for FLATTEN(OUTER => TRUE), which must
// be attached by a left join.
func (b *binder) table(t syntax.Table, sc *scope) (sql string, outer bool, err error) {
	switch t := t.(type) {
	case *syntax.TableName:
		sql, err = b.tableName(t, sc)
	case *syntax.Derived:
		sql, err = b.derived(t, sc)
	case *syntax.Join:
		sql, err = b.join(t, sc)
	case *syntax.TableFunction:
		return b.tableFunction(t, sc)
	case *syntax.StagedFiles:
		err = sferr.Unsupported("SELECT from a stage outside COPY")
	default:
		err = sferr.Unsupported("%T in FROM", t)
	}
	return sql, false, err
}

func (b *binder) tableName(t *syntax.TableName, sc *scope) (string, error) {
	duck := b.alias("r")
	alias := t.Alias
	if alias == "" {
		alias = t.Name[len(t.Name)-1]
	}
	if len(t.Name) == 1 {
		if c := sc.cte(t.Name[0]); c != nil {
			sc.sources = append(sc.sources, newSource(alias, duck, c.columns, false))
			return c.sql + " AS " + duck, nil
		}
	}
	rel, err := b.catalog.Relation(t.Name)
	if err != nil {
		return "", err
	}
	if rel.View != nil {
		return b.view(rel.View, alias, duck, sc)
	}
	src := newSource(alias, duck, rel.Columns, true)
	if t.Alias == "" {
		src.name = t.Name
	}
	sc.sources = append(sc.sources, src)
	return rel.SQL + " AS " + duck, nil
}

func (b *binder) view(v *View, alias, duck string, sc *scope) (string, error) {
	if b.views >= maxViewDepth {
		return "", sferr.Compilation("002037", "42601", "views nested deeper than %d, or a view that selects from itself", maxViewDepth)
	}
	inner := &binder{env: b.env, catalog: v.Catalog, seq: b.seq, views: b.views + 1}
	out, err := inner.query(v.Query, nil)
	if err != nil {
		return "", err
	}
	columns, err := rename(out.columns(), v.Columns, alias)
	if err != nil {
		return "", err
	}
	sc.sources = append(sc.sources, newSource(alias, duck, columns, false))
	return "(" + out.sql + ") AS " + duck, nil
}

func (b *binder) derived(t *syntax.Derived, sc *scope) (string, error) {
	// Without LATERAL a subquery in FROM sees the CTEs and outer queries only.
	outer := &scope{parent: sc.parent}
	lateral := ""
	if t.Lateral {
		outer, lateral = sc, "LATERAL "
	}
	out, err := b.query(t.Query, outer)
	if err != nil {
		return "", err
	}
	columns, err := rename(out.columns(), t.Columns, t.Alias)
	if err != nil {
		return "", err
	}
	duck := b.alias("r")
	sc.sources = append(sc.sources, newSource(t.Alias, duck, columns, false))
	return fmt.Sprintf("%s(%s) AS %s", lateral, out.sql, duck), nil
}

func (b *binder) join(j *syntax.Join, sc *scope) (string, error) {
	start := len(sc.sources)
	l, _, err := b.table(j.L, sc)
	if err != nil {
		return "", err
	}
	middle := len(sc.sources)
	r, outer, err := b.table(j.R, sc)
	if err != nil {
		return "", err
	}
	if outer && j.On == nil {
		j = &syntax.Join{Kind: "LEFT", On: &syntax.Bool{Value: true}}
	}
	left, right := sc.sources[start:middle], sc.sources[middle:]
	if j.Kind == "RIGHT" || j.Kind == "FULL" {
		makeNullable(left)
	}
	if j.Kind == "LEFT" || j.Kind == "FULL" {
		makeNullable(right)
	}
	condition := ""
	switch {
	case j.Using != nil:
		condition, err = b.using(j, left, right, sc)
	case j.On != nil:
		condition, err = b.condition(j.On, sc)
	case j.Kind != "CROSS" && j.Kind != "INNER":
		err = sferr.Compilation("001003", "42000", "%s JOIN without ON or USING", j.Kind)
	}
	if err != nil {
		return "", err
	}
	if condition == "" {
		return fmt.Sprintf("(%s CROSS JOIN %s)", l, r), nil
	}
	return fmt.Sprintf("(%s %s JOIN %s ON %s)", l, j.Kind, r, condition), nil
}

func makeNullable(sources []*source) {
	for _, s := range sources {
		for i := range s.columns {
			s.columns[i].NotNull = false
		}
	}
}

// using joins by equal names; unqualified, such a column is the left one, or in
// outer joins whichever is not NULL.
func (b *binder) using(j *syntax.Join, left, right []*source, sc *scope) (string, error) {
	var conditions []string
	if sc.merged == nil {
		sc.merged = map[string]value{}
	}
	for _, name := range j.Using {
		c := &syntax.Column{Name: syntax.Name{name}}
		l, err := b.column(c, &scope{sources: left, merged: sc.merged})
		if err != nil {
			return "", err
		}
		r, err := b.column(c, &scope{sources: right})
		if err != nil {
			return "", err
		}
		eq, err := b.compare("=", l, r)
		if err != nil {
			return "", err
		}
		conditions = append(conditions, eq.sql)
		merged := l
		if j.Kind != "INNER" && j.Kind != "LEFT" {
			if merged, err = b.coalesce([]value{l, r}); err != nil {
				return "", err
			}
		}
		sc.merged[name] = merged
		for _, s := range right {
			if s.hidden == nil {
				s.hidden = map[string]bool{}
			}
			s.hidden[name] = true
		}
	}
	return strings.Join(conditions, " AND "), nil
}

func (b *binder) tableFunction(t *syntax.TableFunction, sc *scope) (string, bool, error) {
	switch t.Call.Name {
	case "FLATTEN":
		return b.flatten(t, sc)
	case "GENERATOR":
		n, ok := t.Call.Named["ROWCOUNT"].(*syntax.Number)
		if !ok || len(t.Call.Named) != 1 {
			return "", false, sferr.Unsupported("GENERATOR without a literal ROWCOUNT")
		}
		duck := b.alias("r")
		sc.sources = append(sc.sources, &source{alias: t.Alias, generator: duck + ".n"})
		return fmt.Sprintf("range(%s) AS %s(n)", n.Text, duck), false, nil
	}
	return "", false, sferr.Unsupported("table function %s", t.Call.Name)
}

// flatten translates LATERAL FLATTEN(INPUT => v [, PATH => 'a.b'] [, OUTER => TRUE])
// with the columns KEY, PATH, INDEX, VALUE and THIS (not SEQ).
func (b *binder) flatten(t *syntax.TableFunction, sc *scope) (string, bool, error) {
	input, outer := t.Call.Named["INPUT"], false
	if input == nil && len(t.Call.Args) == 1 {
		input = t.Call.Args[0]
	}
	if input == nil {
		return "", false, sferr.Compilation("001003", "42000", "FLATTEN needs INPUT => expression")
	}
	path := ""
	for name, x := range t.Call.Named {
		switch v := x.(type) {
		case *syntax.Bool:
			if name == "OUTER" {
				outer = v.Value
				continue
			}
		case *syntax.String:
			if name == "PATH" {
				path = v.Value
				continue
			}
		}
		if name != "INPUT" {
			return "", false, sferr.Unsupported("FLATTEN argument %s", name)
		}
	}
	v, err := b.expr(input, sc)
	if err != nil {
		return "", false, err
	}
	if !v.typ.Kind.Semi() && v.typ.Kind != sqltype.Unknown {
		return "", false, argumentTypes("FLATTEN", v.typ)
	}
	if path != "" {
		v.sql = jsonExtract(v.sql, jsonPathOfDots(path))
	}
	duck, in, each := b.alias("r"), b.alias("f"), b.alias("j")
	variant, text := sqltype.Of(sqltype.Variant), sqltype.Of(sqltype.Text)
	columns := []Column{{Name: "KEY", Type: text}, {Name: "INDEX", Type: sqltype.Fixed(38, 0)}, {Name: "PATH", Type: text},
		{Name: "VALUE", Type: variant}, {Name: "THIS", Type: variant}}
	sql := fmt.Sprintf(`LATERAL (SELECT CASE WHEN json_type(%[1]s.v) = 'OBJECT' THEN %[2]s.key END AS c1, `+
		`CASE WHEN json_type(%[1]s.v) = 'ARRAY' THEN CAST(%[2]s.key AS DECIMAL(38,0)) END AS c2, `+
		`CASE WHEN json_type(%[1]s.v) = 'ARRAY' THEN '[' || %[2]s.key || ']' ELSE %[2]s.key END AS c3, `+
		`CAST(%[2]s.value AS VARCHAR) AS c4, %[1]s.v AS c5 `+
		`FROM (SELECT %[3]s AS v) AS %[1]s, json_each(%[1]s.v) AS %[2]s WHERE json_type(%[1]s.v) IN ('ARRAY', 'OBJECT')) AS %[4]s`,
		in, each, v.sql, duck)
	sc.sources = append(sc.sources, newSource(t.Alias, duck, columns, false))
	return sql, outer, nil
}
