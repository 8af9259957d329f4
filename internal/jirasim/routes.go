package jirasim

import "net/http"

// routes registers every endpoint of the deployment.
func (s *Sim) routes() {
	s.mux = http.NewServeMux()
	s.handle("GET", "serverInfo", public, serveServerInfo)
	s.handle("GET", "myself", personal, serveMyself)
	s.handle("GET", "field", anonymous, serveFields)
	s.handle("GET", "issue/{key}", anonymous, serveIssue)
	if s.cloud {
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
	s.handleAt("", "/", "unknown", public, deadLink)
}
