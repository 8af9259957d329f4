package jirasim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
)

// Move puts an issue into another project: the id stays, key and project
// change, updated is bumped, the old key still finds the issue.
func (s *Sim) Move(id int64, projectKey string) error {
	return s.change(id, func(is *issue, now int64) error {
		to := s.projectIndex(projectKey)
		if to < 0 || int16(to) == is.project {
			return fmt.Errorf("move to %q: no such project, or the issue is there", projectKey)
		}
		slot, _ := s.store.slot(id)
		from, p := s.store.projects[is.project], s.store.projects[to]
		oldKey := s.store.key(is)
		is.project, is.num, is.keyOrder, is.updated = int16(to), p.next, p.ord, now
		p.next++
		o := is.overlay()
		o.key = ""
		for _, name := range []string{"fixVersions", "versions", "components"} { // they belong to a project
			if f := s.schema.byID[name]; f != nil {
				o.values[f.serial] = []byte("[]")
			}
		}
		newKey := s.store.key(is)
		s.store.byKey[oldKey], s.store.byKey[newKey] = slot, slot
		if f := s.schema.byID["project"]; f != nil && o.raw != nil {
			o.values[f.serial] = p.json
		}
		s.note(is, now, item{field: "project", fieldID: "project", from: ptr(strconv.FormatInt(from.id, 10)), fromString: &from.name, to: ptr(strconv.FormatInt(p.id, 10)), toString: &p.name},
			item{field: "Key", from: ptr(""), fromString: &oldKey, to: ptr(""), toString: &newKey})
		return nil
	})
}

// Delete removes an issue for good; the index learns of it like of any change.
func (s *Sim) Delete(id int64) error { return s.flag(id, deleted, true) }

// Archive takes an issue out of the index; direct reads still deliver it.
// updated does not change.
func (s *Sim) Archive(id int64) error {
	return s.change(id, func(is *issue, now int64) error {
		is.overlay().archived = now
		is.flags |= archived
		return nil
	})
}

// Unarchive undoes Archive.
func (s *Sim) Unarchive(id int64) error { return s.flag(id, archived, false) }

func (s *Sim) flag(id int64, f flags, on bool) error {
	return s.change(id, func(is *issue, _ int64) error {
		is.flags &^= f
		if on {
			is.flags |= f
		}
		return nil
	})
}

// Hide takes away the account's permission to see an issue, at once and for
// every kind of read. updated does not change.
func (s *Sim) Hide(id int64) error { return s.permit(id, false) }

// Unhide undoes Hide.
func (s *Sim) Unhide(id int64) error { return s.permit(id, true) }

// permit changes the newest version in place: the index does not lag behind
// permissions.
func (s *Sim) permit(id int64, visible bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	slot, ok := s.store.slot(id)
	if !ok || s.store.issues[slot].flags&deleted != 0 {
		return fmt.Errorf("jirasim: issue %d: %w", id, ErrNoIssue)
	}
	apply := func(f *flags) {
		*f |= hidden
		if visible {
			*f &^= hidden
		}
	}
	apply(&s.store.issues[slot].flags)
	if b := s.store.behind[slot]; b != nil {
		apply(&b.seen.flags)
		for i := range b.queue {
			apply(&b.queue[i].is.flags)
		}
	}
	s.store.touched(slot)
	return nil
}

// HideProject takes away the account's permission to browse a project.
func (s *Sim) HideProject(key string) error {
	return s.changeProject(key, func(p *project) { p.hidden = true })
}

// ShowProject undoes HideProject.
func (s *Sim) ShowProject(key string) error {
	return s.changeProject(key, func(p *project) { p.hidden = false })
}

// ArchiveProject takes a project and its issues out of listings and index.
func (s *Sim) ArchiveProject(key string) error {
	return s.changeProject(key, func(p *project) { p.archived = true })
}

// RestoreProject undoes ArchiveProject.
func (s *Sim) RestoreProject(key string) error {
	return s.changeProject(key, func(p *project) { p.archived = false })
}

// RekeyProject gives a project of a generated site another key, and so its issues, of
// which updated does not change.
func (s *Sim) RekeyProject(key, to string) error {
	return s.changeProject(key, func(p *project) {
		p.json = bytes.Replace(p.json, []byte(`"key":"`+key+`"`), []byte(`"key":"`+to+`"`), 1)
		p.key = to
	})
}

func (s *Sim) changeProject(key string, fn func(*project)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := s.projectIndex(key)
	if i < 0 {
		return fmt.Errorf("jirasim: project %q: no such project", key)
	}
	fn(s.store.projects[i])
	s.store.version++
	return nil
}

// Projects are the keys of all projects, in the order of their ids.
func (s *Sim) Projects() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var keys []string
	for _, p := range s.store.projects {
		keys = append(keys, p.key)
	}
	return keys
}

// RenameField changes the display name of a field; nothing else changes.
func (s *Sim) RenameField(id, name string) error {
	return s.changeField(id, func(f *field) (*field, error) {
		next := *f
		next.name = name
		next.clauses = slices.Clone(f.clauses)
		for i, c := range next.clauses {
			if f.custom && c == f.name {
				next.clauses[i] = name
			}
		}
		return &next, nil
	})
}

// RetypeField makes a custom field one of another kind (see [Kinds]) under the
// same id: its values change in every issue, no issue's updated does.
func (s *Sim) RetypeField(id, kindName string) error {
	return s.changeField(id, func(f *field) (*field, error) {
		number, ok := customNumber(id)
		k, known := kindNamed(kindName)
		if !ok || !known || s.gen == nil {
			return nil, fmt.Errorf("retype to %q: want a custom field of a generated site and one of the kinds %v", kindName, Kinds())
		}
		next := customField(number, f.name, k, s.cloud)
		next.scope = f.scope
		s.schema.next++
		next.serial = s.schema.next
		return next, nil
	})
}

// RemoveField takes a field off the site and out of every issue.
func (s *Sim) RemoveField(id string) error {
	return s.changeField(id, func(*field) (*field, error) { return nil, nil })
}

// HideField takes a field from the API user's sight, as a context or project
// without permission does: it is in no list of fields, no issue and no JQL. What
// it holds is kept, and no issue's updated changes.
func (s *Sim) HideField(id string) error {
	return s.changeField(id, func(f *field) (*field, error) {
		s.unseen = append(s.unseen, f)
		return nil, nil
	})
}

// ShowField undoes HideField.
func (s *Sim) ShowField(id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.unseen, func(f *field) bool { return f.id == id })
	if i < 0 {
		return fmt.Errorf("jirasim: field %q: it is not hidden", id)
	}
	s.schema = s.schema.with(append(slices.Clip(s.schema.fields), s.unseen[i]))
	s.unseen = slices.Delete(s.unseen, i, i+1)
	s.store.version++
	return nil
}

func (s *Sim) changeField(id string, fn func(*field) (*field, error)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.schema.byID[id]
	if f == nil {
		return fmt.Errorf("jirasim: field %q: the site has no such field", id)
	}
	next, err := fn(f)
	if err != nil {
		return fmt.Errorf("jirasim: field %q: %w", id, err)
	}
	s.schema = s.schema.replace(f, next)
	s.store.version++
	return nil
}

// AddField adds a custom field of a kind (see [Kinds]) and returns its id. It
// has values in old issues at once, without a change of their updated.
func (s *Sim) AddField(name, kindName string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k, ok := kindNamed(kindName)
	if !ok || s.gen == nil {
		return "", fmt.Errorf("jirasim: add field %q: want a generated site and one of the kinds %v, not %q", name, Kinds(), kindName)
	}
	s.schema.nextID++
	f := customField(s.schema.nextID, name, k, s.cloud)
	s.schema.next++
	f.serial = s.schema.next
	s.schema = s.schema.with(append(slices.Clip(s.schema.fields), f))
	s.store.version++
	return f.id, nil
}

// FieldValue is the JSON of one field of an issue as v3 (Cloud) or v2 shows
// it; nil when the issue cannot be read or lacks the field.
func (s *Sim) FieldValue(id int64, fieldID string) json.RawMessage {
	s.mu.Lock()
	slot, ok := s.store.slot(id)
	f := s.schema.byID[fieldID]
	if !ok || f == nil || !s.store.readable(&s.store.issues[slot]) {
		s.mu.Unlock()
		return nil
	}
	is, v := s.store.issues[slot], s.viewLocked(s.cloud)
	s.mu.Unlock()
	return v.fieldJSON(&is, f)
}
