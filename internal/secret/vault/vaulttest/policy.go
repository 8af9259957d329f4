package vaulttest

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// rule is one path block of a policy.
type rule struct {
	path         string // exact, or a prefix when it ends in *
	capabilities []string
}

// defaultPolicy is the part of Vault's own default policy that matters here.
const defaultPolicy = `
path "auth/token/lookup-self" { capabilities = ["read"] }
path "auth/token/renew-self" { capabilities = ["update"] }
path "auth/token/revoke-self" { capabilities = ["update"] }`

var (
	pathBlock  = regexp.MustCompile(`path\s+"([^"]+)"\s*\{\s*capabilities\s*=\s*\[([^\]]*)\]\s*\}`)
	quotedWord = regexp.MustCompile(`"([a-z]+)"`)
)

// parsePolicy reads the path blocks of a policy in HCL.
func parsePolicy(text string) []rule {
	var rules []rule
	for _, block := range pathBlock.FindAllStringSubmatch(text, -1) {
		r := rule{path: block[1]}
		for _, word := range quotedWord.FindAllStringSubmatch(block[2], -1) {
			r.capabilities = append(r.capabilities, word[1])
		}
		rules = append(rules, r)
	}
	return rules
}

func (r rule) covers(path string) bool {
	if prefix, ok := strings.CutSuffix(r.path, "*"); ok {
		return strings.HasPrefix(path, prefix)
	}
	return r.path == path
}

// allows reports whether the token may make the call.
func (s *Server) allows(t *token, c call) bool {
	// Writing to a path where nothing is needs "create", else "update"; the
	// double asks for either.
	need := map[string][]string{http.MethodGet: {"read"}, http.MethodPut: {"create", "update"}, http.MethodDelete: {"delete"}}[c.method]
	return s.any(t, func(r rule) bool {
		return r.covers(c.path) && slices.ContainsFunc(need, func(n string) bool { return slices.Contains(r.capabilities, n) })
	})
}

// reaches reports whether a policy of the token touches a mount.
func (s *Server) reaches(t *token, mount string) bool {
	return s.any(t, func(r rule) bool {
		return strings.HasPrefix(r.path, mount) || r.covers(mount)
	})
}

func (s *Server) any(t *token, match func(rule) bool) bool {
	return slices.ContainsFunc(t.policies, func(name string) bool {
		return name == "root" || slices.ContainsFunc(s.policies[name], match)
	})
}
