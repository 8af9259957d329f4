package jirasim

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// dimensionRoutes registers what issues refer to: statuses, people, versions.
func (s *Sim) dimensionRoutes() {
	plain := func(name string, all func() rows) {
		s.handle("GET", name, anonymous, func(c *call) answer {
			r := all()
			return jsonAnswer(list(nil, r.n, r.append))
		})
	}
	plain("status", s.statusRows)
	plain("statuscategory", func() rows {
		return rows{len(s.categories), func(b []byte, i int) []byte { return append(b, s.categories[i]...) }}
	})
	plain("priority", func() rows {
		return rows{len(s.cat.priorities), func(b []byte, i int) []byte { return append(b, s.cat.priorities[i].json...) }}
	})
	plain("resolution", func() rows {
		return rows{len(s.cat.resolutions), func(b []byte, i int) []byte { return append(b, s.cat.resolutions[i].json...) }}
	})
	plain("issuetype", func() rows {
		return rows{len(s.cat.types), func(b []byte, i int) []byte { return append(b, s.cat.types[i].json...) }}
	})
	s.handle("GET", "issueLinkType", anonymous, func(*call) answer {
		b := list([]byte(`{"issueLinkTypes":`), len(s.cat.linkTypes), func(b []byte, i int) []byte { return append(b, s.cat.linkTypes[i].json...) })
		return jsonAnswer(append(b, '}'))
	})
	s.handle("GET", "project/{project}", anonymous, s.ofProject(serveProject))
	s.handle("GET", "project/{project}/components", anonymous, s.ofProject(func(c *call, p int) answer {
		cs := c.s.cat.components[p]
		return jsonAnswer(list(nil, len(cs), func(b []byte, i int) []byte { return s.appendOfProject(b, cs[i].json, p) }))
	}))
	s.handle("GET", "project/{project}/versions", anonymous, s.ofProject(func(c *call, p int) answer {
		vs := c.s.cat.versions[p]
		return jsonAnswer(list(nil, len(vs), func(b []byte, i int) []byte { return s.appendVersion(b, vs[i].json, p) }))
	}))
	s.handle("GET", "project/{project}/version", anonymous, s.ofProject(func(c *call, p int) answer {
		vs := c.s.cat.versions[p]
		return c.page(pageStyle{"values", 50, 50, true, true}, rows{len(vs), func(b []byte, i int) []byte { return s.appendVersion(b, vs[i].json, p) }})
	}))
	s.handle("GET", "project/{project}/securitylevel", personal, s.ofProject(func(*call, int) answer {
		b := list([]byte(`{"levels":`), len(s.cat.levels), func(b []byte, i int) []byte { return append(b, s.cat.levels[i].json...) })
		return jsonAnswer(append(b, '}'))
	}))
	s.handle("GET", "group/member", personal, serveGroupMember)
	if s.cloud {
		s.handle("GET", "project/{project}/component", anonymous, s.ofProject(func(c *call, p int) answer {
			cs := c.s.cat.components[p]
			return c.page(pageStyle{"values", 50, 50, true, true}, rows{len(cs), func(b []byte, i int) []byte { return s.appendOfProject(b, cs[i].json, p) }})
		}))
		s.handle("GET", "users/search", personal, serveUsers)
		s.handle("GET", "user/bulk", personal, serveUserBulk)
		s.handle("GET", "group/bulk", personal, serveGroups)
		s.handle("GET", "label", anonymous, serveLabels)
		s.handle("GET", "field/search", anonymous, serveFieldSearch)
		s.handle("GET", "field/{field}/context", personal, serveContexts)
		s.handle("GET", "field/{field}/context/{context}/option", personal, serveOptions)
		return
	}
	s.handle("GET", "user/search", personal, serveUserSearch)
	s.handle("GET", "groups/picker", personal, serveGroupPicker)
	s.handle("GET", "customFields/{field}/options", personal, serveCustomFieldOptions)
}

func (s *Sim) statusRows() rows {
	return rows{len(s.cat.statuses), func(b []byte, i int) []byte { return append(b, s.cat.statuses[i].json...) }}
}

// ofProject answers for the project in the path, given by key or id.
func (s *Sim) ofProject(fn func(c *call, project int) answer) handler {
	return func(c *call) answer {
		name := c.r.PathValue("project")
		s.mu.Lock()
		i := slices.IndexFunc(s.store.projects, func(p *project) bool {
			return strings.EqualFold(p.key, name) || strconv.FormatInt(p.id, 10) == name
		})
		visible := i >= 0 && !s.store.projects[i].hidden && !c.anonymous
		s.mu.Unlock()
		if !visible {
			return failure(http.StatusNotFound, fmt.Sprintf("No project could be found with key '%s'.", name))
		}
		return fn(c, i)
	}
}

func serveProject(c *call, i int) answer {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	return jsonAnswer(c.s.appendProject(nil, i, nil))
}

// appendOfProject writes a component with its project.
func (s *Sim) appendOfProject(b, json []byte, p int) []byte {
	b = append(b, json[:len(json)-1]...)
	return fmt.Appendf(b, `,"isAssigneeTypeValid":false,"project":"%s","projectId":%d}`, s.store.projects[p].key, s.store.projects[p].id)
}

func (s *Sim) appendVersion(b, json []byte, p int) []byte {
	b = append(b, json[:len(json)-1]...)
	return fmt.Appendf(b, `,"projectId":%d}`, s.store.projects[p].id)
}

func (s *Sim) userRows(keep func(*user) bool) rows {
	var chosen [][]byte
	for i := range s.cat.users {
		if u := &s.cat.users[i]; keep(u) {
			chosen = append(chosen, u.json)
		}
	}
	return rawRows(chosen)
}

// plainPage answers a page that is a bare array: the client stops at an empty
// one.
func (c *call) plainPage(r rows, size, most int) answer {
	start, ok1 := c.queryNumber("startAt", 0)
	size, ok2 := c.queryNumber("maxResults", size)
	if !ok1 || !ok2 {
		return failure(http.StatusBadRequest, "startAt and maxResults must be numbers.")
	}
	start, size = min(max(start, 0), r.n), min(max(size, 0), most)
	return jsonAnswer(list(nil, min(size, r.n-start), func(b []byte, i int) []byte { return r.append(b, start+i) }))
}

// serveUsers lists everybody, also those who are no longer active.
func serveUsers(c *call) answer {
	return c.plainPage(c.s.userRows(func(*user) bool { return true }), 50, 1000)
}

func serveUserBulk(c *call) answer {
	ids := c.r.URL.Query()["accountId"]
	if len(ids) == 0 {
		return failure(http.StatusBadRequest, "At least one accountId is required.")
	}
	return c.page(pageStyle{"values", 10, 200, true, true}, c.s.userRows(func(u *user) bool { return slices.Contains(ids, u.id) }))
}

// serveUserSearch is Data Center's: username is required, "." finds everybody.
func serveUserSearch(c *call) answer {
	p := c.r.URL.Query()
	name := strings.ToLower(p.Get("username"))
	if name == "" {
		return failure(http.StatusBadRequest, "The username query parameter was not provided")
	}
	inactive := p.Get("includeInactive") == "true"
	active := p.Get("includeActive") != "false"
	return c.plainPage(c.s.userRows(func(u *user) bool {
		named := name == "." || strings.Contains(strings.ToLower(u.id+" "+u.name+" "+u.email), name)
		return named && (u.active && active || !u.active && inactive)
	}), 50, 1000)
}

func serveGroups(c *call) answer {
	gs := c.s.cat.groups
	return c.page(pageStyle{"values", 50, 50, true, true}, rows{len(gs), func(b []byte, i int) []byte {
		return fmt.Appendf(b, `{"name":"%s","groupId":"%s"}`, gs[i].name, gs[i].id)
	}})
}

func serveGroupPicker(c *call) answer {
	gs := c.s.cat.groups
	b := fmt.Appendf(nil, `{"header":"Showing %d of %d matching groups","total":%d,"groups":`, len(gs), len(gs), len(gs))
	b = list(b, len(gs), func(b []byte, i int) []byte {
		return fmt.Appendf(b, `{"name":"%s","html":"%s","labels":[]}`, gs[i].name, gs[i].name)
	})
	return jsonAnswer(append(b, '}'))
}

func serveGroupMember(c *call) answer {
	p := c.r.URL.Query()
	i := slices.IndexFunc(c.s.cat.groups, func(g group) bool {
		return c.s.cloud && p.Get("groupId") == g.id || p.Get("groupname") == g.name
	})
	if i < 0 {
		return failure(http.StatusNotFound, "The group named '"+p.Get("groupname")+"' does not exist.")
	}
	all := p.Get("includeInactiveUsers") == "true"
	var members [][]byte
	for _, u := range c.s.cat.groups[i].members {
		if u := &c.s.cat.users[u]; u.active || all {
			members = append(members, u.json)
		}
	}
	return c.page(pageStyle{"values", 50, 50, true, true}, rawRows(members))
}

func serveLabels(c *call) answer {
	return c.page(pageStyle{"values", 1000, 1000, true, true}, rows{len(labelNames), func(b []byte, i int) []byte { return appendString(b, labelNames[i]) }})
}
