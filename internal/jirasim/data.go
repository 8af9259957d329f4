package jirasim

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/klauspost/compress/gzip"
)

// Skipped is the number of lines of the data files that are not issues: no
// JSON object, or without an id or a key.
func (s *Sim) Skipped() int { return s.skipped }

// lenientJSON reads what Jira sends: lone surrogates and repeated names too.
var lenientJSON = []jsontext.Options{jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true)}

// load makes a site of files of raw issues. The dimensions are those that the
// issues mention; field types are inferred from the values.
func (s *Sim) load(files []string) error {
	l := &loader{s: s, projects: map[string]int16{}, statuses: map[string]int16{}, types: map[string]int16{}, priorities: map[string]int16{}, resolutions: map[string]int16{}, users: map[string]int32{}, seen: map[string]*sighting{}}
	s.cat.statuses, s.cat.types, s.cat.priorities = nil, nil, nil
	s.cat.resolutions = nil
	s.cat.users = s.cat.users[:1] // the account
	for i := range s.cat.groups {
		s.cat.groups[i].members = []int32{0}
	}
	for _, name := range files {
		if err := l.file(name); err != nil {
			return fmt.Errorf("jirasim: data file %s: %w", name, err)
		}
	}
	// Of issues with one id the later line wins.
	slices.SortStableFunc(l.issues, func(a, b issue) int { return int(min(max(a.id-b.id, -1), 1)) })
	for i, is := range l.issues {
		if i+1 < len(l.issues) && l.issues[i+1].id == is.id {
			continue
		}
		p := s.store.projects[is.project]
		p.next = max(p.next, is.num+1)
		s.store.byKey[is.over.key] = int32(len(s.store.issues))
		s.store.issues = append(s.store.issues, is)
	}
	if n := len(s.store.issues); n > 0 {
		s.store.nextID = s.store.issues[n-1].id + 1
	}
	s.schema = newSchema(l.fields())
	return nil
}

// A loader gathers issues and what they mention.
type loader struct {
	s           *Sim
	issues      []issue
	projects    map[string]int16
	statuses    map[string]int16
	types       map[string]int16
	priorities  map[string]int16
	resolutions map[string]int16
	users       map[string]int32
	seen        map[string]*sighting
	order       []string // field ids in the order of their first sight
}

func (l *loader) file(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	var r io.Reader = f
	if strings.HasSuffix(name, ".gz") {
		z, err := gzip.NewReader(f)
		if err != nil {
			return err
		}
		defer z.Close()
		r = z
	}
	lines := bufio.NewReaderSize(r, 1<<20)
	for {
		line, err := lines.ReadBytes('\n')
		if line = bytes.TrimSpace(line); len(line) > 0 {
			if l.line(line) != nil {
				l.s.skipped++
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// line takes up one issue.
func (l *loader) line(raw []byte) error {
	is := issue{created: noTime, updated: noTime, status: -1, typ: -1, priority: -1, assignee: -1, project: -1, over: &overlay{raw: raw}}
	var id, key string
	var fields [][2][]byte
	err := members(raw, func(name string, value []byte) error {
		switch name {
		case "id":
			id = scalarText(value)
		case "key":
			key = scalarText(value)
		case "fields":
			return members(value, func(name string, value []byte) error {
				fields = append(fields, [2][]byte{[]byte(name), value})
				return nil
			})
		}
		return nil
	})
	if err != nil {
		return err
	}
	if is.id, err = strconv.ParseInt(id, 10, 64); err != nil || key == "" {
		return errors.New("no id or no key")
	}
	is.over.key = key
	for _, f := range fields {
		l.field(&is, string(f[0]), f[1])
	}
	prefix, num, ok := splitKey(key)
	if !ok {
		prefix = key
	}
	if is.num = num; is.project < 0 {
		is.project = l.project(prefix, "", nil)
	}
	if is.updated == noTime {
		is.updated = is.created
	}
	l.issues = append(l.issues, is)
	return nil
}

// field takes up one field of an issue.
func (l *loader) field(is *issue, id string, raw []byte) {
	st := l.seen[id]
	if st == nil {
		st = &sighting{}
		l.seen[id] = st
		l.order = append(l.order, id)
	}
	st.see(raw)
	if raw[0] != '{' && id != "created" && id != "updated" {
		return
	}
	switch id {
	case "created":
		is.created = l.instant(raw)
	case "updated":
		is.updated = l.instant(raw)
	case "project":
		if key := memberText(raw, "key"); key != "" {
			is.project = l.project(key, memberText(raw, "name"), raw)
		}
	case "status":
		is.status = intern(l.statuses, raw, func(v value) {
			l.s.cat.statuses = append(l.s.cat.statuses, status{value: v, category: categoryOf(member(raw, "statusCategory"))})
		})
	case "issuetype":
		is.typ = intern(l.types, raw, func(v value) {
			l.s.cat.types = append(l.s.cat.types, issueType{value: v, subtask: string(member(raw, "subtask")) == "true"})
		})
	case "priority":
		is.priority = intern(l.priorities, raw, func(v value) { l.s.cat.priorities = append(l.s.cat.priorities, v) })
	case "resolution":
		intern(l.resolutions, raw, func(v value) { l.s.cat.resolutions = append(l.s.cat.resolutions, v) })
	case "assignee":
		is.assignee = l.user(raw)
	case "reporter", "creator":
		l.user(raw)
	}
}

// intern finds a value by id (or by name, without one), or adds it.
func intern(known map[string]int16, raw []byte, add func(value)) int16 {
	name, id := memberText(raw, "name"), memberText(raw, "id")
	ref := id
	if ref == "" {
		ref = "name:" + name
	}
	i, ok := known[ref]
	if !ok {
		number, err := strconv.ParseInt(id, 10, 64)
		if err != nil {
			number = -1
		}
		i = int16(len(known))
		known[ref] = i
		add(value{id: number, name: name, json: raw})
	}
	return i
}

func categoryOf(raw []byte) int {
	key := memberText(raw, "key")
	return max(slices.IndexFunc(statusCategories, func(c statusCategory) bool { return c.key == key }), categoryNone)
}

func (l *loader) instant(value []byte) int64 {
	if ms, ok := parseInstant(scalarText(value), l.s); ok {
		return ms
	}
	return noTime
}

func (l *loader) project(key, name string, raw []byte) int16 {
	i, ok := l.projects[key]
	if !ok {
		i = int16(len(l.projects))
		l.projects[key] = i
		id, err := strconv.ParseInt(memberText(raw, "id"), 10, 64)
		if err != nil {
			id = 900_000 + int64(i)
		}
		if name == "" {
			name = key
		}
		l.s.addProject(id, key, name, false)
		l.s.cat.versions = append(l.s.cat.versions, nil)
		l.s.cat.components = append(l.s.cat.components, nil)
	}
	if p := l.s.store.projects[i]; raw != nil && p.name == key && name != "" {
		p.name, p.json = name, raw
	}
	return i
}

// user finds or adds a user. The first user of the site remains the account.
func (l *loader) user(raw []byte) int32 {
	u := user{id: memberText(raw, "accountId"), key: memberText(raw, "key"), name: memberText(raw, "displayName"), email: memberText(raw, "emailAddress"), json: raw}
	if u.id == "" {
		u.id = memberText(raw, "name")
	}
	if u.id == "" {
		u.id = u.key
	}
	if u.id == "" {
		return -1
	}
	i, ok := l.users[u.id]
	if !ok {
		u.active = string(member(raw, "active")) != "false"
		i = int32(len(l.s.cat.users))
		l.users[u.id] = i
		l.s.cat.users = append(l.s.cat.users, u)
	}
	return i
}
