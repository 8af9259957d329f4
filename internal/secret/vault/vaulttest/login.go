package vaulttest

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	signer "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// role is what a login gives.
type role struct {
	policies         []string
	ttl              string
	roleID, secretID string // approle
	jwt              string // kubernetes, jwt
	aws              aws.Credentials
	serverID         string
}

// TrustJWT makes the login method at mount ("kubernetes", "jwt") give policies
// to whoever shows the token jwt for the named role.
func (s *Server) TrustJWT(mount, kind, name, jwt string, policies ...string) {
	s.trust(mount, kind, name, &role{policies: policies, ttl: "1h", jwt: jwt})
}

// TrustAWS makes the login method at mount give policies to whoever signs with
// the key. Requests must carry serverID unless it is "".
func (s *Server) TrustAWS(mount, name string, key aws.Credentials, serverID string, policies ...string) {
	s.trust(mount, "aws", name, &role{policies: policies, ttl: "1h", aws: key, serverID: serverID})
}

func (s *Server) trust(mount, kind, name string, r *role) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.methods[slashed(mount)] = kind
	s.roles[slashed(mount)+name] = r
}

// loginAt returns the mount and the method of a login path, which needs no
// token.
func (s *Server) loginAt(path string) (mount, kind string) {
	rest, _ := strings.CutPrefix(path, "auth/")
	mount, ok := strings.CutSuffix(rest, "login")
	if !ok {
		return "", ""
	}
	return mount, s.methods[mount]
}

func (s *Server) login(mount, kind string, c call) answer {
	text := func(name string) string { value, _ := c.body[name].(string); return value }
	switch kind {
	case "approle":
		for key, r := range s.roles {
			if strings.HasPrefix(key, mount) && r.roleID == text("role_id") && r.secretID == text("secret_id") {
				return s.createToken(r.policies, r.ttl, true)
			}
		}
		return refuse(http.StatusBadRequest, "invalid role or secret ID")
	case "kubernetes":
		r := s.roles[mount+text("role")]
		if r == nil {
			return refuse(http.StatusBadRequest, `invalid role name "`+text("role")+`"`)
		}
		if r.jwt != text("jwt") {
			return refuse(http.StatusForbidden, "permission denied")
		}
		return s.createToken(r.policies, r.ttl, true)
	case "jwt":
		r := s.roles[mount+text("role")]
		if r == nil || r.jwt != text("jwt") {
			return refuse(http.StatusBadRequest, "error validating token: invalid signature")
		}
		return s.createToken(r.policies, r.ttl, true)
	default:
		r := s.roles[mount+text("role")]
		if r == nil || !r.signed(c.body) {
			return refuse(http.StatusBadRequest, "error making upstream request: received error code 403 from STS")
		}
		return s.createToken(r.policies, r.ttl, true)
	}
}

// signed checks a signed GetCallerIdentity request as AWS would: the same key
// over the same request gives the same signature.
func (r *role) signed(body map[string]any) bool {
	decode := func(name string) string {
		encoded, _ := body[name].(string)
		plain, err := base64.StdEncoding.DecodeString(encoded)
		if err != nil {
			return ""
		}
		return string(plain)
	}
	var headers http.Header
	if json.Unmarshal([]byte(decode("iam_request_headers")), &headers) != nil {
		return false
	}
	if r.serverID != "" && (headers.Get("X-Vault-AWS-IAM-Server-ID") != r.serverID || !strings.Contains(headers.Get("Authorization"), "x-vault-aws-iam-server-id")) {
		return false
	}
	payload := decode("iam_request_body")
	at, err := time.Parse("20060102T150405Z", headers.Get("X-Amz-Date"))
	if err != nil || !strings.Contains(payload, "Action=GetCallerIdentity") {
		return false
	}
	request, err := http.NewRequest(http.MethodPost, decode("iam_request_url"), strings.NewReader(payload))
	if err != nil || !strings.HasPrefix(request.URL.Hostname(), "sts.") {
		return false
	}
	for name, values := range headers {
		if name != "Authorization" {
			request.Header[name] = values
		}
	}
	region := "us-east-1"
	if parts := strings.Split(request.URL.Hostname(), "."); len(parts) == 4 {
		region = parts[1]
	}
	hash := sha256.Sum256([]byte(payload))
	if err := signer.NewSigner().SignHTTP(context.Background(), r.aws, request, hex.EncodeToString(hash[:]), "sts", region, at); err != nil {
		return false
	}
	return request.Header.Get("Authorization") == headers.Get("Authorization")
}
