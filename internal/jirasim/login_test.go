package jirasim

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/dghubble/oauth1"
)

func TestLogins(t *testing.T) {
	basic := func(user, password string) string {
		return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
	}
	strict := Options{Issues: 10, Email: "me@example.com", Token: "right", BearerToken: "pat"}
	fallBack := strict
	fallBack.FallBackToAnonymous = true
	for _, tt := range []struct {
		name          string
		o             Options
		authorization string
		myself        int
		found         int // issues; -1: 401
		reason        string
	}{
		{"any login will do", Options{Issues: 10}, basic("x", "y"), 200, 10, "OK"},
		{"no login", Options{Issues: 10}, "", 401, 0, ""},
		{"no login", strict, "", 401, 0, ""},
		{"right", strict, basic("me@example.com", "right"), 200, 10, "OK"},
		{"bearer", strict, "Bearer pat", 200, 10, "OK"},
		{"wrong token", strict, basic("me@example.com", "wrong"), 401, -1, "AUTHENTICATED_FAILED"},
		{"wrong user", strict, basic("you@example.com", "right"), 401, -1, "AUTHENTICATED_FAILED"},
		{"wrong bearer", strict, "Bearer tap", 401, -1, "AUTHENTICATED_FAILED"},
		{"nonsense", strict, "Nonsense", 401, -1, "AUTHENTICATED_FAILED"},
		{"wrong falls back", fallBack, basic("me@example.com", "wrong"), 401, 0, "AUTHENTICATED_FAILED"},
	} {
		for _, d := range []string{Cloud, DataCenter} {
			tt.o.Deployment = d
			s := newSite(t, tt.o)
			x := s.do("GET", "/rest/api/2/myself", "", "Authorization", tt.authorization)
			if x.StatusCode != tt.myself {
				t.Errorf("%s, %s: myself %d, want %d", d, tt.name, x.StatusCode, tt.myself)
			}
			path := map[string]string{Cloud: "/rest/api/3/search/jql", DataCenter: "/rest/api/2/search"}[d]
			x = s.do("POST", path, `{"jql":"updated > 0"}`, "Authorization", tt.authorization)
			if x.Header.Get("X-Seraph-LoginReason") != tt.reason {
				t.Errorf("%s, %s: login reason %q, want %q", d, tt.name, x.Header.Get("X-Seraph-LoginReason"), tt.reason)
			}
			if tt.found < 0 {
				s.want(x, 401, nil)
				continue
			}
			var p searchPage
			s.want(x, 200, &p)
			if len(p.Issues) != tt.found {
				t.Errorf("%s, %s: %d issues, want %d", d, tt.name, len(p.Issues), tt.found)
			}
			s.want(s.do("GET", "/rest/api/2/serverInfo", "", "Authorization", ""), 200, nil)
		}
	}
}

// Without a login an endpoint answers 401, 404, or 200 with nothing in it.
func TestAnonymousSeesNothing(t *testing.T) {
	s := newSite(t, Options{Issues: 10})
	for path, want := range map[string]string{
		"GET /rest/api/3/project/search":                                    `"values":[]`,
		"GET /rest/api/3/issue/10001":                                       `errorMessages`,
		"GET /rest/api/3/issue/10001/comment":                               `errorMessages`,
		"GET /rest/api/3/project/SNOW":                                      `errorMessages`,
		"GET /rest/api/3/field":                                             `"id":"summary"`,
		"GET /rest/api/3/users/search":                                      `must be authenticated`,
		"GET /rest/agile/1.0/board":                                         `must be authenticated`,
		"GET /rest/api/3/search/jql?jql=id%3E0":                             `"issues":[]`,
		`POST /rest/api/3/search/approximate-count {"jql":"id>0"}`:          `{"count":0}`,
		`POST /rest/api/3/issue/bulkfetch {"issueIdsOrKeys":["10001"]}`:     `"issues":[]`,
		`POST /rest/api/3/changelog/bulkfetch {"issueIdsOrKeys":["10001"]}`: `"issueChangeLogs":[]`,
	} {
		method, target, _ := strings.Cut(path, " ")
		target, body, _ := strings.Cut(target, " ")
		x := s.do(method, target, body, "Authorization", "")
		if !strings.Contains(string(x.body), want) || strings.Contains(string(x.body), "customfield_") {
			t.Errorf("%s: %d %.200s, want %s in it", path, x.StatusCode, x.body, want)
		}
	}
}

func TestCaptcha(t *testing.T) {
	s := newSite(t, Options{Deployment: DataCenter, Issues: 1, Email: "user1", Token: "right", CaptchaAfter: 3})
	login := func(password string) exchange {
		return s.do("GET", "/rest/api/2/myself", "", "Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte("user1:"+password)))
	}
	for _, step := range []struct {
		password string
		want     int
	}{{"wrong", 401}, {"wrong", 401}, {"right", 200}, {"wrong", 401}, {"wrong", 401}, {"wrong", 401}, {"wrong", 403}, {"right", 403}} {
		x := login(step.password)
		if x.StatusCode != step.want || (x.StatusCode == 403) != strings.HasPrefix(x.Header.Get("X-Authentication-Denied-Reason"), "CAPTCHA_CHALLENGE") {
			t.Errorf("%s: %d %v, want %d", step.password, x.StatusCode, x.Header, step.want)
		}
	}
	s.SolveCaptcha()
	s.want(login("right"), 200, nil)
	s.SetLogin("user1", "rotated")
	s.want(login("right"), 401, nil)
	s.want(login("rotated"), 200, nil)
	s.SetBearer("pat")
	s.want(s.do("GET", "/rest/api/2/myself", "", "Authorization", "Bearer pat"), 200, nil)
}

func TestGateway(t *testing.T) {
	s := newSite(t, Options{Issues: 10, Email: "me@example.com", Token: "scoped", ScopedToken: true})
	login := []string{"Authorization", "Basic " + base64.StdEncoding.EncodeToString([]byte("me@example.com:scoped"))}
	s.want(s.do("GET", "/rest/api/3/myself", "", login...), 401, nil)
	var tenant struct{ CloudID string }
	s.want(s.do("GET", "/_edge/tenant_info", "", "Authorization", ""), 200, &tenant)
	s.want(s.do("GET", "/_edge/tenant_info?x=1", "", "Authorization", ""), 403, nil)
	base := "/ex/jira/" + tenant.CloudID
	s.want(s.do("GET", base+"/rest/api/3/myself", "", login...), 200, nil)
	s.want(s.do("GET", "/ex/jira/00000000/rest/api/3/myself", "", login...), 404, nil)
	var is struct{ ID, Self string }
	s.want(s.do("GET", base+"/rest/api/3/issue/10001", "", login...), 200, &is)
	if is.ID != "10001" || is.Self != "https://api.atlassian.com"+base+"/rest/api/3/issue/10001" {
		t.Errorf("%+v: links through the gateway lead through it", is)
	}
}

// grantPost asks the authorization server.
func (s *site) grantPost(form url.Values) (map[string]any, int) {
	s.t.Helper()
	x := s.do("POST", "/oauth/token", form.Encode(), "Content-Type", "application/x-www-form-urlencoded", "Authorization", "")
	var m map[string]any
	unquote(s.t, x.body, &m)
	return m, x.StatusCode
}

func TestOAuth2(t *testing.T) {
	c := newClock()
	s := newSite(t, Options{Issues: 10, Now: c.now, Until: c.t, OAuth2: &OAuth2{ClientID: "id", ClientSecret: "secret", RefreshToken: "initial"}})
	base := "/ex/jira/" + s.opt.CloudID
	works := func(access any) bool {
		return s.do("GET", base+"/rest/api/3/myself", "", "Authorization", fmt.Sprint("Bearer ", access)).StatusCode == 200
	}
	refresh := func(token any) (map[string]any, int) {
		return s.grantPost(url.Values{"grant_type": {"refresh_token"}, "client_id": {"id"}, "client_secret": {"secret"}, "refresh_token": {fmt.Sprint(token)}})
	}
	first, status := refresh("initial")
	if status != 200 || !works(first["access_token"]) || first["refresh_token"] == "initial" {
		t.Fatalf("%d %v", status, first)
	}
	if s.do("GET", "/rest/api/3/myself", "", "Authorization", fmt.Sprint("Bearer ", first["access_token"])).StatusCode != 401 {
		t.Error("a 3LO token opens the site itself")
	}
	var sites []struct{ ID string }
	s.want(s.do("GET", "/oauth/token/accessible-resources", "", "Authorization", fmt.Sprint("Bearer ", first["access_token"])), 200, &sites)
	if len(sites) != 1 || sites[0].ID != s.opt.CloudID {
		t.Errorf("%v", sites)
	}
	c.advance(time.Hour)
	if works(first["access_token"]) {
		t.Error("an access token outlives its hour")
	}
	second, _ := refresh(first["refresh_token"])
	c.advance(10 * time.Minute)
	if again, status := refresh(first["refresh_token"]); status != 200 || !works(again["access_token"]) {
		t.Error("a lost answer cannot be asked for again within the leeway")
	}
	c.advance(time.Second)
	if _, status := refresh(first["refresh_token"]); status != 403 || works(second["access_token"]) {
		t.Error("late reuse of a refresh token does not revoke the family")
	}
	if _, status := refresh(second["refresh_token"]); status != 403 {
		t.Error("the family lives on")
	}

	verifier := "a-verifier-of-our-own"
	sum := sha256.Sum256([]byte(verifier))
	q := url.Values{"client_id": {"id"}, "redirect_uri": {"http://127.0.0.1:1/back?x=1"}, "response_type": {"code"}, "state": {"s t"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"}}
	consent := func() string {
		x := s.do("GET", "/authorize?"+q.Encode(), "")
		back, err := url.Parse(x.Header.Get("Location"))
		ok(t, err)
		if x.StatusCode != 302 || back.Query().Get("state") != "s t" || back.Query().Get("x") != "1" {
			t.Fatalf("%d %s", x.StatusCode, back)
		}
		return back.Query().Get("code")
	}
	exchangeCode := func(code, verifier string) (map[string]any, int) {
		return s.grantPost(url.Values{"grant_type": {"authorization_code"}, "client_id": {"id"}, "client_secret": {"secret"}, "code": {code}, "redirect_uri": {"http://127.0.0.1:1/back?x=1"}, "code_verifier": {verifier}})
	}
	if _, status := exchangeCode(consent(), "wrong"); status != 403 {
		t.Error("a wrong verifier was accepted")
	}
	code := consent()
	got, status := exchangeCode(code, verifier)
	if status != 200 || !works(got["access_token"]) {
		t.Errorf("%d %v", status, got)
	}
	if _, status := exchangeCode(code, verifier); status != 403 {
		t.Error("a code was used twice")
	}
	s.ExpireAccessTokens()
	if works(got["access_token"]) {
		t.Error("an expired token works")
	}
	s.RevokeGrants()
	if _, status := refresh(got["refresh_token"]); status != 403 {
		t.Error("a revoked grant refreshes")
	}
	own, status := s.grantPost(url.Values{"grant_type": {"client_credentials"}, "client_id": {"id"}, "client_secret": {"secret"}})
	if status != 200 || !works(own["access_token"]) || own["refresh_token"] != nil {
		t.Errorf("client credentials: %d %v", status, own)
	}
	if _, status := s.grantPost(url.Values{"grant_type": {"client_credentials"}, "client_id": {"id"}, "client_secret": {"wrong"}}); status != 401 {
		t.Error("a wrong client secret was accepted")
	}
	x := s.do("POST", "/oauth/token", `{"grant_type":"client_credentials","client_id":"id","client_secret":"secret"}`)
	s.want(x, 200, nil)
}

// The client library of others dances with us and signs what we verify.
func TestOAuth1(t *testing.T) {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	ok(t, err)
	s := newSite(t, Options{Deployment: DataCenter, Issues: 10, OAuth1: &OAuth1{ConsumerKey: "consumer", PublicKey: &private.PublicKey}})
	config := &oauth1.Config{ConsumerKey: "consumer", CallbackURL: "oob", Signer: &oauth1.RSASigner{PrivateKey: private},
		Endpoint: oauth1.Endpoint{RequestTokenURL: s.url + "/plugins/servlet/oauth/request-token", AuthorizeURL: s.url + "/plugins/servlet/oauth/authorize", AccessTokenURL: s.url + "/plugins/servlet/oauth/access-token"}}
	request, secret, err := config.RequestToken()
	ok(t, err)
	if _, _, err := config.AccessToken(request, secret, "too early"); err == nil {
		t.Error("an access token before the approval")
	}
	page, err := config.AuthorizationURL(request)
	ok(t, err)
	x := s.do("GET", page.RequestURI(), "", "Authorization", "")
	verifier := strings.TrimSuffix(strings.SplitAfter(string(x.body), "<strong>")[1], "</strong></body></html>")
	access, secret, err := config.AccessToken(request, secret, verifier)
	ok(t, err)
	client := config.Client(t.Context(), oauth1.NewToken(access, secret))
	for _, path := range []string{"/rest/api/2/myself", "/rest/api/2/search?jql=" + url.QueryEscape(`project = "TO" or summary ~ "a+b & 100%~*"`) + "&fields=id,key"} {
		res, err := client.Get(s.url + path)
		ok(t, err)
		res.Body.Close()
		if res.StatusCode != 200 {
			t.Errorf("%s: %d %s", path, res.StatusCode, res.Header.Get("WWW-Authenticate"))
		}
	}
	stranger, err := rsa.GenerateKey(rand.Reader, 2048)
	ok(t, err)
	for name, broken := range map[string]struct {
		config oauth1.Config
		token  string
	}{
		"signature_invalid":    {oauth1.Config{ConsumerKey: "consumer", Signer: &oauth1.RSASigner{PrivateKey: stranger}}, access},
		"consumer_key_unknown": {oauth1.Config{ConsumerKey: "nobody", Signer: &oauth1.RSASigner{PrivateKey: private}}, access},
		"token_rejected":       {oauth1.Config{ConsumerKey: "consumer", Signer: &oauth1.RSASigner{PrivateKey: private}}, "revoked"},
	} {
		res, err := broken.config.Client(t.Context(), oauth1.NewToken(broken.token, "")).Get(s.url + "/rest/api/2/myself")
		ok(t, err)
		res.Body.Close()
		if res.StatusCode != 401 || !strings.Contains(res.Header.Get("WWW-Authenticate"), name) {
			t.Errorf("%s: %d %s", name, res.StatusCode, res.Header.Get("WWW-Authenticate"))
		}
	}
	// A request that is sent twice, and one that is late.
	var recorded string
	recording := config.Client(t.Context(), oauth1.NewToken(access, secret))
	recording.Transport.(*oauth1.Transport).Base = roundTripper(func(r *http.Request) (*http.Response, error) {
		recorded = r.Header.Get("Authorization")
		return http.DefaultTransport.RoundTrip(r)
	})
	res, err := recording.Get(s.url + "/rest/api/2/myself")
	ok(t, err)
	res.Body.Close()
	if x := s.do("GET", "/rest/api/2/myself", "", "Authorization", recorded); x.StatusCode != 401 || !strings.Contains(string(x.body), "nonce_used") {
		t.Errorf("replayed: %d %s", x.StatusCode, x.body)
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
