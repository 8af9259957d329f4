package engine

import (
	"strings"
	"testing"

	"snowdrift/internal/snowflaketest/translate"
)

// TestMerge covers the clauses, their answers and nondeterminism.
func TestMerge(t *testing.T) {
	t.Parallel()
	c := newEngine(t).client(t)
	c.run(`CREATE TABLE T (ID NUMBER(38,0) NOT NULL, S VARCHAR, U TIMESTAMP_TZ, V VARIANT)`,
		`CREATE TEMPORARY TABLE S (ID NUMBER(38,0), S VARCHAR, U TIMESTAMP_TZ, V VARCHAR, GONE BOOLEAN)`,
		`INSERT INTO S VALUES (1, 'a', '2024-01-01 00:00:00 +0000', '{"k":1}', FALSE), (2, 'b', '2024-01-01 00:00:00 +0000', NULL, FALSE)`)
	merge := `MERGE INTO T t USING (SELECT ID, S, U, PARSE_JSON(V) AS V, GONE FROM S) s ON t.ID = s.ID
		WHEN MATCHED AND s.GONE THEN DELETE
		WHEN MATCHED AND s.U >= t.U AND (t.S IS DISTINCT FROM s.S OR t.V IS DISTINCT FROM s.V) THEN UPDATE SET S = s.S, V = s.V
		WHEN NOT MATCHED AND NOT s.GONE THEN INSERT (ID, S, U, V) VALUES (s.ID, s.S, s.U, s.V)`
	c.want(merge, "2|0|0")
	c.want(merge, "0|0|0")
	c.run(`DELETE FROM S`, `INSERT INTO S VALUES (1, 'a2', '2023-01-01 00:00:00 +0000', NULL, FALSE), (2, 'b', '2024-01-01 01:00:00 +0100', '{ "k" : 2 }', FALSE), (3, 'c', NULL, NULL, TRUE)`)
	c.want(merge, "0|1|0")
	c.want(`SELECT ID, S, U::VARCHAR, TO_JSON(V) FROM T ORDER BY ID`, `1|a|2024-01-01 00:00:00.000 +0000|{"k":1}`, `2|b|2024-01-01 00:00:00.000 +0000|{"k":2}`)
	c.run(`UPDATE S SET GONE = TRUE WHERE ID = 2`)
	c.want(merge, "0|0|1")

	// Two source rows for one target row.
	c.run(`DELETE FROM S`, `INSERT INTO S VALUES (1, 'x', '2025-01-01 00:00:00 +0000', NULL, FALSE), (1, 'y', '2025-01-01 00:00:00 +0000', NULL, FALSE)`)
	c.fails(merge, "100090")
	c.want(`SELECT S FROM T`, "a")
	// Only one of the two satisfies a clause: deterministic.
	c.want(`MERGE INTO T USING S ON T.ID = S.ID WHEN MATCHED AND S.S = 'x' THEN UPDATE SET S = S.S`, "1")
	// Two deletes of one row are deterministic.
	c.want(`MERGE INTO T USING S ON T.ID = S.ID WHEN MATCHED THEN DELETE`, "1")
	// Not matched: both go in, silently.
	c.want(`MERGE INTO T USING S ON T.ID = S.ID WHEN NOT MATCHED THEN INSERT (ID, S) VALUES (S.ID, S.S)`, "2")
	c.want(`SELECT COUNT(*) FROM T WHERE ID = 1`, "2")
	// NULL keys never match.
	c.run(`DELETE FROM S`, `INSERT INTO S (S) VALUES ('null key')`)
	c.fails(`MERGE INTO T USING S ON T.ID = S.ID WHEN NOT MATCHED THEN INSERT (ID, S) VALUES (S.ID, S.S)`, "100072")
	// What is not determined is taken at random when the account says so.
	c.run(`ALTER SESSION SET ERROR_ON_NONDETERMINISTIC_MERGE = FALSE`, `DELETE FROM T`, `INSERT INTO T (ID) VALUES (1)`, `DELETE FROM S`,
		`INSERT INTO S (ID, S) VALUES (1, 'x'), (1, 'y')`)
	c.want(`MERGE INTO T USING S ON T.ID = S.ID WHEN MATCHED THEN UPDATE SET S = S.S`, "1")
}

// TestMergeBinds merges a state row with bound values, as the loader does.
func TestMergeBinds(t *testing.T) {
	t.Parallel()
	c := newEngine(t).client(t)
	c.run(`CREATE TABLE "_SNOWDRIFT_STATE" ("PIPELINE" VARCHAR NOT NULL, "STATE" VARIANT, "ROWS" NUMBER(38,0), "AT" TIMESTAMP_TZ)`)
	s := func(v string) *string { return &v }
	binds := []translate.Bind{{Type: "TEXT", Value: s("jira")}, {Type: "TEXT", Value: s(`{"cursor":"it's"}`)}, {Type: "FIXED", Value: s("7")},
		{Type: "TIMESTAMP_TZ", Value: s("1704067200123456000 1500")}}
	merge := `MERGE INTO "_SNOWDRIFT_STATE" t USING (SELECT ? AS "PIPELINE", PARSE_JSON(?) AS "STATE", ? AS "ROWS", ? AS "AT") s ON t."PIPELINE" = s."PIPELINE"
		WHEN MATCHED THEN UPDATE SET "STATE" = s."STATE", "ROWS" = s."ROWS", "AT" = s."AT"
		WHEN NOT MATCHED THEN INSERT ("PIPELINE", "STATE", "ROWS", "AT") VALUES (s."PIPELINE", s."STATE", s."ROWS", s."AT")`
	for _, want := range []string{"1|0", "0|1"} {
		res, err := c.do(merge, binds...)
		if err != nil {
			t.Fatal(err)
		}
		if got := res.lines()[0]; got != want {
			t.Errorf("merge = %s, want %s", got, want)
		}
	}
	c.want(`SELECT "PIPELINE", "STATE":cursor::VARCHAR, "ROWS", "AT"::VARCHAR FROM "_SNOWDRIFT_STATE"`, "jira|it's|7|2024-01-01 01:00:00.123 +0100")
	if _, err := c.do(`SELECT ?`); err == nil {
		t.Error("a placeholder without a value passed")
	}
}

// TestChildren runs the loader's statements around the table of winners.
func TestChildren(t *testing.T) {
	t.Parallel()
	c := newEngine(t).client(t)
	c.run(
		`CREATE TABLE "ISSUES" ("ID" NUMBER(38,0) NOT NULL, "UPDATED" TIMESTAMP_TZ)`,
		`CREATE TABLE "ISSUE_COMMENTS" ("ISSUE_ID" NUMBER(38,0) NOT NULL, "BODY" VARCHAR)`,
		`CREATE OR REPLACE TEMPORARY TABLE "ISSUES_STG" ("ID" NUMBER(38,0), "UPDATED" TIMESTAMP_TZ, "_SEQ" NUMBER(38,0))`,
		`CREATE OR REPLACE TEMPORARY TABLE "ISSUE_COMMENTS_STG" ("ISSUE_ID" NUMBER(38,0), "BODY" VARCHAR, "_SEQ" NUMBER(38,0))`,
		`CREATE OR REPLACE TEMPORARY TABLE "_CHANGED" ("ID" NUMBER(38,0), "_SEQ" NUMBER(38,0))`,
		`INSERT INTO "ISSUES" VALUES (1, '2024-01-01 00:00:00Z'), (2, '2024-01-05 00:00:00Z')`,
		`INSERT INTO "ISSUE_COMMENTS" VALUES (1, 'one old'), (1, 'one gone'), (2, 'two')`,
		`INSERT INTO "ISSUES_STG" VALUES (1, '2024-01-02 00:00:00Z', 1), (1, '2024-01-03 00:00:00Z', 2), (1, '2024-01-03 00:00:00Z', 3), (2, '2024-01-04 00:00:00Z', 4), (3, NULL, 5)`,
		`INSERT INTO "ISSUE_COMMENTS_STG" VALUES (1, 'one stale', 2), (1, 'one new', 3), (2, 'two stale', 4), (3, 'three', 5)`,
		`BEGIN`)
	c.want(`INSERT INTO "_CHANGED" SELECT s."ID", s."_SEQ" FROM "ISSUES_STG" s LEFT JOIN "ISSUES" t ON t."ID" = s."ID" WHERE t."ID" IS NULL OR s."UPDATED" > t."UPDATED"
		QUALIFY ROW_NUMBER() OVER (PARTITION BY s."ID" ORDER BY s."UPDATED" DESC NULLS LAST, s."_SEQ" DESC) = 1`, "2")
	c.want(`DELETE FROM "ISSUE_COMMENTS" WHERE "ISSUE_ID" IN (SELECT "ID" FROM "_CHANGED")`, "2")
	c.want(`INSERT INTO "ISSUE_COMMENTS" SELECT s."ISSUE_ID", s."BODY" FROM "ISSUE_COMMENTS_STG" s JOIN "_CHANGED" c ON c."ID" = s."ISSUE_ID" AND c."_SEQ" = s."_SEQ"`, "2")
	c.run(`COMMIT`)
	c.want(`SELECT * FROM "ISSUE_COMMENTS" ORDER BY 1, 2`, "1|one new", "2|two", "3|three")
	c.want(`SELECT s."ID" FROM "ISSUES_STG" s WHERE NOT EXISTS (SELECT 1 FROM "ISSUES" t WHERE t."ID" = s."ID")`, "3")
	c.want(`SELECT COUNT(*), SUM(MOD(h*h, 2305843009213693951)) FROM (SELECT MOD(MOD("ID", 1000003) * 2305843009213693921 + 17, 2305843009213693951) h FROM "ISSUES")`, "2|"+digest(1, 2))
	c.want(`UPDATE "ISSUES" i SET "UPDATED" = s.U FROM (SELECT "ID", MAX("UPDATED") AS U FROM "ISSUES_STG" GROUP BY "ID") s WHERE i."ID" = s."ID"`, "2|0")
	c.want(`DELETE FROM "ISSUES" USING "ISSUES_STG" s WHERE "ISSUES"."ID" = s."ID" AND s."_SEQ" < 4`, "1")
}

// TestQueries covers the shapes of SELECT that views are made of.
func TestQueries(t *testing.T) {
	t.Parallel()
	c := newEngine(t).client(t)
	c.run(`CREATE TABLE E (ID NUMBER(38,0), ST VARCHAR, AT TIMESTAMP_NTZ, LABELS VARIANT)`,
		`INSERT INTO E SELECT 1, 'todo', '2024-01-01 00:00:00', PARSE_JSON('["x","y"]') UNION ALL SELECT 1, 'done', '2024-01-03 12:00:00', PARSE_JSON('[]')
			UNION ALL SELECT 2, 'todo', '2024-01-02 00:00:00', NULL`)
	for _, tc := range []struct {
		sql  string
		want []string
	}{
		{`SELECT ID, ST, DATEDIFF(hour, AT, LEAD(AT) OVER (PARTITION BY ID ORDER BY AT)) AS H FROM E ORDER BY ID, AT`, []string{"1|todo|60", "1|done|NULL", "2|todo|NULL"}},
		{`SELECT e.ID, f.VALUE::VARCHAR AS L, f.INDEX FROM E e, LATERAL FLATTEN(INPUT => e.LABELS) f ORDER BY L`, []string{"1|x|0", "1|y|1"}},
		{`SELECT e.ID, f.VALUE::VARCHAR FROM E e, LATERAL FLATTEN(INPUT => e.LABELS, OUTER => TRUE) f ORDER BY 1, 2`, []string{"1|x", "1|y", "1|NULL", "2|NULL"}},
		{`SELECT KEY, VALUE FROM TABLE(FLATTEN(PARSE_JSON('{"b":1,"a":[2]}'))) ORDER BY KEY`, []string{"a|[\n  2\n]", "b|1"}},
		{`WITH a AS (SELECT ID, COUNT(*) AS N FROM E GROUP BY ID), b AS (SELECT MAX(N) AS M FROM a) SELECT a.ID FROM a JOIN b ON a.N = b.M`, []string{"1"}},
		{`WITH RECURSIVE d (X) AS (SELECT '2024-01-01'::DATE UNION ALL SELECT DATEADD(day, 1, X) FROM d WHERE X < '2024-01-03'::DATE) SELECT X::VARCHAR FROM d ORDER BY X DESC`, []string{"2024-01-03", "2024-01-02", "2024-01-01"}},
		{`SELECT DATEADD(day, ROW_NUMBER() OVER (ORDER BY SEQ4()) - 1, '2024-01-01'::DATE)::VARCHAR AS D FROM TABLE(GENERATOR(ROWCOUNT => 2)) ORDER BY 1`, []string{"2024-01-01", "2024-01-02"}},
		{`SELECT ST, COUNT(*), COUNT_IF(ID = 1), LISTAGG(ID, ',') WITHIN GROUP (ORDER BY ID DESC) FROM E GROUP BY 1 HAVING COUNT(*) > 1`, []string{"todo|2|1|2,1"}},
		{`SELECT TO_JSON(ARRAY_AGG(ID) WITHIN GROUP (ORDER BY AT DESC)) FROM E`, []string{"[1,2,1]"}},
		{`SELECT AVG(ID), MEDIAN(ID), PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY ID), SUM(ID), MIN_BY(ST, AT) FROM E`, []string{"1.333333|1.000|1.000|4|todo"}},
		{`SELECT ID AS X, X + 1 AS Y FROM E WHERE Y > 2`, []string{"2|3"}},
		{`SELECT DISTINCT ID FROM E ORDER BY ID DESC LIMIT 1`, []string{"2"}},
		{`SELECT ID FROM E UNION SELECT 9 ORDER BY 1 DESC`, []string{"9", "2", "1"}},
		{`(SELECT ID FROM E) EXCEPT SELECT 1`, []string{"2"}},
		{`SELECT * EXCLUDE (LABELS, AT) FROM E QUALIFY ROW_NUMBER() OVER (PARTITION BY ID ORDER BY AT DESC) = 1 ORDER BY ID`, []string{"1|done", "2|todo"}},
		{`SELECT ID, N FROM E JOIN (SELECT ID, COUNT(*) N FROM E GROUP BY ID) USING (ID) WHERE ST = 'done'`, []string{"1|2"}},
		{`SELECT COUNT(*) FROM E a LEFT JOIN E b ON a.ID = b.ID AND b.ST = 'done' WHERE b.ID IS NULL`, []string{"1"}},
		{`SELECT (SELECT MAX(ID) FROM E), EXISTS (SELECT 1 FROM E WHERE ID = 7)`, []string{"2|0"}},
		{`SELECT ID FROM E WHERE (ID, ST) IN (SELECT 1, 'done')`, []string{"1"}},
		{`SELECT FIRST_VALUE(ST) OVER (PARTITION BY ID ORDER BY AT DESC), LAST_VALUE(ST) IGNORE NULLS OVER (PARTITION BY ID ORDER BY AT) FROM E WHERE ID = 1`, []string{"done|done", "done|done"}},
		{`SELECT SUM(ID) OVER (ORDER BY AT ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) FROM E ORDER BY AT`, []string{"1", "3", "4"}},
		{`SELECT ST FROM E ORDER BY IFF(ID = 2, NULL, ID) DESC, ST`, []string{"todo", "done", "todo"}},
		{`SELECT COLUMN1, COLUMN2 FROM VALUES (1, 'a'), (2.5, 'b') ORDER BY 1`, []string{"1.0|a", "2.5|b"}},
		{`SELECT v.A FROM (VALUES (1, 'a'), (2.5, 'b')) AS v (A, B) ORDER BY 1`, []string{"1.0", "2.5"}},
		{`SELECT "RAW"."JIRA"."E"."ID" FROM RAW.JIRA.E WHERE E.ST = 'done'`, []string{"1"}},
		{`SELECT CURRENT_DATABASE(), CURRENT_SCHEMA(), CURRENT_ROLE(), CURRENT_WAREHOUSE(), CURRENT_USER`, []string{"RAW|JIRA|JIRA_LOADER|LOAD_WH|LOADER"}},
	} {
		c.want(tc.sql, tc.want...)
	}
	c.run(`CREATE OR REPLACE VIEW LAST_STATUS (ISSUE COMMENT 'the issue', STATUS) COMMENT = 'where it is now' AS
		SELECT ID, ST FROM E QUALIFY ROW_NUMBER() OVER (PARTITION BY ID ORDER BY AT DESC) = 1`,
		`CREATE SCHEMA OTHER`)
	c.want(`SELECT * FROM RAW.JIRA.LAST_STATUS ORDER BY ISSUE`, "1|done", "2|todo")
	c.want(`SELECT STATUS FROM JIRA.LAST_STATUS WHERE ISSUE = 1`, "done")
	names, err := c.do(`SELECT ID, COUNT(*), count( ID ), MAX(ID) AS "m" FROM JIRA.E GROUP BY ID`)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, col := range names.Columns {
		got = append(got, col.Name)
	}
	if s := strings.Join(got, "|"); s != `ID|COUNT(*)|COUNT( ID )|m` {
		t.Errorf("column names %s", s)
	}
}
