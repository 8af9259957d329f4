package cli

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"snowdrift/internal/jirasim"
)

// way is one way to log in.
type way struct {
	name    string
	options jirasim.Options // what the site accepts
	jira    string          // the jira block
}

// key writes the private key of OAuth 1.0a where the ways refer to it.
func (w *workplace) key(i int) { w.write("key.pem", rsaKeys()[i].pem) }

const (
	basicCloud  = "deployment: cloud\nauth: {email: user7@example.com, api_token: 'literal:right'}"
	basicServer = "deployment: datacenter\nauth: {user: user7, password: 'literal:right'}"
	bearer      = "auth: {method: bearer, token: 'literal:right'}"
	oauth2App   = "auth: {method: oauth2, oauth2: {client_id: app-7, client_secret: 'literal:right', "
	refreshing  = oauth2App + "refresh_token: 'file:refresh', token_url: $URL/oauth/token}}"
	service     = oauth2App + "grant: client_credentials, token_url: $URL/oauth/token}}"
	oauth1Link  = "auth: {method: oauth1, oauth1: {consumer_key: snowdrift, private_key: 'file:key.pem', access_token: 'literal:right'}}"
)

func ways() []way {
	var all []way
	for _, d := range []string{jirasim.Cloud, jirasim.DataCenter} {
		app := &jirasim.OAuth2{ClientID: "app-7", ClientSecret: "right", RefreshToken: "right"}
		link := &jirasim.OAuth1{ConsumerKey: "snowdrift", PublicKey: &rsaKeys()[0].key.PublicKey, AccessToken: "right"}
		closed := jirasim.Options{Deployment: d, Email: "nobody", Token: "nothing"} // no Basic login but nobody's
		with := func(change func(*jirasim.Options)) jirasim.Options { o := closed; change(&o); return o }
		prefix := "deployment: " + d + "\n"
		if d == jirasim.Cloud {
			all = append(all,
				way{d + " basic", jirasim.Options{Deployment: d, Email: "user7@example.com", Token: "right"}, basicCloud},
				way{d + " scoped token", jirasim.Options{Deployment: d, Email: "user7@example.com", Token: "right", ScopedToken: true}, basicCloud},
				way{d + " scoped token with cloud id", jirasim.Options{Deployment: d, Email: "user7@example.com", Token: "right", ScopedToken: true, CloudID: "cloud-7"}, "cloud_id: cloud-7\n" + basicCloud},
			)
		} else {
			all = append(all, way{d + " basic", jirasim.Options{Deployment: d, Email: "user7", Token: "right"}, basicServer})
		}
		all = append(all,
			way{d + " bearer", with(func(o *jirasim.Options) { o.BearerToken = "right" }), prefix + bearer},
			way{d + " oauth2 refresh token", with(func(o *jirasim.Options) { o.OAuth2 = app }), prefix + refreshing},
			way{d + " oauth2 service account", with(func(o *jirasim.Options) { o.OAuth2 = app }), prefix + service},
		)
		if d == jirasim.DataCenter { // Cloud has no application links
			all = append(all, way{d + " oauth1", with(func(o *jirasim.Options) { o.OAuth1 = link }), prefix + oauth1Link})
		}
	}
	return all
}

func (way way) open(t *testing.T) *workplace {
	w := newWorkplace(t, way.options)
	w.write("refresh", "right")
	w.key(0)
	w.configure(way.jira)
	return w
}

// Every login of the issue loads, from either deployment.
func TestEachLoginLoads(t *testing.T) {
	for _, way := range ways() {
		t.Run(way.name, func(t *testing.T) {
			t.Parallel()
			way.open(t).loads()
		})
	}
}

// Data Center's token endpoint is found without being configured.
func TestTokenEndpointOfDataCenter(t *testing.T) {
	w := newWorkplace(t, jirasim.Options{Deployment: jirasim.DataCenter, Email: "nobody", Token: "nothing", OAuth2: &jirasim.OAuth2{ClientID: "app-7", ClientSecret: "right"}})
	w.configure("deployment: datacenter\n" + oauth2App + "grant: client_credentials}}")
	w.loads()
}

// Every failure has a message of its own, and loads nothing.
func TestEachLoginFails(t *testing.T) {
	const (
		cloudRight  = "user7@example.com"
		serverRight = "user7"
	)
	answer := func(endpoint string, f jirasim.Fault) func(*workplace) {
		return func(w *workplace) {
			w.sim.Fault(func(r *http.Request) *jirasim.Fault {
				if jirasim.Endpoint(r) == endpoint {
					return &f
				}
				return nil
			})
		}
	}
	later := func(d time.Duration) func(*jirasim.Options) {
		return func(o *jirasim.Options) { o.Now = func() time.Time { return time.Now().Add(d) } }
	}
	tests := []struct {
		login, failure string // the login as ways names it
		options        func(*jirasim.Options)
		jira           func(string) string
		sabotage       func(*workplace)
		words          []string
	}{
		{"cloud basic", "wrong, expired or revoked, which Jira does not tell apart", nil, wrong("api_token: 'literal:right'"), nil,
			[]string{"401", "API token", "manage-profile"}},
		{"cloud basic", "expires under way", nil, nil, expires(cloudRight), []string{"list fields", "401"}},
		{"cloud basic", "anonymous 200", nil, nil, answer("myself", jirasim.Fault{Status: 200, Body: `{"displayName":"Anonymous"}`}), []string{"anonymous visitor", "API token"}},
		{"cloud basic", "anonymous 200 under way", func(o *jirasim.Options) { o.FallBackToAnonymous = true }, nil, expires(cloudRight), []string{"list fields", "anonymous visitor"}},
		{"cloud scoped token", "wrong", nil, wrong("api_token: 'literal:right'"), nil, []string{"401", "through the gateway"}},
		{"cloud scoped token", "wrong scope", nil, nil, scopeMismatch, []string{"scope does not match", "read:jira-work"}},
		{"cloud oauth2 refresh token", "client secret wrong", nil, wrong("client_secret: 'literal:right'"), nil, []string{"client_id and client_secret"}},
		{"cloud oauth2 refresh token", "refresh token used up or wrong", nil, nil, func(w *workplace) { w.write("refresh", "old") }, []string{"refresh_token is invalid", "snowdrift auth oauth2"}},
		{"cloud oauth2 refresh token", "revoked under way", nil, nil, revokes, []string{"list fields", "snowdrift auth oauth2"}},
		{"cloud oauth2 refresh token", "no refresh token yet", nil, wrong("'file:refresh'", "'file:none'"), nil, []string{"file:", "not found"}},
		{"cloud oauth2 service account", "client secret wrong", nil, wrong("client_secret: 'literal:right'"), nil, []string{"service account", "client_id and client_secret"}},
		{"cloud oauth2 service account", "wrong scope", nil, nil, scopeMismatch, []string{"scope does not match"}},
		{"cloud oauth2 service account", "no access to the site", nil, nil, answer("myself", jirasim.Fault{Status: 401, Body: `{"message":"Unauthorized"}`}), []string{"has access to this site"}},
		{"cloud bearer", "no such method on Cloud", nil, wrong("token: 'literal:right'"), nil, []string{"method basic"}},
		{"datacenter basic", "wrong", nil, wrong("password: 'literal:right'"), nil, []string{"401", "password", "CAPTCHA"}},
		{"datacenter basic", "CAPTCHA", func(o *jirasim.Options) { o.CaptchaAfter = 1 }, nil, wrongOnce, []string{"403", "solve the CAPTCHA"}},
		{"datacenter basic", "anonymous 200", nil, nil, answer("myself", jirasim.Fault{Status: 200, Header: http.Header{"X-Seraph-Loginreason": {"AUTHENTICATED_FAILED"}}, Body: `{"name":"user7"}`}), []string{"anonymous visitor", "user name"}},
		{"datacenter basic", "password changed under way", nil, nil, expires(serverRight), []string{"list fields", "401"}},
		{"datacenter bearer", "wrong, expired or revoked, which Jira does not tell apart", nil, wrong("token: 'literal:right'"), nil, []string{"401", "Personal Access Tokens"}},
		{"datacenter bearer", "anonymous 200", nil, nil, answer("myself", jirasim.Fault{Status: 200, Body: `{}`}), []string{"anonymous visitor", "Personal Access Tokens"}},
		{"datacenter bearer", "forbidden", nil, nil, answer("field", jirasim.Fault{Status: 403, Body: `{"errorMessages":["You do not have permission"]}`}), []string{"403", "permission"}},
		{"datacenter oauth2 service account", "client id wrong", nil, wrong("client_id: app-7", "client_id: app-8"), nil, []string{"client_id and client_secret"}},
		{"datacenter oauth1", "not a method of Cloud", nil, wrong("deployment: datacenter", "deployment: cloud"), nil, []string{"Cloud has no application links"}},
		{"datacenter oauth1", "consumer unknown", nil, wrong("consumer_key: snowdrift", "consumer_key: snowfall"), nil, []string{"consumer_key_unknown", "no application link"}},
		{"datacenter oauth1", "another key", nil, nil, func(w *workplace) { w.key(1) }, []string{"signature_invalid", "public key"}},
		{"datacenter oauth1", "token wrong", nil, wrong("access_token: 'literal:right'"), nil, []string{"token_rejected", "snowdrift auth oauth1"}},
		{"datacenter oauth1", "token revoked", nil, nil, answer("myself", jirasim.Fault{Status: 401, Body: "oauth_problem=token_revoked"}), []string{"token_revoked"}},
		{"datacenter oauth1", "clock", later(10 * time.Minute), nil, nil, []string{"timestamp_refused", "clock"}},
		{"datacenter oauth1", "not a key", nil, nil, func(w *workplace) { w.write("key.pem", "no key") }, []string{"not PEM"}},
	}
	byName := map[string]way{}
	for _, way := range ways() {
		byName[way.name] = way
	}
	messages := map[string]string{}
	for _, tt := range tests {
		name := tt.login + ", " + tt.failure
		t.Run(name, func(t *testing.T) {
			way, ok := byName[tt.login]
			if !ok {
				t.Fatal("no such login")
			}
			if tt.options != nil {
				tt.options(&way.options)
			}
			if tt.jira != nil {
				way.jira = tt.jira(way.jira)
			}
			w := way.open(t)
			if tt.sabotage != nil {
				tt.sabotage(w)
			}
			code := exitJira
			if strings.Contains(tt.failure, "yet") || strings.Contains(tt.failure, "not a") {
				code = exitUsage // nobody was asked
			}
			message := w.refused(code, tt.words...)
			if strings.Contains(message, "right") && !strings.Contains(message, "the right") {
				t.Errorf("a secret shows in: %s", message)
			}
			message = tt.login + message
			if other, known := messages[message]; known {
				t.Errorf("the message is that of %s too: %s", other, message)
			}
			messages[message] = name
		})
	}
}

// wrong changes a part of a jira block, by default its right secret.
func wrong(part string, to ...string) func(string) string {
	by := strings.Replace(part, "right", "amiss", 1)
	if len(to) > 0 {
		by = to[0]
	}
	return func(block string) string {
		if !strings.Contains(block, part) {
			panic(part + " is not in " + block)
		}
		return strings.ReplaceAll(block, part, by)
	}
}

// expires ends the Basic login as soon as it was accepted once.
func expires(user string) func(*workplace) {
	return func(w *workplace) {
		w.sim.Fault(func(r *http.Request) *jirasim.Fault {
			if jirasim.Endpoint(r) == "field" {
				w.sim.SetLogin(user, "another")
			}
			return nil
		})
	}
}

// revokes takes the consent back as soon as the login was accepted once.
func revokes(w *workplace) {
	w.sim.Fault(func(r *http.Request) *jirasim.Fault {
		if jirasim.Endpoint(r) == "field" {
			w.sim.RevokeGrants()
		}
		return nil
	})
}

// scopeMismatch is the gateway's answer to a token without the scope.
func scopeMismatch(w *workplace) {
	w.sim.Fault(func(r *http.Request) *jirasim.Fault {
		if jirasim.Endpoint(r) == "field" {
			return &jirasim.Fault{Status: 401, Body: `{"code":401,"message":"Unauthorized; scope does not match"}`}
		}
		return nil
	})
}

// wrongOnce is somebody's wrong password, after which Jira wants a CAPTCHA.
func wrongOnce(w *workplace) {
	req, err := http.NewRequestWithContext(w.t.Context(), http.MethodGet, w.url+"/rest/api/2/myself", nil)
	if err != nil {
		w.t.Fatal(err)
	}
	req.SetBasicAuth("user7", "guess")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	if err := resp.Body.Close(); err != nil {
		w.t.Fatal(err)
	}
}

// A token that is rotated while a load is under way is read again, once.
func TestTokenIsRotatedUnderWay(t *testing.T) {
	w := newWorkplace(t, jirasim.Options{Email: "user7@example.com", Token: "right", Issues: 300})
	w.write("token", "right")
	w.configure("page_size: 20\nauth: {email: user7@example.com, api_token: 'file:token'}")
	var searches atomic.Int64
	w.sim.Fault(func(r *http.Request) *jirasim.Fault {
		if jirasim.Endpoint(r) == "search/jql" && searches.Add(1) == 5 {
			w.write("token", "rotated")
			w.sim.SetLogin("user7@example.com", "rotated")
		}
		return nil
	})
	w.loads()
	if searches.Load() < 5 {
		t.Error("the token was never rotated")
	}
	refusals := 0
	for _, r := range w.sim.Requests() {
		if r.Status == http.StatusUnauthorized {
			refusals++
		}
	}
	if refusals == 0 {
		t.Error("no request was refused")
	}
}
