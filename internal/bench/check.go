package bench

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"snowdrift/stages/load/duckdb"
	"snowdrift/state"
)

// samples is the number of issues that are compared cell by cell.
const samples = 50

// check compares what a load left with the site: the ids of all issues, and of
// some issues the raw text, and how many comments and worklogs there are.
func check(ctx context.Context, s *site, l loaded, tables string) (err error) {
	if err := s.same(l); err != nil {
		return err
	}
	ids := s.truth.IDs()
	w, err := duckdb.Open(ctx, duckdb.Options{Path: l.file, Schema: "main", ReadOnly: true, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	var picked []string
	for i := 0; i < len(ids); i += max(1, len(ids)/samples) {
		picked = append(picked, fmt.Sprint(ids[i]))
	}
	children := "0, 0"
	if tables != "issues" {
		children = "(SELECT COUNT(*) FROM issue_comments c WHERE c.issue_id = i.id), (SELECT COUNT(*) FROM issue_worklogs w WHERE w.issue_id = i.id)"
	}
	rows, err := w.Query(ctx, "SELECT id, CAST(_raw AS VARCHAR), "+children+", (SELECT COUNT(*) FROM issues) FROM issues i WHERE id IN ("+strings.Join(picked, ", ")+")")
	if err != nil {
		return err
	}
	found := 0
	for cells, err := range rows.All() {
		if err != nil {
			return err
		}
		found++
		if err := s.compare(cells, len(ids), tables != "issues"); err != nil {
			return err
		}
	}
	if found != len(picked) {
		return fmt.Errorf("of %d issues the table has %d", len(picked), found)
	}
	return nil
}

// compare compares a row of check's query with the site.
func (s *site) compare(cells []any, issues int, children bool) error {
	id, raw := cells[0].(int64), cells[1].(string)
	if got := cells[4]; got != int64(issues) {
		return fmt.Errorf("the table has %v rows, the site %d issues", got, issues)
	}
	if want := string(s.truth.Raw(id)); len(s.truth.Comments(id)) <= 20 && len(s.truth.Worklogs(id)) <= 20 && raw != want {
		return fmt.Errorf("issue %d has another _raw than the site sends: %d bytes, not %d", id, len(raw), len(want))
	}
	if !children {
		return nil
	}
	if want := len(s.truth.Comments(id)); cells[2] != int64(want) {
		return fmt.Errorf("issue %d has %v comments, not %d", id, cells[2], want)
	}
	if want := len(s.truth.Worklogs(id)); cells[3] != int64(want) {
		return fmt.Errorf("issue %d has %v worklogs, not %d", id, cells[3], want)
	}
	return nil
}

// same compares the ids of the table, as the load reported them, with the site's.
func (s *site) same(l loaded) error {
	var want state.Digest
	for _, id := range s.truth.IDs() {
		want.Add(id)
	}
	if got := l.report.Proof.Table; got != want {
		return fmt.Errorf("the table has the issues %v, the site has %v", got, want)
	}
	return nil
}
