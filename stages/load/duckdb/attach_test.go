package duckdb

import (
	"bufio"
	"context"
	"errors"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"snowdrift/internal/table"
	"snowdrift/stages/load"
)

// listener is a log handler that hears of statements before they run.
type listener struct {
	slog.Handler
	hear func(sql string)
}

func (l listener) Enabled(context.Context, slog.Level) bool { return true }

func (l listener) Handle(_ context.Context, r slog.Record) error {
	r.Attrs(func(a slog.Attr) bool {
		if a.Key == "sql" {
			l.hear(a.Value.String())
		}
		return true
	})
	return nil
}

// A file that is attached anew between commits, while another process gets hold
// of it for a moment, goes on with what it has. So does one that is waited for
// in vain, when the next commit finds it free.
func TestAttachAnew(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(context.Background())
	opts := options(filepath.Join(t.TempDir(), "jira.duckdb"))
	other := exec.Command(os.Args[0])
	other.Env = append(os.Environ(), holdFile+"="+opts.Path)
	letGo, err := other.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	said, err := other.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	attached := -1 // do not listen yet
	opts.Log = slog.New(listener{slog.DiscardHandler, func(sql string) {
		if attached < 0 || !strings.HasPrefix(sql, "ATTACH") {
			return
		}
		switch attached++; attached {
		case 1: // the other process takes the file
			if err := other.Start(); err != nil {
				t.Error(err)
			}
			if line, err := bufio.NewReader(said).ReadString('\n'); line != "open\n" {
				t.Errorf("the other process said %q, %v", line, err)
			}
		case 3: // nobody waits any longer
			cancel()
		case 4: // it lets go of it
			if err := errors.Join(letGo.Close(), other.Wait()); err != nil {
				t.Error(err)
			}
		}
	}})
	w := open(t, opts)
	l := prepared(t, w, "run 1")
	w.mostChunks = 1
	l.commit(1, 5)
	attached = 0
	l.stage(2, 7, text)
	if _, err := w.Commit(ctx, l.what(2)); err == nil {
		t.Error("a commit went well while another process had the file")
	}
	if _, err := w.Commit(context.Background(), l.what(2)); err != nil {
		t.Fatal(err)
	}
	if attached != 4 || w.chunks == 0 {
		t.Errorf("attached %d times, want 4; %d column chunks written since", attached, w.chunks)
	}
	if n := count(t, w, `SELECT COUNT(*) FROM issues WHERE summary = 'version 2'`); n != 7 {
		t.Errorf("%d issues, want 7", n)
	}
	if err := w.Acquire(context.Background(), load.Job{Pipeline: "jira", Site: table.DefaultSite, Run: "run 2"}); err != nil {
		t.Error(err)
	}
	if err := w.Close(); err != nil {
		t.Error(err)
	}
}
