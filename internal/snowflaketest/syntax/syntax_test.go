package syntax

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"snowdrift/internal/snowflaketest/sferr"
)

func TestKinds(t *testing.T) {
	t.Parallel()
	for sql, want := range map[string]string{
		`select 1`: "SELECT",
		`WITH a AS (SELECT 1) (SELECT * FROM a) ORDER BY 1;`:                               "SELECT",
		`/* hint */ INSERT INTO t (a) SELECT 1 -- end`:                                     "INSERT",
		`UPDATE t SET a = 1 FROM s WHERE t.i = s.i`:                                        "UPDATE",
		`DELETE FROM t USING s WHERE t.i = s.i`:                                            "DELETE",
		`MERGE INTO t USING s ON t.i = s.i WHEN MATCHED THEN DELETE`:                       "MERGE",
		`COPY INTO t FROM '@s/a b/' PATTERN='.*' FILE_FORMAT=(TYPE=PARQUET), FORCE = TRUE`: "",
		`COPY INTO t FROM '@s/a b/' PATTERN='.*' FILE_FORMAT=(TYPE=PARQUET) FORCE = TRUE`:  "COPY",
		`CREATE OR REPLACE LOCAL TEMP TABLE t (a INT)`:                                     "CREATE TABLE",
		`create view v (a comment 'x', b) comment='c' as select 1, 2`:                      "CREATE VIEW",
		`CREATE TEMPORARY STAGE IF NOT EXISTS s`:                                           "CREATE STAGE",
		`CREATE SCHEMA IF NOT EXISTS a.b`:                                                  "CREATE SCHEMA",
		`ALTER TABLE t ADD COLUMN IF NOT EXISTS a INT, b VARCHAR(3) COMMENT 'x'`:           "ALTER TABLE",
		`ALTER SESSION SET A = 1 B = 'x', C = TRUE`:                                        "ALTER SESSION",
		`COMMENT IF EXISTS ON COLUMN a.b.c.d IS 'x'`:                                       "COMMENT",
		`DROP STAGE IF EXISTS s`:                                                           "DROP STAGE",
		`TRUNCATE TABLE IF EXISTS t`:                                                       "TRUNCATE",
		`USE SCHEMA a.b`:                                                                   "USE",
		`SHOW TERSE TABLES LIKE 'x' IN DATABASE d STARTS WITH 'y' LIMIT 3`:                 "SHOW",
		`DESC TABLE t`:                         "DESCRIBE",
		`LS @"A"."B"."c d"/x/y.z PATTERN='.*'`: "LIST",
		`RM @s/x/`:                             "REMOVE",
		`PUT 'file:///a/b.parquet' @s/x/ AUTO_COMPRESS=FALSE PARALLEL=8 SOURCE_COMPRESSION=NONE OVERWRITE=TRUE`: "PUT",
		`START TRANSACTION`: "BEGIN",
		`COMMIT WORK`:       "COMMIT",
		`ROLLBACK`:          "ROLLBACK",
	} {
		st, err := Parse(sql)
		switch {
		case want == "" && err == nil:
			t.Errorf("%s: parsed, want an error", sql)
		case want == "":
		case err != nil:
			t.Errorf("%s: %v", sql, err)
		case st.Kind() != want:
			t.Errorf("%s: kind %s, want %s", sql, st.Kind(), want)
		}
	}
}

func TestTrees(t *testing.T) {
	t.Parallel()
	for sql, want := range map[string]Expr{
		`1 + 2 * -3`:       &Binary{"+", &Number{"1"}, &Binary{"*", &Number{"2"}, &Number{"-3"}}},
		`a OR b AND NOT c`: &Binary{"OR", col("A", 7), &Binary{"AND", col("B", 12), &Unary{"NOT", col("C", 22)}}},
		`"a".b:k."L m"[0]['n']::INT`: &Cast{X: &Path{X: &Column{Name: Name{"a", "B"}, Pos: 7},
			Steps: []Step{{Key: "k"}, {Key: "L m"}, {Index: &Number{"0"}}, {Key: "n"}}}, Type: TypeName{Name: "INT"}},
		`x IN (1, 2) = FALSE`:         &Binary{"=", &In{X: col("X", 7), List: []Expr{&Number{"1"}, &Number{"2"}}}, &Bool{false}},
		`x NOT BETWEEN 1 AND 2 + 3`:   &Between{X: col("X", 7), Low: &Number{"1"}, High: &Binary{"+", &Number{"2"}, &Number{"3"}}, Not: true},
		`DATE '2024-01-01'`:           &Cast{X: &String{"2024-01-01"}, Type: TypeName{Name: "DATE"}},
		`?::NUMBER(38, 0)`:            &Cast{X: &Bind{1}, Type: TypeName{Name: "NUMBER", Args: []int{38, 0}}},
		`LEFT(x, 1)`:                  &Call{Name: "LEFT", Args: []Expr{col("X", 12), &Number{"1"}}},
		`EXTRACT(YEAR FROM x)`:        &Call{Name: "DATE_PART", Args: []Expr{&String{"YEAR"}, col("X", 25)}},
		`'a''b\'c\\d\u0041\x42'`:      &String{`a'b'c\dAB`},
		`x IS NOT DISTINCT FROM NULL`: &Distinct{L: col("X", 7), R: &Null{}, Not: true},
		`SUM(x) OVER (PARTITION BY y ORDER BY z DESC ROWS 1 PRECEDING)`: &Call{Name: "SUM", Args: []Expr{col("X", 11)},
			Over: &Window{Partition: []Expr{col("Y", 33)}, Order: []Order{{X: col("Z", 44), Desc: true, NullsFirst: true}}, Frame: &Frame{"ROWS", "1 PRECEDING", "CURRENT ROW"}}},
	} {
		st, err := Parse("SELECT " + sql)
		if err != nil {
			t.Errorf("%s: %v", sql, err)
			continue
		}
		got := st.(*SelectStatement).Query.Body.(*Select).Items[0].X
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s\n got %#v\nwant %#v", sql, got, want)
		}
	}
}

func col(name string, pos int) *Column { return &Column{Name: Name{name}, Pos: pos} }

func TestLocations(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Location{
		`@s`:                     {Name{"S"}, ""},
		`@s/run1/`:               {Name{"S"}, "run1/"},
		`@"s x"/Run1/f.parquet`:  {Name{"s x"}, "Run1/f.parquet"},
		`@db.sc."St"/x`:          {Name{"DB", "SC", "St"}, "x"},
		`'@"D"."S"."T"/a b/c,d'`: {Name{"D", "S", "T"}, "a b/c,d"},
	} {
		st, err := Parse("LIST " + text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
		} else if got := st.(*List).Location; !reflect.DeepEqual(got, want) {
			t.Errorf("%s = %#v, want %#v", text, got, want)
		}
	}
	for _, text := range []string{`@~/x`, `@%t`, `@`, `@a.b.c.d`, `@"a`, `@a."b"x`} {
		if st, err := Parse("LIST " + text); err == nil {
			t.Errorf("%s parsed as %#v", text, st)
		}
	}
}

func TestSyntaxErrors(t *testing.T) {
	t.Parallel()
	for sql, want := range map[string]string{
		"SELECT 1 +":                     "syntax error line 1 at position 10 unexpected '<EOF>'.",
		"SELECT\n  FROM t":               "syntax error line 2 at position 2 unexpected 'FROM'.",
		"SELECT 'a":                      "syntax error line 1 at position 7 unterminated string literal.",
		"SELECT 1 /* x":                  "syntax error line 1 at position 9 unterminated comment.",
		"SELECT \"\"":                    "syntax error line 1 at position 7 unterminated or empty quoted identifier.",
		"SELECT 1 ~ 2":                   "syntax error line 1 at position 9 unexpected \"~\".",
		"CREATE TABLE t":                 "syntax error line 1 at position 14 unexpected '<EOF>'.",
		"DELETE t":                       "syntax error line 1 at position 7 unexpected 't'.",
		"GRANT ROLE a TO b":              "unsupported by snowflaketest: statement GRANT",
		"PUT 'x' @s":                     `unsupported by snowflaketest: PUT of "x"; write 'file:///absolute/path'`,
		"SELECT [1]":                     "unsupported by snowflaketest: array and object literals; use ARRAY_CONSTRUCT, OBJECT_CONSTRUCT",
		"SELECT * FROM a NATURAL JOIN b": "unsupported by snowflaketest: NATURAL JOIN",
		"SELECT " + strings.Repeat("(", 500) + "1":     "unsupported by snowflaketest: nesting deeper than 400",
		"COPY INTO t FROM @s FILE_FORMAT=(TYPE=CSV) X": "syntax error line 1 at position 44 unexpected '<EOF>'.",
	} {
		_, err := Parse(sql)
		var e *sferr.Error
		if !errors.As(err, &e) || e.Code != "001003" || !strings.HasSuffix(e.Message, "\n"+want) {
			t.Errorf("%.60s\n got %v\nwant %s", sql, err, want)
		}
	}
	if _, err := Parse("SELECT 1; SELECT 2;"); sferr.As(err).Code != "000008" {
		t.Errorf("two statements: %v", err)
	}
}

// FuzzParse: no text may crash the parser, and every error has a number.
func FuzzParse(f *testing.F) {
	for _, s := range []string{`SELECT a:b[0]::INT FROM t, LATERAL FLATTEN(INPUT => x) f QUALIFY ROW_NUMBER() OVER (ORDER BY 1) = 1`, `CREATE TABLE "t" (a NUMBER(38,0) NOT NULL COMMENT 'x')`,
		`COPY INTO t FROM (SELECT $1:a FROM @s/x/) FILE_FORMAT=(TYPE=PARQUET)`, `MERGE INTO t USING s ON TRUE WHEN NOT MATCHED THEN INSERT VALUES (1)`, `'\u12`, "$$", `@"`, "1e+", "-- "} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		st, err := Parse(s)
		var e *sferr.Error
		if err == nil && st.Kind() == "" || err != nil && !errors.As(err, &e) {
			t.Errorf("%q: %v, %v", s, st, err)
		}
	})
}
