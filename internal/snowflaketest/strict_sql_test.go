package snowflaketest

import (
	"database/sql"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	sf "github.com/snowflakedb/gosnowflake"
)

func TestStrict04_DDLCommits(t *testing.T) {
	t.Parallel()
	srv := account(t, nil)
	c := open(t, srv)
	run(t, c, `CREATE TABLE T (ID NUMBER)`)
	tx, err := c.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range []string{`INSERT INTO T VALUES (1)`, `CREATE OR REPLACE TEMPORARY TABLE X (ID NUMBER)`, `INSERT INTO T VALUES (2)`} {
		if _, err := tx.ExecContext(t.Context(), q); err != nil {
			t.Fatal(err)
		}
	}
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	// Both rows are in: the first by the DDL's commit, the second by autocommit.
	want(t, open(t, srv), `SELECT ID FROM T ORDER BY 1`, "1", "2")
	if v := srv.Violations(); len(v) != 1 || !strings.Contains(v[0], "CREATE TABLE inside a transaction") {
		t.Errorf("violations %q", v)
	}
}

func TestStrict05_FailedStatement(t *testing.T) {
	t.Parallel()
	srv := account(t, nil)
	c, other := open(t, srv), open(t, srv)
	run(t, c, `CREATE TABLE T (ID NUMBER NOT NULL)`, `CREATE TEMPORARY TABLE TMP (ID NUMBER)`, `CREATE TEMPORARY STAGE ST`,
		`BEGIN`, `INSERT INTO T VALUES (1)`)
	fails(t, c, 100072, `INSERT INTO T VALUES (NULL)`)
	fails(t, c, 1003, `nonsense`)
	fails(t, c, 100038, `SELECT 'x'::NUMBER`)
	want(t, c, `SELECT COUNT(*) FROM T`, "1")
	want(t, other, `SELECT COUNT(*) FROM T`, "0")
	run(t, c, `COMMIT`)
	want(t, other, `SELECT COUNT(*) FROM T`, "1")

	run(t, c, `BEGIN`, `DELETE FROM T`)
	put(t, c, parquet(t, "f.parquet", "SELECT 1 AS id"), "@ST/p/", true)
	if f, err := srv.StagedFiles(); err != nil || fmt.Sprint(f) != "[ST/p/f.parquet]" {
		t.Errorf("staged files %q, %v", f, err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	// The pool keeps the session; closing the pool logs out.
	want(t, other, `SELECT COUNT(*) FROM T`, "1")
}

// TestStrict05_Logout: the end of a session rolls back and drops what is temporary.
func TestStrict05_Logout(t *testing.T) {
	t.Parallel()
	srv := account(t, nil)
	t.Run("session", func(t *testing.T) {
		c := open(t, srv)
		run(t, c, `CREATE TABLE T (ID NUMBER)`, `CREATE TEMPORARY TABLE TMP (ID NUMBER)`, `CREATE TEMPORARY STAGE ST`)
		put(t, c, parquet(t, "f.parquet", "SELECT 1 AS id"), "@ST/p/", true)
		run(t, c, `BEGIN`, `INSERT INTO T VALUES (1)`)
	})
	c := open(t, srv)
	want(t, c, `SELECT COUNT(*) FROM T`, "0")
	fails(t, c, 2003, `SELECT * FROM TMP`)
	fails(t, c, 2043, `LIST @ST`)
	if f, err := srv.StagedFiles(); err != nil || len(f) != 0 {
		t.Errorf("staged files %q, %v", f, err)
	}
}

// TestStrict05_Killed: nothing tells the server that a client was killed.
func TestStrict05_Killed(t *testing.T) {
	t.Parallel()
	srv := account(t, nil)
	dead, c := open(t, srv), open(t, srv)
	run(t, dead, `CREATE TABLE T (ID NUMBER)`, `INSERT INTO T VALUES (1)`, `BEGIN`, `DELETE FROM T`)
	fails(t, c, 625, `DELETE FROM T`)
	if err := srv.EndSessions(); err != nil {
		t.Fatal(err)
	}
	fails(t, dead, 390111, `COMMIT`)
	want(t, open(t, srv), `SELECT COUNT(*) FROM T`, "1")
}

func TestStrict06_Merge(t *testing.T) {
	t.Parallel()
	srv := account(t, nil)
	c := open(t, srv)
	run(t, c, `CREATE TABLE T (ID NUMBER, S VARCHAR)`, `CREATE TEMPORARY TABLE STG (ID NUMBER, S VARCHAR)`,
		`INSERT INTO T VALUES (1, 'old')`, `INSERT INTO STG VALUES (1, 'a'), (1, 'b'), (2, 'c'), (2, 'd')`)
	merge := `MERGE INTO T USING %s s ON T.ID = s.ID WHEN MATCHED THEN UPDATE SET S = s.S WHEN NOT MATCHED THEN INSERT (ID, S) VALUES (s.ID, s.S)`
	e := fails(t, c, 100090, fmt.Sprintf(merge, "STG"))
	if e.SQLState != "42P18" {
		t.Errorf("state %s", e.SQLState)
	}
	want(t, c, `SELECT * FROM T`, "1|old")
	// Unmatched duplicates all go in.
	want(t, c, fmt.Sprintf(merge, "(SELECT * FROM STG WHERE ID = 2)"), "2|0")
	// Through Exec, the driver adds up all counts.
	run(t, c, `DELETE FROM T WHERE ID = 2`)
	res, err := c.ExecContext(t.Context(), fmt.Sprintf(merge, "(SELECT * FROM STG QUALIFY ROW_NUMBER() OVER (PARTITION BY ID ORDER BY S DESC) = 1)"))
	if err != nil {
		t.Fatal(err)
	}
	if n, err := res.RowsAffected(); n != 2 || err != nil {
		t.Errorf("rows affected %d, %v", n, err)
	}
	want(t, c, `SELECT * FROM T ORDER BY 1`, "1|b", "2|d")
}

// TestStrict08_Values: numbers, times and texts that do not fit.
func TestStrict08_Values(t *testing.T) {
	t.Parallel()
	srv := account(t, nil)
	c := open(t, srv)
	run(t, c, `CREATE TABLE T (N NUMBER, D NUMBER(10,2), S VARCHAR, Z TIMESTAMP_TZ, L TIMESTAMP_LTZ, P TIMESTAMP_NTZ)`,
		`INSERT INTO T (N, D) VALUES (1.5, 2.345), (-1.5, 2.344)`)
	want(t, c, `SELECT N, D FROM T ORDER BY N`, "-2|2.34", "2|2.35")
	run(t, c, `DELETE FROM T`)

	big16 := strings.Repeat("x", 16_777_216)
	if _, err := c.ExecContext(t.Context(), `INSERT INTO T (S) SELECT ?`, big16); err != nil {
		t.Fatal(err)
	}
	_, err := c.ExecContext(t.Context(), `INSERT INTO T (S) SELECT ?`, big16+"x")
	wantError(t, err, 100082, "16 MB and a byte")
	_, err = c.ExecContext(t.Context(), `INSERT INTO T (S) SELECT ?`, strings.Repeat("ä", 8_388_609))
	wantError(t, err, 100082, "16 MB of bytes in fewer characters")
	run(t, c, `ALTER TABLE T ADD COLUMN W VARCHAR(134217728)`, `INSERT INTO T (W) SELECT REPEAT('x', 16777217)`, `DELETE FROM T`)

	// The same instant, stored by a session in UTC and by one that forgot.
	insert := `INSERT INTO T (Z, L, P) SELECT X::TIMESTAMP_LTZ, X::TIMESTAMP_LTZ, X::TIMESTAMP_LTZ FROM (SELECT '2024-07-01T12:00:00Z' AS X)`
	run(t, c, insert)
	cfg := config(t, srv)
	delete(cfg.Params, "TIMEZONE")
	run(t, connect(t, cfg), insert)
	want(t, c, `SELECT Z::VARCHAR, Z::DATE, L::VARCHAR, P::VARCHAR FROM T ORDER BY P DESC`,
		"2024-07-01 12:00:00.000 +0000|2024-07-01T00:00:00Z|2024-07-01 12:00:00.000 +0000|2024-07-01 12:00:00.000",
		"2024-07-01 05:00:00.000 -0700|2024-07-01T00:00:00Z|2024-07-01 12:00:00.000 +0000|2024-07-01 05:00:00.000")
}

// TestTypes reads every type through the driver, in both result formats. They
// differ as they do on real accounts: JSON gives FLOAT and BOOLEAN as texts.
func TestTypes(t *testing.T) {
	t.Parallel()
	srv := account(t, nil)
	for format, exact := range map[string]map[int]any{"ARROW": {2: 0.1, 3: true}, "JSON": {2: "0.1", 3: "1"}} {
		cfg := config(t, srv)
		cfg.Params["GO_QUERY_RESULT_FORMAT"] = text(format)
		readTypes(t, connect(t, cfg), exact)
	}
}

func readTypes(t *testing.T, c *sql.Conn, exact map[int]any) {
	t.Helper()
	rs, err := c.QueryContext(sf.WithHigherPrecision(t.Context()), `SELECT 12345678901234567890123456789::NUMBER(38,0) AS N, 1.50 AS D, 0.1::FLOAT AS F, TRUE AS B, 'x' AS S, NULL AS NOTHING,
		'2024-02-29'::DATE AS DAY, '10:11:12.5'::TIME AS T, '1969-12-31 23:59:59.25'::TIMESTAMP_NTZ AS P, '2024-07-01T12:00:00.123Z'::TIMESTAMP_LTZ AS L,
		'2024-07-01T12:00:00.123+02:00'::TIMESTAMP_TZ AS Z, PARSE_JSON('{"a":[1]}') AS V, ARRAY_CONSTRUCT(1) AS A, OBJECT_CONSTRUCT('k', 'v') AS O, TO_BINARY('00FF') AS X`)
	if err != nil {
		t.Fatal(err)
	}
	defer closing(t, rs.Close)
	types, err := rs.ColumnTypes()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, ct := range types {
		names = append(names, ct.Name()+":"+ct.DatabaseTypeName())
	}
	if got, want := strings.Join(names, " "), "N:FIXED D:FIXED F:REAL B:BOOLEAN S:TEXT NOTHING:TEXT DAY:DATE T:TIME P:TIMESTAMP_NTZ L:TIMESTAMP_LTZ Z:TIMESTAMP_TZ V:VARIANT A:ARRAY O:OBJECT X:BINARY"; got != want {
		t.Errorf("types %s", got)
	}
	cells, targets := make([]any, len(types)), make([]any, len(types))
	for i := range cells {
		targets[i] = &cells[i]
	}
	if !rs.Next() {
		t.Fatal(rs.Err())
	}
	if err := rs.Scan(targets...); err != nil {
		t.Fatal(err)
	}
	for i, want := range exact {
		if cells[i] != want {
			t.Errorf("%s = %#v, want %#v", names[i], cells[i], want)
		}
	}
	if n, ok := cells[0].(*big.Int); ok && n.String() != "12345678901234567890123456789" {
		t.Errorf("NUMBER %v", cells[0])
	}
	at := time.Date(2024, 7, 1, 12, 0, 0, 123e6, time.UTC)
	for i, want := range map[int]any{4: "x", 5: nil, 6: time.Date(2024, 2, 29, 0, 0, 0, 0, time.UTC),
		8: time.Date(1969, 12, 31, 23, 59, 59, 25e7, time.UTC), 11: "{\n  \"a\": [\n    1\n  ]\n}", 12: "[\n  1\n]", 13: "{\n  \"k\": \"v\"\n}"} {
		if w, ok := want.(time.Time); ok {
			if g, ok := cells[i].(time.Time); !ok || !g.Equal(w) {
				t.Errorf("%s = %v, want %v", names[i], cells[i], want)
			}
		} else if cells[i] != want {
			t.Errorf("%s = %#v, want %#v", names[i], cells[i], want)
		}
	}
	if l, ok := cells[9].(time.Time); !ok || !l.Equal(at) {
		t.Errorf("TIMESTAMP_LTZ %v", cells[9])
	}
	z, ok := cells[10].(time.Time)
	if _, offset := z.Zone(); !ok || !z.Equal(at.Add(-2*time.Hour)) || offset != 7200 {
		t.Errorf("TIMESTAMP_TZ %v", cells[10])
	}
	if x, ok := cells[14].([]byte); !ok || fmt.Sprintf("%x", x) != "00ff" {
		t.Errorf("BINARY %v", cells[14])
	}
	if rs.Next() {
		t.Error("more than one row")
	}
}

// TestBinds sends every type to the server.
func TestBinds(t *testing.T) {
	t.Parallel()
	c := open(t, account(t, nil))
	at := time.Date(2024, 7, 1, 12, 0, 0, 123e6, time.FixedZone("", 7200))
	got := rows(t, c, `SELECT ?, ? + 1, ?, ?, ?::VARCHAR, ?::VARCHAR`, "it's", int64(41), true, nil, at, sf.DataTypeTimestampTz, at)
	if s := join(got[0]); s != "it's|42|true|NULL|2024-07-01 10:00:00.123|2024-07-01 12:00:00.123 +0200" {
		t.Errorf("binds came back as %s", s)
	}
	if _, err := c.ExecContext(t.Context(), `SELECT ?`, sf.Array(&[]string{"a", "b"})); err == nil {
		t.Error("array binds passed")
	}
}
