// Package load says what a destination must do: the Warehouse interface, with
// one folder below this one for each destination, and the SQL that they share.
//
// The contract, which the suite in loadtest holds every destination to: rows
// of all tables, state and run ledger change in one transaction; doing a commit
// again changes nothing; an older version of an issue never overwrites a newer
// one; a row whose content did not change is not rewritten; the child rows of
// an issue are replaced as a set with it; a row that a dimension no longer has
// is marked as gone, not removed.
package load

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"snowdrift/internal/table"
	"snowdrift/stages"
	"snowdrift/state"
)

// Warehouse is a destination. It is for one goroutine, but for Stage, which may
// be called beside anything but Commit.
type Warehouse interface {
	// Acquire takes the lease of a pipeline for a run. While it is held no
	// other run of the pipeline can commit. ErrLeaseHeld when another run has
	// it. Where taking it costs money, it is taken with the first thing that
	// is written, and ErrLeaseHeld comes from Prepare or Commit. With the lease
	// entries of the run ledger that still say "running" become "killed".
	Acquire(ctx context.Context, job Job) error
	// State returns the state of a pipeline; that of one that never ran if the
	// destination knows nothing of it.
	State(ctx context.Context, pipeline string) (*state.State, error)
	// States returns the states of all pipelines, without their columns.
	States(ctx context.Context) ([]*state.State, error)
	// Lacks returns what is not there of the tables. That somebody dropped something is
	// to be noted in the state before Prepare makes it: nobody would know it afterwards.
	// It changes nothing, and refuses a column that Prepare would refuse for its type.
	Lacks(ctx context.Context, tables []*table.Table) ([]Lack, error)
	// Prepare makes tables and columns that are missing. It removes and changes nothing
	// that holds anything, and doing it again does nothing. Rows that were there before a
	// column get its Fill. An empty column of another type than it is to have is made
	// anew; one that holds values is an error, unless it takes what is loaded or somebody
	// may have chosen its type.
	Prepare(ctx context.Context, tables []*table.Table) error
	// MakeViews makes the views that the tables allow and that are missing, or
	// whose text changed. A view of the same name that somebody else made stays
	// as it is. Doing it again does nothing.
	MakeViews(ctx context.Context, views []View) error
	// Format says what Stage wants of its files.
	Format() stages.Format
	// Stage takes over a file: brings it to where Commit can load it, and
	// removes it when it is no longer needed.
	Stage(ctx context.Context, f stages.File) error
	// Commit loads all staged files and writes state and ledger, in one
	// transaction. After an error nothing of it has happened, or the error is
	// ErrUnknown; but that newer readings of live rows of the pipeline, whole issues
	// each, may be there already, with c.Before. A destination that costs money while
	// it is awake does nothing in a commit with neither files nor state if the run
	// wrote nothing before: an idle run leaves no entry in its ledger.
	Commit(ctx context.Context, c Commit) (Result, error)
	// Live returns the digest of the pipeline's live rows as they are now; last is
	// the state that the last commit left. Where looking at rows costs money, it is
	// that state's digest, and known is false if anything that is to be had for
	// nothing says that somebody else has changed rows since.
	Live(ctx context.Context, last *state.State) (d state.Digest, known bool, err error)
	// Diff compares the staged files of the census with the pipeline's rows:
	// ids, and versions where the census has them.
	Diff(ctx context.Context) (Diff, error)
	// Gone returns the pipeline's rows that are not live and whose id is not less
	// than from, in the order of their ids, so many at most. It writes nothing.
	Gone(ctx context.Context, from int64, limit int) ([]Absent, error)
	// Inspect takes the place of Acquire and Prepare for who only reads: it makes
	// nothing, and returns what the destination has of the tables. Diff, Versions
	// and Compare may follow, and no Commit.
	Inspect(ctx context.Context, job Job, tables []*table.Table) ([]*table.Table, error)
	// Versions returns the digest of the pipeline's live rows by id and updated,
	// and the rows that no load can have written.
	Versions(ctx context.Context) (state.Digest, []Stray, error)
	// Compare compares the staged rows of issues with those that the tables have
	// of the same issues, cell by cell, and drops them. It writes nothing but
	// temporary tables. same says whether two documents mean the same.
	Compare(ctx context.Context, same func(stored, jira []byte) bool) ([]Difference, error)
	// Contradictions returns what contradicts itself in the history of the fields
	// of the pipeline's live issues; none where no history is loaded.
	Contradictions(ctx context.Context) ([]Contradiction, error)
	// Record writes an entry of the run ledger and nothing else; false if the
	// destination is only open for reading.
	Record(ctx context.Context, r state.Run) (bool, error)
	// Query runs one statement that reads; ErrSeveralStatements if there are more.
	Query(ctx context.Context, sql string) (Rows, error)
	// DDL returns the statements that Prepare would run on an empty
	// destination.
	DDL(tables []*table.Table) []string
	// Close gives up the lease and the connection.
	Close() error
}

// Lack is what a destination does not have of a table.
type Lack struct {
	Table   *table.Table
	Columns []table.Column // in their order; none: the table itself
}

// Whole reports whether there is no such table.
func (l Lack) Whole() bool { return len(l.Columns) == 0 }

// Of reports whether it is a column of that name.
func (l Lack) Of(column string) bool {
	return slices.ContainsFunc(l.Columns, func(c table.Column) bool { return c.Name == column })
}

// Lacking returns what is not there of the tables that hold rows: columns tells by what
// names t has columns, if any.
func Lacking(t *table.Table, columns int, has func(name string) bool) (l Lack, lacks bool) {
	l.Table = t
	if columns == 0 {
		return l, true
	}
	for _, c := range t.Columns {
		if !has(c.Name) {
			l.Columns = append(l.Columns, c)
		}
	}
	return l, len(l.Columns) > 0
}

// Job is what a run does at a destination: it writes the rows of a pipeline,
// which all come from one site.
type Job struct {
	Pipeline string
	Site     string // name in the column _site
	Run      string // id
}

// Commit is what changes beside the rows of the staged files.
type Commit struct {
	State *state.State // nil leaves the state as it is
	Run   state.Run
	// Before is what is true of the tables when some of the rows are there: as State, of
	// what is loaded and by what columns, but not of how far. It names no recent
	// readings, of which any may be replaced.
	Before *state.State
	// Remove has the rows of issues that staged findings hold to be deleted
	// removed, in all tables, rather than marked.
	Remove bool
	// Rewrite has rows written that are as they were, too.
	Rewrite bool
	// Dimensions names the dimensions that were read to their end: rows of theirs
	// that are not staged are gone. One that is staged is among them.
	Dimensions []string
	// Discard drops the staged files instead of loading them, so that only the
	// ledger is written: what a run staged before it failed may be rows of
	// issues without those of their children.
	Discard bool
}

// Result says what a commit wrote.
type Result struct {
	// Rows are the rows inserted, updated or deleted, by table.
	Rows map[string]int64
	// Digest is that of the pipeline's live rows after the commit.
	Digest state.Digest
	// Took is the time between the first statement and the end of the commit.
	Took time.Duration
	// Statements is the number of statements sent, 0 where none are.
	Statements int64
}

// Diff is how the census and the rows of a pipeline differ.
type Diff struct {
	Missing []int64  // in the census, but not a live row of the pipeline
	Absent  []Absent // a live row, but not in the census
	Stale   []Stale  // a live row of another version than the census has
	// Others are the pipelines of which some of the missing are live rows, with
	// how many.
	Others map[string]int64
	// Live are the pipeline's live rows, by project.
	Live map[int64]int64
}

// Stray is an issue that has several rows, or one without presence or pipeline:
// rows that no load writes, and none mends.
type Stray struct {
	ID   int64  `json:"id"`
	Key  string `json:"key"`
	Rows int64  `json:"rows"`
}

// Absent is a row whose issue the census does not have.
type Absent struct {
	ID        int64
	ProjectID int64
	Key       string
	Updated   int64 // epoch milliseconds, 0 if it has none
	// Presence and Evidence are what the row says of it so far.
	Presence, Evidence string
}

// Stale is a live row whose issue has another updated in the census.
type Stale struct {
	ID   int64     `json:"id"`
	Key  string    `json:"key"`
	Row  time.Time `json:"row"`  // updated of the row; zero if it has none
	Jira time.Time `json:"jira"` // updated in the census
}

// NewDiff returns no difference.
func NewDiff() Diff { return Diff{Others: map[string]int64{}, Live: map[int64]int64{}} }

// Clean reports whether there is no difference.
func (d Diff) Clean() bool { return len(d.Missing) == 0 && len(d.Absent) == 0 && len(d.Stale) == 0 }

// Rows is the answer to a query.
type Rows interface {
	Columns() []string
	// Types are the destination's names of the columns' types: DATE, TIMESTAMPTZ, …
	Types() []string
	// All yields the rows; the slice is valid until the next step. Documents, and lists
	// and the like, come as their JSON; what a cell is as text CellText says.
	All() iter.Seq2[[]any, error]
}

// Errors that callers tell apart.
var (
	// ErrLeaseHeld: another run works on the same pipeline.
	ErrLeaseHeld = errors.New("another run holds the lease")
	// ErrBeingWritten: a destination that one process has to itself cannot be read,
	// since a run writes to it.
	ErrBeingWritten = errors.New("a run is writing to it")
	// ErrLeaseLost: another run took the lease over; nothing was committed.
	ErrLeaseLost = errors.New("another run took the lease over")
	// ErrUnknown: the connection was lost while the commit was under way, and
	// its outcome could not be found out.
	ErrUnknown = errors.New("the outcome of the commit is unknown")
	// ErrSeveralStatements: a query is more than one statement. None of them was run.
	ErrSeveralStatements = errors.New("it is more than one statement; none was run")
)

// Error is a destination's refusal: what was tried, on what.
type Error struct {
	Op        string // "open", "commit", …
	On        string // table, file or database
	Statement string // first line of the SQL statement, without values
	QueryID   string // the destination's id of the statement, if it gives one
	Hint      string // what to do
	Err       error
}

func (e *Error) Error() string {
	s := e.Op
	if e.On != "" {
		s += " " + e.On
	}
	s += ": " + e.Err.Error()
	if e.Statement != "" {
		s += fmt.Sprintf(" (statement: %s)", excerpt(e.Statement))
	}
	if e.QueryID != "" {
		s += fmt.Sprintf(" (query id %s)", e.QueryID)
	}
	if e.Hint != "" {
		s += "; " + e.Hint
	}
	return s
}

func (e *Error) Unwrap() error { return e.Err }

// BadState is the error for a state of a pipeline that cannot be read, as state.Parse
// says why.
func BadState(pipeline string, err error) error {
	e := &Error{Op: "read the state of", On: pipeline, Err: err}
	if errors.Is(err, state.ErrDamaged) {
		e.Hint = fmt.Sprintf("put it back with snowdrift state import, if it was exported, or clear it (snowdrift state clear, with pipeline: %s), and its next run reads everything", pipeline)
	}
	return e
}

// excerptBytes is how much of a statement an error shows. One that names every
// column of a table has tens of thousands.
const excerptBytes = 300

func excerpt(statement string) string {
	if len(statement) <= excerptBytes {
		return statement
	}
	return strings.ToValidUTF8(statement[:excerptBytes], "") + " …"
}
