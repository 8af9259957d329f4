package cli

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"snowdrift/internal/jirasim"
	"snowdrift/internal/jirasim/simtest"
	"snowdrift/internal/secret/vault/vaulttest"
)

// workplace is a directory to configure snowdrift in, and a site to load from.
type workplace struct {
	t   *testing.T
	dir string
	sim *jirasim.Sim
	url string
}

// newWorkplace starts a site with few issues.
func newWorkplace(t *testing.T, o jirasim.Options) *workplace {
	t.Helper()
	if o.Issues == 0 {
		o.Issues = 20
	}
	sim, url := simtest.Serve(t, o)
	return &workplace{t: t, dir: t.TempDir(), sim: sim, url: url}
}

// write puts a file there that only its owner may read, and returns its path.
func (w *workplace) write(name, content string) string {
	w.t.Helper()
	path := filepath.Join(w.dir, name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		w.t.Fatal(err)
	}
	return path
}

// configure writes the configuration; $URL stands for the site. Requests are
// not repeated, so that failures come at once.
func (w *workplace) configure(jira string, more ...string) {
	w.t.Helper()
	text := "jira:\n  retry_budget: 0s\n"
	if !strings.HasPrefix(jira, "url: ") {
		jira = "url: $URL\n" + jira
	}
	for line := range strings.Lines(jira) {
		text += "  " + line
	}
	text += "\n" + strings.Join(more, "\n")
	if !strings.Contains(text, "destination: ") { // the default lies in the working directory
		text += "\ndestination: {duckdb: {path: jira.duckdb}}\n"
	}
	w.write("snowdrift.yaml", strings.ReplaceAll(text, "$URL", w.url))
}

// outcome is how a command ended.
type outcome struct {
	code           int
	stdout, stderr string
}

// last is the line that says why it failed.
func (o outcome) last() string {
	lines := strings.Split(strings.TrimSpace(o.stderr), "\n")
	return lines[len(lines)-1]
}

// command runs snowdrift in this process, with the site as Cloud's gateway.
func (w *workplace) command(args ...string) outcome { return w.typing("", args...) }

// typing is command with somebody at the keyboard.
func (w *workplace) typing(keys string, args ...string) outcome {
	var stdout, stderr bytes.Buffer
	a := &app{stdin: strings.NewReader(keys), stdout: &stdout, stderr: &stderr, gateway: w.url}
	code := a.main(append(args, "-c", filepath.Join(w.dir, "snowdrift.yaml")))
	return outcome{code, stdout.String(), stderr.String()}
}

// rows is the number of issues in the destination, 0 if there is no file.
func (w *workplace) rows() string {
	w.t.Helper()
	if _, err := os.Stat(filepath.Join(w.dir, "jira.duckdb")); err != nil {
		return "0"
	}
	count := w.command("query", "--format", "csv", "SELECT COUNT(*) AS n FROM duckdb_tables() WHERE table_name = 'issues'")
	if strings.Fields(count.stdout)[1] == "0" {
		return "0"
	}
	count = w.command("query", "--format", "csv", "SELECT COUNT(*) AS n FROM issues")
	if count.code != 0 {
		w.t.Fatalf("count issues: %s", count.stderr)
	}
	return strings.Fields(count.stdout)[1]
}

// loads runs a load and wants it complete.
func (w *workplace) loads() {
	w.t.Helper()
	o := w.command("run")
	if o.code != exitDone {
		w.t.Fatalf("exit code %d: %s", o.code, o.stderr)
	}
	if got, want := w.rows(), fmt.Sprint(w.sim.Count()); got != want {
		w.t.Errorf("%s issues are loaded, want %s", got, want)
	}
}

// refused runs a load and wants it to fail with a code and words, and to load
// nothing. It returns the message.
func (w *workplace) refused(code int, words ...string) string {
	w.t.Helper()
	o := w.command("run")
	if o.code != code {
		w.t.Errorf("exit code %d, want %d: %s", o.code, code, o.stderr)
	}
	for _, word := range words {
		if !strings.Contains(o.last(), word) {
			w.t.Errorf("%q is not in: %s", word, o.last())
		}
	}
	if got := w.rows(); got != "0" {
		w.t.Errorf("%s issues are loaded", got)
	}
	return strings.ReplaceAll(o.last(), w.url, "")
}

// rsaKeys are two keys, in PEM too. Making one takes long.
var rsaKeys = sync.OnceValue(func() (keys [2]struct {
	key *rsa.PrivateKey
	pem string
}) {
	for i := range keys {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			panic(err) // no randomness: no test can go on
		}
		keys[i].key = key
		keys[i].pem = string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}))
	}
	return keys
})

// newVault starts a fake Vault that holds secret/jira with a field token. guard,
// if set, sees each request first and can answer it itself.
func newVault(t *testing.T, token string, guard func(http.ResponseWriter, *http.Request, http.Handler)) (*vaulttest.Server, string) {
	t.Helper()
	server := vaulttest.New()
	t.Cleanup(server.Close)
	body := strings.NewReader(fmt.Sprintf(`{"data": {"token": %q}}`, token))
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, server.URL+"/v1/secret/data/jira", body)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Vault-Token", vaulttest.RootToken)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	if err := resp.Body.Close(); err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("status %d, %v", resp.StatusCode, err)
	}
	if guard == nil {
		return server, server.URL
	}
	front := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { guard(rw, r, server) }))
	t.Cleanup(front.Close)
	return server, front.URL
}

// vaultConfig is the block that reaches a Vault.
func vaultConfig(address, token string) string {
	return fmt.Sprintf("secrets: {vault: {address: %q, token: 'literal:%s'}}", address, token)
}
