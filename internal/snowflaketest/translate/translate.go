// Package translate turns parsed Snowflake statements into DuckDB SQL that means
// the same.
//
// It resolves every name against a Catalog and types every expression, and so
// writes Snowflake's semantics out where DuckDB's differ: identifiers by exact
// case, NULL ordering, NUMBER arithmetic and rounding, VARIANT, the three
// timestamps and the session's zone, NOT NULL and length checks on what is stored.
// A function, type or clause that has no entry here is refused (001003,
// "unsupported by snowflaketest"), never passed through.
//
// The entry points are Query for SELECT and views, Insert, Merge, Update, Delete
// for the DML statements and Copy for what a COPY stores.
package translate

import (
	"fmt"
	"strings"
	"time"

	"snowdrift/internal/snowflaketest/duckfn"
	"snowdrift/internal/snowflaketest/sferr"
	"snowdrift/internal/snowflaketest/sqltype"
	"snowdrift/internal/snowflaketest/syntax"
)

// Env is what a statement depends on besides the tables.
type Env struct {
	Now  time.Time // CURRENT_TIMESTAMP of this statement
	Zone string    // session parameter TIMEZONE, an IANA name
	// The session parameters …_INPUT_FORMAT: how texts are read without a format.
	TimestampFormat, DateFormat, TimeFormat string
	Database                                string
	Schema                                  string
	Warehouse                               string
	Role                                    string
	User                                    string
	Account                                 string
	SessionID                               int64
	LastQueryID                             string
	Binds                                   []Bind
	Source                                  string // the statement's text, for positions in errors
}

// Bind is one bound value as the driver sends it (facts part 3.2).
type Bind struct {
	Type  string
	Value *string
}

// Column is one column of a table or of a result.
type Column struct {
	Name    string
	Type    sqltype.Type
	NotNull bool
	Default *string // a text; nil for none
}

// Relation is what a name in FROM stands for: SQL that DuckDB can select from,
// its columns named as the Columns are; or a view.
type Relation struct {
	SQL     string
	Columns []Column
	View    *View
}

// View is a view's query and the catalog that resolves the names in it.
type View struct {
	Query   *syntax.Query
	Columns []string // names given in CREATE VIEW, or nil
	Catalog Catalog
}

// Catalog finds tables and views. A missing one is error 002003.
type Catalog interface {
	Relation(name syntax.Name) (Relation, error)
}

// Query is a translated query. SQL's output columns are named c1, c2, ….
type Query struct {
	SQL     string
	Columns []Column
}

// Select translates a query.
func Select(env *Env, catalog Catalog, q *syntax.Query) (Query, error) {
	b := newBinder(env, catalog)
	out, err := b.query(q, nil)
	if err != nil {
		return Query{}, err
	}
	return Query{SQL: out.sql, Columns: out.columns()}, nil
}

// binder holds the state of one translation. Its aliases are unique in the
// whole statement, so that nested scopes never shadow one another in DuckDB.
type binder struct {
	env     *Env
	catalog Catalog
	seq     *int
	views   int // nesting of views, to stop at cycles
}

func newBinder(env *Env, catalog Catalog) *binder {
	return &binder{env: env, catalog: catalog, seq: new(int)}
}

func (b *binder) alias(prefix string) string {
	*b.seq++
	return fmt.Sprintf("%s%d", prefix, *b.seq)
}

// value is a translated expression.
type value struct {
	sql      string
	typ      sqltype.Type
	nullable bool
}

// key is v as DuckDB has to compare, sort and join it: two TIMESTAMP_TZ are equal
// when their instants are.
func (v value) key() string {
	if v.typ.Kind == sqltype.TimestampTZ {
		return "struct_extract(" + v.sql + ", 't')"
	}
	return v.sql
}

// output is a translated query whose columns are c1 … cn.
type output struct {
	sql    string
	names  []string
	values []value // sql unset: types only
}

func (o output) columns() []Column {
	out := make([]Column, len(o.values))
	for i, v := range o.values {
		out[i] = Column{Name: o.names[i], Type: v.typ, NotNull: !v.nullable}
	}
	return out
}

// scope is the set of names that an expression can see.
type scope struct {
	parent  *scope
	sources []*source
	merged  map[string]value // columns that USING joined
	aliases map[string]value // outputs of the SELECT named so far
	ctes    map[string]*cte
	staged  *stagedRow // the row of a staged file, in COPY transformations
}

// source is one item of FROM.
type source struct {
	alias   string
	name    syntax.Name // full name when it is a table
	columns []sourceColumn
	hidden  map[string]bool // columns that USING took out of *

	generator string // row number of a GENERATOR, which has no columns
}

type sourceColumn struct {
	Column
	sql string
}

type cte struct {
	sql     string // alias of the WITH item in DuckDB
	columns []Column
}

func newSource(alias string, duck string, columns []Column, exactNames bool) *source {
	s := &source{alias: alias}
	for i, c := range columns {
		name := fmt.Sprintf("c%d", i+1)
		if exactNames {
			name = duckfn.Ident(c.Name)
		}
		s.columns = append(s.columns, sourceColumn{Column: c, sql: duck + "." + name})
	}
	return s
}

func (c sourceColumn) value() value { return value{sql: c.sql, typ: c.Type, nullable: !c.NotNull} }

func (s *source) answersTo(qualifier syntax.Name) bool {
	if len(qualifier) == 0 {
		return true
	}
	if len(qualifier) == 1 && qualifier[0] == s.alias {
		return true
	}
	if len(qualifier) > len(s.name) || len(qualifier) < 2 {
		return false
	}
	tail := s.name[len(s.name)-len(qualifier):]
	for i := range qualifier {
		if tail[i] != qualifier[i] {
			return false
		}
	}
	return true
}

func (s *scope) cte(name string) *cte {
	for ; s != nil; s = s.parent {
		if c := s.ctes[name]; c != nil {
			return c
		}
	}
	return nil
}

// column resolves a name: the innermost SELECT's columns first, then its
// aliases, then the SELECTs around it.
func (b *binder) column(c *syntax.Column, sc *scope) (value, error) {
	name, qualifier := c.Name[len(c.Name)-1], c.Name[:len(c.Name)-1]
	for s := sc; s != nil; s = s.parent {
		if v, ok := s.merged[name]; ok && len(qualifier) == 0 {
			return v, nil
		}
		var found []value
		for _, src := range s.sources {
			if !src.answersTo(qualifier) {
				continue
			}
			for _, col := range src.columns {
				if col.Name == name {
					found = append(found, col.value())
				}
			}
		}
		switch {
		case len(found) == 1:
			return found[0], nil
		case len(found) > 1:
			return value{}, sferr.Compilation("002028", "42601", "ambiguous column name '%s'", strings.Join(c.Name, "."))
		}
		if v, ok := s.aliases[name]; ok && len(qualifier) == 0 {
			return v, nil
		}
		if s.staged != nil {
			if v, ok := s.staged.metadata(name); ok && len(qualifier) == 0 {
				return v, nil
			}
		}
	}
	return value{}, b.errorAt(c.Pos, "000904", "42000", "invalid identifier '%s'", strings.Join(c.Name, "."))
}

// errorAt is a compilation error with the position of offset in the statement.
func (b *binder) errorAt(offset int, code, state, format string, args ...any) error {
	line, col := syntax.Position(b.env.Source, offset)
	return sferr.New(code, state, "SQL compilation error: error line %d at position %d\n%s", line, col, fmt.Sprintf(format, args...))
}
