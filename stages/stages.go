// Package stages holds the values that flow through the pipeline, and nothing
// more: a Page of raw issues from fetch to flatten, Rows from flatten to batch,
// a Cut of Files from batch to load. The stages themselves are the packages
// below this one; they know these values and not each other.
package stages

import (
	"snowdrift/internal/table"
)

// Partition is a slice of the work: of a first load, issues whose project and
// creation time lie in a range; of a later run, the issues that changed; of a
// reconciliation, issues asked for by id.
type Partition struct {
	// Name identifies the partition in state, logs and errors.
	Name string `json:"name"`
	// JQL selects the issues, which come ordered by the date field Order; empty
	// when IDs selects them.
	JQL   string `json:"jql,omitempty"`
	Order string `json:"order,omitempty"`
	// IDs are the issues to fetch one by one.
	IDs []int64 `json:"-"`
	// Changes says that the partition is all that changed: its end moves the
	// cursor.
	Changes bool `json:"-"`
	// Expected is the number of issues that Jira told, -1 if it didn't.
	Expected int64 `json:"expected"`
}

// Page is what one answer of Jira holds.
type Page struct {
	Partition *Partition
	// Issues are the raw issues, each valid JSON, in memory that Release gives
	// back.
	Issues  [][]byte
	Release func()
	// Last says that no page of the partition follows.
	Last bool
	// Cut says that what came before is to be committed before more is read. Such
	// a page belongs to no partition and has no issues.
	Cut bool
}

// Ref is one reading of one issue: what it takes to recognise it again.
type Ref struct {
	ID      int64  `json:"id"`
	Updated int64  `json:"updated"` // epoch milliseconds, 0 if the issue has none
	Hash    uint64 `json:"hash"`    // digest of the content
}

// Return is an issue that came when it was asked for by id.
type Return struct {
	ID        int64
	ProjectID int64 // of the project that it is in, 0 if it does not say
}

// Chunk is what flatten makes of some pages: rows of several tables, and which
// partitions ended with them.
type Chunk struct {
	Rows []*Rows
	// Read are the readings of partitions of changes, Returned the issues that
	// were asked for by id.
	Read     []Ref
	Returned []Return
	// Done are the partitions whose last page is in this chunk or before it.
	Done []*Partition
	// Full says that with this chunk there are as many issues as a file may have, see
	// Format.IssueRows.
	Full bool
	// Cut says that a commit ends with this chunk, see Page.
	Cut bool
	// Release gives the rows' memory back.
	Release func()
}

// File is a Parquet file of rows of one table, on local disk.
type File struct {
	Table *table.Table
	Path  string
	Rows  int64
	Bytes int64
}

// Format is what a destination wants of its files.
type Format struct {
	// MarkJSON annotates JSON columns as such in Parquet. DuckDB then takes
	// their text over without parsing it; what Snowflake makes of the
	// annotation is not known, so its files have plain text there.
	MarkJSON bool
	// Embedded says that the destination works in this process. The stages
	// before are emptied and wait while it commits, so that memory for both is
	// never needed at once.
	Embedded bool
	// IssueRows is the number of rows of issues at which a file is closed, where the
	// destination writes so many at once; 0 if it does not mind.
	IssueRows int
	// CommitFiles is the number of such files that one commit should take, and no rows
	// beyond them as long as more come; 0 if it does not mind.
	CommitFiles int
	// CommitSize is the number of bytes that one commit should take at most,
	// where the destination's memory grows with it; 0 if it does not.
	CommitSize int64
}

// Cut is a part of the stream for load: files that are closed, and when Commit
// is set the end of what one commit takes.
type Cut struct {
	Files []File
	// The rest belongs to the commit and comes with Commit set: see Chunk. All
	// that the partitions in Done gave is in this cut or an earlier one.
	Read     []Ref
	Returned []Return
	Done     []*Partition
	Commit   bool
}
