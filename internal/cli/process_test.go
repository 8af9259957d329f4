package cli_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"snowdrift/internal/jirasim"
	"snowdrift/internal/jirasim/simtest"
)

// heeded has commands heed signals though these tests were told to ignore them, by nohup
// or as a job in the background: what a process ignores, those that it starts do, too.
var heeded = sync.OnceFunc(func() {
	for _, sig := range []os.Signal{os.Interrupt, syscall.SIGHUP} {
		if signal.Ignored(sig) {
			signal.Notify(make(chan os.Signal, 1), sig)
		}
	}
})

// processDir makes a directory for commands to work in, with one for temporary files.
func processDir(t *testing.T) string {
	t.Helper()
	heeded()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "tmp"), 0o700); err != nil {
		t.Fatal(err)
	}
	return dir
}

// atSite are the arguments that have a command log in to a simulated site.
func atSite(url string) []string {
	return []string{"--set", "jira.url=" + url, "--set", "jira.auth.email=loader@example.com", "--set", "jira.auth.api_token=env:SECRET"}
}

// snowdrift makes a command that works in a processDir.
func snowdrift(t *testing.T, dir string, args ...string) (c *exec.Cmd, stdout, stderr *bytes.Buffer) {
	t.Helper()
	stdout, stderr = &bytes.Buffer{}, &bytes.Buffer{}
	c = exec.CommandContext(t.Context(), "snowdrift", args...)
	c.Dir, c.Stdout, c.Stderr = dir, stdout, stderr
	c.Env = append(os.Environ(), "TMPDIR="+filepath.Join(dir, "tmp"), "SECRET=of-the-simulator")
	return c, stdout, stderr
}

func exitCode(t *testing.T, err error) int {
	t.Helper()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &exit):
		return exit.ExitCode()
	}
	t.Fatal(err)
	return -1
}

// TestInterrupt: a signal in the middle of a load ends it with 130, leaves
// nothing on its way and nothing half-done, and the next run goes on.
func TestInterrupt(t *testing.T) {
	for _, sig := range []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP} {
		t.Run(sig.String(), func(t *testing.T) {
			t.Parallel()
			sim, url := simtest.Serve(t, jirasim.Options{Issues: 300})
			dir := processDir(t)
			args := append([]string{"run", "--json"}, atSite(url)...)
			c, stdout, stderr := snowdrift(t, dir, args...)
			var mu sync.Mutex
			searches := 0
			sim.Fault(func(r *http.Request) *jirasim.Fault {
				mu.Lock()
				defer mu.Unlock()
				if strings.HasSuffix(r.URL.Path, "/search/jql") {
					searches++
				}
				if searches < 5 {
					return nil
				}
				if searches == 5 {
					searches++
					if err := c.Process.Signal(sig); err != nil {
						t.Error(err)
					}
				}
				return &jirasim.Fault{Stall: true}
			})
			if code := exitCode(t, c.Run()); code != 130 {
				t.Fatalf("exit code %d\n%s", code, stderr)
			}
			var report struct{ Outcome, Error string }
			if err := json.Unmarshal(stdout.Bytes(), &report); err != nil || report.Outcome != "interrupted" || report.Error == "" {
				t.Errorf("report %+v: %v", report, err)
			}
			if left, err := filepath.Glob(filepath.Join(dir, "tmp", "*")); err != nil || len(left) > 0 {
				t.Errorf("left behind: %v %v", left, err)
			}
			sim.Fault(nil)
			again, stdout, stderr := snowdrift(t, dir, args...)
			if code := exitCode(t, again.Run()); code != 0 || !bytes.Contains(stdout.Bytes(), []byte(`"census":{"count":300`)) {
				t.Errorf("the next run: exit code %d\n%s\n%s", code, stdout, stderr)
			}
		})
	}
}

// TestKilled: what a killed run leaves of its files on their way the next one removes.
func TestKilled(t *testing.T) {
	sim, url := simtest.Serve(t, jirasim.Options{Issues: 30})
	dir := processDir(t)
	tmp := filepath.Join(dir, "tmp")
	args := append([]string{"run"}, atSite(url)...)
	c, _, _ := snowdrift(t, dir, args...)
	sim.Fault(func(r *http.Request) *jirasim.Fault {
		if !strings.HasSuffix(r.URL.Path, "/search/jql") {
			return nil
		}
		if left, _ := filepath.Glob(filepath.Join(tmp, "snowdrift-*")); len(left) > 0 {
			if err := c.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
				t.Error(err)
			}
		}
		return nil
	})
	if err := c.Run(); err == nil {
		t.Fatal("the run was not killed")
	}
	left, err := filepath.Glob(filepath.Join(tmp, "snowdrift-*"))
	if err != nil || len(left) != 1 {
		t.Fatalf("the killed run left %v, %v", left, err)
	}
	sim.Fault(nil)
	again, _, stderr := snowdrift(t, dir, args...)
	if code := exitCode(t, again.Run()); code != 0 || !strings.Contains(stderr.String(), `msg="removed files of a process that was killed" dir=`+left[0]) {
		t.Errorf("exit code %d\n%s", code, stderr)
	}
	if left, err := os.ReadDir(tmp); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

// TestInterruptTwice: what the first signal cannot end, the second does: the reading of
// a configuration that does not come.
func TestInterruptTwice(t *testing.T) {
	dir := processDir(t)
	pipe := filepath.Join(dir, "snowdrift.yaml")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	c, _, _ := snowdrift(t, dir, "config", "show", "-c", pipe)
	c.Stderr = nil
	said, err := c.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	writer, err := os.OpenFile(pipe, os.O_WRONLY, 0) // once it reads
	if err != nil {
		t.Fatal(err)
	}
	defer writer.Close()
	if err := c.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	text := readUntil(t, said, "a second signal ends at once")
	if err := c.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	err = c.Wait()
	if status, ok := c.ProcessState.Sys().(syscall.WaitStatus); !ok || status.Signal() != syscall.SIGINT {
		t.Errorf("it ended with %v\n%s", err, text)
	}
}

// readUntil reads what a command says up to a text.
func readUntil(t *testing.T, said io.Reader, want string) string {
	t.Helper()
	text := &bytes.Buffer{}
	for b := make([]byte, 1); !strings.HasSuffix(text.String(), want); text.Write(b) {
		if _, err := said.Read(b); err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
	}
	return text.String()
}

// TestInterruptQuestion: while somebody is asked nothing is open, so that runs can go on,
// and the first signal ends it.
func TestInterruptQuestion(t *testing.T) {
	_, url := simtest.Serve(t, jirasim.Options{Issues: 10})
	dir := processDir(t)
	run := func(args ...string) string {
		t.Helper()
		c, stdout, stderr := snowdrift(t, dir, append(args, atSite(url)...)...)
		if code := exitCode(t, c.Run()); code != 0 {
			t.Fatalf("%v: exit code %d\n%s", args, code, stderr)
		}
		return stdout.String()
	}
	run("run", "--set", "tables=issues")
	before := run("state", "export")
	if err := os.WriteFile(filepath.Join(dir, "state.json"), []byte(before), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, sig := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		for _, args := range [][]string{{"state", "clear"}, {"state", "import", "state.json"}} {
			c, _, _ := snowdrift(t, dir, append(args, atSite(url)...)...)
			c.Stderr = nil
			if _, err := c.StdinPipe(); err != nil { // nobody answers
				t.Fatal(err)
			}
			said, err := c.StderrPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := c.Start(); err != nil {
				t.Fatal(err)
			}
			readUntil(t, said, "[y/N] ")
			w, err := openFile(filepath.Join(dir, "jira.duckdb"))
			if err != nil {
				t.Fatalf("%v: while it asks: %v", args, err)
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			if err := c.Process.Signal(sig); err != nil {
				t.Fatal(err)
			}
			rest, err := io.ReadAll(said)
			if code := exitCode(t, errors.Join(err, c.Wait())); code != 130 || !strings.Contains(string(rest), "snowdrift: nothing was changed: ") {
				t.Errorf("%v, %v: exit code %d\n%s", args, sig, code, rest)
			}
		}
	}
	if after := run("state", "export"); after != before {
		t.Errorf("the state was %s\nand is %s", before, after)
	}
}

// TestFullOutput: what could not be printed is not taken for printed.
func TestFullOutput(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("there is no file that is always full: ", err)
	}
	defer full.Close()
	_, url := simtest.Serve(t, jirasim.Options{Issues: 10})
	dir := processDir(t)
	for _, command := range []string{"run", "run --json", "verify", "check", "fields", "state show", "config show", "query SHOW-TABLES", "plan", "plan --ddl", "version", "--help"} {
		args := strings.Fields(command)
		for i := range args {
			args[i] = strings.ReplaceAll(args[i], "-TABLES", " TABLES")
		}
		c, _, stderr := snowdrift(t, dir, append(args, atSite(url)...)...)
		c.Stdout = full
		if code := exitCode(t, c.Run()); code != 1 || strings.Count(stderr.String(), "no space left on device") != 1 {
			t.Errorf("%s: exit code %d\n%s", command, code, stderr)
		}
	}
}

// TestNoPlaceForFiles: a directory for files on their way that cannot be written to
// any more is no fault of ours.
func TestNoPlaceForFiles(t *testing.T) {
	sim, url := simtest.Serve(t, jirasim.Options{Issues: 30})
	dir := processDir(t)
	sim.Fault(func(r *http.Request) *jirasim.Fault {
		if strings.HasSuffix(r.URL.Path, "/search/jql") {
			if err := os.RemoveAll(filepath.Join(dir, "tmp")); err != nil {
				t.Error(err)
			}
		}
		return nil
	})
	c, _, stderr := snowdrift(t, dir, append([]string{"run"}, atSite(url)...)...)
	if code := exitCode(t, c.Run()); code != 5 || !strings.Contains(stderr.String(), "snowdrift: create Parquet file ") {
		t.Errorf("exit code %d\n%s", code, stderr)
	}
}

// TestReaderGoes: when who reads the answer has seen enough, the command ends in order and
// without a word.
func TestReaderGoes(t *testing.T) {
	dir := processDir(t)
	w, err := openFile(filepath.Join(dir, "jira.duckdb"))
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	for _, format := range []string{"csv", "json", "table"} {
		c, _, stderr := snowdrift(t, dir, "query", "--format", format, "SELECT range AS n, 'some text' AS words FROM range(100000)")
		reads, writes, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		c.Stdout = writes
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		if err := writes.Close(); err != nil {
			t.Fatal(err)
		}
		line, err := bufio.NewReader(reads).ReadString('\n')
		if err := errors.Join(err, reads.Close()); err != nil {
			t.Fatal(err)
		}
		if code := exitCode(t, c.Wait()); code != 141 || line == "" || stderr.Len() > 0 {
			t.Errorf("%s: exit code %d, %q\n%s", format, code, line, stderr)
		}
		if left, err := os.ReadDir(dir); err != nil || len(left) != 2 { // the file and tmp
			t.Errorf("%s: %v, %v", format, left, err)
		}
	}
	// What failed is said all the same.
	reads, writes, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := reads.Close(); err != nil {
		t.Fatal(err)
	}
	c, _, stderr := snowdrift(t, dir, append([]string{"check", "--set", "jira.retry_budget=1s"}, atSite("http://127.0.0.1:9")...)...)
	c.Stdout = writes
	if code := exitCode(t, c.Run()); code != 4 || !strings.Contains(stderr.String(), "a check failed") {
		t.Errorf("exit code %d\n%s", code, stderr)
	}
	if err := writes.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestSim: the simulator says where it serves, serves a run, and ends by a
// signal.
func TestSim(t *testing.T) {
	dir := processDir(t)
	data := filepath.Join(dir, "issues.jsonl")
	line := `{"id":"7","key":"ABC-1","self":"https://jira.example.com/rest/api/2/issue/7","fields":{"summary":"One","project":{"id":"3","key":"ABC","name":"Letters"},"created":"2024-01-02T03:04:05.678+0000","updated":"2024-01-02T03:04:05.678+0000"}}`
	if err := os.WriteFile(data, []byte(line+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	sim := exec.CommandContext(t.Context(), "snowdrift", "sim", "--data", data, "--deployment", "datacenter")
	out, err := sim.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := sim.Start(); err != nil {
		t.Fatal(err)
	}
	first, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	words := strings.Fields(first)
	url := words[len(words)-1]
	if !strings.HasPrefix(first, "Jira simulator (datacenter) with 1 issues at http://127.0.0.1:") {
		t.Errorf("it says %q", first)
	}
	run, stdout, stderr := snowdrift(t, dir, "run", "--set", "jira.url="+url, "--set", "jira.auth.user=loader", "--set", "jira.auth.password=env:SECRET", "--set", "tables=issues")
	if code := exitCode(t, run.Run()); code != 0 || !strings.Contains(stdout.String(), "agree on 1 issues") {
		t.Errorf("exit code %d\n%s\n%s", code, stdout, stderr)
	}
	if err := sim.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if code := exitCode(t, sim.Wait()); code != 0 {
		t.Errorf("sim ended with %d", code)
	}
}
