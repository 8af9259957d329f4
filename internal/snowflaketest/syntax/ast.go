package syntax

// Name is a possibly qualified object name, outermost part first; each part is
// as Snowflake stores it (unquoted parts in upper case).
type Name []string

// Expr is any expression node of this package.
type Expr interface{ expr() }

// Column names a column, possibly qualified (alias.col, table.col).
type Column struct {
	Name Name
	Pos  int // byte offset in the statement
}

// Dollar is $1 of a staged file's row or the n-th column of VALUES.
type Dollar struct{ Index int }

// Number is a numeric literal as written.
type Number struct{ Text string }

// String is a character literal with its escapes undone.
type String struct{ Value string }

// Bool is TRUE or FALSE.
type Bool struct{ Value bool }

// Null is NULL.
type Null struct{}

// Bind is the n-th placeholder, from 1.
type Bind struct{ Index int }

// Interval is INTERVAL '1 day, 2 hours'.
type Interval struct{ Text string }

// Star is *, or t.*, with EXCLUDE names left out.
type Star struct {
	Table   Name
	Exclude []string
	Pos     int
}

// Unary is -x, +x or NOT x.
type Unary struct {
	Op string
	X  Expr
}

// Binary is arithmetic, comparison, AND, OR or ||.
type Binary struct {
	Op   string
	L, R Expr
}

// Cast is x::T, CAST(x AS T) or TRY_CAST(x AS T).
type Cast struct {
	X    Expr
	Type TypeName
	Try  bool
}

// TypeName is a data type as written: name in upper case and its arguments.
type TypeName struct {
	Name string
	Args []int
}

// Call is a function call with everything that can hang on one.
type Call struct {
	Name        string
	Args        []Expr
	Named       map[string]Expr // name => value, names in upper case
	Distinct    bool
	WithinGroup []Order
	IgnoreNulls bool
	Over        *Window
}

// Window is OVER (…).
type Window struct {
	Partition []Expr
	Order     []Order
	Frame     *Frame
}

// Frame is ROWS|RANGE BETWEEN …; the bounds are "UNBOUNDED PRECEDING",
// "CURRENT ROW", "n PRECEDING" and so on.
type Frame struct{ Unit, From, To string }

// Order is one ORDER BY item. NullsFirst is resolved: Snowflake's default is
// NULLS LAST for ASC and NULLS FIRST for DESC.
type Order struct {
	X          Expr
	Desc       bool
	NullsFirst bool
}

// Case is CASE [x] WHEN … THEN … [ELSE …] END.
type Case struct {
	Operand Expr
	Whens   []When
	Else    Expr
}

// When is one branch of a Case.
type When struct{ If, Then Expr }

// In is x [NOT] IN (list) or (query).
type In struct {
	X     Expr
	List  []Expr
	Query *Query
	Not   bool
}

// Between is x [NOT] BETWEEN a AND b.
type Between struct {
	X, Low, High Expr
	Not          bool
}

// Like is x [NOT] LIKE|ILIKE|RLIKE pattern [ESCAPE e], or LIKE ANY (…).
type Like struct {
	Op       string
	X        Expr
	Patterns []Expr
	Escape   Expr
	Not      bool
}

// Is is x IS [NOT] NULL|TRUE|FALSE.
type Is struct {
	X    Expr
	What string
	Not  bool
}

// Distinct is l IS [NOT] DISTINCT FROM r.
type Distinct struct {
	L, R Expr
	Not  bool
}

// Exists is EXISTS (query).
type Exists struct{ Query *Query }

// Subquery is a query used as a value.
type Subquery struct{ Query *Query }

// Tuple is (a, b, …), legal beside IN.
type Tuple struct{ Items []Expr }

// Path is x:a.b[0], or x['a'].
type Path struct {
	X     Expr
	Steps []Step
}

// Step is one step into semi-structured data: a key, or an index when Index is set.
type Step struct {
	Key   string
	Index Expr
}

func (*Column) expr()   {}
func (*Dollar) expr()   {}
func (*Number) expr()   {}
func (*String) expr()   {}
func (*Bool) expr()     {}
func (*Null) expr()     {}
func (*Bind) expr()     {}
func (*Interval) expr() {}
func (*Star) expr()     {}
func (*Unary) expr()    {}
func (*Binary) expr()   {}
func (*Cast) expr()     {}
func (*Call) expr()     {}
func (*Case) expr()     {}
func (*In) expr()       {}
func (*Between) expr()  {}
func (*Like) expr()     {}
func (*Is) expr()       {}
func (*Distinct) expr() {}
func (*Exists) expr()   {}
func (*Subquery) expr() {}
func (*Tuple) expr()    {}
func (*Path) expr()     {}

// Query is a complete query expression.
type Query struct {
	With          []CTE
	Body          Body
	OrderBy       []Order
	Limit, Offset Expr
}

// CTE is one WITH item. Recursive is set when WITH RECURSIVE was written.
type CTE struct {
	Name      string
	Columns   []string
	Query     *Query
	Recursive bool
}

// Body is *Select, *SetOperation, *Values or a *Query in parentheses.
type Body interface{ body() }

// Select is one SELECT block.
type Select struct {
	Distinct bool
	Items    []Item
	From     []Table
	Where    Expr
	GroupBy  []Expr
	GroupAll bool
	Having   Expr
	Qualify  Expr
	Limit    Expr // TOP n
}

// Item is one output column. Text is the source text, from which Snowflake
// names a column without alias.
type Item struct {
	X     Expr
	Alias string
	Text  string
}

// SetOperation is UNION, INTERSECT or EXCEPT.
type SetOperation struct {
	Op   string // "UNION", "UNION ALL", "INTERSECT", "EXCEPT"
	L, R Body
}

// Values is VALUES (…), (…).
type Values struct{ Rows [][]Expr }

func (*Query) body()        {}
func (*Select) body()       {}
func (*SetOperation) body() {}
func (*Values) body()       {}

// Table is anything that can stand in FROM.
type Table interface{ table() }

// TableName is a table, view or CTE.
type TableName struct {
	Name  Name
	Alias string
}

// Derived is a subquery in FROM.
type Derived struct {
	Query   *Query
	Alias   string
	Columns []string
	Lateral bool
}

// TableFunction is FLATTEN or GENERATOR, in LATERAL f(…) or TABLE(f(…)).
type TableFunction struct {
	Call  *Call
	Alias string
}

// StagedFiles is @stage/path in FROM, legal in COPY transformations only.
type StagedFiles struct {
	Location Location
	Alias    string
}

// Join is l KIND JOIN r.
type Join struct {
	Kind  string // "INNER", "LEFT", "RIGHT", "FULL", "CROSS"
	L, R  Table
	On    Expr
	Using []string
}

func (*TableName) table()     {}
func (*Derived) table()       {}
func (*TableFunction) table() {}
func (*StagedFiles) table()   {}
func (*Join) table()          {}

// Location is @[db.][schema.]stage[/path]. Path has no leading slash and keeps
// a trailing one: prefixes are compared as strings.
type Location struct {
	Stage Name
	Path  string
}
