package snowflaketest

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
)

const parquetFormat = ` FILE_FORMAT=(TYPE=PARQUET USE_LOGICAL_TYPE=TRUE BINARY_AS_TEXT=FALSE)`
const matching = parquetFormat + ` MATCH_BY_COLUMN_NAME=CASE_INSENSITIVE`

func TestStrict07_Copy(t *testing.T) {
	t.Parallel()
	c := open(t, account(t, nil))
	run(t, c, `CREATE STAGE S`, `CREATE TABLE T (ID NUMBER(38,0), RAW VARIANT, TEXT VARCHAR)`, `CREATE TABLE U (ID NUMBER(38,0))`)
	stage := func(name, query string) {
		t.Helper()
		if got := put(t, c, parquet(t, name, query), "@S/run1/", true); got != "UPLOADED" {
			t.Fatalf("PUT: %s", got)
		}
	}
	stage("a.parquet", `SELECT 1::BIGINT AS id, '{"k":1}' AS "Raw", 'x' AS other`)

	// JSON text in a VARIANT is a string; columns that the file lacks are NULL.
	want(t, c, `COPY INTO T FROM @S/run1/ FILES=('a.parquet')`+matching, "s/run1/a.parquet|LOADED|1|1|1|0|NULL|NULL|NULL|NULL")
	want(t, c, `SELECT ID, TYPEOF(RAW), RAW:k, PARSE_JSON(RAW::VARCHAR):k, TEXT FROM T`, `1|VARCHAR|NULL|1|NULL`)

	// The same file again is not loaded, neither by name nor by prefix; another
	// table has load metadata of its own; FORCE loads anyway.
	want(t, c, `COPY INTO T FROM @S/run1/ FILES=('a.parquet')`+matching, "Copy executed with 0 files processed.")
	want(t, c, `COPY INTO T FROM @S/run1/`+matching, "Copy executed with 0 files processed.")
	want(t, c, `COPY INTO U FROM @S/run1/`+matching, "s/run1/a.parquet|LOADED|1|1|1|0|NULL|NULL|NULL|NULL")
	want(t, c, `COPY INTO U FROM @S/run1/`+matching+` FORCE=TRUE`, "s/run1/a.parquet|LOADED|1|1|1|0|NULL|NULL|NULL|NULL")

	// The same name with other content is loaded again: duplicates.
	stage("a.parquet", `SELECT 1::BIGINT AS id, '{"k":2}' AS "Raw"`)
	want(t, c, `COPY INTO T FROM @S/run1/`+matching, "s/run1/a.parquet|LOADED|1|1|1|0|NULL|NULL|NULL|NULL")
	want(t, c, `SELECT COUNT(*) FROM T WHERE ID = 1`, "2")

	// TRUNCATE and CREATE OR REPLACE forget.
	run(t, c, `TRUNCATE TABLE T`)
	want(t, c, `COPY INTO T FROM @S/run1/`+matching, "s/run1/a.parquet|LOADED|1|1|1|0|NULL|NULL|NULL|NULL")

	// No column matches: rows of NULL, no error.
	run(t, c, `CREATE OR REPLACE TABLE U (NOTHING VARCHAR)`)
	want(t, c, `COPY INTO U FROM @S/run1/`+matching, "s/run1/a.parquet|LOADED|1|1|1|0|NULL|NULL|NULL|NULL")
	want(t, c, `SELECT * FROM U`, "NULL")
	// Case counts with CASE_SENSITIVE.
	run(t, c, `CREATE OR REPLACE TABLE U (ID NUMBER, "Raw" VARCHAR)`)
	rows(t, c, `COPY INTO U FROM @S/run1/`+parquetFormat+` MATCH_BY_COLUMN_NAME=CASE_SENSITIVE`)
	want(t, c, `SELECT * FROM U`, `NULL|{"k":2}`)

	// A prefix is a string: run1 covers run10.
	put(t, c, parquet(t, "b.parquet", `SELECT 7::BIGINT AS id`), "@S/run10/", true)
	run(t, c, `CREATE OR REPLACE TABLE U (ID NUMBER)`)
	if n := len(rows(t, c, `COPY INTO U FROM @S/run1`+matching)); n != 2 {
		t.Errorf("prefix run1 loaded %d files, want 2", n)
	}
	want(t, c, `LIST @S/run1/ PATTERN='.*[.]csv'`)

	fails(t, c, 91016, `COPY INTO T FROM @S/run1/ FILES=('nope.parquet')`+matching)
	fails(t, c, 2019, `COPY INTO T FROM @S/run1/`+parquetFormat)
	fails(t, c, 1003, `COPY INTO T FROM @S/run1/ FILE_FORMAT=(TYPE=CSV)`)
	fails(t, c, 2019, `COPY INTO T FROM (SELECT $1:id, $1, $1:x FROM @S/run1/)`+matching)
	fails(t, c, 1041, `COPY INTO T FROM (SELECT $1:id FROM @S/run1/ WHERE $1:id > 1)`+parquetFormat)
}

// TestStrict07_CopyNullIf: a text \N is NULL unless NULL_IF says otherwise.
func TestStrict07_CopyNullIf(t *testing.T) {
	t.Parallel()
	c := open(t, account(t, nil))
	run(t, c, `CREATE STAGE S`)
	put(t, c, parquet(t, "a.parquet", `SELECT * FROM (VALUES ('\N'), (''), ('x')) v(s)`), "@S/p/", true)
	for option, lines := range map[string][]string{
		"": {"NULL", "", "x"}, "NULL_IF=()": {`\N`, "", "x"}, "NULL_IF=('', 'x')": {`\N`, "NULL", "NULL"},
	} {
		run(t, c, `CREATE OR REPLACE TABLE T (S VARCHAR)`)
		rows(t, c, `COPY INTO T FROM @S/p/ FILE_FORMAT=(TYPE=PARQUET `+option+`) MATCH_BY_COLUMN_NAME=CASE_INSENSITIVE`)
		want(t, c, `SELECT S FROM T`, lines...)
	}
}

// TestStrict07_CopyTransaction: rows and load metadata come and go together.
func TestStrict07_CopyTransaction(t *testing.T) {
	t.Parallel()
	c := open(t, account(t, nil))
	run(t, c, `CREATE STAGE S`, `CREATE TABLE T (ID NUMBER(38,0))`)
	put(t, c, parquet(t, "a.parquet", `SELECT range AS id FROM range(3)`), "@S/p/", true)
	load := `COPY INTO T FROM @S/p/` + matching
	run(t, c, `BEGIN`)
	rows(t, c, load)
	want(t, c, load, "Copy executed with 0 files processed.")
	run(t, c, `ROLLBACK`)
	want(t, c, `SELECT COUNT(*) FROM T`, "0")
	run(t, c, `BEGIN`)
	rows(t, c, load)
	run(t, c, `COMMIT`)
	want(t, c, load+` PURGE=TRUE`, "Copy executed with 0 files processed.")
	want(t, c, `SELECT COUNT(*) FROM T`, "3")
	want(t, c, load+` PURGE=TRUE FORCE=TRUE`, "s/p/a.parquet|LOADED|3|3|1|0|NULL|NULL|NULL|NULL")
	want(t, c, `LIST @S`)
}

// TestStrict07_CopyErrors: what ON_ERROR does with rows that do not fit.
func TestStrict07_CopyErrors(t *testing.T) {
	t.Parallel()
	c := open(t, account(t, nil))
	run(t, c, `CREATE STAGE S`)
	put(t, c, parquet(t, "good.parquet", `SELECT 'g' AS s`), "@S/p/", true)
	put(t, c, parquet(t, "mixed.parquet", `SELECT CASE range WHEN 5 THEN 'too long' ELSE 'x' END AS s FROM range(10)`), "@S/p/", true)
	for _, tc := range []struct {
		onError string
		number  int
		lines   []string
		count   string
	}{
		{"ABORT_STATEMENT", 100078, nil, "0"},
		{"SKIP_FILE", 0, []string{"s/p/good.parquet|LOADED|1|1|1|0|NULL|NULL|NULL|NULL",
			"s/p/mixed.parquet|LOAD_FAILED|10|0|1|1|String 'too long' is too long and would be truncated|0|NULL|NULL"}, "1"},
		{"CONTINUE", 0, []string{"s/p/good.parquet|LOADED|1|1|1|0|NULL|NULL|NULL|NULL",
			"s/p/mixed.parquet|PARTIALLY_LOADED|10|9|1|1|String 'too long' is too long and would be truncated|6|NULL|NULL"}, "10"},
	} {
		run(t, c, `CREATE OR REPLACE TABLE T (S VARCHAR(3))`)
		q := `COPY INTO T FROM @S/p/` + matching + ` ON_ERROR=` + tc.onError
		if tc.number != 0 {
			fails(t, c, tc.number, q)
		} else {
			want(t, c, q, tc.lines...)
		}
		want(t, c, `SELECT COUNT(*) FROM T`, tc.count)
	}
	run(t, c, `CREATE OR REPLACE TABLE T (S VARCHAR NOT NULL, X VARCHAR NOT NULL)`)
	fails(t, c, 100072, `COPY INTO T FROM @S/p/`+matching)
	// Names that differ by case only are an error when case does not count.
	put(t, c, ambiguousParquet(t), "@S/q/", true)
	run(t, c, `CREATE OR REPLACE TABLE T ("Id" NUMBER)`)
	fails(t, c, 100098, `COPY INTO T FROM @S/q/`+matching)
	rows(t, c, `COPY INTO T FROM @S/q/`+parquetFormat+` MATCH_BY_COLUMN_NAME=CASE_SENSITIVE`)
	want(t, c, `SELECT * FROM T`, "2")
}

// ambiguousParquet has the columns ID = 1 and Id = 2, which DuckDB cannot write.
func ambiguousParquet(t *testing.T) string {
	t.Helper()
	schema := arrow.NewSchema([]arrow.Field{{Name: "ID", Type: arrow.PrimitiveTypes.Int64}, {Name: "Id", Type: arrow.PrimitiveTypes.Int64}}, nil)
	b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	defer b.Release()
	for i := range 2 {
		b.Field(i).(*array.Int64Builder).Append(int64(i + 1))
	}
	record := b.NewRecordBatch()
	defer record.Release()
	path := filepath.Join(t.TempDir(), "ambiguous.parquet")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	w, err := pqarrow.NewFileWriter(schema, f, nil, pqarrow.DefaultWriterProps())
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.Write(record), w.Close()); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestStrict07_Transformation loads through a SELECT.
func TestStrict07_Transformation(t *testing.T) {
	t.Parallel()
	c := open(t, account(t, nil))
	run(t, c, `CREATE STAGE S`, `CREATE TABLE T (ID NUMBER(38,0), RAW VARIANT, F VARCHAR, N NUMBER, WHOLE VARIANT)`)
	put(t, c, parquet(t, "a.parquet", `SELECT 5::BIGINT AS "Id", '{"k":[1]}' AS raw, ['a','b'] AS list`), "@S/p/", true)
	rows(t, c, `COPY INTO T (ID, RAW, F, N, WHOLE) FROM (SELECT $1:Id::NUMBER, PARSE_JSON($1:raw::VARCHAR), METADATA$FILENAME, METADATA$FILE_ROW_NUMBER, $1 FROM @S/p/)`+parquetFormat)
	want(t, c, `SELECT ID, RAW:k[0], F, N, WHOLE:list[1]::VARCHAR, TYPEOF(WHOLE:raw) FROM T`, "5|1|p/a.parquet|1|b|VARCHAR")
	// Names are exact in a transformation.
	rows(t, c, `COPY INTO T (ID) FROM (SELECT $1:ID::NUMBER FROM @S/p/)`+parquetFormat+` FORCE=TRUE`)
	want(t, c, `SELECT COUNT(*) FROM T WHERE ID IS NULL`, "1")
	// One semi-structured column takes the file whole.
	run(t, c, `CREATE TABLE V (X VARIANT)`)
	rows(t, c, `COPY INTO V FROM @S/p/`+parquetFormat)
	want(t, c, `SELECT X:Id::NUMBER, TYPEOF(X) FROM V`, "5|OBJECT")
	run(t, c, `CREATE TABLE W (LIST ARRAY, F VARCHAR)`)
	rows(t, c, `COPY INTO W FROM @S/p/`+matching+` INCLUDE_METADATA=(F=METADATA$FILENAME)`)
	want(t, c, `SELECT LIST[0]::VARCHAR, F FROM W`, "a|p/a.parquet")
}

// TestStrict08_Parquet: types on their way from a file into a table.
func TestStrict08_Parquet(t *testing.T) {
	t.Parallel()
	srv := account(t, nil)
	file := parquet(t, "t.parquet", `SELECT TIMESTAMPTZ '2024-07-01 12:00:00.123+00' AS z, TIMESTAMPTZ '2024-07-01 12:00:00.123+00' AS p,
		1.255::DECIMAL(10,3) AS d, 2.5::DOUBLE AS f, 2.5::DOUBLE AS n, DATE '2024-02-29' AS day, TRUE AS b, 'x'::BLOB AS bin, 7::INTEGER AS i`)
	load := func(zone, format string) string {
		cfg := config(t, srv)
		cfg.Params["TIMEZONE"] = text(zone)
		c := connect(t, cfg)
		run(t, c, `CREATE TEMPORARY STAGE S`, `CREATE TEMPORARY TABLE T (Z TIMESTAMP_TZ, P TIMESTAMP_NTZ, D NUMBER(10,2), F FLOAT, N NUMBER, DAY DATE, B BOOLEAN, BIN BINARY, I NUMBER(38,0))`)
		put(t, c, file, "@S/p/", true)
		rows(t, c, `COPY INTO T FROM @S/p/ FILE_FORMAT=(TYPE=PARQUET `+format+`) MATCH_BY_COLUMN_NAME=CASE_INSENSITIVE`)
		return join(rows(t, c, `SELECT Z::VARCHAR, P::VARCHAR, D, F, N, DAY::VARCHAR, B, BIN::VARCHAR, I FROM T`)[0])
	}
	right := "USE_LOGICAL_TYPE=TRUE BINARY_AS_TEXT=FALSE"
	rest := "|1.26|2.5|3|2024-02-29|true|78|7"
	for _, tc := range []struct{ zone, format, want string }{
		{"UTC", right, "2024-07-01 12:00:00.123 +0000|2024-07-01 12:00:00.123"},
		// The session's zone shows in TIMESTAMP_TZ and moves TIMESTAMP_NTZ.
		{"America/Los_Angeles", right, "2024-07-01 05:00:00.123 -0700|2024-07-01 05:00:00.123"},
		// Without logical types a UTC timestamp is a wall clock: another instant.
		{"America/Los_Angeles", "BINARY_AS_TEXT=FALSE", "2024-07-01 12:00:00.123 -0700|2024-07-01 12:00:00.123"},
	} {
		if got := load(tc.zone, tc.format); got != tc.want+rest {
			t.Errorf("%s, %s:\n got %s\nwant %s", tc.zone, tc.format, got, tc.want+rest)
		}
	}
}

func TestStrict09_Put(t *testing.T) {
	t.Parallel()
	for _, storage := range []string{"", "S3", "GCS"} {
		t.Run("storage "+storage, func(t *testing.T) {
			t.Parallel()
			srv := account(t, func(o *Options) { o.Storage = storage })
			c := open(t, srv)
			run(t, c, `CREATE STAGE S`, `CREATE STAGE OTHER`, `CREATE TABLE T (ID NUMBER(38,0))`)
			file := parquet(t, "f.parquet", `SELECT range AS id FROM range(1000)`)
			info, err := os.Stat(file)
			if err != nil {
				t.Fatal(err)
			}
			if got := put(t, c, file, `@"S"/run1/`, false); got != "UPLOADED" {
				t.Errorf("first PUT: %s", got)
			}
			if got := put(t, c, file, `@RAW.JIRA.S/run1/`, false); got != "SKIPPED" {
				t.Errorf("second PUT: %s", got)
			}
			if got := put(t, c, file, `@S/run1/`, true); got != "UPLOADED" {
				t.Errorf("third PUT: %s", got)
			}
			list := rows(t, c, `LIST @S`)
			// Client-side encryption pads to whole blocks.
			size := info.Size()
			if storage != "" {
				size += 16 - size%16
			}
			if len(list) != 1 || list[0][0] != "s/run1/f.parquet" || list[0][1] != fmt.Sprint(size) {
				t.Errorf("LIST %q, want one file of %d bytes", list, size)
			}
			want(t, c, `LIST @OTHER`)

			// A shorter file leaves no tail of the longer one.
			short := parquet(t, "f.parquet", `SELECT 1::BIGINT AS id`)
			put(t, c, short, `@S/run1/`, true)
			want(t, c, `COPY INTO T FROM @S/run1/`+matching, "s/run1/f.parquet|LOADED|1|1|1|0|NULL|NULL|NULL|NULL")

			// An upload that lost its end.
			keep := int64(64)
			srv.Fault(once("PUT", BeforeExecution, Fault{LosePutBytes: &keep}))
			if got := put(t, c, file, `@S/run2/`, true); got != "UPLOADED" {
				t.Errorf("short PUT: %s", got)
			}
			if got := rows(t, c, `LIST @S/run2/`)[0][1]; got != "64" {
				t.Errorf("LIST shows %s bytes, want 64", got)
			}
			e := fails(t, c, 100080, `COPY INTO T FROM @S/run2/`+matching)
			if !strings.Contains(e.Message, "s/run2/f.parquet") {
				t.Errorf("message %q does not name the file", e.Message)
			}
			want(t, c, `REMOVE @S/run`, "s/run1/f.parquet|removed", "s/run2/f.parquet|removed")
			if f, err := srv.StagedFiles(); err != nil || len(f) != 0 {
				t.Errorf("staged files %q, %v", f, err)
			}
		})
	}
}
