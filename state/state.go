// Package state holds what a pipeline remembers between runs: how far it has
// read, what it was asked for, which column belongs to which field, and what
// became of its runs.
//
// State lives in the destination and changes in the same transaction as the
// rows it speaks of, so it is never ahead of them and never behind.
package state

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"snowdrift/internal/table"
	"snowdrift/stages"
)

// Version is the version of the state's form. A newer one is refused.
const Version = 1

// Returning stands in State.Left for a cursor.
const Returning = -1

// State is what a pipeline remembers. The zero State but for Pipeline is that
// of a pipeline that never ran, or was cleared.
type State struct {
	Version  int    `json:"version"`
	Pipeline string `json:"pipeline"`
	// Site is the base URL that the issues came from.
	Site string `json:"site,omitempty"`
	// SiteName is the name of the site in the column _site of the pipeline's
	// rows. It outlives a clear, as the rows do.
	SiteName string `json:"site_name,omitempty"`
	// Asked is what the pipeline was asked for when this state was made; of a
	// cleared one, before.
	Asked Asked `json:"asked"`
	// Load is the first load while it is under way, nil before and after.
	Load *Load `json:"load,omitempty"`
	// Cursor is the greatest "updated", in epoch milliseconds, up to which all
	// changes that Jira has shown are loaded; 0 before the first load ended.
	Cursor int64 `json:"cursor,omitempty"`
	// Recent are the issues read last, from the overlap that the next run will
	// read again.
	Recent []stages.Ref `json:"recent,omitempty"`
	// EpochMillis says whether the site takes epoch milliseconds as dates in
	// JQL; nil if nobody asked yet.
	EpochMillis *bool `json:"epoch_millis,omitempty"`
	// Dimensions says when each dimension was last read, or Jira refused to show
	// it, in epoch milliseconds of the site's clock.
	Dimensions map[string]int64 `json:"dimensions,omitempty"`
	// Digest is that of the pipeline's live rows after the last commit.
	Digest Digest `json:"digest"`
	// Rows is the number of rows that issues had then, of all pipelines and sites,
	// if the destination counts them: it tells that somebody else changed some.
	Rows *int64 `json:"rows,omitempty"`
	// Proven is when a census last agreed with the table, in epoch milliseconds
	// of the site's clock. Only pipelines that do not take a census in every run
	// remember it.
	Proven int64 `json:"proven,omitempty"`
	// Unsettled says that the query changed and no census has yet been taken of
	// the new one: the next run takes one, whatever its configuration says. Settled
	// is the cursor that there was then, 0 if nobody knows.
	Unsettled bool  `json:"unsettled,omitempty"`
	Settled   int64 `json:"settled,omitempty"`
	// Unseen are live rows that may be of an old version, though their issues are no
	// news to the search: when Jira was last asked it did not show them, or did not
	// tell of which version they are, and the cursor moved on without them.
	Unseen IDs `json:"unseen,omitempty"`
	// Owed are the issues that Jira did not answer for when they were read: the cursor, or
	// the load, went on without them. Each run asks for them by id until they come.
	Owed IDs `json:"owed,omitempty"`
	// Keys are the keys of the projects that are in scope, by id, as they are in the
	// rows; nil in states of versions that did not remember them.
	Keys map[int64]string `json:"keys,omitempty"`
	// Rewrite says that the load under way writes every row that it reads: rows of
	// a table are gone which are made with those of issues.
	Rewrite bool `json:"rewrite,omitempty"`
	// Mixed says that fields or tables changed and not all issues were read
	// since: _raw and _hash of some rows hold what was asked for earlier.
	Mixed bool `json:"mixed,omitempty"`
	// Kinds are the custom fields that are loaded, by id, with the names of their
	// kinds (see table.Kind); nil in states of versions that did not remember them.
	Kinds map[string]string `json:"kinds"`
	// Left are the fields and tables that were loaded once and are not now, each
	// with the cursor up to which what is in the tables of it is right; 0 if nobody
	// knows, and Returning while it is read again. Both outlive a clear, with Asked,
	// as the rows do.
	Left map[string]int64 `json:"left,omitempty"`
	// Deep is how far the deep census has come.
	Deep Deep `json:"deep"`
	// Names are names that custom fields have or had, by id, beside those with
	// which their columns were made. Data Center's changelog knows a field by the
	// name that it had, so they outlive a clear, as the columns do.
	Names map[string][]string `json:"names,omitempty"`
	// Commit names the commit that wrote this state: run id and number.
	Commit string `json:"commit,omitempty"`
	// Columns is the column ledger of the destination. It outlives a clear:
	// columns keep their fields.
	Columns []table.Assignment `json:"columns,omitempty"`
}

// Deep is the deep census, which compares issues by id and updated, and then
// asks about those that are not live by id. It goes round: through all ids in
// their order, some in each run. Times are epoch milliseconds of the site's clock.
type Deep struct {
	// Proven is when the last round began that came to its end; a load that read
	// everything counts as one. 0: none yet.
	Proven int64 `json:"proven,omitempty"`
	// Began is when the round under way began, 0 if there is none; Through is
	// the greatest id that it has compared.
	Began   int64 `json:"began,omitempty"`
	Through int64 `json:"through,omitempty"`
	// Gone is the least id of the rows that are not live and were not asked about
	// since the last round ended; 0 if all of them were.
	Gone int64 `json:"gone,omitempty"`
}

// Asked is the part of the configuration that decides what the tables hold.
type Asked struct {
	Query  string   `json:"query"`  // JQL of the scope, "" for all
	Fields []string `json:"fields"` // as Jira is asked for them
	Tables []string `json:"tables"`
	// Names are the names that columns of custom fields were given, each with
	// its field.
	Names []string `json:"names,omitempty"`
	// Text is what was made of rich text, see table.RichTexts.
	Text string `json:"text,omitempty"`
}

// Has reports whether a field of Jira's own was asked for, as far as can be told: it may
// have been, with what is navigable.
func (a Asked) Has(field string) bool {
	return !slices.Contains(a.Fields, "-"+field) &&
		slices.ContainsFunc(a.Fields, func(entry string) bool { return entry == field || entry == "*all" || entry == "*navigable" })
}

// Load is a first load under way.
type Load struct {
	// Began is when it was planned, in epoch milliseconds of the site's clock.
	Began int64 `json:"began,omitempty"`
	// Since is the cursor to go on from when all partitions are loaded: the
	// newest "updated" when the load began.
	Since      int64               `json:"since"`
	Partitions []*stages.Partition `json:"partitions"`
	Done       []string            `json:"done"` // names of partitions
	// Part says that it is no first load: it reads again the issues that have
	// what is newly asked for.
	Part bool `json:"part,omitempty"`
}

// Open returns the partitions that are still to load.
func (l *Load) Open() []*stages.Partition {
	var open []*stages.Partition
	for _, p := range l.Partitions {
		if !slices.Contains(l.Done, p.Name) {
			open = append(open, p)
		}
	}
	return open
}

// New returns the state of a pipeline that never ran.
func New(pipeline string) *State { return &State{Version: Version, Pipeline: pipeline} }

// Cleared returns the state after a clear: all that was read is to be read
// again, and every column keeps its field.
func (s *State) Cleared() *State {
	c := New(s.Pipeline)
	c.Columns, c.Names, c.SiteName, c.Rewrite = s.Columns, s.Names, s.rowsOf(), s.Rewrite
	c.Asked, c.Kinds, c.Left = s.Asked, s.Kinds, s.Left
	c.Unsettled = s.Unsettled
	return c
}

// Rescope notes that the query changed. Rows of the old scope are live until a census of
// the new one tells which of them are not in it, and nobody reads their changes
// meanwhile: if the query changes once more before, the cursor goes back to where it was.
func (s *State) Rescope() {
	if s.Unsettled {
		s.Cursor = min(s.Cursor, s.Settled)
	} else {
		s.Settled = s.Cursor
	}
	s.Unsettled = true
}

// Settle notes that a census agrees with the live rows.
func (s *State) Settle() { s.Unsettled, s.Settled = false, 0 }

// NoteName remembers that a custom field has a name, unless it is that of one of
// its columns.
func (s *State) NoteName(field, name string) {
	site := s.rowsOf()
	named := func(a table.Assignment) bool {
		return a.Field == field && a.Name == name && a.SiteName() == site
	}
	if slices.Contains(s.Names[field], name) || slices.ContainsFunc(s.Columns, named) {
		return
	}
	if s.Names == nil {
		s.Names = map[string][]string{}
	}
	s.Names[field] = append(slices.Clip(s.Names[field]), name)
}

// ErrOtherName: the pipeline's rows bear another name of a site.
var ErrOtherName = errors.New("the rows of the pipeline belong to a site of another name")

// Claim notes that the rows of the pipeline are to bear the name of a site. It
// refuses a second name: the rows with the first would stay as they are, and
// every issue would be there twice.
func (s *State) Claim(name string) error {
	switch have := s.rowsOf(); have {
	case "":
		s.SiteName = name
	case name:
	default:
		return fmt.Errorf("%w: they are of %q in the column _site, and the configuration names the site %q; call it %q again, or load into another schema", ErrOtherName, have, name, have)
	}
	return nil
}

// Twin refuses rows of a site under a name, of which another pipeline has rows under
// another one.
func (s *State) Twin(site, name string) error {
	if s.Site != site || s.rowsOf() == name {
		return nil
	}
	return fmt.Errorf("%w: pipeline %s loaded %s as %q, and as %q every issue would be there twice; call it %[4]q again, or load into another schema. If its rows are not wanted any more: DELETE FROM issues WHERE _site = '%[4]s'; DELETE FROM _snowdrift_state WHERE pipeline = '%[2]s'",
		ErrOtherName, s.Pipeline, site, s.rowsOf(), name)
}

// rowsOf returns the name of the site that the pipeline's rows bear, "" if there
// are none. States of versions that knew no names have rows of the default site.
func (s *State) rowsOf() string {
	if s.SiteName == "" && s.Site != "" {
		return table.DefaultSite
	}
	return s.SiteName
}

// Clone returns a copy that shares nothing that changes.
func (s *State) Clone() *State {
	c := *s
	c.Recent = slices.Clone(s.Recent)
	c.Columns = slices.Clone(s.Columns)
	c.Dimensions, c.Names = maps.Clone(s.Dimensions), maps.Clone(s.Names)
	c.Kinds, c.Left, c.Keys = maps.Clone(s.Kinds), maps.Clone(s.Left), maps.Clone(s.Keys)
	if s.Load != nil {
		l := *s.Load
		l.Done = slices.Clone(l.Done)
		c.Load = &l
	}
	return &c
}

// Changes says, in words, in what a differs from what was asked before; empty
// when it does not.
func (a Asked) Changes(before Asked) []string {
	var out []string
	if a.Query != before.Query {
		out = append(out, fmt.Sprintf("the query changed from %s to %s", show(before.Query), show(a.Query)))
	}
	out = append(out, difference("fields", before.Fields, a.Fields)...)
	out = append(out, difference("tables", before.Tables, a.Tables)...)
	if added := minus(a.Names, before.Names); len(added) > 0 { // a name that is taken back leaves its column as it is
		out = append(out, "names given: "+strings.Join(added, ", "))
	}
	if a.Text != before.Text {
		out = append(out, "rich text is to be "+cmp.Or(a.Text, "plain text alone"))
	}
	return out
}

func show(query string) string {
	if query == "" {
		return "all issues"
	}
	return "«" + query + "»"
}

func difference(what string, before, after []string) []string {
	var out []string
	if added := minus(after, before); len(added) > 0 {
		out = append(out, what+" added: "+strings.Join(added, ", "))
	}
	if gone := minus(before, after); len(gone) > 0 {
		out = append(out, what+" no longer asked for: "+strings.Join(gone, ", "))
	}
	return out
}

func minus(a, b []string) []string {
	var out []string
	for _, s := range a {
		if !slices.Contains(b, s) {
			out = append(out, s)
		}
	}
	return out
}

// Fingerprint is a short name for what was asked.
func (a Asked) Fingerprint() string {
	text, err := json.Marshal(a)
	if err != nil {
		panic("state: strings always marshal: " + err.Error())
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:6])
}

// Errors of Parse that callers tell apart.
var (
	// ErrNewer: a newer version of snowdrift wrote the state.
	ErrNewer = errors.New("use the newer snowdrift")
	// ErrDamaged: it is no state.
	ErrDamaged = errors.New("it is not one that snowdrift wrote")
)

// Parse reads a state that Export wrote, or the destination holds.
func Parse(text []byte) (*State, error) {
	var s State
	var form struct{ Version int }
	if json.Unmarshal(text, &form) != nil {
		form.Version = 0 // s tells why
	}
	err := json.Unmarshal(text, &s)
	switch {
	case form.Version > Version: // whatever else it holds
		s.Version = form.Version
		return nil, fmt.Errorf("read state: it has version %d and this snowdrift knows version %d: %w", s.Version, Version, ErrNewer)
	case err != nil:
		return nil, fmt.Errorf("read state: %w: %w", ErrDamaged, err)
	case s.Version < 1:
		return nil, fmt.Errorf("read state: %w: it has no version", ErrDamaged)
	case s.Pipeline == "":
		return nil, fmt.Errorf("read state: %w: it names no pipeline", ErrDamaged)
	}
	return &s, nil
}

// The outcomes of a run that did what it set out to do.
const (
	Complete = "complete"
	Unproven = "unproven"
)

// Run is an entry of the run ledger.
type Run struct {
	ID       string     `json:"run_id"`
	Pipeline string     `json:"pipeline"`
	Started  time.Time  `json:"started"`
	Ended    *time.Time `json:"ended,omitempty"`
	// Outcome is running, complete, unproven, failed, interrupted, or
	// killed if it ended without a word; of a verification clean, differing or undecided;
	// of a command that changed the state its name, "state clear" or "state import".
	Outcome string `json:"outcome"`
	// Report is the run's report as JSON, see pipeline.Report.
	Report json.RawMessage `json:"report,omitempty"`
}

// CameToItsEnd reports whether the run did what it set out to do.
func (r Run) CameToItsEnd() bool { return r.Outcome == Complete || r.Outcome == Unproven }
