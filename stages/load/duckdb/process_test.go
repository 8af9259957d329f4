package duckdb

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"snowdrift/stages/load"
	"snowdrift/state"
)

// Some tests need another process: the test binary runs itself, and these
// variables tell it what to be.
const (
	holdFile    = "SNOWDRIFT_TEST_HOLD"      // path: open it and wait for the end of stdin
	readFile    = "SNOWDRIFT_TEST_READ"      // path: the same for reading
	dieInCommit = "SNOWDRIFT_TEST_DIE"       // path: commit version 2 and be killed …
	dieAt       = "SNOWDRIFT_TEST_DIE_AT"    // … before this statement of the commit
	dieAhead    = "SNOWDRIFT_TEST_DIE_AHEAD" // not empty: … of which much is done ahead
	statements  = "statements in the commit" // what the latter prints when it survives
)

func TestMain(m *testing.M) {
	switch {
	case os.Getenv(holdFile) != "":
		hold(options(os.Getenv(holdFile)))
	case os.Getenv(readFile) != "":
		opts := options(os.Getenv(readFile))
		opts.ReadOnly = true
		hold(opts)
	case os.Getenv(dieInCommit) != "":
		die(os.Getenv(dieInCommit))
	default:
		os.Exit(m.Run())
	}
}

// hold opens a file as a run does, says so, and waits.
func hold(opts Options) {
	w, err := Open(context.Background(), opts)
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println("open")
	_, err = io.Copy(io.Discard, os.Stdin)
	if err = errors.Join(err, w.Close()); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

// A second run finds the file locked, whether it wants to write or to read, and
// gets in when the first is gone, even if that was killed.
func TestLockedFile(t *testing.T) {
	for _, end := range []string{"ends", "is killed"} {
		t.Run("the first "+end, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "jira.duckdb")
			first := exec.Command(os.Args[0])
			first.Env = append(os.Environ(), holdFile+"="+path)
			stdin, err := first.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			stdout, err := first.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := first.Start(); err != nil {
				t.Fatal(err)
			}
			if said, err := bufio.NewReader(stdout).ReadString('\n'); said != "open\n" {
				t.Fatalf("the first run: %s %v", said, err)
			}
			for readOnly, want := range map[bool]error{false: load.ErrLeaseHeld, true: load.ErrBeingWritten} {
				opts := options(path)
				opts.ReadOnly = readOnly
				e := wantRefused(t, opts)
				if !errors.Is(e, want) || !strings.Contains(e.Hint, "wait") {
					t.Errorf("read only %t: %v, want %v and a hint", readOnly, e, want)
				}
			}
			if end == "is killed" {
				err = first.Process.Kill()
			} else {
				err = stdin.Close()
			}
			if err != nil {
				t.Fatal(err)
			}
			if err := first.Wait(); (err != nil) != (end == "is killed") {
				t.Errorf("the first run: %v", err)
			}
			if err := open(t, options(path)).Close(); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// Of many runs that begin at once without a file, one makes it and has it; none
// of the others, which find it locked, does it harm.
func TestMadeAtOnce(t *testing.T) {
	const runs = 8
	for round := range 8 {
		path := filepath.Join(t.TempDir(), "jira.duckdb")
		if round%2 == 1 { // which a full disk may have left
			if err := os.WriteFile(path, nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		said := make(chan string, runs)
		var ends []func() error
		for range runs {
			run := exec.Command(os.Args[0])
			run.Env = append(os.Environ(), holdFile+"="+path)
			stdin, err := run.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			stdout, err := run.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := run.Start(); err != nil {
				t.Fatal(err)
			}
			ends = append(ends, func() error { return errors.Join(stdin.Close(), ignoreExit(run.Wait())) })
			go func() {
				line, _ := bufio.NewReader(stdout).ReadString('\n')
				said <- line
			}()
		}
		opened := 0
		for range runs {
			switch line := <-said; {
			case line == "open\n":
				opened++
			case !strings.Contains(line, load.ErrLeaseHeld.Error()):
				t.Errorf("a run says %q", line)
			}
		}
		for _, end := range ends {
			if err := end(); err != nil {
				t.Error(err)
			}
		}
		if opened != 1 {
			t.Errorf("round %d: %d runs have the file", round, opened)
		}
		w := open(t, options(path))
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if left, err := filepath.Glob(filepath.Join(filepath.Dir(path), "*")); err != nil || len(left) != 1 {
			t.Errorf("left behind: %v %v", left, err)
		}
	}
}

// A file that somebody else made first stays as it is.
func TestNameTaken(t *testing.T) {
	path := filepath.Join(t.TempDir(), "jira.duckdb")
	if err := os.WriteFile(path, []byte("made first"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := makeFile(t.Context(), path); err != nil {
		t.Error(err)
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != "made first" {
		t.Errorf("the file holds %q, %v", text, err)
	}
	if left, err := filepath.Glob(filepath.Join(filepath.Dir(path), "*")); err != nil || len(left) != 1 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

// ignoreExit drops the error of a process that ended by itself: what it said
// tells why.
func ignoreExit(err error) error {
	if errors.As(err, new(*exec.ExitError)) {
		return nil
	}
	return err
}

// assassin is a log handler that kills the process when the nth statement of a
// commit is about to run.
type assassin struct {
	slog.Handler
	seen, at *int
}

func (a assassin) Enabled(context.Context, slog.Level) bool { return true }

func (a assassin) Handle(_ context.Context, r slog.Record) error {
	if r.Message != "statement" || *a.at < 0 {
		return nil
	}
	if *a.seen++; *a.seen == *a.at {
		if err := syscall.Kill(os.Getpid(), syscall.SIGKILL); err != nil {
			return err
		}
		select {} // until the signal arrives
	}
	return nil
}

// child is the test that a process on its own has.
type child struct{ dir string }

func (child) Helper()           {}
func (c child) TempDir() string { return c.dir }
func (child) Fatal(args ...any) {
	fmt.Println(args...)
	os.Exit(1)
}

// die commits version 2 over version 1 and is killed on the way, or says how
// many statements there were.
func die(path string) {
	c := child{dir: filepath.Dir(path)}
	at, err := strconv.Atoi(os.Getenv(dieAt))
	if err != nil {
		c.Fatal(err)
	}
	seen, armed := 0, -1
	opts := options(path)
	opts.Log = slog.New(assassin{Handler: slog.DiscardHandler, seen: &seen, at: &armed})
	w, err := Open(context.Background(), opts)
	if err != nil {
		c.Fatal(err)
	}
	l := prepared(c, w, "run 2")
	w.mostChunks = 0 // attach anew before the commit
	if os.Getenv(dieAhead) != "" {
		w.opts.DeletedRoom = 1
	}
	l.stage(2, 7, func(int64) string { return "{}" })
	armed = at
	if _, err := w.Commit(context.Background(), l.what(2)); err != nil {
		c.Fatal(err)
	}
	if err := w.Close(); err != nil {
		c.Fatal(err)
	}
	fmt.Println(seen, statements)
}

// killedAt commits version 1 of 5 issues, has a process with the variables commit version
// 2 of 7 and be killed before a statement of that, and opens what it left. It reports
// whether the process came to its end first.
func killedAt(t *testing.T, dir string, at int, variables ...string) (w *Warehouse, s *state.State, survived bool) {
	t.Helper()
	path := filepath.Join(dir, strconv.Itoa(at), "jira.duckdb")
	if err := os.Mkdir(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	w = open(t, options(path))
	prepared(t, w, "run 1").commit(1, 5)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	second := exec.Command(os.Args[0])
	second.Env = append(append(os.Environ(), dieInCommit+"="+path, dieAt+"="+strconv.Itoa(at)), variables...)
	said, err := second.CombinedOutput()
	survived = err == nil && strings.Contains(string(said), statements)
	if !survived && second.ProcessState.Exited() {
		t.Fatalf("the second run: %v\n%s", err, said)
	}
	w = open(t, options(path))
	if s, err = w.State(context.Background(), "jira"); err != nil {
		t.Fatal(err)
	}
	return w, s, survived
}

// A run that is killed before any statement of a commit leaves the old rows with
// the old state, or, once it is committed, the new ones with the new; one that
// was not killed leaves the new ones.
func TestKilledInACommit(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	version := int64(1)
	for at := 1; ; at++ {
		w, s, survived := killedAt(t, dir, at)
		if survived || s.Cursor > version {
			version = 2
		}
		issues := map[int64]int64{1: 5, 2: 7}[version]
		if n := count(t, w, `SELECT COUNT(*) FROM issues`); n != issues {
			t.Errorf("killed at statement %d: %d issues, want %d", at, n, issues)
		}
		if n := count(t, w, fmt.Sprintf(`SELECT COUNT(*) FROM issues WHERE summary = 'version %d'`, version)); n != issues {
			t.Errorf("killed at statement %d: %d issues of version %d, want %d", at, n, version, issues)
		}
		if s.Cursor != version || s.Digest.Count != issues {
			t.Errorf("killed at statement %d: state %+v, want version %d", at, s, version)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if survived {
			if at < 10 {
				t.Errorf("a commit has %d statements: were they counted?", at-1)
			}
			t.Logf("killed at each of %d statements", at-1)
			return
		}
	}
}

// otherProgram makes this program be another one, by its name.
func otherProgram(t *testing.T, name string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	program, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Skip("the program cannot be copied: ", err)
	}
	if err := os.WriteFile(path, program, 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

// A file that somebody else's program has open is no lease, and the error says
// whose it is; that of a snowdrift is one, whatever the file is wanted for.
func TestFileOfAnotherProgram(t *testing.T) {
	for _, tt := range []struct {
		program           string
		holds             string // how it opens the file
		lease             bool
		toWrite, toReadIt string // "": the file opens
	}{
		{"notebook", holdFile, false, "notebook); close it there", "notebook); close it there, or open it there for reading only"},
		{"notebook", readFile, false, "notebook); close it there: a file that others read cannot be written", ""},
		{"snowdrift", holdFile, true, "another run holds the lease", "a run is writing to it"},
		{"snowdrift", readFile, true, "another run holds the lease", ""},
	} {
		t.Run(tt.program+" "+tt.holds, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "jira.duckdb")
			if err := open(t, options(path)).Close(); err != nil {
				t.Fatal(err)
			}
			other := exec.Command(otherProgram(t, tt.program))
			other.Env = append(os.Environ(), tt.holds+"="+path)
			stdin, err := other.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			stdout, err := other.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := other.Start(); err != nil {
				t.Fatal(err)
			}
			if said, err := bufio.NewReader(stdout).ReadString('\n'); said != "open\n" {
				t.Fatalf("the other program: %s %v", said, err)
			}
			for reading, want := range map[bool]string{false: tt.toWrite, true: tt.toReadIt} {
				opts := options(path)
				opts.ReadOnly = reading
				if want == "" {
					if err := open(t, opts).Close(); err != nil {
						t.Error(err)
					}
					continue
				}
				e := wantRefused(t, opts)
				if lease := errors.Is(e, load.ErrLeaseHeld) || errors.Is(e, load.ErrBeingWritten); lease != tt.lease || !strings.Contains(e.Error(), want) {
					t.Errorf("for reading %t: %v", reading, e)
				}
				if !tt.lease && !strings.Contains(e.Error(), fmt.Sprintf("(PID %d, ", other.Process.Pid)) {
					t.Errorf("for reading %t, who has it: %v", reading, e)
				}
			}
			if err := errors.Join(stdin.Close(), other.Wait()); err != nil {
				t.Error(err)
			}
		})
	}
}
