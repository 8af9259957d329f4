package cli_test

import (
	"bytes"
	"fmt"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"snowdrift/internal/jirasim"
	"snowdrift/internal/jirasim/simtest"
	"snowdrift/internal/snowflaketest"
	"snowdrift/stages/load"
)

// starts is how many runs begin at once.
const starts = 50

// TestFiftyStarts: of fifty runs that begin at once with one destination, empty
// as yet, one loads it and forty-nine end with the lease's code; the tables are
// those of one run. Nobody is given an issue before each of them has ended or
// asked for some: by then they have all seen the destination empty.
func TestFiftyStarts(t *testing.T) {
	t.Run("duckdb", func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "jira.duckdb")
		fiftyStarts(t, "destination.duckdb.path="+file)
	})
	t.Run("snowflake", func(t *testing.T) {
		srv := snowflaketest.Start(t, snowflaketest.Options{PATs: []string{"a-token-for-tests"}})
		t.Setenv("SNOW_TOKEN", "a-token-for-tests")
		fiftyStarts(t, "destination.type=snowflake", "destination.snowflake.account=TESTACCT", "destination.snowflake.user=LOADER",
			"destination.snowflake.role=JIRA_LOADER", "destination.snowflake.warehouse=LOAD_WH", "destination.snowflake.database=RAW",
			"destination.snowflake.schema=JIRA", "destination.snowflake.host=127.0.0.1", fmt.Sprintf("destination.snowflake.port=%d", srv.Port()),
			"destination.snowflake.protocol=http", "destination.snowflake.auth=PROGRAMMATIC_ACCESS_TOKEN", "destination.snowflake.token=env:SNOW_TOKEN")
		for _, v := range srv.Violations() {
			t.Errorf("violation: %s", v)
		}
	})
}

// started is a run and how it ended.
type started struct {
	user           string // of Jira, by which the site knows the run
	cmd            *exec.Cmd
	stdout, stderr *bytes.Buffer
	code           int
}

// gathering knows which runs have ended or asked for issues.
type gathering struct {
	mu       sync.Mutex
	there    map[string]bool
	complete chan struct{} // closed when all are there
}

func (g *gathering) arrive(run string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	before := len(g.there)
	if g.there[run] = true; len(g.there) == starts && before < starts {
		close(g.complete)
	}
}

func fiftyStarts(t *testing.T, destination ...string) {
	sim, url := simtest.Serve(t, jirasim.Options{Issues: 60, Projects: 2})
	all := &gathering{there: map[string]bool{}, complete: make(chan struct{})}
	sim.Fault(func(r *http.Request) *jirasim.Fault {
		if jirasim.Endpoint(r) == "search/jql" {
			user, _, _ := r.BasicAuth()
			all.arrive(user)
			<-all.complete
		}
		return nil
	})
	dir := processDir(t)
	settings := []string{"--log-level", "error"}
	for _, s := range append(destination, "jira.url="+url, "jira.auth.api_token=env:SECRET", "jira.fields=[summary]", "tables=issues") {
		settings = append(settings, "--set", s)
	}
	ended := make(chan *started, starts)
	var begin sync.WaitGroup
	begin.Add(1)
	for n := range starts {
		s := &started{user: fmt.Sprintf("run-%d@example.com", n)}
		s.cmd, s.stdout, s.stderr = snowdrift(t, dir, append([]string{"run", "--set", "jira.auth.email=" + s.user}, settings...)...)
		go func() {
			begin.Wait()
			err := s.cmd.Run()
			s.code = s.cmd.ProcessState.ExitCode()
			if err != nil && s.code < 0 {
				fmt.Fprintln(s.stderr, err)
			}
			ended <- s
		}()
	}
	begin.Done()
	codes := map[int]int{}
	for range starts {
		s := <-ended
		all.arrive(s.user)
		codes[s.code]++
		said := s.stdout.String() + s.stderr.String()
		switch {
		case s.code == 3 && (strings.Contains(said, load.ErrLeaseHeld.Error()) || strings.Contains(said, load.ErrLeaseLost.Error())):
		case s.code == 0 && strings.Contains(said, "agree on 60 issues"):
		default:
			t.Errorf("a run ended with the code %d\n%s", s.code, said)
		}
	}
	if codes[0] != 1 || codes[3] != starts-1 {
		t.Errorf("codes %v", codes)
	}
	query, stdout, stderr := snowdrift(t, dir, append([]string{"query", "--format", "csv", "SELECT COUNT(*), COUNT(DISTINCT id), COUNT(DISTINCT _run_id), MIN(_presence) FROM issues"}, settings...)...)
	if err := query.Run(); err != nil || !strings.HasSuffix(stdout.String(), "\n60,60,1,live\n") {
		t.Errorf("tables %q: %v\n%s", stdout, err, stderr)
	}
	again, stdout, stderr := snowdrift(t, dir, append([]string{"run", "--set", "jira.auth.email=run@example.com"}, settings...)...)
	if err := again.Run(); err != nil || !strings.Contains(stdout.String(), "agree on 60 issues") {
		t.Errorf("the next run: %v\n%s%s", err, stdout, stderr)
	}
}
