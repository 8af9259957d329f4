package jirasim

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

func serveServerInfo(c *call) answer {
	s := c.s
	kind, version, numbers, build := "Cloud", "1001.0.0-SNAPSHOT", "[1001,0,0]", 100279
	if !s.cloud {
		kind, version, numbers, build = "Server", "10.3.1", "[10,3,1]", 10030001
	}
	return jsonAnswer(fmt.Appendf(nil, `{"baseUrl":"%s","version":"%s","versionNumbers":%s,"deploymentType":"%s","buildNumber":%d,"buildDate":"2026-05-01T00:00:00.000+0000","serverTime":"%s","scmInfo":"0000000000000000000000000000000000000000","serverTitle":"Simulated Jira","serverTimeZone":"Etc/UTC","defaultLocale":{"locale":"en_US"}}`,
		s.opt.BaseURL, version, numbers, kind, build, c.at.UTC().Format(jiraTime)))
}

// serveMyself describes the API user, who is the first user of the site.
func serveMyself(c *call) answer {
	s := c.s
	u := s.cat.users[0]
	b := fmt.Appendf(nil, `{"self":"%s/user?accountId=%s","accountId":"%s","accountType":"atlassian",`, s.api, u.id, u.id)
	if !s.cloud {
		b = fmt.Appendf(nil, `{"self":"%s/user?username=%s","name":"%s","key":"%s","deleted":false,`, s.api, u.id, u.id, u.key)
	}
	email := s.opt.Email
	if email == "" {
		email = "user1@example.com"
	}
	return jsonAnswer(fmt.Appendf(b, `"emailAddress":%s,"avatarUrls":%s,"displayName":%s,"active":true,"timeZone":"%s","locale":"en_US","groups":{"size":%d,"items":[]},"applicationRoles":{"size":1,"items":[]},"expand":"groups,applicationRoles"}`,
		quote(email), avatars(u.avatar()), quote(u.name), s.opt.TimeZone, len(s.cat.groups)))
}

// serveConfiguration tells which features are on.
func serveConfiguration(c *call) answer {
	tracking := `"timeTrackingEnabled":true,"timeTrackingConfiguration":{"workingHoursPerDay":8.0,"workingDaysPerWeek":5.0,"timeFormat":"pretty","defaultUnit":"minute"}`
	if c.s.opt.NoTimeTracking {
		tracking = `"timeTrackingEnabled":false`
	}
	return jsonAnswer([]byte(`{"votingEnabled":true,"watchingEnabled":true,"unassignedIssuesAllowed":true,"subTasksEnabled":true,"issueLinkingEnabled":true,"attachmentsEnabled":true,` + tracking + `}`))
}

// serveFields lists the fields; without a login the system fields alone.
func serveFields(c *call) answer {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	b := []byte{'['}
	for _, f := range c.s.schema.fields {
		if f.custom && c.anonymous {
			continue
		}
		if len(b) > 1 {
			b = append(b, ',')
		}
		b = f.appendResource(b, c.s)
	}
	return jsonAnswer(append(b, ']'))
}

// serveProjectSearch pages through the projects that the account may see.
func serveProjectSearch(c *call) answer {
	s, p := c.s, c.r.URL.Query()
	start, ok1 := c.queryNumber("startAt", 0)
	size, ok2 := c.queryNumber("maxResults", 50)
	if !ok1 || !ok2 {
		return problem(http.StatusBadRequest, "Failed to convert a parameter of project/search")
	}
	start, size = max(start, 0), min(max(size, 1), 100)
	s.mu.Lock()
	defer s.mu.Unlock()
	states := p["status"]
	if len(states) == 0 {
		states = []string{"live"}
	}
	var chosen []int
	for i, pr := range s.store.projects {
		state := "live"
		if pr.archived {
			state = "archived"
		}
		if c.anonymous || pr.hidden || !slices.Contains(states, state) || !projectAsked(p, pr) {
			continue
		}
		chosen = append(chosen, i)
	}
	end := min(start+size, len(chosen))
	var insights []insight
	if slices.Contains(c.queryList("expand"), "insight") {
		insights = s.insights()
	}
	b := fmt.Appendf(nil, `{"self":"%s","maxResults":%d,"startAt":%d,"total":%d,"isLast":%t`, c.link(start, size), size, start, len(chosen), end >= len(chosen))
	if end < len(chosen) {
		b = fmt.Appendf(b, `,"nextPage":"%s"`, c.link(end, size))
	}
	b = append(b, `,"values":`...)
	b = list(b, max(end-start, 0), func(b []byte, i int) []byte {
		b = s.appendProject(b, chosen[start+i], insights)
		return append(c.appendExpanded(b[:len(b)-1], chosen[start+i]), '}')
	})
	return jsonAnswer(append(b, '}'))
}

// appendExpanded writes the members of a project that are shown on request.
func (c *call) appendExpanded(b []byte, i int) []byte {
	for _, name := range c.queryList("expand") {
		switch name {
		case "lead":
			b = append(append(b, `,"lead":`...), c.s.cat.users[i%len(c.s.cat.users)].json...)
		case "description":
			b = fmt.Appendf(b, `,"description":%s`, quote("What "+c.s.store.projects[i].name+" is about"))
		case "projectKeys":
			b = fmt.Appendf(b, `,"projectKeys":["%s"]`, c.s.store.projects[i].key)
		}
	}
	return b
}

// projectAsked applies the filters of project/search.
func projectAsked(p map[string][]string, pr *project) bool {
	among := func(name, value string) bool {
		return len(p[name]) == 0 || slices.ContainsFunc(p[name], func(s string) bool { return strings.EqualFold(s, value) })
	}
	for _, q := range p["query"] {
		if q = strings.ToLower(q); !strings.Contains(strings.ToLower(pr.name), q) && !strings.Contains(strings.ToLower(pr.key), q) {
			return false
		}
	}
	return among("id", fmt.Sprint(pr.id)) && among("keys", pr.key)
}

// link is the address of another page of this request, as the client reaches
// the site.
func (c *call) link(start, size int) string {
	q := c.r.URL.Query()
	q.Set("startAt", fmt.Sprint(start))
	q.Set("maxResults", fmt.Sprint(size))
	return "http://" + c.r.Host + c.r.URL.Path + "?" + q.Encode()
}

// appendProject writes a project as project/search lists it; mu is held.
func (s *Sim) appendProject(b []byte, i int, insights []insight) []byte {
	p := s.store.projects[i]
	b = append(b, `{"expand":"description,lead,issueTypes,url,projectKeys,permissions,insight",`...)
	b = append(b, p.json[1:len(p.json)-1]...)
	style := "classic"
	if p.teamMade {
		style = "next-gen"
	}
	b = fmt.Appendf(b, `,"style":"%s","isPrivate":false,"properties":{}`, style)
	if p.archived {
		b = append(b, `,"archived":true`...)
	}
	if insights != nil {
		b = fmt.Appendf(b, `,"insight":{"totalIssueCount":%d`, insights[i].issues)
		if insights[i].issues > 0 {
			b = append(b, `,"lastIssueUpdateTime":`...)
			b = appendTime(b, insights[i].last, s.loc)
		}
		b = append(b, '}')
	}
	return append(b, '}')
}

// An insight is what the index knows of a project.
type insight struct {
	issues int
	last   int64 // the newest updated, noTime without issues
}

// insights are those of all projects; mu is held.
func (s *Sim) insights() []insight {
	s.store.settle(s.now())
	all := make([]insight, len(s.store.projects))
	for i := range all {
		all[i].last = noTime
	}
	for i := range s.store.issues {
		if is := s.store.indexed(int32(i)); s.store.listed(int32(i), is) {
			in := &all[is.project]
			in.issues++
			in.last = max(in.last, is.updated)
		}
	}
	return all
}
