package snowflaketest

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	_ "github.com/duckdb/duckdb-go/v2"
	sf "github.com/snowflakedb/gosnowflake"
)

func TestMain(m *testing.M) {
	// Nothing of the driver's may reach out of this process.
	for k, v := range map[string]string{"SF_DISABLE_MINICORE": "true", "SNOWFLAKE_DISABLE_PLATFORM_DETECTION": "true"} {
		if err := os.Setenv(k, v); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	if err := sf.GetLogger().SetLogLevel("fatal"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// testKeys are two keys of the user, made once: RSA keys are slow to make.
var testKeys = sync.OnceValues(func() ([2]*rsa.PrivateKey, error) {
	var keys [2]*rsa.PrivateKey
	for i := range keys {
		k, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			return keys, err
		}
		keys[i] = k
	}
	return keys, nil
})

func keyPair(t testing.TB) [2]*rsa.PrivateKey {
	t.Helper()
	keys, err := testKeys()
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// account starts a server whose user has the first test key.
func account(t testing.TB, change func(*Options)) *Server {
	t.Helper()
	o := Options{PublicKeys: []*rsa.PublicKey{&keyPair(t)[0].PublicKey}}
	if change != nil {
		change(&o)
	}
	return Start(t, o)
}

func text(s string) *string { return &s }

// config is how a loader should connect.
func config(t testing.TB, s *Server) *sf.Config {
	t.Helper()
	return &sf.Config{
		Account: "TESTACCT", User: "LOADER", Authenticator: sf.AuthTypeJwt, PrivateKey: keyPair(t)[0],
		Host: s.Host(), Port: s.Port(), Protocol: "http", Database: "RAW", Schema: "JIRA", Warehouse: "LOAD_WH", Role: "JIRA_LOADER",
		Application: "snowflaketest", DisableTelemetry: true, Transporter: s.Transport(),
		Params: map[string]*string{"TIMEZONE": text("UTC"), "QUERY_TAG": text("run 1"), "LOCK_TIMEOUT": text("0")},
	}
}

// connect opens one session.
func connect(t testing.TB, cfg *sf.Config) *sql.Conn {
	t.Helper()
	db := sql.OpenDB(sf.NewConnector(sf.SnowflakeDriver{}, *cfg))
	t.Cleanup(func() { closing(t, db.Close) })
	c, err := db.Conn(t.Context())
	if err != nil {
		t.Fatalf("connect: %v", err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil && !errors.Is(err, sql.ErrConnDone) {
			t.Errorf("close session: %v", err)
		}
	})
	return c
}

func closing(t testing.TB, f func() error) {
	t.Helper()
	if err := f(); err != nil {
		t.Errorf("close: %v", err)
	}
}

// open connects to s as a loader does.
func open(t testing.TB, s *Server) *sql.Conn {
	t.Helper()
	return connect(t, config(t, s))
}

func run(t testing.TB, c *sql.Conn, statements ...string) {
	t.Helper()
	for _, q := range statements {
		if _, err := c.ExecContext(t.Context(), q); err != nil {
			t.Fatalf("%s\n%v", q, err)
		}
	}
}

// rows reads a whole result as texts, NULL as "NULL".
func rows(t testing.TB, c *sql.Conn, q string, args ...any) [][]string {
	t.Helper()
	out, err := readRows(t.Context(), c, q, args...)
	if err != nil {
		t.Fatalf("%s\n%v", q, err)
	}
	return out
}

func readRows(ctx context.Context, c *sql.Conn, q string, args ...any) ([][]string, error) {
	rs, err := c.QueryContext(ctx, q, args...)
	if err != nil {
		return nil, err
	}
	defer rs.Close()
	names, err := rs.Columns()
	if err != nil {
		return nil, err
	}
	var out [][]string
	for rs.Next() {
		cells, targets := make([]sql.NullString, len(names)), make([]any, len(names))
		for i := range cells {
			targets[i] = &cells[i]
		}
		if err := rs.Scan(targets...); err != nil {
			return nil, err
		}
		row := make([]string, len(names))
		for i, v := range cells {
			if row[i] = v.String; !v.Valid {
				row[i] = "NULL"
			}
		}
		out = append(out, row)
	}
	return out, rs.Err()
}

// want compares a result with rows written as lines of cells joined by "|".
func want(t testing.TB, c *sql.Conn, q string, lines ...string) {
	t.Helper()
	var got []string
	for _, r := range rows(t, c, q) {
		got = append(got, join(r))
	}
	if fmt.Sprint(got) != fmt.Sprint(lines) || len(got) != len(lines) {
		t.Errorf("%s\n got %q\nwant %q", q, got, lines)
	}
}

func join(cells []string) string {
	s := ""
	for i, c := range cells {
		if i > 0 {
			s += "|"
		}
		s += c
	}
	return s
}

// fails runs a statement that must fail with the given number.
func fails(t testing.TB, c *sql.Conn, number int, q string, args ...any) *sf.SnowflakeError {
	t.Helper()
	_, err := readRows(t.Context(), c, q, args...)
	return wantError(t, err, number, q)
}

func wantError(t testing.TB, err error, number int, what string) *sf.SnowflakeError {
	t.Helper()
	var e *sf.SnowflakeError
	if !errors.As(err, &e) {
		t.Fatalf("%s: got %v, want Snowflake error %d", what, err, number)
	}
	if e.Number != number {
		t.Fatalf("%s: got error %d (%s), want %d", what, e.Number, e.Message, number)
	}
	return e
}

// parquet writes a Parquet file of a DuckDB query and returns its path.
func parquet(t testing.TB, name, query string) string {
	t.Helper()
	db, err := sql.Open("duckdb", "")
	if err != nil {
		t.Fatal(err)
	}
	defer closing(t, db.Close)
	path := filepath.Join(t.TempDir(), name)
	if _, err := db.ExecContext(t.Context(), fmt.Sprintf("SET TimeZone='UTC'; COPY (%s) TO '%s' (FORMAT parquet)", query, path)); err != nil {
		t.Fatal(err)
	}
	return path
}

// put uploads a file and returns the status column.
func put(t testing.TB, c *sql.Conn, path, location string, overwrite bool) string {
	t.Helper()
	q := fmt.Sprintf("PUT 'file://%s' %s AUTO_COMPRESS=FALSE SOURCE_COMPRESSION=NONE PARALLEL=4 OVERWRITE=%t", path, location, overwrite)
	r := rows(t, c, q)
	return r[0][6]
}
