package jirasim

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// OAuth1 is an application link of a Server or Data Center site: requests are
// signed with RSA-SHA1 by the owner of the private key.
type OAuth1 struct {
	ConsumerKey string
	PublicKey   *rsa.PublicKey
	// AccessToken is one that exists from the start, as after an earlier
	// dance; "": none.
	AccessToken string
}

// dance is the state of OAuth 1.0a, guarded by Sim.mu.
type dance struct {
	requests map[string]*requestToken // request tokens
	tokens   map[string]bool          // access tokens
	nonces   map[string]bool
	serial   int
}

type requestToken struct {
	callback string
	verifier string // "" until approved
}

func newDance(o *OAuth1) dance {
	d := dance{requests: map[string]*requestToken{}, tokens: map[string]bool{}, nonces: map[string]bool{}}
	if o != nil && o.AccessToken != "" {
		d.tokens[o.AccessToken] = true
	}
	return d
}

// oauth1Routes registers the three steps of the dance.
func (s *Sim) oauth1Routes() {
	if s.opt.OAuth1 == nil {
		return
	}
	s.handleAt("POST", "/plugins/servlet/oauth/request-token", public, serveRequestToken)
	s.handleAt("GET", "/plugins/servlet/oauth/authorize", public, serveApprove)
	s.handleAt("POST", "/plugins/servlet/oauth/access-token", public, serveAccessToken)
}

func serveRequestToken(c *call) answer {
	p, trouble := c.s.verifySignature(c.r, c.at)
	if trouble != "" {
		return oauthProblem(trouble)
	}
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	d := &c.s.dance
	d.serial++
	token := fmt.Sprintf("request-%d", d.serial)
	d.requests[token] = &requestToken{callback: p["oauth_callback"]}
	return formAnswer(url.Values{"oauth_token": {token}, "oauth_token_secret": {"unused"}, "oauth_callback_confirmed": {"true"}})
}

// serveApprove is the page on which the user approves; here nobody refuses.
func serveApprove(c *call) answer {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	name := c.r.URL.Query().Get("oauth_token")
	t := c.s.dance.requests[name]
	if t == nil {
		return oauthProblem("token_rejected")
	}
	t.verifier = "verifier-" + name
	back, err := url.Parse(t.callback)
	if err != nil || !back.IsAbs() { // "oob": the user copies the code by hand
		return answer{status: http.StatusOK, kind: htmlType, body: []byte("<html><body>Your verification code is <strong>" + t.verifier + "</strong></body></html>")}
	}
	q := back.Query()
	q.Set("oauth_token", name)
	q.Set("oauth_verifier", t.verifier)
	back.RawQuery = q.Encode()
	return answer{status: http.StatusFound, header: http.Header{"Location": {back.String()}}}
}

func serveAccessToken(c *call) answer {
	p, trouble := c.s.verifySignature(c.r, c.at)
	if trouble != "" {
		return oauthProblem(trouble)
	}
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	d := &c.s.dance
	t := d.requests[p["oauth_token"]]
	if t == nil || t.verifier == "" || t.verifier != p["oauth_verifier"] {
		return oauthProblem("token_rejected")
	}
	delete(d.requests, p["oauth_token"])
	d.serial++
	token := fmt.Sprintf("access-%d", d.serial)
	d.tokens[token] = true
	return formAnswer(url.Values{"oauth_token": {token}, "oauth_token_secret": {"unused"}, "oauth_expires_in": {"157680000"}, "oauth_session_handle": {fmt.Sprintf("session-%d", d.serial)}})
}

func formAnswer(v url.Values) answer {
	return answer{status: http.StatusOK, kind: "application/x-www-form-urlencoded", body: []byte(v.Encode())}
}

func oauthProblem(trouble string) answer {
	return answer{status: http.StatusUnauthorized, kind: "application/x-www-form-urlencoded", body: []byte("oauth_problem=" + trouble),
		header: http.Header{"Www-Authenticate": {`OAuth realm="jira", oauth_problem="` + trouble + `"`}}}
}

// signedOAuth1 tells what is wrong with the login of a signed API request, ""
// when nothing is.
func (s *Sim) signedOAuth1(r *http.Request, now time.Time) string {
	p, trouble := s.verifySignature(r, now)
	if trouble != "" {
		return trouble
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.dance.tokens[p["oauth_token"]] {
		return "token_rejected"
	}
	return ""
}

// verifySignature checks an OAuth header (RFC 5849, section 3.2) and returns
// its parameters, or the name of the problem.
func (s *Sim) verifySignature(r *http.Request, now time.Time) (map[string]string, string) {
	p, pairs, ok := oauthHeader(r.Header.Get("Authorization"))
	if !ok || s.opt.OAuth1 == nil {
		return nil, "parameter_absent"
	}
	if p["oauth_consumer_key"] != s.opt.OAuth1.ConsumerKey {
		return nil, "consumer_key_unknown"
	}
	stamp, err := strconv.ParseInt(p["oauth_timestamp"], 10, 64)
	if err != nil || now.Sub(time.Unix(stamp, 0)).Abs() > 5*time.Minute {
		return nil, "timestamp_refused"
	}
	signature, err := base64.StdEncoding.DecodeString(p["oauth_signature"])
	if err != nil || p["oauth_signature_method"] != "RSA-SHA1" {
		return nil, "signature_method_rejected"
	}
	sum := sha1.Sum([]byte(signatureBase(r, pairs)))
	if rsa.VerifyPKCS1v15(s.opt.OAuth1.PublicKey, crypto.SHA1, sum[:], signature) != nil {
		return nil, "signature_invalid"
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	nonce := p["oauth_timestamp"] + " " + p["oauth_nonce"]
	if p["oauth_nonce"] == "" || s.dance.nonces[nonce] {
		return nil, "nonce_used"
	}
	s.dance.nonces[nonce] = true
	return p, ""
}

// oauthHeader takes an OAuth header apart.
func oauthHeader(header string) (map[string]string, [][2]string, bool) {
	rest, ok := strings.CutPrefix(header, "OAuth ")
	if !ok {
		return nil, nil, false
	}
	p := map[string]string{}
	var pairs [][2]string
	for _, part := range strings.Split(rest, ",") {
		name, value, ok := strings.Cut(strings.TrimSpace(part), "=")
		value, err := url.PathUnescape(strings.Trim(value, `"`))
		if !ok || err != nil {
			return nil, nil, false
		}
		p[name] = value
		if name != "oauth_signature" && name != "realm" {
			pairs = append(pairs, [2]string{percent(name), percent(value)})
		}
	}
	return p, pairs, true
}

// signatureBase is the text that is signed: method, address without query, and
// all parameters in order.
func signatureBase(r *http.Request, pairs [][2]string) string {
	for name, values := range r.URL.Query() {
		for _, v := range values {
			pairs = append(pairs, [2]string{percent(name), percent(v)})
		}
	}
	if r.Header.Get("Content-Type") == "application/x-www-form-urlencoded" && r.ParseForm() == nil {
		for name, values := range r.PostForm {
			for _, v := range values {
				pairs = append(pairs, [2]string{percent(name), percent(v)})
			}
		}
	}
	slices.SortFunc(pairs, func(a, b [2]string) int { return strings.Compare(a[0]+"\x00"+a[1], b[0]+"\x00"+b[1]) })
	var b strings.Builder
	for i, p := range pairs {
		if i > 0 {
			b.WriteByte('&')
		}
		b.WriteString(p[0] + "=" + p[1])
	}
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	host := strings.ToLower(r.Host)
	host = strings.TrimSuffix(host, map[string]string{"http": ":80", "https": ":443"}[scheme])
	return r.Method + "&" + percent(scheme+"://"+host+r.URL.EscapedPath()) + "&" + percent(b.String())
}

// percent encodes as RFC 3986 wants it: everything but letters, digits and
// -._~.
func percent(s string) string {
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-._~", c) >= 0 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}
