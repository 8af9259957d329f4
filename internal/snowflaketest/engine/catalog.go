package engine

import (
	"context"
	"fmt"
	"slices"
	"sort"
	"strings"
	"time"

	"snowdrift/internal/snowflaketest/duckfn"
	"snowdrift/internal/snowflaketest/sferr"
	"snowdrift/internal/snowflaketest/syntax"
	"snowdrift/internal/snowflaketest/translate"
)

type database struct {
	name    string
	created time.Time
	comment string
	schemas map[string]*schema
}

type schema struct {
	name    string
	created time.Time
	comment string
	tables  map[string]*table
	views   map[string]*view
	stages  map[string]*stageObject
}

// column is a table's column with its comment.
type column struct {
	translate.Column
	comment string
}

// table is a table's description; the rows are in DuckDB under physical. The
// engine's mu guards what can change.
type table struct {
	name      syntax.Name // database, schema, table
	kind      string      // "TABLE", "TRANSIENT", "TEMPORARY"
	duckDB    string      // quoted DuckDB schema
	physical  string      // quoted and qualified DuckDB name
	temporary *Session    // owner of a temporary table
	created   time.Time

	columns []column
	comment string
	loads   map[string]string // staged file -> its MD5: COPY's load metadata
}

// view is a stored query. names are those given in CREATE VIEW, if any.
type view struct {
	name    syntax.Name
	names   []string
	columns []column
	comment string
	text    string
	query   *syntax.Query
	created time.Time
}

type stageObject struct {
	name      syntax.Name
	id        string // key in the stage store
	comment   string
	created   time.Time
	temporary bool
}

func newDatabase(name string, created time.Time) *database {
	return &database{name: name, created: created, schemas: map[string]*schema{}}
}

// addSchema makes a schema and its twin in DuckDB.
func (e *Engine) addSchema(ctx context.Context, db, name, comment string) error {
	if _, err := e.db.ExecContext(ctx, "CREATE SCHEMA IF NOT EXISTS "+duckSchema(db, name)); err != nil {
		return fmt.Errorf("create DuckDB schema: %w", err)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.databases[db].schemas[name] = &schema{
		name: name, created: e.opts.Now(), comment: comment, tables: map[string]*table{}, views: map[string]*view{}, stages: map[string]*stageObject{},
	}
	return nil
}

func duckSchema(db, schema string) string { return duckfn.Ident(db + "." + schema) }

// columns copies the columns of a table or a view, which DDL of another session
// may replace at any time.
func (e *Engine) columns(of *[]column) []column {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(*of)
}

// translated are t's columns for the translator.
func (s *Session) translated(t *table) []translate.Column {
	columns := s.engine.columns(&t.columns)
	out := make([]translate.Column, len(columns))
	for i, c := range columns {
		out[i] = c.Column
	}
	return out
}

// qualify completes a name with the session's database and schema.
func (s *Session) qualify(n syntax.Name) (syntax.Name, error) {
	switch len(n) {
	case 3:
		return n, nil
	case 2:
		if s.database == "" {
			return nil, noCurrentDatabase()
		}
		return syntax.Name{s.database, n[0], n[1]}, nil
	}
	if s.database == "" || s.schema == "" {
		return nil, noCurrentDatabase()
	}
	return syntax.Name{s.database, s.schema, n[0]}, nil
}

func noCurrentDatabase() error {
	return sferr.New("090105", "22000", "Cannot perform operation. This session does not have a current database. Call 'USE DATABASE', or use a qualified name.")
}

// display writes a name as Snowflake does in messages: parts that need it in quotes.
func display(n syntax.Name) string {
	parts := make([]string, len(n))
	for i, p := range n {
		parts[i] = p
		if p != strings.ToUpper(p) || strings.ContainsAny(p, ` ."-`) {
			parts[i] = duckfn.Ident(p)
		}
	}
	return strings.Join(parts, ".")
}

// schemaOf finds the schema of a full name. e.mu must be held.
func (e *Engine) schemaOf(n syntax.Name) (*schema, error) {
	db := e.databases[n[0]]
	if db == nil {
		return nil, sferr.Missing("Database", display(n[:1]))
	}
	sc := db.schemas[n[1]]
	if sc == nil {
		return nil, sferr.Missing("Schema", display(n[:2]))
	}
	return sc, nil
}

// findTable looks up a table. A temporary one hides a permanent one of its name.
func (s *Session) findTable(n syntax.Name) (*table, error) {
	full, err := s.qualify(n)
	if err != nil {
		return nil, err
	}
	s.engine.mu.Lock()
	defer s.engine.mu.Unlock()
	if t := s.temp[display(full)]; t != nil {
		return t, nil
	}
	sc, err := s.engine.schemaOf(full)
	if err != nil {
		return nil, err
	}
	if t := sc.tables[full[2]]; t != nil {
		return t, nil
	}
	return nil, sferr.Missing("Table", display(full))
}

func (s *Session) findView(n syntax.Name) (*view, error) {
	full, err := s.qualify(n)
	if err != nil {
		return nil, err
	}
	s.engine.mu.Lock()
	defer s.engine.mu.Unlock()
	sc, err := s.engine.schemaOf(full)
	if err != nil {
		return nil, err
	}
	if v := sc.views[full[2]]; v != nil {
		return v, nil
	}
	return nil, sferr.Missing("View", display(full))
}

// findStage looks up a stage, the session's temporary ones first.
func (s *Session) findStage(n syntax.Name) (*stageObject, error) {
	full, err := s.qualify(n)
	if err != nil {
		return nil, err
	}
	s.engine.mu.Lock()
	defer s.engine.mu.Unlock()
	if st := s.tempStages[display(full)]; st != nil {
		return st, nil
	}
	sc, err := s.engine.schemaOf(full)
	if err != nil {
		return nil, err
	}
	if st := sc.stages[full[2]]; st != nil {
		return st, nil
	}
	return nil, sferr.Missing("Stage", display(full))
}

// names is the catalog that a statement is translated against. It notes whether a
// table was read: then the statement needs a warehouse.
type names struct {
	session          *Session
	database, schema string // defaults inside a view; empty for the session's
	tables           *int
}

// Relation implements translate.Catalog.
func (c names) Relation(n syntax.Name) (translate.Relation, error) {
	if c.database != "" && len(n) < 3 {
		n = append(syntax.Name{c.database, c.schema}[:3-len(n)], n...)
	}
	t, err := c.session.findTable(n)
	if err != nil {
		if v, viewErr := c.session.findView(n); viewErr == nil {
			return c.view(v)
		}
		return translate.Relation{}, asObject(err)
	}
	if err := c.session.require("SELECT", t.name); err != nil {
		return translate.Relation{}, err
	}
	*c.tables++
	return translate.Relation{SQL: c.session.readable(t), Columns: c.session.translated(t)}, nil
}

func (c names) view(v *view) (translate.Relation, error) {
	if err := c.session.require("SELECT", v.name); err != nil {
		return translate.Relation{}, err
	}
	inner := names{session: c.session, database: v.name[0], schema: v.name[1], tables: c.tables}
	return translate.Relation{View: &translate.View{Query: v.query, Columns: v.names, Catalog: inner}}, nil
}

// asObject says "Object" where a table or a view would do.
func asObject(err error) error {
	if e := sferr.As(err); e.Code == "002003" {
		e.Message = strings.Replace(e.Message, "\nTable '", "\nObject '", 1)
		return e
	}
	return err
}

// sortedKeys returns a map's keys in order.
func sortedKeys[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	sort.Strings(out)
	return out
}
