package jirasim

import (
	"context"
	"fmt"
	"net/http"
	"strings"
)

// gatewayPath is where the gateway keeps sites, followed by a cloud id.
const gatewayPath = "/ex/jira/"

type gatewayKey struct{}

// ServeHTTP answers like the site would; on Cloud also like the gateway in
// front of it, at /ex/jira/{cloudId}/rest/….
func (s *Sim) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if rest, ok := strings.CutPrefix(r.URL.Path, gatewayPath+s.opt.CloudID+"/"); ok && s.cloud {
		inner := r.Clone(context.WithValue(r.Context(), gatewayKey{}, true))
		inner.URL.Path, inner.URL.RawPath = "/"+rest, ""
		r = inner
	}
	s.mux.ServeHTTP(w, r)
}

func throughGateway(r *http.Request) bool { return r.Context().Value(gatewayKey{}) != nil }

// gatewayRoutes registers how a client finds the cloud id of a site.
func (s *Sim) gatewayRoutes() {
	if !s.cloud {
		return
	}
	s.handleAt("GET", "/_edge/tenant_info", public, func(c *call) answer {
		if c.r.URL.RawQuery != "" {
			return message(http.StatusForbidden, "Forbidden")
		}
		return jsonAnswer(fmt.Appendf(nil, `{"cloudId":"%s"}`, s.opt.CloudID))
	})
}

// viewLocked is the site as this request sees it: links that come through the
// gateway lead through the gateway; mu is held.
func (c *call) viewLocked() *view {
	v := c.s.viewLocked(c.adf)
	if c.gateway {
		v.api = "https://api.atlassian.com" + gatewayPath + c.s.opt.CloudID + "/rest/api/3"
	}
	return v
}
