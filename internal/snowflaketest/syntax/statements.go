package syntax

// Statement is any statement node of this package.
type Statement interface {
	// Kind is the statement's verb, e.g. "SELECT", "COPY", "CREATE TABLE".
	Kind() string
}

// SelectStatement is a query as a statement.
type SelectStatement struct{ Query *Query }

// Insert is INSERT INTO t [(cols)] query.
type Insert struct {
	Table   Name
	Columns []string
	Query   *Query
}

// Assignment is col = expr.
type Assignment struct {
	Column string
	X      Expr
}

// Update is UPDATE t SET … [FROM …] [WHERE …].
type Update struct {
	Table Name
	Alias string
	Set   []Assignment
	From  []Table
	Where Expr
}

// Delete is DELETE FROM t [USING …] [WHERE …].
type Delete struct {
	Table Name
	Alias string
	Using []Table
	Where Expr
}

// Merge is MERGE INTO t USING s ON … WHEN ….
type Merge struct {
	Table  Name
	Alias  string
	Source Table
	On     Expr
	Whens  []MergeWhen
}

// MergeWhen is one WHEN clause. Action is "UPDATE", "DELETE" or "INSERT".
type MergeWhen struct {
	Matched bool
	And     Expr
	Action  string
	Set     []Assignment
	Columns []string
	Values  []Expr
}

// ColumnDef is one column of CREATE TABLE or ADD COLUMN.
type ColumnDef struct {
	Name    string
	Type    TypeName
	NotNull bool
	Default *string // a text; nil for none
	Comment string
}

// CreateTable is CREATE [OR REPLACE] [TRANSIENT|TEMPORARY] TABLE. Exactly one
// of Columns, Query (AS) and Like is set.
type CreateTable struct {
	Name                 Name
	Replace, IfNotExists bool
	Transient, Temporary bool
	Columns              []ColumnDef
	Comment              string
	Query                *Query
	Like                 Name
}

// CreateView is CREATE [OR REPLACE] VIEW. Text is the query's source.
type CreateView struct {
	Name                 Name
	Replace, IfNotExists bool
	CopyGrants           bool // there is only one role's grants to keep
	Columns              []string
	Comment              string
	Comments             []string // per column, "" for none
	Query                *Query
	Text                 string
}

// CreateStage is CREATE [OR REPLACE] [TEMPORARY] STAGE, internal stages only.
type CreateStage struct {
	Name                 Name
	Replace, IfNotExists bool
	Temporary            bool
	Comment              string
}

// CreateNamespace is CREATE SCHEMA or CREATE DATABASE.
type CreateNamespace struct {
	Object               string // "SCHEMA" or "DATABASE"
	Name                 Name
	Replace, IfNotExists bool
	Comment              string
}

// AlterTable is ALTER TABLE with exactly one action.
type AlterTable struct {
	Name           Name
	IfExists       bool
	Add            []ColumnDef
	AddIfNotExists bool
	SetComment     *string
	DropColumns    []string
	DropIfExists   bool
	Columns        []ColumnChange
}

// ColumnChange is one item of ALTER TABLE … ALTER COLUMN. Exactly one is set.
type ColumnChange struct {
	Column      string
	Comment     *string
	Type        *TypeName
	DropNotNull bool
}

// Comment is COMMENT [IF EXISTS] ON TABLE|VIEW|COLUMN|SCHEMA|STAGE … IS '…'.
type Comment struct {
	Object   string
	Name     Name
	IfExists bool
	Text     string
}

// Drop is DROP TABLE|VIEW|STAGE|SCHEMA [IF EXISTS].
type Drop struct {
	Object   string
	Name     Name
	IfExists bool
}

// Truncate is TRUNCATE [TABLE] [IF EXISTS].
type Truncate struct {
	Name     Name
	IfExists bool
}

// Use is USE [DATABASE|SCHEMA|WAREHOUSE|ROLE] name.
type Use struct {
	Object string // "" when only a name is given
	Name   Name
}

// AlterSession is ALTER SESSION SET k = v …, or UNSET k, ….
type AlterSession struct {
	Set   []Parameter
	Unset []string
}

// Parameter is one session parameter; Value is its text.
type Parameter struct{ Name, Value string }

// Show is SHOW <Object> [LIKE '…'] [IN scope] [STARTS WITH '…'] [LIMIT n].
type Show struct {
	Object     string // "TABLES", "VIEWS", "COLUMNS", "STAGES", "SCHEMAS", "DATABASES", "PARAMETERS", "WAREHOUSES", "TRANSACTIONS"
	Like       string
	HasLike    bool
	Scope      string // "", "ACCOUNT", "DATABASE", "SCHEMA", "TABLE", "SESSION"
	In         Name
	StartsWith string
	Limit      int // 0 is none
}

// Describe is DESCRIBE TABLE|VIEW.
type Describe struct {
	Object string
	Name   Name
}

// List is LIST @stage/prefix.
type List struct {
	Location Location
	Pattern  string
}

// Remove is REMOVE @stage/prefix.
type Remove struct {
	Location Location
	Pattern  string
}

// Put is PUT 'file://…' @stage/path. File is the text without file://.
type Put struct {
	File              string
	Location          Location
	Parallel          int
	AutoCompress      bool
	SourceCompression string // lower case, "auto_detect" by default
	Overwrite         bool
}

// Copy is COPY INTO t FROM @stage or FROM (SELECT … FROM @stage).
type Copy struct {
	Table           Name
	Columns         []string
	Location        Location
	Transform       *Select // nil without transformation
	Files           []string
	Pattern         string
	Format          map[string]string // FILE_FORMAT options, upper-case names
	MatchByName     string            // "", "CASE_SENSITIVE", "CASE_INSENSITIVE"
	OnError         string            // "ABORT_STATEMENT", "CONTINUE", "SKIP_FILE"
	Purge, Force    bool
	NullIf          []string     // NULL_IF of the file format
	IncludeMetadata []Assignment // column = METADATA$…
}

// Begin, Commit and Rollback are the transaction statements.
type (
	Begin    struct{}
	Commit   struct{}
	Rollback struct{}
)

func (*SelectStatement) Kind() string   { return "SELECT" }
func (*Insert) Kind() string            { return "INSERT" }
func (*Update) Kind() string            { return "UPDATE" }
func (*Delete) Kind() string            { return "DELETE" }
func (*Merge) Kind() string             { return "MERGE" }
func (*Copy) Kind() string              { return "COPY" }
func (*CreateTable) Kind() string       { return "CREATE TABLE" }
func (*CreateView) Kind() string        { return "CREATE VIEW" }
func (*CreateStage) Kind() string       { return "CREATE STAGE" }
func (s *CreateNamespace) Kind() string { return "CREATE " + s.Object }
func (*AlterTable) Kind() string        { return "ALTER TABLE" }
func (*AlterSession) Kind() string      { return "ALTER SESSION" }
func (*Comment) Kind() string           { return "COMMENT" }
func (s *Drop) Kind() string            { return "DROP " + s.Object }
func (*Truncate) Kind() string          { return "TRUNCATE" }
func (*Use) Kind() string               { return "USE" }
func (s *Show) Kind() string            { return "SHOW" }
func (*Describe) Kind() string          { return "DESCRIBE" }
func (*List) Kind() string              { return "LIST" }
func (*Remove) Kind() string            { return "REMOVE" }
func (*Put) Kind() string               { return "PUT" }
func (Begin) Kind() string              { return "BEGIN" }
func (Commit) Kind() string             { return "COMMIT" }
func (Rollback) Kind() string           { return "ROLLBACK" }

// IsDDL tells whether the statement commits an open transaction: every CREATE,
// ALTER TABLE, DROP and COMMENT, temporary objects included. TRUNCATE is listed
// with DML in the documentation's page on transactions.
func IsDDL(s Statement) bool {
	switch s.(type) {
	case *CreateTable, *CreateView, *CreateStage, *CreateNamespace, *AlterTable, *Comment, *Drop:
		return true
	}
	return false
}
