package bench

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"

	"snowdrift/internal/jirasim"
)

// part starts the program in the part that args name, waits for it, and
// returns what it printed and took.
func (b *bench) part(ctx context.Context, env []string, args ...string) (stdout []byte, u Usage, err error) {
	from, to, err := os.Pipe()
	if err != nil {
		return nil, u, err
	}
	defer from.Close()
	var stderr bytes.Buffer
	c := exec.CommandContext(ctx, b.program, args...)
	c.Env, c.Stderr, c.ExtraFiles = append(os.Environ(), env...), &stderr, []*os.File{to}
	stdout, err = c.Output()
	if err = errors.Join(err, to.Close()); err != nil {
		return stdout, u, fmt.Errorf("%s: %w\n%s", args[0], err, lastLines(stderr.String()))
	}
	err = json.NewDecoder(from).Decode(&u)
	return stdout, u, err
}

// lastLines returns the end of what a part said.
func lastLines(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-5):], "\n")
}

// site is a simulated site in a process of its own, and the truth about it.
type site struct {
	opts   jirasim.Options
	url    string
	truth  *jirasim.Sim // the same site: equal options give equal sites
	cancel context.CancelFunc
	ended  chan error
}

// open starts a site.
func (b *bench) open(ctx context.Context, opts jirasim.Options) (*site, error) {
	opts.Seed = 1 // that of the command line
	truth, err := jirasim.New(opts)
	if err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	s := &site{opts: opts, truth: truth, cancel: cancel, ended: make(chan error, 1)}
	c := exec.CommandContext(ctx, self, "sim", "--issues", strconv.Itoa(opts.Issues), "--projects", strconv.Itoa(max(opts.Projects, 5)),
		"--extra-fields", strconv.Itoa(opts.ExtraCustomFields), "--latency", opts.Latency.String(), "--rate-limit", fmt.Sprint(opts.RateLimit))
	c.Cancel = func() error { return c.Process.Signal(syscall.SIGTERM) }
	c.WaitDelay = 10 * time.Second
	c.Stderr = b.log
	out, err := c.StdoutPipe()
	if err == nil {
		err = c.Start()
	}
	if err != nil {
		cancel()
		return nil, fmt.Errorf("start the simulator: %w", err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	at := strings.LastIndex(line, "http://")
	if err != nil || at < 0 {
		cancel()
		return nil, errors.Join(fmt.Errorf("the simulator said %q and not where it is: %w", line, err), c.Wait())
	}
	s.url = strings.TrimSpace(line[at:])
	go func() {
		_, err := io.Copy(io.Discard, out)
		s.ended <- errors.Join(err, c.Wait())
	}()
	return s, nil
}

// close ends the site.
func (s *site) close() {
	s.cancel()
	<-s.ended // it was told to end, so how it did says nothing
}
