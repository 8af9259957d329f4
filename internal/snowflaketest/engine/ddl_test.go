package engine

import (
	"errors"
	"strings"
	"testing"
)

func TestDDL(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	c := e.client(t)
	c.want(`CREATE TRANSIENT TABLE IF NOT EXISTS "Odd name" ("A b" NUMBER(10,2) NOT NULL COMMENT 'it''s a', "c" VARCHAR(20), D TIMESTAMP_TZ) COMMENT = 'first'`,
		"Table Odd name successfully created.")
	c.want(`CREATE TABLE IF NOT EXISTS "Odd name" (X NUMBER)`, "Odd name already exists, statement succeeded.")
	c.run(`ALTER TABLE "Odd name" ADD COLUMN IF NOT EXISTS E VARIANT, IF NOT EXISTS F DATE COMMENT 'due'`, `ALTER TABLE "Odd name" ADD COLUMN IF NOT EXISTS E VARIANT`,
		`COMMENT ON TABLE "Odd name" IS 'second'`, `COMMENT ON COLUMN RAW.JIRA."Odd name"."c" IS 'small'`, `ALTER TABLE "Odd name" ALTER COLUMN "c" SET DATA TYPE VARCHAR(30)`,
		`ALTER TABLE IF EXISTS NOPE SET COMMENT = 'x'`, `COMMENT IF EXISTS ON TABLE NOPE IS 'x'`)
	c.want(`DESCRIBE TABLE "Odd name"`,
		"A b|NUMBER(10,2)|COLUMN|N|NULL|N|N|NULL|NULL|it's a|NULL|NULL", "c|VARCHAR(30)|COLUMN|Y|NULL|N|N|NULL|NULL|small|NULL|NULL",
		"D|TIMESTAMP_TZ(9)|COLUMN|Y|NULL|N|N|NULL|NULL||NULL|NULL", "E|VARIANT|COLUMN|Y|NULL|N|N|NULL|NULL||NULL|NULL",
		"F|DATE|COLUMN|Y|NULL|N|N|NULL|NULL|due|NULL|NULL")
	c.run(`INSERT INTO "Odd name" ("A b", "c") VALUES (1, 'x')`, `CREATE TEMPORARY TABLE TMP LIKE "Odd name"`, `CREATE TABLE COPIED AS SELECT "A b" + 1 AS N FROM "Odd name"`,
		`CREATE OR REPLACE TABLE COPIED AS SELECT "A b" + 2 AS N FROM "Odd name"`)
	c.want(`SELECT N FROM COPIED`, "3.00")
	c.run(`ALTER TABLE COPIED ADD COLUMN M NUMBER`, `ALTER TABLE COPIED DROP COLUMN N`)
	c.want(`SELECT * FROM COPIED`, "NULL")
	c.fails(`ALTER TABLE "Odd name" ADD COLUMN G NUMBER NOT NULL`, "002055")
	c.run(`TRUNCATE TABLE "Odd name"`, `ALTER TABLE "Odd name" ADD COLUMN G NUMBER NOT NULL`, `DROP TABLE IF EXISTS NOPE`, `DROP TABLE COPIED`, `DROP VIEW IF EXISTS NOPE`)

	// A temporary table hides a permanent one of its name until it is dropped.
	c.run(`CREATE TABLE P (X NUMBER)`, `INSERT INTO P VALUES (1)`, `CREATE TEMPORARY TABLE P (X NUMBER)`)
	c.want(`SELECT COUNT(*) FROM P`, "0")
	e.client(t).want(`SELECT COUNT(*) FROM P`, "1")
	c.run(`DROP TABLE P`)
	c.want(`SELECT COUNT(*) FROM P`, "1")
}

func TestShow(t *testing.T) {
	t.Parallel()
	c := newEngine(t).client(t)
	c.run(`CREATE TABLE "_SNOWDRIFT_STATE" (X NUMBER(38,0) NOT NULL COMMENT 'an x') COMMENT = '{"hint":1}'`, `CREATE TABLE AXSNOWDRIFT (Y VARCHAR)`,
		`INSERT INTO "_SNOWDRIFT_STATE" VALUES (1), (2)`, `CREATE TEMPORARY STAGE "S" COMMENT = 'files'`, `CREATE VIEW V AS SELECT X FROM "_SNOWDRIFT_STATE"`)
	cells := func(q string, columns ...string) string {
		res, err := c.do(q)
		if err != nil {
			t.Fatalf("%s\n%v", q, err)
		}
		if res.Warehouse {
			t.Errorf("%s needed a warehouse", q)
		}
		var lines []string
		for _, row := range res.Rows {
			var line []string
			for _, name := range columns {
				for i, col := range res.Columns {
					if col.Name == name {
						line = append(line, *row[i])
					}
				}
			}
			lines = append(lines, strings.Join(line, "|"))
		}
		return strings.Join(lines, ", ")
	}
	for _, tc := range []struct {
		query   string
		columns []string
		want    string
	}{
		{`SHOW TABLES LIKE '\\_snowdrift\\_%' IN SCHEMA RAW.JIRA`, []string{"name", "rows", "comment", "kind"}, `_SNOWDRIFT_STATE|2|{"hint":1}|TABLE`},
		{`SHOW TABLES LIKE '_snowdrift%'`, []string{"name"}, `_SNOWDRIFT_STATE`},
		{`SHOW TERSE TABLES IN ACCOUNT`, []string{"database_name", "schema_name", "name"}, `RAW|JIRA|AXSNOWDRIFT, RAW|JIRA|_SNOWDRIFT_STATE`},
		{`SHOW TABLES STARTS WITH 'AX' LIMIT 5`, []string{"name"}, `AXSNOWDRIFT`},
		{`SHOW COLUMNS IN TABLE "_SNOWDRIFT_STATE"`, []string{"column_name", "data_type", "null?", "comment"}, `X|{"nullable":false,"precision":38,"scale":0,"type":"FIXED"}|false|an x`},
		{`SHOW COLUMNS LIKE 'y' IN SCHEMA`, []string{"table_name", "column_name"}, `AXSNOWDRIFT|Y`},
		{`SHOW STAGES`, []string{"name", "type", "comment"}, `S|INTERNAL TEMPORARY|files`},
		{`SHOW VIEWS`, []string{"name", "text"}, `V|SELECT X FROM "_SNOWDRIFT_STATE"`},
		{`SHOW SCHEMAS`, []string{"name", "is_current"}, `JIRA|Y`},
		{`SHOW DATABASES`, []string{"name"}, `RAW`},
		{`SHOW PARAMETERS LIKE 'timezone' IN SESSION`, []string{"key", "value", "default"}, `TIMEZONE|UTC|America/Los_Angeles`},
		{`SHOW WAREHOUSES`, []string{"name"}, `LOAD_WH`},
	} {
		if got := cells(tc.query, tc.columns...); got != tc.want {
			t.Errorf("%s\n got %s\nwant %s", tc.query, got, tc.want)
		}
	}
}

// Whoever comes second finds the table there: many sessions may make the same
// tables at once.
func TestCreateAtOnce(t *testing.T) {
	e := newEngine(t)
	errs := make(chan error)
	const sessions = 8
	for range sessions {
		s := e.client(t)
		go func() {
			var err error
			for _, name := range []string{"a", "b", "c"} {
				_, ran := s.do("CREATE TABLE IF NOT EXISTS " + name + " (x INT)")
				err = errors.Join(err, ran)
			}
			errs <- err
		}()
	}
	for range sessions {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
}
