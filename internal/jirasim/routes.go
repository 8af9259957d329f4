package jirasim

import "net/http"

// routes registers every endpoint of the deployment.
func (s *Sim) routes() {
	s.mux = http.NewServeMux()
	s.handle("GET", "serverInfo", public, serveServerInfo)
	s.handle("GET", "myself", personal, serveMyself)
	s.handle("GET", "field", anonymous, serveFields)
	s.handle("GET", "configuration", personal, serveConfiguration)
	s.handle("GET", "issue/{key}", anonymous, serveIssue)
	for name, h := range map[string]func(*call, *view, *issue) answer{
		"comment": serveComments, "worklog": serveWorklogs, "remotelink": serveRemoteLinks, "watchers": serveWatchers, "votes": serveVotes,
	} {
		s.handle("GET", "issue/{key}/"+name, anonymous, ofIssue(h))
	}
	s.handle("GET", "worklog/updated", personal, serveWorklogUpdated)
	s.handle("GET", "worklog/deleted", personal, serveWorklogDeleted)
	s.handle("POST", "worklog/list", personal, serveWorklogList)
	s.dimensionRoutes()
	s.agileRoutes()
	s.gatewayRoutes()
	s.oauth1Routes()
	s.oauth2Routes()
	if s.cloud {
		s.handle("GET", "issue/{key}/changelog", anonymous, ofIssue(serveChangelog))
		s.handle("POST", "changelog/bulkfetch", anonymous, serveChangelogs)
		s.handle("POST", "comment/list", anonymous, serveCommentList)
		s.handle("GET", "project/search", anonymous, serveProjectSearch)
		s.handle("GET", "search/jql", anonymous, serveSearchJQL)
		s.handle("POST", "search/jql", anonymous, serveSearchJQL)
		s.handle("POST", "search/approximate-count", anonymous, serveApproximateCount)
		s.handle("POST", "issue/bulkfetch", anonymous, serveBulkFetch)
		s.handle("GET", "search", anonymous, serveGone)
		s.handle("POST", "search", anonymous, serveGone)
	} else {
		s.handle("GET", "project", anonymous, serveProjects)
		s.handle("GET", "search", anonymous, serveSearch)
		s.handle("POST", "search", anonymous, serveSearch)
	}
	s.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { s.serve(w, r, public, deadLink) })
}
