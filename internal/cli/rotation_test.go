package cli

import (
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"snowdrift/internal/jirasim"
	"snowdrift/internal/secret/vault/vaulttest"
)

// A run is killed while it stores the refresh token that it was given: the one
// it used is used up, and the next one may be lost.
func TestKilledWhileTheRefreshTokenIsStored(t *testing.T) {
	tests := []struct {
		name    string
		stored  bool          // before the run is killed
		later   time.Duration // until the next run
		refusal string        // of the next run; "" if it loads
	}{
		{"before it is stored, and run again soon", false, 0, ""},
		{"before it is stored, and run again too late", false, 11 * time.Minute, "snowdrift auth oauth2"},
		{"after it is stored", true, 0, ""},
		{"after it is stored, and run again late", true, 11 * time.Minute, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var later atomic.Int64
			w := newWorkplace(t, jirasim.Options{
				Deployment: jirasim.DataCenter, Email: "nobody", Token: "nothing",
				OAuth2: &jirasim.OAuth2{ClientID: "app-7", ClientSecret: "right", RefreshToken: "right"},
				Now:    func() time.Time { return time.Now().Add(time.Duration(later.Load())) },
			})
			process := make(chan *os.Process, 1)
			_, address := newVault(t, "right", func(rw http.ResponseWriter, r *http.Request, vault http.Handler) {
				var p *os.Process
				if r.Method == http.MethodPut {
					select {
					case p = <-process:
					default: // the next run
					}
				}
				if p == nil {
					vault.ServeHTTP(rw, r)
					return
				}
				if tt.stored {
					vault.ServeHTTP(httptest.NewRecorder(), r)
				}
				if err := p.Kill(); err != nil {
					t.Error(err)
				}
				panic(http.ErrAbortHandler) // it is gone before it has an answer
			})
			w.configure("deployment: datacenter\n"+strings.Replace(refreshing, "file:refresh", "vault:secret/jira#token", 1), vaultConfig(address, vaulttest.RootToken))

			c := exec.CommandContext(t.Context(), "snowdrift", "run", "-c", filepath.Join(w.dir, "snowdrift.yaml"))
			if err := c.Start(); err != nil {
				t.Fatal(err)
			}
			process <- c.Process
			if err := c.Wait(); err == nil || c.ProcessState.Exited() {
				t.Fatalf("the run was not killed: %v", c.ProcessState)
			}
			if got := w.rows(); got != "0" {
				t.Fatalf("%s issues are loaded", got)
			}
			later.Store(int64(tt.later))
			if tt.refusal == "" {
				w.loads()
				w.sim.ExpireAccessTokens()
				later.Add(int64(time.Hour)) // what was stored since is good as well
				w.loads()
				return
			}
			w.refused(exitJira, "used up", tt.refusal)
		})
	}
}

// A new refresh token that cannot be stored does not fail the run, and is told.
func TestRefreshTokenWithoutAPlace(t *testing.T) {
	w := newWorkplace(t, jirasim.Options{Deployment: jirasim.DataCenter, Email: "nobody", Token: "nothing",
		OAuth2: &jirasim.OAuth2{ClientID: "app-7", ClientSecret: "right", RefreshToken: "right"}})
	w.configure("deployment: datacenter\n" + strings.Replace(refreshing, "file:refresh", "literal:right", 1))
	o := w.command("run")
	if o.code != exitDone || !strings.Contains(o.stderr, "the next run will not be able to log in") {
		t.Errorf("exit code %d: %s", o.code, o.stderr)
	}
}

// Many runs of one app: whoever finds its refresh token used reads the place
// again, where the other run has put the next one.
func TestRunsShareARefreshToken(t *testing.T) {
	w := newWorkplace(t, jirasim.Options{Deployment: jirasim.DataCenter, Email: "nobody", Token: "nothing",
		OAuth2: &jirasim.OAuth2{ClientID: "app-7", ClientSecret: "right", RefreshToken: "right"}})
	w.write("refresh", "right")
	w.configure("deployment: datacenter\n" + refreshing)
	for range 3 {
		w.loads()
	}
	content, err := os.ReadFile(filepath.Join(w.dir, "refresh"))
	if err != nil || !strings.HasPrefix(string(content), "refresh-") {
		t.Errorf("%q, %v", content, err)
	}
	info, err := os.Stat(filepath.Join(w.dir, "refresh"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
}
