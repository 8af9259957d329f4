package cli_test

import (
	"bufio"
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"snowdrift/internal/cli"
	"snowdrift/internal/config"
	"snowdrift/internal/jirasim"
	"snowdrift/stages/load/duckdb"
)

// TestMain lets the test binary be snowdrift, too: scripts and tests find it in
// PATH.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"snowdrift":         func() { os.Exit(cli.Main(os.Args[1:], os.Stdout, os.Stderr)) },
		"snowdrift-at-work": work,
	})
}

// work has the DuckDB file that is named open, as a run has, until its input ends.
func work() {
	w, err := openFile(os.Args[1])
	if err == nil {
		fmt.Println("open")
		_, err = io.Copy(io.Discard, os.Stdin)
		err = errors.Join(err, w.Close())
	}
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

func openFile(path string) (*duckdb.Warehouse, error) {
	return duckdb.Open(context.Background(), duckdb.Options{Path: path, Schema: "main", Log: slog.New(slog.DiscardHandler)})
}

// TestScripts runs testdata/*.txtar. Beside testscript's commands there are
//
//	exits CODE PROGRAM ARG…   runs a program, which has to end with the code
//	sim [FLAG…]               starts a Jira simulator and sets SIM_URL, or the variable that -as names
//	change edit|create|delete N   changes N issues in it
//	plant FILE SQL            runs SQL in a DuckDB file, behind snowdrift's back
//	lock FILE                 opens a DuckDB file as another program would
//	work FILE                 has a snowdrift open a DuckDB file, as a run does
//	snowflake KEY             starts a Snowflake account whose user has the key
//	asleep                    holds that since its last call nobody woke the warehouse
//	jsonkey KEY VALUE         compares a key of the JSON object in stdout
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(env *testscript.Env) error {
			env.Values[siteKey{}], env.Values[accountKey{}] = &site{}, &account{}
			env.Setenv("TOKEN", "a-token-of-the-simulator")
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits, "sim": startSim, "change": change, "plant": plant, "lock": lock, "work": startWork, "jsonkey": jsonKey,
			"snowflake": startSnowflake, "asleep": asleep,
		},
		RequireExplicitExec: true,
	})
}

func exits(ts *testscript.TestScript, neg bool, args []string) {
	want, err := strconv.Atoi(args[0])
	if err != nil || neg {
		ts.Fatalf("usage: exits CODE PROGRAM ARG…")
	}
	code := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("%v", err)
		}
		code = exit.ExitCode()
	}
	if code != want {
		ts.Fatalf("exit code %d, want %d\n%s", code, want, ts.ReadFile("stderr"))
	}
}

// site is the simulator of a script.
type site struct{ *jirasim.Sim }

type siteKey struct{}

func siteOf(ts *testscript.TestScript) *site { return ts.Value(siteKey{}).(*site) }

func startSim(ts *testscript.TestScript, _ bool, args []string) {
	var opts jirasim.Options
	flags := flag.NewFlagSet("sim", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.IntVar(&opts.Issues, "issues", 60, "")
	flags.IntVar(&opts.Projects, "projects", 0, "")
	flags.StringVar(&opts.Deployment, "deployment", jirasim.Cloud, "")
	flags.StringVar(&opts.Token, "token", "", "")
	flags.StringVar(&opts.TimeZone, "time-zone", "", "")
	flags.BoolVar(&opts.OddValues, "odd-values", false, "")
	variable := flags.String("as", "SIM_URL", "")
	flags.Uint64Var(&opts.Seed, "seed", 0, "")
	ts.Check(flags.Parse(args))
	if opts.Token != "" {
		opts.Email = "loader@example.com"
	}
	sim, err := jirasim.New(opts)
	ts.Check(err)
	url, stop, err := sim.Listen("127.0.0.1:0")
	ts.Check(err)
	ts.Defer(func() { ts.Check(stop()) })
	ts.Setenv(*variable, url)
	siteOf(ts).Sim = sim
}

func change(ts *testscript.TestScript, _ bool, args []string) {
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	sim := siteOf(ts)
	for _, id := range sim.IDs()[:n] {
		switch args[0] {
		case "edit":
			err = sim.Edit(id)
		case "create":
			_, err = sim.Create(sim.Projects()[0])
		case "delete":
			err = sim.Delete(id)
		default:
			ts.Fatalf("change %q is unknown", args[0])
		}
		ts.Check(err)
	}
}

func plant(ts *testscript.TestScript, _ bool, args []string) {
	db, err := sql.Open("duckdb", ts.MkAbs(args[0]))
	ts.Check(err)
	_, err = db.Exec(args[1])
	ts.Check(errors.Join(err, db.Close()))
}

func lock(ts *testscript.TestScript, _ bool, args []string) {
	w, err := openFile(ts.MkAbs(args[0]))
	ts.Check(err)
	ts.Defer(func() { ts.Check(w.Close()) })
}

func startWork(ts *testscript.TestScript, _ bool, args []string) {
	c := exec.Command("snowdrift-at-work", ts.MkAbs(args[0]))
	stdin, err := c.StdinPipe()
	ts.Check(err)
	stdout, err := c.StdoutPipe()
	ts.Check(err)
	ts.Check(c.Start())
	ts.Defer(func() { ts.Check(errors.Join(stdin.Close(), c.Wait())) })
	if said, err := bufio.NewReader(stdout).ReadString('\n'); said != "open\n" {
		ts.Fatalf("the program at work says %q, %v", said, err)
	}
}

// jsonKey holds a value of the JSON object that stdout is against a text.
func jsonKey(ts *testscript.TestScript, neg bool, args []string) {
	var object any
	if err := json.Unmarshal([]byte(ts.ReadFile("stdout")), &object); err != nil {
		ts.Fatalf("stdout is not one JSON value: %v", err)
	}
	for _, key := range strings.Split(args[0], ".") {
		members, ok := object.(map[string]any)
		if !ok {
			ts.Fatalf("there is no %s", args[0])
		}
		object = members[key]
	}
	got, err := json.Marshal(object)
	ts.Check(err)
	if text := strings.Trim(string(got), `"`); (text == args[1]) == neg {
		ts.Fatalf("%s is %s", args[0], got)
	}
}

// TestExample: the example at the root of the repository is what the program
// makes.
func TestExample(t *testing.T) {
	file, err := os.ReadFile(filepath.Join("..", "..", "snowdrift.example.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(file, config.Example()) {
		t.Error("snowdrift.example.yaml is not what `snowdrift config example` prints: make it anew")
	}
}
