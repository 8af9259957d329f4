package jirasim

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"
)

// A Sim is a simulated Jira site. It is an http.Handler; all its methods may
// be called while it serves.
type Sim struct {
	opt        Options
	cloud      bool
	loc        *time.Location
	now        func() time.Time
	api        string   // base of self links
	categories []string // JSON of the status categories
	cat        *catalog
	prose      *prose
	gen        *generator // nil with data files
	mux        *http.ServeMux
	endpoints  []string // what mux knows
	first      *schema  // the fields at the start
	skipped    int      // lines of data files without id or key

	mu         sync.Mutex
	store      store
	finder     searcher
	schema     *schema
	unseen     []*field        // hidden from the API user
	sprints    []sprint        // replaced, never changed in place
	children   int64           // id of the next added child
	tombstones []stamp         // of deleted worklogs, the only ones that Jira keeps
	owners     map[int64]int64 // issues of added comments and worklogs
	bucket     bucket
	journal    journal
	logins     logins
	grants     grants
	dance      dance
	faults     func(*http.Request) *Fault
}

// New makes a site.
func New(o Options) (*Sim, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	s := &Sim{opt: o, cloud: o.Deployment == Cloud, now: o.Now, children: firstAddedChild, owners: map[int64]int64{}}
	if s.loc, err = time.LoadLocation(o.TimeZone); err != nil {
		return nil, fmt.Errorf("jirasim: time zone %q of the account: %w", o.TimeZone, err)
	}
	s.api = o.BaseURL + "/rest/api/" + s.apiVersion()
	for i := range statusCategories {
		s.categories = append(s.categories, s.categoryJSON(i))
	}
	s.store.byKey = map[string]int32{}
	s.bucket = bucket{rate: o.RateLimit, tokens: max(o.RateLimit, 1), last: s.now()}
	s.logins = logins{email: o.Email, token: o.Token, bearer: o.BearerToken,
		strict: o.Email != "" || o.Token != "" || o.BearerToken != "" || o.OAuth1 != nil || o.OAuth2 != nil}
	s.grants, s.dance = newGrants(o.OAuth2), newDance(o.OAuth1)
	s.cat = s.newCatalog()
	if len(o.Data) > 0 {
		if err := s.load(o.Data); err != nil {
			return nil, err
		}
	} else {
		s.prose = newProse(o.Seed, s.cat.users, s.cloud)
		s.schema = newSchema(append(s.systemFields(), customFields(s.cloud, o.ExtraCustomFields, o.Projects)...))
		s.fill(newGenerator(o, s.cat))
		s.sprints = s.gen.sprints()
	}
	s.first = s.schema
	s.orderKeys()
	s.routes()
	return s, nil
}

// apiVersion is the version of the site's own links.
func (s *Sim) apiVersion() string {
	if s.cloud {
		return "3"
	}
	return "2"
}

// orderKeys numbers the projects by key, for ORDER BY key.
func (s *Sim) orderKeys() {
	byKey := slices.Clone(s.store.projects)
	slices.SortFunc(byKey, func(a, b *project) int {
		if a.key < b.key {
			return -1
		}
		return 1
	})
	for i, p := range byKey {
		p.ord = int32(i)
	}
	for i := range s.store.issues {
		is := &s.store.issues[i]
		is.keyOrder = s.store.projects[is.project].ord
	}
}

// viewLocked is what rendering needs; mu is held.
func (s *Sim) viewLocked(adf bool) *view {
	return &view{s: s, adf: adf, schema: s.schema, sprints: s.sprints, projects: s.store.projects, api: s.api}
}

// Listen serves on a loopback address ("127.0.0.1:0" picks a port) until
// close is called, and returns the URL to reach it by.
func (s *Sim) Listen(addr string) (baseURL string, close func() error, err error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return "", nil, fmt.Errorf("jirasim: listen on %q: %w", addr, err)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return "", nil, fmt.Errorf("jirasim: listen on %q: the simulator serves loopback addresses only, such as 127.0.0.1:0", addr)
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return "", nil, fmt.Errorf("jirasim: %w", err)
	}
	srv := &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second}
	done := make(chan error, 1)
	go func() { done <- srv.Serve(l) }()
	return "http://" + l.Addr().String(), sync.OnceValue(func() error {
		err := srv.Close()
		if serveErr := <-done; !errors.Is(serveErr, http.ErrServerClosed) {
			err = errors.Join(err, serveErr)
		}
		return err
	}), nil
}

// Count is the number of issues that a complete search finds once the index
// has caught up.
func (s *Sim) Count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for i := range s.store.issues {
		if s.store.live(int32(i)) {
			n++
		}
	}
	return n
}

// IDs are the ids of the issues that Count counts, ascending.
func (s *Sim) IDs() []int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	var ids []int64
	for i := range s.store.issues {
		if s.store.live(int32(i)) {
			ids = append(ids, s.store.issues[i].id)
		}
	}
	return ids
}

// Each hands over the issues that Count counts, by ascending id, each exactly
// as GET issue?fields=*all delivers it. raw is valid until fn returns; fn
// returns false to stop.
func (s *Sim) Each(fn func(id int64, key string, raw []byte) bool) {
	var b []byte
	for _, id := range s.IDs() {
		s.mu.Lock()
		slot, _ := s.store.slot(id)
		is, v, live := s.store.issues[slot], s.viewLocked(s.cloud), s.store.live(slot)
		s.mu.Unlock()
		if !live {
			continue
		}
		sel := v.schema.pick([]string{"*all"}, "*all")
		b = v.appendIssue(b[:0], &is, &sel)
		if !fn(id, v.key(&is), b) {
			return
		}
	}
}

// Raw is one issue as GET issue?fields=*all delivers it, nil when that gives
// a 404. Archived issues are delivered.
func (s *Sim) Raw(id int64) []byte {
	s.mu.Lock()
	slot, ok := s.store.slot(id)
	if !ok || !s.store.readable(&s.store.issues[slot]) {
		s.mu.Unlock()
		return nil
	}
	is, v := s.store.issues[slot], s.viewLocked(s.cloud)
	s.mu.Unlock()
	sel := v.schema.pick([]string{"*all"}, "*all")
	return v.appendIssue(nil, &is, &sel)
}

// What became of an issue, from the account's point of view.
const (
	Live     = "live"
	Deleted  = "deleted"
	NoAccess = "no_access"
	Archived = "archived"
)

// Presence says what became of an issue: Live, Deleted, NoAccess or Archived;
// "" for an id that never was.
func (s *Sim) Presence(id int64) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	slot, ok := s.store.slot(id)
	if !ok {
		return ""
	}
	is := &s.store.issues[slot]
	switch p := s.store.projects[is.project]; {
	case is.flags&deleted != 0:
		return Deleted
	case is.flags&hidden != 0 || p.hidden:
		return NoAccess
	case is.flags&archived != 0 || p.archived:
		return Archived
	}
	return Live
}

// live: a complete search with a current index finds it.
func (st *store) live(slot int32) bool { return st.listed(slot, &st.issues[slot]) }
