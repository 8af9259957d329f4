package jirasim

import (
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"
)

// An issue is one version of one issue: an immutable value, so that a page can
// be rendered, and an index can lag, while the store moves on. The generated
// content is a function of the id; over holds what differs from it.
type issue struct {
	id       int64
	created  int64 // ms since the epoch; noTime where a data file has none
	updated  int64
	over     *overlay // nil: as generated
	num      int32    // of the key: PROJ-num
	keyOrder int32    // of the key's project, see project.ord
	assignee int32    // index into catalog.users, -1: nobody
	project  int16    // indexes into the catalog; -1: none
	status   int16
	typ      int16
	priority int16
	flags    flags
}

type flags uint8

const (
	deleted  flags = 1 << iota // gone for good
	hidden                     // the account may not browse it
	archived                   // readable directly, absent from the index
	fresh                      // created while serving: nothing happened before
	lagging                    // search sees an older version, see store.behind
)

// noTime marks an instant that a data file does not tell.
const noTime = -1 << 62

// An overlay is what lies over a generated issue, or all of an issue from a
// data file. It is never changed once an issue points to it.
type overlay struct {
	raw      []byte           // the line of a data file, nil when generated
	values   map[int32][]byte // JSON by field serial
	history  []change         // after the generated history, oldest first
	comments []remark         // after the generated ones
	worklogs []remark         // after the generated ones
	gone     []int64          // ids of generated comments and worklogs that were removed
	sprints  []int32          // indexes; nil: as generated
	archived int64            // when, ms; 0: never
	key      string           // of a data file's line, until it is moved
}

// project is a project; everything but its state is fixed.
type project struct {
	id       int64
	key      string
	name     string
	ord      int32  // position in the order of keys
	json     []byte // as issues show it
	slots    []int32
	next     int32 // number of the next created issue
	hidden   bool
	archived bool
	teamMade bool // team-managed ("simplified", "next-gen")
}

// store is the database and the index over it. All of it is guarded by Sim.mu.
type store struct {
	issues   []issue // by slot; ids ascend
	projects []*project
	byKey    map[string]int32 // keys that do not follow from project.slots: data, created, moved, old
	nextID   int64
	// version grows with everything that can change the answer to a query;
	// changes lists the slots whose order may have changed.
	version uint64
	changes []int32
	behind  map[int32]*backlog
	nextDue int64 // of any backlog
}

// A backlog is what the index has yet to learn about one issue.
type backlog struct {
	seen  issue // what search sees
	queue []pendingVersion
}

type pendingVersion struct {
	due int64 // ms
	is  issue
}

// slot finds an issue by id.
func (st *store) slot(id int64) (int32, bool) {
	i := sort.Search(len(st.issues), func(i int) bool { return st.issues[i].id >= id })
	if i < len(st.issues) && st.issues[i].id == id {
		return int32(i), true
	}
	return 0, false
}

// slotOfKey finds an issue by its present or a former key.
func (st *store) slotOfKey(key string) (int32, bool) {
	if slot, ok := st.byKey[key]; ok {
		return slot, true
	}
	name, num, ok := splitKey(key)
	if !ok {
		return 0, false
	}
	for _, p := range st.projects {
		if p.key == name {
			if num >= 1 && int(num) <= len(p.slots) {
				return p.slots[num-1], true
			}
			return 0, false
		}
	}
	return 0, false
}

// key of an issue.
func (st *store) key(is *issue) string { return keyOf(st.projects, is) }

func keyOf(projects []*project, is *issue) string {
	if is.over != nil && is.over.key != "" {
		return is.over.key
	}
	return fmt.Sprintf("%s-%d", projects[is.project].key, is.num)
}

// indexed is the version of an issue that search sees.
func (st *store) indexed(slot int32) *issue {
	is := &st.issues[slot]
	if is.flags&lagging != 0 {
		return &st.behind[slot].seen
	}
	return is
}

// touched must follow every change to what queries see.
func (st *store) touched(slot int32) {
	st.version++
	st.changes = append(st.changes, slot)
}

// put stores a new version; the index learns of it after lag.
func (st *store) put(slot int32, is issue, now time.Time, lag time.Duration) {
	old := st.issues[slot]
	if lag <= 0 && old.flags&lagging == 0 {
		st.issues[slot] = is
		st.touched(slot)
		return
	}
	is.flags |= lagging
	st.issues[slot] = is
	st.enqueue(slot, old, is, now.Add(lag).UnixMilli())
}

// add appends a created issue, which the index learns of after lag.
func (st *store) add(is issue, now time.Time, lag time.Duration) {
	slot := int32(len(st.issues))
	if lag > 0 {
		is.flags |= lagging
		unborn := is
		unborn.flags |= deleted
		st.enqueue(slot, unborn, is, now.Add(lag).UnixMilli())
	}
	st.issues = append(st.issues, is)
	st.touched(slot)
}

func (st *store) enqueue(slot int32, old, is issue, due int64) {
	if st.behind == nil {
		st.behind = map[int32]*backlog{}
	}
	b := st.behind[slot]
	if b == nil {
		b = &backlog{seen: old}
		st.behind[slot] = b
	}
	b.queue = append(b.queue, pendingVersion{due: due, is: is})
	if st.nextDue == 0 || due < st.nextDue {
		st.nextDue = due
	}
}

// settle lets the index learn what is due. The last version due wins, as a
// re-index reads the database as it is.
func (st *store) settle(now time.Time) {
	ms := now.UnixMilli()
	if len(st.behind) == 0 || ms < st.nextDue {
		return
	}
	st.nextDue = 0
	for slot, b := range st.behind {
		last := -1
		for i, p := range b.queue {
			if p.due <= ms {
				last = i
			}
		}
		if last >= 0 {
			b.seen = b.queue[last].is
			b.queue = slices.Delete(b.queue, 0, last+1)
			st.touched(slot)
		}
		if len(b.queue) == 0 {
			delete(st.behind, slot)
			st.issues[slot].flags &^= lagging
			continue
		}
		for _, p := range b.queue {
			if st.nextDue == 0 || p.due < st.nextDue {
				st.nextDue = p.due
			}
		}
	}
}

// readable: a direct read answers.
func (st *store) readable(is *issue) bool {
	return is.flags&(deleted|hidden) == 0 && !st.projects[is.project].hidden
}

// listed: search lists it, once the index has learned of it. Permissions are
// those of now, whatever the index knows.
func (st *store) listed(slot int32, seen *issue) bool {
	if (seen.flags|st.issues[slot].flags)&hidden != 0 || seen.flags&(deleted|archived) != 0 {
		return false
	}
	p := st.projects[seen.project]
	return !p.hidden && !p.archived
}

// splitKey takes a key apart at its last dash.
func splitKey(key string) (project string, num int32, ok bool) {
	i := strings.LastIndexByte(key, '-')
	if i <= 0 {
		return "", 0, false
	}
	n, err := strconv.ParseInt(key[i+1:], 10, 32)
	return key[:i], int32(n), err == nil && n > 0
}
