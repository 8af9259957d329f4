package vault

import (
	"bufio"
	"context"
	"net"
	"os/exec"
	"strings"
	"testing"
)

// TestBinary runs the suite against a real server, Vault or OpenBao, when one
// is installed.
func TestBinary(t *testing.T) {
	binary := ""
	for _, name := range []string{"vault", "bao"} {
		if path, err := exec.LookPath(name); err == nil {
			binary = path
			break
		}
	}
	if binary == "" {
		t.Skip("neither vault nor bao is on PATH")
	}
	const root = "root"
	ctx, cancel := context.WithCancel(context.Background())
	address := freeAddress(t)
	server1 := exec.CommandContext(ctx, binary, "server", "-dev", "-dev-root-token-id="+root, "-dev-listen-address="+address, "-dev-no-store-token")
	out, err := server1.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server1.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cancel(); _ = server1.Wait() }) // Wait says "killed"
	lines := bufio.NewScanner(out)
	for ready := false; !ready; {
		if !lines.Scan() {
			t.Fatalf("%s ended before it was ready", binary)
		}
		ready = strings.Contains(lines.Text(), "Root Token:")
	}
	go func() { // keep the pipe empty
		for lines.Scan() {
		}
	}()
	suite(t, server{address: "http://" + address, root: root})
}

// freeAddress finds a port on loopback that nobody uses.
func freeAddress(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
