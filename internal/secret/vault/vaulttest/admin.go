package vaulttest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"
)

// administer serves sys/ and auth/.
func (s *Server) administer(t *token, c call) answer {
	text := func(name string) string { value, _ := c.body[name].(string); return value }
	after := func(prefix string) (string, bool) { return strings.CutPrefix(c.path, prefix) }
	switch {
	case c.path == "auth/token/lookup-self":
		return data(map[string]any{"id": c.token, "ttl": t.ttl, "creation_ttl": t.ttl, "renewable": t.renewable, "policies": t.policies, "type": "service"})
	case c.path == "auth/token/renew-self":
		if !t.renewable {
			return refuse(http.StatusBadRequest, "lease is not renewable")
		}
		select {
		case s.renewed <- c.token:
		default: // nobody counts this many
		}
		return authAnswer(c.token, t)
	case c.path == "auth/token/revoke-self":
		delete(s.tokens, c.token)
		return done()
	case c.path == "auth/token/revoke":
		delete(s.tokens, text("token"))
		return done()
	case c.path == "auth/token/create":
		return s.createToken(words(c.body["policies"]), text("ttl"), c.body["renewable"] != false)
	}
	if mount, ok := after("sys/mounts/"); ok {
		options, _ := c.body["options"].(map[string]any)
		s.engines[slashed(mount)] = newEngine(fmt.Sprint(options["version"]) == "2" || text("type") == "kv-v2")
		return done()
	}
	if mount, ok := after("sys/auth/"); ok {
		s.methods[slashed(mount)] = text("type")
		return done()
	}
	if name, ok := after("sys/policies/acl/"); ok {
		s.policies[name] = parsePolicy(text("policy"))
		return done()
	}
	if path, ok := after("auth/"); ok {
		return s.administerRole(path, c)
	}
	return refuse(http.StatusNotFound, "unsupported path")
}

// administerRole serves the roles of AppRole: auth/MOUNT/role/NAME[/…].
func (s *Server) administerRole(path string, c call) answer {
	mount, rest, ok := strings.Cut(path, "/role/")
	if !ok || s.methods[slashed(mount)] != "approle" {
		return refuse(http.StatusNotFound, "unsupported path")
	}
	name, what, _ := strings.Cut(rest, "/")
	key := slashed(mount) + name
	switch r := s.roles[key]; {
	case what == "":
		ttl, _ := c.body["token_ttl"].(string)
		s.roles[key] = &role{policies: words(c.body["token_policies"]), ttl: ttl, roleID: uuid.NewString()}
		return done()
	case r == nil:
		return refuse(http.StatusNotFound)
	case what == "role-id":
		return data(map[string]any{"role_id": r.roleID})
	default:
		r.secretID = uuid.NewString()
		return data(map[string]any{"secret_id": r.secretID})
	}
}

// createToken makes a token; Vault adds the default policy to every one.
func (s *Server) createToken(policies []string, ttl string, renewable bool) answer {
	t := &token{policies: append([]string{"default"}, policies...), renewable: renewable && ttl != ""}
	if ttl != "" {
		life, err := time.ParseDuration(ttl)
		if err != nil {
			return refuse(http.StatusBadRequest, "error parsing ttl")
		}
		t.ttl = int(life.Seconds())
	}
	id := "hvs." + uuid.NewString()
	s.tokens[id] = t
	return authAnswer(id, t)
}

func authAnswer(id string, t *token) answer {
	return answer{http.StatusOK, map[string]any{"auth": map[string]any{
		"client_token": id, "policies": t.policies, "token_policies": t.policies,
		"lease_duration": json.Number(fmt.Sprint(t.ttl)), "renewable": t.renewable, "token_type": "service",
	}}}
}

func slashed(mount string) string { return strings.Trim(mount, "/") + "/" }

// words reads a list of texts or texts joined by commas.
func words(value any) []string {
	if text, ok := value.(string); ok {
		return strings.Split(text, ",")
	}
	list, _ := value.([]any)
	var all []string
	for _, item := range list {
		all = append(all, fmt.Sprint(item))
	}
	return all
}
