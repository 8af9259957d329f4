package translate

import (
	"fmt"
	"slices"
	"strings"

	"snowdrift/internal/snowflaketest/duckfn"
	"snowdrift/internal/snowflaketest/sferr"
	"snowdrift/internal/snowflaketest/sqltype"
	"snowdrift/internal/snowflaketest/syntax"
)

// Insert translates INSERT's source into a SELECT whose columns are those of the
// target, in its order, converted and checked.
func Insert(env *Env, catalog Catalog, target []Column, s *syntax.Insert) (string, error) {
	if v, ok := s.Query.Body.(*syntax.Values); ok {
		if err := checkValues(v); err != nil {
			return "", err
		}
	}
	b := newBinder(env, catalog)
	out, err := b.query(s.Query, nil)
	if err != nil {
		return "", err
	}
	positions, err := columnPositions(target, s.Columns)
	if err != nil {
		return "", err
	}
	if len(positions) != len(out.values) {
		return "", sferr.Compilation("002020", "21S01", "Insert value list does not match column list expecting %d but got %d", len(positions), len(out.values))
	}
	name := b.alias("q")
	exprs := make([]string, len(target))
	for i, p := range positions {
		v := out.values[i]
		v.sql = fmt.Sprintf("%s.c%d", name, i+1)
		if exprs[p], err = b.assign(v, target[p]); err != nil {
			return "", err
		}
	}
	return storedRows(target, exprs, "("+out.sql+") AS "+name), nil
}

// columnPositions finds the named columns in the target; no names mean all.
func columnPositions(target []Column, names []string) ([]int, error) {
	var out []int
	if names == nil {
		for i := range target {
			out = append(out, i)
		}
		return out, nil
	}
	for _, n := range names {
		i := slices.IndexFunc(target, func(c Column) bool { return c.Name == n })
		switch {
		case i < 0:
			return nil, sferr.Compilation("000904", "42000", "invalid identifier '%s'", n)
		case slices.Contains(out, i):
			return nil, sferr.Compilation("002025", "42S21", "duplicate column name '%s'", n)
		}
		out = append(out, i)
	}
	return out, nil
}

// storedRows selects exprs, "" for the column's default, from from and checks each column.
func storedRows(target []Column, exprs []string, from string) string {
	inner, outer := make([]string, len(target)), make([]string, len(target))
	for i, c := range target {
		e := exprs[i]
		if e == "" {
			e = c.initial()
		}
		inner[i] = fmt.Sprintf("%s AS c%d", e, i+1)
		outer[i] = fmt.Sprintf("%s AS c%d", stored(fmt.Sprintf("s.c%d", i+1), c), i+1)
	}
	return fmt.Sprintf("SELECT %s FROM (SELECT %s FROM %s) AS s", strings.Join(outer, ", "), strings.Join(inner, ", "), from)
}

// initial is what a column has where nothing is said.
func (c Column) initial() string {
	value := "NULL"
	if c.Default != nil {
		value = duckfn.Quote(*c.Default)
	}
	return "CAST(" + value + " AS " + c.Type.DuckDB() + ")"
}

// checkValues refuses what a VALUES clause of INSERT cannot hold: functions that
// make semi-structured values (002014; use INSERT … SELECT) and subqueries.
func checkValues(v *syntax.Values) error {
	for _, row := range v.Rows {
		for _, x := range row {
			if err := checkValue(x); err != nil {
				return err
			}
		}
	}
	return nil
}

func checkValue(x syntax.Expr) error {
	switch x := x.(type) {
	case *syntax.Cast:
		if t, err := sqltype.Resolve(x.Type); err == nil && t.Kind.Semi() {
			return invalidInValues("CAST AS " + t.String())
		}
		return checkValue(x.X)
	case *syntax.Call:
		if semiFunctions[x.Name] != nil {
			return invalidInValues(x.Name)
		}
		for _, a := range x.Args {
			if err := checkValue(a); err != nil {
				return err
			}
		}
	case *syntax.Binary:
		if err := checkValue(x.L); err != nil {
			return err
		}
		return checkValue(x.R)
	case *syntax.Unary:
		return checkValue(x.X)
	case *syntax.Subquery:
		return invalidInValues("subquery")
	}
	return nil
}

func invalidInValues(what string) error {
	return sferr.Compilation("002014", "22000", "Invalid expression [%s] in VALUES clause", what)
}

// StagedColumn is a column of a staged Parquet file: SQL selects it.
type StagedColumn struct {
	Name string
	SQL  string
	Type sqltype.Type
}

// StagedFile is what a COPY reads: columns, and SQL for METADATA$FILENAME and
// METADATA$FILE_ROW_NUMBER.
type StagedFile struct {
	From      string // DuckDB FROM item
	Columns   []StagedColumn
	Filename  string
	RowNumber string
}

// Load translates a COPY of one file into a SELECT of the target's columns.
// With MATCH_BY_COLUMN_NAME, table columns without a file column become NULL, all
// of them if need be; matched tells how many were found.
func Load(env *Env, target []Column, s *syntax.Copy, f StagedFile) (sql string, err error) {
	b := newBinder(env, nil)
	exprs := make([]string, len(target))
	if s.Transform != nil {
		err = b.transform(target, s, f, exprs)
	} else {
		err = b.match(target, s, f, exprs)
	}
	if err != nil {
		return "", err
	}
	return storedRows(target, exprs, f.From), nil
}

func (b *binder) match(target []Column, s *syntax.Copy, f StagedFile, exprs []string) error {
	fold := func(n string) string { return n }
	if s.MatchByName == "CASE_INSENSITIVE" {
		fold = strings.ToUpper
	}
	byName := map[string]StagedColumn{}
	for _, c := range f.Columns {
		if first, double := byName[fold(c.Name)]; double {
			return sferr.New("100098", "22000", "Ambiguous column names in the file: '%s' and '%s' differ by case only", first.Name, c.Name)
		}
		byName[fold(c.Name)] = c
	}
	seen := map[string]bool{}
	for i, c := range target {
		if seen[fold(c.Name)] {
			return sferr.New("100098", "22000", "Ambiguous column names in the table: '%s' differs from another by case only", c.Name)
		}
		seen[fold(c.Name)] = true
		in, ok := byName[fold(c.Name)]
		if !ok {
			continue
		}
		e, err := b.load(value{sql: in.SQL, typ: in.Type, nullable: true}, c)
		if err != nil {
			return err
		}
		exprs[i] = e
	}
	return b.includeMetadata(target, s, f, exprs)
}

// load converts a file's value for a column. Here, unlike in INSERT, a text goes
// into a VARIANT: as a string scalar.
func (b *binder) load(v value, c Column) (string, error) {
	if c.Type.Kind == sqltype.Variant {
		out, err := b.cast(v, c.Type)
		return out.sql, err
	}
	if v.typ.Kind == sqltype.Number && c.Type.Kind.Timestamp() {
		return "", sferr.New("100071", "22000", "Failed to cast variant value to %s for column %s: the file has integers; state USE_LOGICAL_TYPE=TRUE", c.Type.Kind, c.Name)
	}
	return b.assign(v, c)
}

func (b *binder) includeMetadata(target []Column, s *syntax.Copy, f StagedFile, exprs []string) error {
	row := f.row()
	for _, a := range s.IncludeMetadata {
		i := slices.IndexFunc(target, func(c Column) bool { return c.Name == a.Column })
		x, ok := a.X.(*syntax.Column)
		if i < 0 || !ok {
			return sferr.Compilation("000904", "42000", "invalid identifier '%s'", a.Column)
		}
		v, ok := row.metadata(x.Name[0])
		if !ok {
			return sferr.Unsupported("INCLUDE_METADATA of %s", x.Name[0])
		}
		e, err := b.load(v, target[i])
		if err != nil {
			return err
		}
		exprs[i] = e
	}
	return nil
}

func (f StagedFile) row() *stagedRow {
	r := &stagedRow{columns: map[string]value{}, filename: textOf(f.Filename), row: value{sql: f.RowNumber, typ: sqltype.Fixed(38, 0)}}
	for _, c := range f.Columns {
		r.columns[c.Name] = value{sql: c.SQL, typ: c.Type, nullable: true}
		r.order = append(r.order, c.Name)
	}
	return r
}

// transform binds the SELECT of a COPY transformation: columns in order, or those
// listed behind the table's name.
func (b *binder) transform(target []Column, s *syntax.Copy, f StagedFile, exprs []string) error {
	positions, err := columnPositions(target, s.Columns)
	if err != nil {
		return err
	}
	if len(s.Transform.Items) != len(positions) {
		return sferr.Compilation("002020", "21S01", "Insert value list does not match column list expecting %d but got %d", len(positions), len(s.Transform.Items))
	}
	sc := &scope{staged: f.row()}
	for i, it := range s.Transform.Items {
		v, err := b.expr(it.X, sc)
		if err != nil {
			return err
		}
		if exprs[positions[i]], err = b.assign(v, target[positions[i]]); err != nil {
			return err
		}
	}
	return nil
}
