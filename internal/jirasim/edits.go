package jirasim

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ErrNoIssue: the id is not that of an issue, or of one that was deleted.
var ErrNoIssue = errors.New("no such issue")

// change applies fn to a copy of an issue and stores it. fn may replace is.over
// through overlay only.
func (s *Sim) change(id int64, fn func(is *issue, now int64) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	slot, ok := s.store.slot(id)
	if !ok || s.store.issues[slot].flags&deleted != 0 {
		return fmt.Errorf("jirasim: issue %d: %w", id, ErrNoIssue)
	}
	is := s.store.issues[slot]
	now := s.now()
	ms := now.UnixMilli()
	if ahead := is.updated - ms; ahead >= 0 && ahead < 1000 {
		ms = is.updated + 1 // no two changes of an issue at one time, even where the clock stands
	}
	if err := fn(&is, ms); err != nil {
		return fmt.Errorf("jirasim: issue %d: %w", id, err)
	}
	if f := s.schema.byID["updated"]; f != nil && is.over != nil && is.over.raw != nil && is.updated != s.store.issues[slot].updated {
		is.overlay().values[f.serial] = appendTime(nil, is.updated, s.loc)
	}
	s.store.put(slot, is, now, s.lag(id))
	return nil
}

func (s *Sim) lag(id int64) time.Duration {
	if s.opt.IndexLag == nil {
		return 0
	}
	return s.opt.IndexLag(id)
}

// overlay is a copy of what lies over an issue, to be changed and stored.
func (is *issue) overlay() *overlay {
	var o overlay
	if is.over != nil {
		o = *is.over
		o.values = maps.Clone(o.values)
	}
	if o.values == nil {
		o.values = map[int32][]byte{}
	}
	is.over = &o
	return &o
}

// note adds an entry to the history. Versions of an issue share the array:
// they follow each other, and an older one's slice ends before the entry.
func (s *Sim) note(is *issue, now int64, items ...item) {
	o := is.overlay()
	s.children++
	c := change{id: s.children, at: now, author: int32(s.children % int64(max(len(s.cat.users), 1))), items: items}
	o.history = append(o.history, c)
}

// Create adds an issue to a project and returns its id.
func (s *Sim) Create(projectKey string) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.gen == nil {
		return 0, errors.New("jirasim: a site of data files cannot make up issues")
	}
	i := s.projectIndex(projectKey)
	if i < 0 {
		return 0, fmt.Errorf("jirasim: create in project %q: no such project", projectKey)
	}
	p, now := s.store.projects[i], s.now()
	r := draw(s.opt.Seed, forCreate, s.store.nextID)
	is := issue{id: s.store.nextID, created: now.UnixMilli(), updated: now.UnixMilli(), num: p.next, keyOrder: p.ord,
		project: int16(i), status: statusToDo, typ: int16(typeStory + r.n(3)), priority: 2, assignee: -1, flags: fresh}
	s.store.nextID += 1 + r.n64(idStep)
	p.next++
	s.store.byKey[s.store.key(&is)] = int32(len(s.store.issues))
	s.store.add(is, now, s.lag(is.id))
	return is.id, nil
}

func (s *Sim) projectIndex(key string) int {
	return slices.IndexFunc(s.store.projects, func(p *project) bool { return p.key == key })
}

// Edit changes some field of an issue: which one and to what follows from the
// seed and the number of edits before.
func (s *Sim) Edit(id int64) error {
	return s.change(id, func(is *issue, now int64) error {
		is.updated = now
		return s.editSome(is, now)
	})
}

// SilentEdit changes a field without a change of updated and without a history
// entry, as scripts and apps do that write past Jira.
func (s *Sim) SilentEdit(id int64) error {
	return s.change(id, func(is *issue, now int64) error {
		s.children++
		f := s.schema.byID["summary"]
		if f == nil {
			return errors.New("the site has no field summary")
		}
		is.overlay().values[f.serial] = appendString(nil, fmt.Sprintf("Silently edited %d", s.children))
		return nil
	})
}

// edit is a new value for a field, as EditField takes it.
type edit struct{ field, value string }

// editSome picks a field and a new value; the caller has set updated.
func (s *Sim) editSome(is *issue, now int64) error {
	s.children++
	r := draw(s.opt.Seed, forEdit, is.id, s.children)
	edits := []edit{{"summary", quote(fmt.Sprintf("Edited %d", s.children))}}
	if s.gen != nil {
		edits = append(edits,
			edit{"status", quote(s.cat.statuses[r.n(statusTeamDone)].name)},
			edit{"assignee", quote(s.cat.users[r.n(len(s.cat.users))].id)},
			edit{"assignee", "null"},
			edit{"priority", quote(s.cat.priorities[r.n(len(s.cat.priorities))].name)},
			edit{"description", quote(fmt.Sprintf("Described %d\nanew", s.children))},
			edit{"labels", fmt.Sprintf(`["edited","n%d"]`, r.n(100))},
			edit{"duedate", fmt.Sprintf(`"2027-%02d-%02d"`, 1+r.n(12), 1+r.n(28))},
			edit{pointsField, fmt.Sprintf("%d.0", r.n(40))})
		edits = append(edits, s.choiceEdits(&r)...)
	}
	e := edits[r.n(len(edits))]
	if s.schema.byID[e.field] == nil || e.field == pointsField && !strings.Contains(s.schema.byID[e.field].schema, "number") {
		e = edits[0]
	}
	return s.set(is, now, e.field, []byte(e.value))
}

// EditField sets a field to a JSON value and bumps updated. Fields of the
// issue's own (status, priority, issuetype, assignee) take a name, an id or
// null; rich-text fields take a string, which is shown as a document in v3.
func (s *Sim) EditField(id int64, fieldID string, value json.RawMessage) error {
	return s.change(id, func(is *issue, now int64) error {
		is.updated = now
		return s.set(is, now, fieldID, value)
	})
}

// set writes a value and its history entry.
func (s *Sim) set(is *issue, now int64, fieldID string, value []byte) error {
	f := s.schema.byID[fieldID]
	if f == nil {
		return fmt.Errorf("set %s: the site has no such field", fieldID)
	}
	switch fieldID {
	case "id", "key", "issuekey", "project", "created", "updated", "comment", "worklog":
		return fmt.Errorf("set %s: it has a method of its own, or cannot be changed", fieldID)
	}
	v := s.viewLocked(false)
	if done, err := s.setOwn(is, now, v, fieldID, value); done || err != nil {
		return err
	}
	old := v.fieldJSON(is, f)
	is.overlay().values[f.serial] = slices.Clone(value)
	s.note(is, now, f.changed(old, value))
	return nil
}

// setOwn sets what issues keep outside of their overlay.
func (s *Sim) setOwn(is *issue, now int64, v *view, fieldID string, raw []byte) (bool, error) {
	var name any
	switch fieldID {
	case "status", "priority", "issuetype", "assignee":
		if err := json.Unmarshal(raw, &name); err != nil {
			return true, fmt.Errorf("set %s: %w", fieldID, err)
		}
	default:
		return false, nil
	}
	if s.gen == nil {
		return true, fmt.Errorf("set %s: the issue comes from a data file, where it is served as it is", fieldID)
	}
	text := ""
	if name != nil {
		text = fmt.Sprint(name)
	}
	pick := func(n int, at func(int) *value) (int16, error) {
		for i := range n {
			if x := at(i); x.name == text || strconv.FormatInt(x.id, 10) == text {
				return int16(i), nil
			}
		}
		return 0, fmt.Errorf("set %s: no value %q", fieldID, text)
	}
	old := *is
	var err error
	switch fieldID {
	case "status":
		is.status, err = pick(len(s.cat.statuses), func(i int) *value { return &s.cat.statuses[i].value })
		s.note(is, now, v.statusItems(is.id, &s.cat.statuses[old.status], &s.cat.statuses[is.status])...)
	case "priority":
		is.priority, err = pick(len(s.cat.priorities), func(i int) *value { return &s.cat.priorities[i] })
		s.note(is, now, valueItem("priority", &s.cat.priorities[old.priority], &s.cat.priorities[is.priority]))
	case "issuetype":
		is.typ, err = pick(len(s.cat.types), func(i int) *value { return &s.cat.types[i].value })
		s.note(is, now, valueItem("issuetype", &s.cat.types[old.typ].value, &s.cat.types[is.typ].value))
	case "assignee":
		is.assignee = -1
		if name != nil {
			is.assignee = int32(slices.IndexFunc(s.cat.users, func(u user) bool { return u.id == text }))
			if is.assignee < 0 {
				err = fmt.Errorf("set assignee: no user %q", text)
			}
		}
		s.note(is, now, v.userItem("assignee", old.assignee, is.assignee))
	}
	return true, err
}
