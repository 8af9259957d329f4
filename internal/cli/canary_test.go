package cli

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"testing"
	"time"

	"snowdrift/internal/config"
	"snowdrift/internal/jirasim"
	"snowdrift/pipeline"
	"snowdrift/stages"
	"snowdrift/stages/load"
)

// cage holds the canaries of one set-up: every secret that it has, in every form
// in which it could come out.
type cage struct {
	t     *testing.T
	birds map[string]string // by what they are
}

// handedOut are the tokens that the simulator makes up.
var handedOut = regexp.MustCompile(`(access|refresh|code)-[A-Za-z0-9_-]{32}`)

func (c *cage) canary(what string) string {
	secret := "canary-" + rand.Text()
	c.birds[what] = secret
	c.birds[what+" in base64"] = base64.StdEncoding.EncodeToString([]byte(secret))
	return secret
}

// look wants none of the canaries in a text.
func (c *cage) look(where, text string) {
	c.t.Helper()
	for what, bird := range c.birds {
		if strings.Contains(text, bird) {
			c.t.Errorf("the %s shows in %s: %.2000s", what, where, text)
		}
	}
	if token := handedOut.FindString(text); token != "" {
		c.t.Errorf("the token %s shows in %s: %.2000s", token, where, text)
	}
}

// flock makes a workplace for a login in which every secret is a canary.
func flock(t *testing.T, login string) (*workplace, *cage) {
	c := &cage{t: t, birds: map[string]string{}}
	o := jirasim.Options{Issues: 30, Email: "nobody", Token: "nothing"}
	app := "auth: {method: oauth2, oauth2: {client_id: app-7, token_url: $URL/oauth/token, client_secret: 'env:CLIENT', "
	environment, file := "", ""
	var block string
	switch secret := c.canary(login); login {
	case "basic":
		o.Email, o.Token, file = "user7@example.com", secret, secret
		c.birds["the header"] = base64.StdEncoding.EncodeToString([]byte(o.Email + ":" + secret))
		block = "auth: {email: user7@example.com, api_token: 'file:secret'}"
	case "bearer":
		o.Deployment, o.BearerToken, environment = jirasim.DataCenter, secret, "SECRET="+secret
		block = "auth: {method: bearer, token: '${SECRET}'}"
	case "refresh token":
		o.OAuth2 = &jirasim.OAuth2{ClientID: "app-7", ClientSecret: c.canary("client secret"), RefreshToken: secret}
		environment, file = "CLIENT="+o.OAuth2.ClientSecret, secret
		block = "deployment: cloud\n" + app + "refresh_token: 'file:secret'}}"
	case "service account":
		o.OAuth2 = &jirasim.OAuth2{ClientID: "app-7", ClientSecret: secret}
		environment = "CLIENT=" + secret
		block = "deployment: cloud\n" + app + "grant: client_credentials}}"
	case "oauth1":
		o.Deployment = jirasim.DataCenter
		o.OAuth1 = &jirasim.OAuth1{ConsumerKey: "snowdrift", PublicKey: &rsaKeys()[0].key.PublicKey, AccessToken: secret}
		file = secret
		c.birds["private key"] = strings.Split(rsaKeys()[0].pem, "\n")[3]
		block = "deployment: datacenter\n" + strings.Replace(oauth1Link, "literal:right", "file:secret", 1)
	}
	w := newWorkplace(t, o)
	w.key(0)
	w.write("secret", file)
	// The canary of a secret that the load does not use is one more.
	w.write(".env", environment+"\nPASSPHRASE="+c.canary("passphrase")+"\n")
	w.configure(block, "destination: {duckdb: {path: jira.duckdb}, snowflake: {private_key_passphrase: 'env:PASSPHRASE', token: 'literal:"+c.canary("Snowflake token")+"'}}")
	return w, c
}

var logins = []string{"basic", "bearer", "refresh token", "service account", "oauth1"}

// echo repeats what the request held, as careless proxies and servers do.
func echo(r *http.Request) string {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return err.Error()
	}
	parts := []string{r.Header.Get("Authorization"), r.URL.String(), string(body)}
	if err := r.ParseForm(); err == nil {
		for _, values := range r.PostForm {
			parts = append(parts, values...)
		}
	}
	if form, err := parseForm(string(body)); err == nil {
		parts = append(parts, form...)
	}
	for _, scheme := range []string{"Basic ", "Bearer "} {
		if credential, ok := strings.CutPrefix(parts[0], scheme); ok {
			plain, err := base64.StdEncoding.DecodeString(credential)
			if err == nil {
				parts = append(parts, string(plain), strings.TrimPrefix(string(plain), "user7@example.com:"))
			}
			parts = append(parts, credential)
		}
	}
	for _, quoted := range regexp.MustCompile(`oauth_token="([^"]+)"`).FindAllStringSubmatch(parts[0], -1) {
		parts = append(parts, "the token "+quoted[1]+" is not known")
	}
	return strings.Join(parts, " and ")
}

// faults is what can go wrong with an answer.
var faults = map[string]func(r *http.Request) jirasim.Fault{
	"401":     func(r *http.Request) jirasim.Fault { return says(401, echo(r)) },
	"403":     func(r *http.Request) jirasim.Fault { return says(403, echo(r)) },
	"400":     func(r *http.Request) jirasim.Fault { return says(400, echo(r)) },
	"429":     func(r *http.Request) jirasim.Fault { return says(429, echo(r)) },
	"500":     func(r *http.Request) jirasim.Fault { return says(500, echo(r)) },
	"no JSON": func(r *http.Request) jirasim.Fault { return jirasim.Fault{Status: 502, Body: echo(r)} },
	"other":   func(r *http.Request) jirasim.Fault { return jirasim.Fault{Status: 200, Body: echo(r)} },
	"redirect": func(r *http.Request) jirasim.Fault {
		return jirasim.Fault{Status: 302, Header: http.Header{"Location": {"https://elsewhere.example.com/?" + echoURL(r)}}}
	},
	"reset":    func(*http.Request) jirasim.Fault { return jirasim.Fault{Reset: true} },
	"bad gzip": func(*http.Request) jirasim.Fault { return jirasim.Fault{BadGzip: true} },
	"bad JSON": func(*http.Request) jirasim.Fault { return jirasim.Fault{BadJSON: true} },
}

// says is an error in the envelopes of Jira and of an authorization server.
func says(status int, words string) jirasim.Fault {
	body, err := json.Marshal(map[string]any{"errorMessages": []string{words}, "error": "invalid_request", "error_description": words})
	if err != nil {
		panic(err) // a map of texts
	}
	return jirasim.Fault{Status: status, Body: string(body), Header: http.Header{"Content-Type": {"application/json"}}}
}

func echoURL(r *http.Request) string { return strings.NewReplacer(" ", "+", "\n", "").Replace(echo(r)) }

func parseForm(body string) ([]string, error) {
	r, err := http.NewRequest(http.MethodPost, "/", strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if err := r.ParseForm(); err != nil {
		return nil, err
	}
	var values []string
	for _, v := range r.PostForm {
		values = append(values, v...)
	}
	return values, nil
}

// TestNoCanaryInTrouble lets everything go wrong, at the debug level, with
// answers that repeat the secrets.
func TestNoCanaryInTrouble(t *testing.T) {
	for _, login := range logins {
		t.Run(login, func(t *testing.T) {
			t.Parallel()
			w, c := flock(t, login)
			tries, failures := 0, 0
			for name, fault := range faults {
				for _, endpoint := range []string{"serverInfo", "myself", "field", "search", "oauth/token"} {
					w.sim.Fault(func(r *http.Request) *jirasim.Fault {
						if !strings.HasPrefix(jirasim.Endpoint(r), endpoint) {
							return nil
						}
						f := fault(r)
						return &f
					})
					command := []string{"plan", "check", "run"}[tries%3]
					tries++
					o := w.command(command, "--log-level", "debug")
					c.look(command+" with "+name+" at "+endpoint, o.stdout+o.stderr)
					if o.code != exitDone {
						failures++
					}
				}
			}
			if failures < len(faults) {
				t.Errorf("only %d failures", failures)
			}
			w.sim.Fault(nil)
			// The run ledger keeps the errors of runs that failed.
			ledger := w.command("query", "--format", "csv", "SELECT outcome, report FROM _snowdrift_runs").stdout
			if !strings.Contains(ledger, "failed") {
				t.Errorf("the run ledger has no failed run: %s", ledger)
			}
			c.look("the run ledger", ledger)
			database, err := os.ReadFile(filepath.Join(w.dir, "jira.duckdb"))
			if err != nil {
				t.Fatal(err)
			}
			c.look("the database", string(database))
		})
	}
}

// keeper keeps a copy of each Parquet file.
type keeper struct {
	load.Warehouse
	files map[string][]byte
}

func (k keeper) Stage(ctx context.Context, f stages.File) error {
	content, err := os.ReadFile(f.Path)
	if err != nil {
		return err
	}
	k.files[f.Path] = content
	return k.Warehouse.Stage(ctx, f)
}

// TestNoCanaryInTheLoad loads with every login and looks into everything that
// is left: logs with their SQL, tables, files, state, configuration.
func TestNoCanaryInTheLoad(t *testing.T) {
	for _, login := range logins {
		t.Run(login, func(t *testing.T) {
			w, c := flock(t, login)
			var out bytes.Buffer
			a := &app{stdout: &out, stderr: &out, gateway: w.url, configPath: filepath.Join(w.dir, "snowdrift.yaml")}
			a.log = slog.New(slog.NewJSONHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))
			cfg, err := a.loadConfig(nil)
			if err != nil {
				t.Fatal(err)
			}
			source, client, err := a.openSource(t.Context(), cfg)
			if err != nil {
				t.Fatal(err)
			}
			defer client.Close()
			warehouse, err := a.openWarehouse(t.Context(), cfg, false)
			if err != nil {
				t.Fatal(err)
			}
			kept := keeper{warehouse, map[string][]byte{}}
			report, err := a.drive(t.Context(), cfg, source, kept, pipeline.NewReport(cfg.Pipeline, newRunID(), time.Now()), runFlags{})
			if err != nil {
				t.Fatal(err)
			}
			if err := warehouse.Close(); err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(out.String(), "INSERT INTO") || len(kept.files) == 0 || report.Issues == 0 {
				t.Fatalf("%d files, %d issues; the log has no SQL: %s", len(kept.files), report.Issues, out.String())
			}
			c.look("the log", out.String())
			c.look("the report", fmt.Sprintf("%+v", report))
			for _, content := range kept.files {
				c.look("a Parquet file", string(content))
			}
			database, err := os.ReadFile(filepath.Join(w.dir, "jira.duckdb"))
			if err != nil {
				t.Fatal(err)
			}
			c.look("the database", string(database))
			for name := range strings.FieldsSeq(w.command("query", "--format", "csv", "SELECT table_name FROM duckdb_tables()").stdout) {
				if name != "table_name" {
					c.look("table "+name, w.command("query", "--format", "csv", `SELECT * FROM "`+name+`"`).stdout)
				}
			}
			for _, command := range []string{"config show", "config example", "state show", "state export", "fields", "plan", "check", "check --format json", "run", "run --json"} {
				o := w.command(append(strings.Fields(command), "--log-level", "debug")...)
				if o.code != exitDone {
					t.Errorf("%s: exit code %d: %s", command, o.code, o.stderr)
				}
				c.look(command, o.stdout+o.stderr)
			}
		})
	}
}

// crashing is the configuration with which a copy of the tests crashes.
const crashing = "SNOWDRIFT_TEST_CRASH"

// TestCrash is no test of its own: TestNoCanaryInPanics runs it in a process
// that it crashes, with the configuration and an error in the panic.
func TestCrash(t *testing.T) {
	path := os.Getenv(crashing)
	if path == "" {
		return
	}
	cfg, err := config.Load(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, value := range cfg.SecretValues() {
		if _, err := value.Reveal(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	a := &app{stdout: io.Discard, stderr: io.Discard, log: slog.New(slog.DiscardHandler)}
	login, err := a.loginOf(cfg.Jira, nil)
	if err != nil {
		t.Fatal(err)
	}
	go func() { panic(fmt.Sprintf("%v %+v %#v %v %+v %#v", *cfg, *cfg, *cfg, login, login, login)) }()
	select {} // until the process is gone
}

func TestNoCanaryInPanics(t *testing.T) {
	for _, login := range logins {
		w, c := flock(t, login)
		path := filepath.Join(w.dir, "snowdrift.yaml")
		crash := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestCrash$")
		crash.Env = append(os.Environ(), crashing+"="+path, "GOTRACEBACK=all")
		text, err := crash.CombinedOutput()
		if err == nil || !strings.Contains(string(text), "panic: ") || !strings.Contains(string(text), "goroutine ") {
			t.Fatalf("it did not crash: %v, %s", err, text)
		}
		c.look("a crash", string(text))

		cfg, err := config.Load(path, nil)
		if err != nil {
			t.Fatal(err)
		}
		func() {
			defer func() { c.look("a recovered panic", fmt.Sprintf("%v %+v %s", cfg, recover(), debug.Stack())) }()
			panic(cfg)
		}()
		if err := cfg.Close(); err != nil {
			t.Error(err)
		}
	}
}

// Nobody who lists processes sees a secret.
func TestNoCanaryInArguments(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("reads /proc")
	}
	w, c := flock(t, "bearer")
	var arguments []byte
	process := make(chan *os.Process, 1)
	var once sync.Once
	w.sim.Fault(func(r *http.Request) *jirasim.Fault {
		once.Do(func() {
			p := <-process
			var err error
			if arguments, err = os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", p.Pid)); err != nil {
				t.Error(err)
			}
		})
		return nil
	})
	run := exec.CommandContext(t.Context(), "snowdrift", "run", "--log-level", "debug", "-c", filepath.Join(w.dir, "snowdrift.yaml"))
	var out bytes.Buffer
	run.Stdout, run.Stderr = &out, &out
	if err := run.Start(); err != nil {
		t.Fatal(err)
	}
	process <- run.Process
	if err := run.Wait(); err != nil {
		t.Fatalf("%v: %s", err, out.String())
	}
	if !bytes.Contains(arguments, []byte("snowdrift.yaml")) {
		t.Fatalf("arguments %q", arguments)
	}
	c.look("the arguments", string(arguments))
	c.look("the output", out.String())
}
