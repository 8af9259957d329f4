package translate

import (
	"fmt"
	"slices"
	"strings"

	"snowdrift/internal/snowflaketest/sferr"
	"snowdrift/internal/snowflaketest/sqltype"
	"snowdrift/internal/snowflaketest/syntax"
)

// Target is a table that UPDATE, DELETE or MERGE changes.
type Target struct {
	SQL     string // a DuckDB table, which has rowid
	Name    syntax.Name
	Alias   string
	Columns []Column
}

// Changes is a translated UPDATE, DELETE or MERGE. SQL selects one row for each
// change: rid, the target's rowid (NULL for an insert); action, 'U', 'D' or 'I';
// and c1 … cn, the row as it is to be. The same rid may come several times; the
// statement decides what that means.
type Changes struct {
	SQL     string
	Set     []int    // target columns that an update can change
	Actions []string // "INSERT", "UPDATE", "DELETE": what the clauses can do
}

// clause is one WHEN of a MERGE, or the one clause of UPDATE and DELETE.
type clause struct {
	matched bool
	and     syntax.Expr
	action  string
	set     []syntax.Assignment
}

// Merge translates MERGE. The first clause whose condition holds decides.
func Merge(env *Env, catalog Catalog, t Target, s *syntax.Merge) (Changes, error) {
	b := newBinder(env, catalog)
	var clauses []clause
	unconditional := map[bool]bool{}
	for _, w := range s.Whens {
		if unconditional[w.Matched] {
			return Changes{}, sferr.Compilation("001003", "42000", "a WHEN clause behind one without AND can never apply")
		}
		unconditional[w.Matched] = w.And == nil
		c := clause{matched: w.Matched, and: w.And, action: w.Action, set: w.Set}
		if w.Action == "INSERT" {
			positions, err := columnPositions(t.Columns, w.Columns)
			if err != nil {
				return Changes{}, err
			}
			if len(positions) != len(w.Values) {
				return Changes{}, sferr.Compilation("002020", "21S01", "Insert value list does not match column list expecting %d but got %d", len(positions), len(w.Values))
			}
			for i, p := range positions {
				c.set = append(c.set, syntax.Assignment{Column: t.Columns[p].Name, X: w.Values[i]})
			}
		}
		clauses = append(clauses, c)
	}
	sc := &scope{}
	source, _, err := b.table(s.Source, sc)
	if err != nil {
		return Changes{}, err
	}
	targetSQL, targetSource := b.target(t)
	sc.sources = append(sc.sources, targetSource)
	on, err := b.condition(s.On, sc)
	if err != nil {
		return Changes{}, err
	}
	join := "JOIN"
	if slices.ContainsFunc(clauses, func(c clause) bool { return !c.matched }) {
		join = "LEFT JOIN"
	}
	return b.changes(t, clauses, sc, fmt.Sprintf("%s %s %s ON %s", source, join, targetSQL, on))
}

// Update translates UPDATE … [FROM …] [WHERE …].
func Update(env *Env, catalog Catalog, t Target, s *syntax.Update) (Changes, error) {
	return newBinder(env, catalog).single(t, s.From, s.Where, clause{matched: true, action: "UPDATE", set: s.Set})
}

// Delete translates DELETE … [USING …] [WHERE …].
func Delete(env *Env, catalog Catalog, t Target, s *syntax.Delete) (Changes, error) {
	return newBinder(env, catalog).single(t, s.Using, s.Where, clause{matched: true, action: "DELETE"})
}

func (b *binder) single(t Target, others []syntax.Table, where syntax.Expr, c clause) (Changes, error) {
	sc := &scope{}
	from, err := b.from(others, sc)
	if err != nil {
		return Changes{}, err
	}
	targetSQL, targetSource := b.target(t)
	sc.sources = append(sc.sources, targetSource)
	if from != "" {
		from += " CROSS JOIN "
	}
	from += targetSQL
	if where != nil {
		cond, err := b.condition(where, sc)
		if err != nil {
			return Changes{}, err
		}
		from += " WHERE " + cond
	}
	return b.changes(t, []clause{c}, sc, from)
}

// target is the table that changes, as a source. Its alias in DuckDB is always t.
func (b *binder) target(t Target) (string, *source) {
	alias := t.Alias
	if alias == "" {
		alias = t.Name[len(t.Name)-1]
	}
	src := newSource(alias, "t", t.Columns, true)
	if t.Alias == "" {
		src.name = t.Name
	}
	return t.SQL + " AS t", src
}

// changes writes four levels: the join with every column under a name of its
// own, the number k of the clause that applies, the new row, and its checks.
func (b *binder) changes(t Target, clauses []clause, sc *scope, from string) (Changes, error) {
	joined, list := renamed(sc)
	k, err := b.applicable(clauses, joined)
	if err != nil {
		return Changes{}, err
	}
	var out Changes
	exprs := make([]string, len(t.Columns))
	targetSource := joined.sources[len(joined.sources)-1]
	for i, col := range t.Columns {
		cases := ""
		for n, c := range clauses {
			e, isSet, err := b.newValue(c, col, targetSource.columns[i], joined)
			if err != nil {
				return Changes{}, err
			}
			if isSet && c.action == "UPDATE" && !slices.Contains(out.Set, i) {
				out.Set = append(out.Set, i)
			}
			if e != "" {
				cases += fmt.Sprintf(" WHEN %d THEN %s", n, e)
			}
		}
		if cases != "" {
			exprs[i] = "CASE m.k" + cases + " END"
		}
	}
	for _, c := range clauses {
		for _, a := range c.set {
			if !slices.ContainsFunc(t.Columns, func(col Column) bool { return col.Name == a.Column }) {
				return Changes{}, sferr.Compilation("000904", "42000", "invalid identifier '%s'", a.Column)
			}
		}
		if !slices.Contains(out.Actions, c.action) {
			out.Actions = append(out.Actions, c.action)
		}
	}
	numbered := fmt.Sprintf("(SELECT *, %s AS k FROM (SELECT t.rowid AS rid, %s FROM %s) AS m) AS m WHERE m.k IS NOT NULL", k, strings.Join(list, ", "), from)
	out.SQL = changeRows(t.Columns, clauses, exprs, numbered)
	return out, nil
}

// renamed lists every column of sc's sources under a unique name, and returns a
// scope in which they have these names.
func renamed(sc *scope) (*scope, []string) {
	out := &scope{}
	var list []string
	for _, s := range sc.sources {
		r := &source{alias: s.alias, name: s.name}
		for _, c := range s.columns {
			name := fmt.Sprintf("v%d", len(list)+1)
			list = append(list, c.sql+" AS "+name)
			r.columns = append(r.columns, sourceColumn{Column: c.Column, sql: "m." + name})
		}
		out.sources = append(out.sources, r)
	}
	return out, list
}

// applicable writes the CASE that finds the first clause that applies to a row.
func (b *binder) applicable(clauses []clause, sc *scope) (string, error) {
	sql := "CASE"
	for n, c := range clauses {
		cond := "m.rid IS NOT NULL"
		if !c.matched {
			cond = "m.rid IS NULL"
		}
		if c.and != nil {
			and, err := b.condition(c.and, sc)
			if err != nil {
				return "", err
			}
			cond += " AND " + and
		}
		sql += fmt.Sprintf(" WHEN %s THEN %d", cond, n)
	}
	return sql + " END", nil
}

// newValue is what clause c stores in a column: an assigned expression, the old
// value in an UPDATE that leaves it, "" for NULL.
func (b *binder) newValue(c clause, col Column, old sourceColumn, sc *scope) (sql string, isSet bool, err error) {
	for _, a := range c.set {
		if a.Column != col.Name {
			continue
		}
		if isSet {
			return "", false, sferr.Compilation("002025", "42S21", "duplicate column name '%s'", col.Name)
		}
		v, err := b.expr(a.X, sc)
		if err != nil {
			return "", false, err
		}
		if sql, err = b.assign(v, col); err != nil {
			return "", false, err
		}
		isSet = true
	}
	if !isSet && c.action == "UPDATE" {
		sql = old.sql
	}
	return sql, isSet, nil
}

// changeRows is storedRows with rid and action in front; what is deleted is not
// checked.
func changeRows(target []Column, clauses []clause, exprs []string, from string) string {
	action := "CASE m.k"
	for n, c := range clauses {
		action += fmt.Sprintf(" WHEN %d THEN '%s'", n, c.action[:1])
	}
	inner := []string{"m.rid AS rid", action + " END AS action"}
	outer := []string{"s.rid AS rid", "s.action AS action"}
	for i, c := range target {
		e := exprs[i]
		if e == "" {
			e = "CAST(NULL AS " + c.Type.DuckDB() + ")"
		}
		inner = append(inner, fmt.Sprintf("%s AS c%d", e, i+1))
		name := fmt.Sprintf("s.c%d", i+1)
		check := stored(name, c)
		if check != name {
			check = fmt.Sprintf("CASE WHEN s.action = 'D' THEN NULL ELSE %s END", check)
		}
		outer = append(outer, fmt.Sprintf("%s AS c%d", check, i+1))
	}
	return fmt.Sprintf("SELECT %s FROM (SELECT %s FROM %s) AS s", strings.Join(outer, ", "), strings.Join(inner, ", "), from)
}

// Definition types the columns of CREATE TABLE or ADD COLUMN.
func Definition(defs []syntax.ColumnDef) ([]Column, error) {
	out := make([]Column, len(defs))
	for i, d := range defs {
		t, err := sqltype.Resolve(d.Type)
		if err != nil {
			return nil, err
		}
		out[i] = Column{Name: d.Name, Type: t, NotNull: d.NotNull, Default: d.Default}
	}
	return out, nil
}
