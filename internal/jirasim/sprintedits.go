package jirasim

import (
	"fmt"
	"slices"
)

// Sprints are the ids of all sprints of a generated site.
func (s *Sim) Sprints() []int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	ids := make([]int64, len(s.sprints))
	for i := range s.sprints {
		ids[i] = s.sprints[i].id
	}
	return ids
}

// RenameSprint renames a sprint in every issue that was in it, without a
// change of their updated; histories keep the old name.
func (s *Sim) RenameSprint(id int64, name string) error {
	return s.changeSprint(id, func(sp *sprint, _ int64) error {
		sp.name = name
		return nil
	})
}

// StartSprint makes a future sprint the active one. Issues' updated stays.
func (s *Sim) StartSprint(id int64) error {
	return s.changeSprint(id, func(sp *sprint, now int64) error {
		if sp.state != "future" {
			return fmt.Errorf("start: the sprint is %s", sp.state)
		}
		sp.state, sp.start, sp.end = "active", now, now+sprintLength
		return nil
	})
}

// CloseSprint completes an active sprint. Issues' updated stays.
func (s *Sim) CloseSprint(id int64) error {
	return s.changeSprint(id, func(sp *sprint, now int64) error {
		if sp.state != "active" {
			return fmt.Errorf("close: the sprint is %s", sp.state)
		}
		sp.state, sp.complete = "closed", now
		return nil
	})
}

// changeSprint replaces the list of sprints: pages under way keep the old one.
func (s *Sim) changeSprint(id int64, fn func(sp *sprint, now int64) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.sprints, func(sp sprint) bool { return sp.id == id })
	if i < 0 {
		return fmt.Errorf("jirasim: sprint %d: no such sprint", id)
	}
	next := slices.Clone(s.sprints)
	if err := fn(&next[i], s.now().UnixMilli()); err != nil {
		return fmt.Errorf("jirasim: sprint %d: %w", id, err)
	}
	s.sprints = next
	s.store.version++
	return nil
}

// AddToSprint puts an issue into one more sprint, with a history entry and a
// bump of updated.
func (s *Sim) AddToSprint(id, sprintID int64) error {
	return s.change(id, func(is *issue, now int64) error {
		f := s.schema.byID[sprintField]
		at := int32(slices.IndexFunc(s.sprints, func(sp sprint) bool { return sp.id == sprintID }))
		v := s.viewLocked(s.cloud)
		if at < 0 || f == nil || f.kind == nil || f.kind.name != "sprint" {
			return fmt.Errorf("add to sprint %d: no such sprint, or no sprint field", sprintID)
		}
		was := v.sprintsOf(is, f)
		is.updated = now
		o := is.overlay()
		o.sprints = append(slices.Clone(was), at)
		it := item{field: f.name, fieldID: f.id, custom: true}
		it.from, it.fromString = v.sprintText(was)
		it.to, it.toString = v.sprintText(o.sprints)
		s.note(is, now, it)
		return nil
	})
}
