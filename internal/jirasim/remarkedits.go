package jirasim

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// AddComment adds a comment to an issue and bumps its updated. The text may
// be anything; it is shown as one paragraph.
func (s *Sim) AddComment(id int64, text string) (int64, error) {
	return s.addRemark(id, text, 0, func(o *overlay) *[]remark { return &o.comments })
}

// AddWorklog logs work on an issue and bumps its updated.
func (s *Sim) AddWorklog(id int64, spent time.Duration, text string) (int64, error) {
	return s.addRemark(id, text, int64(spent/time.Second), func(o *overlay) *[]remark { return &o.worklogs })
}

func (s *Sim) addRemark(id int64, text string, seconds int64, of func(*overlay) *[]remark) (int64, error) {
	var made int64
	err := s.change(id, func(is *issue, now int64) error {
		if is.over != nil && is.over.raw != nil {
			return errAsItIs
		}
		is.updated = now
		s.children++
		made = s.children
		s.owners[made] = id
		all := of(is.overlay())
		*all = append(slices.Clip(*all), remark{id: made, created: now, updated: now, author: int32(made % int64(len(s.cat.users))), seconds: seconds, text: text})
		return nil
	})
	return made, err
}

var (
	errNoChild = errors.New("no such comment or worklog")
	errAsItIs  = errors.New("the issue comes from a data file: its comments and worklogs are served as they are")
)

// EditComment changes the text of a comment and bumps its and the issue's
// updated. Only comments that were added while serving can be edited.
func (s *Sim) EditComment(id, comment int64, text string) error {
	return s.change(id, func(is *issue, now int64) error {
		o := is.overlay()
		i := slices.IndexFunc(o.comments, func(m remark) bool { return m.id == comment })
		if i < 0 {
			return fmt.Errorf("edit comment %d: %w, or it was generated", comment, errNoChild)
		}
		is.updated = now
		o.comments = slices.Clone(o.comments)
		o.comments[i].text, o.comments[i].updated = text, now
		return nil
	})
}

// DeleteComment removes a comment and bumps the issue's updated.
func (s *Sim) DeleteComment(id, comment int64) error {
	return s.deleteRemark(id, comment, (*view).comments, func(o *overlay) *[]remark { return &o.comments })
}

// DeleteWorklog removes a worklog and bumps the issue's updated.
func (s *Sim) DeleteWorklog(id, worklog int64) error {
	err := s.deleteRemark(id, worklog, (*view).worklogs, func(o *overlay) *[]remark { return &o.worklogs })
	if err == nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.tombstones = append(s.tombstones, stamp{worklog, s.now().UnixMilli()})
	}
	return err
}

func (s *Sim) deleteRemark(id, child int64, of func(*view, *issue) []remark, added func(*overlay) *[]remark) error {
	return s.change(id, func(is *issue, now int64) error {
		if is.over != nil && is.over.raw != nil {
			return errAsItIs
		}
		if !slices.ContainsFunc(of(s.viewLocked(false), is), func(m remark) bool { return m.id == child }) {
			return fmt.Errorf("delete %d: %w", child, errNoChild)
		}
		is.updated = now
		o := is.overlay()
		mine := added(o)
		*mine = slices.DeleteFunc(slices.Clone(*mine), func(m remark) bool { return m.id == child })
		o.gone = append(slices.Clip(o.gone), child)
		return nil
	})
}

// Comments are the ids of an issue's comments, oldest first.
func (s *Sim) Comments(id int64) []int64 { return s.remarkIDs(id, (*view).comments) }

// Worklogs are the ids of an issue's worklogs, oldest first.
func (s *Sim) Worklogs(id int64) []int64 { return s.remarkIDs(id, (*view).worklogs) }

func (s *Sim) remarkIDs(id int64, of func(*view, *issue) []remark) []int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	slot, ok := s.store.slot(id)
	if !ok {
		return nil
	}
	var ids []int64
	for _, m := range of(s.viewLocked(false), &s.store.issues[slot]) {
		ids = append(ids, m.id)
	}
	return ids
}
