package jirasim

import (
	"fmt"
	"strconv"
	"strings"
)

// A value is one member of a dimension: a status, a priority, a type.
type value struct {
	id   int64
	name string
	json []byte // as issues show it
}

type status struct {
	value
	category int // index into statusCategories
}

type issueType struct {
	value
	subtask bool
	level   int // 1 epic, 0 standard, -1 subtask
}

type user struct {
	id     string // accountId on Cloud, name on Data Center
	key    string // Data Center
	name   string // display name
	email  string
	json   []byte
	active bool
}

// avatar is the short name under which a user's pictures are kept.
func (u *user) avatar() string { return strings.ToLower(strings.ReplaceAll(u.name, " ", "")) }

// statusCategory is fixed in every Jira; names are localized, ids and keys not.
type statusCategory struct {
	id        int64
	key, name string
	color     string
}

var statusCategories = []statusCategory{
	{id: 1, key: "undefined", name: "No Category", color: "medium-gray"},
	{id: 2, key: "new", name: "To Do", color: "blue-gray"},
	{id: 4, key: "indeterminate", name: "In Progress", color: "yellow"},
	{id: 3, key: "done", name: "Done", color: "green"},
}

const (
	categoryNone = iota
	categoryNew
	categoryBusy
	categoryDone
)

func (s *Sim) categoryJSON(c int) string {
	sc := statusCategories[c]
	return fmt.Sprintf(`{"self":"%s/rest/api/%s/statuscategory/%d","id":%d,"key":"%s","colorName":"%s","name":"%s"}`,
		s.opt.BaseURL, s.apiVersion(), sc.id, sc.id, sc.key, sc.color, sc.name)
}

// catalog holds the dimensions of a site. It does not change while the site
// serves, so that pages can be rendered without a lock.
type catalog struct {
	statuses    []status
	types       []issueType
	priorities  []value
	resolutions []value
	linkTypes   []linkType
	versions    [][]version   // by project
	components  [][]component // by project
	levels      []value       // issue security
	users       []user
	groups      []group
}

type linkType struct {
	value
	inward, outward string
}

type version struct {
	value
	released, archived bool
	date               string
}

type component struct{ value }

type group struct {
	id, name string
	members  []int32
	json     []byte
}

// Indexes of the generated statuses and types; data files make their own.
const (
	statusToDo = iota
	statusProgress
	statusReview
	statusBlocked
	statusDone
	statusClosed
	statusTeamDone
)

const (
	typeEpic = iota
	typeStory
	typeTask
	typeBug
	typeSubtask
)

// newCatalog makes the dimensions of a generated site with so many projects.
func (s *Sim) newCatalog() *catalog {
	c := &catalog{}
	c.addUsers(s, 24)
	api := s.opt.BaseURL + "/rest/api/" + s.apiVersion()
	for _, d := range []struct {
		id       int64
		name     string
		category int
	}{
		{10000, "To Do", categoryNew}, {3, "In Progress", categoryBusy}, {10001, "In Review", categoryBusy},
		{10002, "Blocked", categoryBusy}, {10003, "Done", categoryDone}, {6, "Closed", categoryDone},
		// Team-managed projects bring their own statuses under names that exist.
		{10010, "Done", categoryDone},
	} {
		st := status{value: value{id: d.id, name: d.name}, category: d.category}
		st.json = fmt.Appendf(nil, `{"self":"%s/status/%d","description":"","iconUrl":"%s/images/icons/statuses/generic.png","name":%s,"id":"%d","statusCategory":%s}`,
			api, d.id, s.opt.BaseURL, quote(d.name), d.id, s.categoryJSON(d.category))
		c.statuses = append(c.statuses, st)
	}
	for _, d := range []struct {
		id      int64
		name    string
		level   int
		subtask bool
	}{{10000, "Epic", 1, false}, {10001, "Story", 0, false}, {10002, "Task", 0, false}, {10003, "Bug", 0, false}, {10004, "Sub-task", -1, true}} {
		t := issueType{value: value{id: d.id, name: d.name}, subtask: d.subtask, level: d.level}
		level := ""
		if s.cloud {
			level = `,"hierarchyLevel":` + strconv.Itoa(d.level)
		}
		t.json = fmt.Appendf(nil, `{"self":"%s/issuetype/%d","id":"%d","description":"","iconUrl":"%s/images/icons/issuetypes/%d.svg","name":%s,"subtask":%t,"avatarId":%d%s}`,
			api, d.id, d.id, s.opt.BaseURL, d.id, quote(d.name), d.subtask, 10300+d.level+1, level)
		c.types = append(c.types, t)
	}
	for i, name := range []string{"Highest", "High", "Medium", "Low", "Lowest"} {
		c.priorities = append(c.priorities, value{id: int64(i + 1), name: name,
			json: fmt.Appendf(nil, `{"self":"%s/priority/%d","iconUrl":"%s/images/icons/priorities/%s.svg","name":"%s","id":"%d"}`,
				api, i+1, s.opt.BaseURL, strings.ToLower(name), name, i+1)})
	}
	for i, name := range []string{"Done", "Won't Do", "Duplicate", "Cannot Reproduce"} {
		id := int64(10000 + i)
		c.resolutions = append(c.resolutions, value{id: id, name: name,
			json: fmt.Appendf(nil, `{"self":"%s/resolution/%d","id":"%d","description":"","name":%s}`, api, id, id, quote(name))})
	}
	for i, d := range [][3]string{{"Blocks", "is blocked by", "blocks"}, {"Relates", "relates to", "relates to"}, {"Duplicate", "is duplicated by", "duplicates"}} {
		id := int64(10000 + i)
		c.linkTypes = append(c.linkTypes, linkType{inward: d[1], outward: d[2], value: value{id: id, name: d[0],
			json: fmt.Appendf(nil, `{"id":"%d","name":"%s","inward":"%s","outward":"%s","self":"%s/issueLinkType/%d"}`, id, d[0], d[1], d[2], api, id)}})
	}
	for i, name := range []string{"Internal", "Security Team"} {
		id := int64(10000 + i)
		c.levels = append(c.levels, value{id: id, name: name,
			json: fmt.Appendf(nil, `{"self":"%s/securitylevel/%d","id":"%d","description":"Visible to members of the level","name":"%s"}`, api, id, id, name)})
	}
	c.addGroups(s)
	return c
}

// addUsers makes n users; the last three are no longer active.
func (c *catalog) addUsers(s *Sim, n int) {
	for i := range n {
		u := user{name: fmt.Sprintf("User %d", i+1), active: i < n-3}
		if s.cloud {
			u.id = fmt.Sprintf("5b10a2844c20165700%06x", i+1)
			email := ""
			if i%3 != 0 { // people may hide their address
				u.email = fmt.Sprintf("user%d@example.com", i+1)
				email = `"emailAddress":"` + u.email + `",`
			}
			u.json = fmt.Appendf(nil, `{"self":"%s/rest/api/3/user?accountId=%s","accountId":"%s",%s"avatarUrls":%s,"displayName":"%s","active":%t,"timeZone":"%s","accountType":"atlassian"}`,
				s.opt.BaseURL, u.id, u.id, email, avatars(u.avatar()), u.name, u.active, s.opt.TimeZone)
		} else {
			u.id, u.key, u.email = fmt.Sprintf("user%d", i+1), fmt.Sprintf("JIRAUSER%d", 10100+i), fmt.Sprintf("user%d@example.com", i+1)
			u.json = fmt.Appendf(nil, `{"self":"%s/rest/api/2/user?username=%s","name":"%s","key":"%s","emailAddress":"%s","avatarUrls":%s,"displayName":"%s","active":%t,"timeZone":"%s"}`,
				s.opt.BaseURL, u.id, u.id, u.key, u.email, avatars(u.avatar()), u.name, u.active, s.opt.TimeZone)
		}
		c.users = append(c.users, u)
	}
}

// avatars are the pictures of a user or project, in four sizes.
func avatars(owner string) string {
	var b strings.Builder
	for i, size := range []string{"48x48", "24x24", "16x16", "32x32"} {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `"%s":"https://avatar.example.com/%s/%s"`, size, owner, size[:2])
	}
	return "{" + b.String() + "}"
}

func (c *catalog) addGroups(s *Sim) {
	for i, name := range []string{"jira-users", "developers", "auditors"} {
		g := group{id: fmt.Sprintf("276f955c-63d7-42c8-9520-%012d", i+1), name: name}
		for u := range c.users {
			if u%(i+1) == 0 {
				g.members = append(g.members, int32(u))
			}
		}
		if s.cloud {
			g.json = fmt.Appendf(nil, `{"name":"%s","groupId":"%s","self":"%s/rest/api/3/group?groupId=%s"}`, name, g.id, s.opt.BaseURL, g.id)
		} else {
			g.json = fmt.Appendf(nil, `{"name":"%s","self":"%s/rest/api/2/group?groupname=%s"}`, name, s.opt.BaseURL, name)
		}
		c.groups = append(c.groups, g)
	}
}
