package snowflaketest

import (
	"testing"
)

// TestLoadSequence runs a whole load, from CREATE TABLE to REMOVE, as a loader would.
func TestLoadSequence(t *testing.T) {
	t.Parallel()
	for _, storage := range []string{"", "S3", "GCS"} {
		t.Run("storage "+storage, func(t *testing.T) {
			t.Parallel()
			srv := account(t, func(o *Options) { o.Storage = storage })
			c := open(t, srv)
			run(t, c,
				`CREATE TABLE IF NOT EXISTS "ISSUES" ("ISSUE_ID" NUMBER(38,0) NOT NULL, "ISSUE_KEY" VARCHAR, "SUMMARY" VARCHAR, "UPDATED_AT" TIMESTAMP_TZ, "RAW" VARIANT, "_LOADED_AT" TIMESTAMP_TZ)`,
				`ALTER TABLE "ISSUES" ADD COLUMN IF NOT EXISTS "DUE_DATE" DATE`,
				`CREATE TABLE IF NOT EXISTS "LOAD_STATE" ("NAME" VARCHAR NOT NULL, "RUN_ID" VARCHAR, "WATERMARK" TIMESTAMP_TZ, "ROWS_MERGED" NUMBER(38,0))`,
				`CREATE TEMPORARY STAGE IF NOT EXISTS "LOAD_STAGE"`,
				`CREATE OR REPLACE TEMPORARY TABLE "ISSUES_STG" ("ISSUE_ID" NUMBER(38,0), "ISSUE_KEY" VARCHAR, "SUMMARY" VARCHAR, "UPDATED_AT" TIMESTAMP_TZ, "DUE_DATE" DATE, "RAW" VARCHAR)`,
			)
			file := parquet(t, "issues_run43_0.parquet", `SELECT * FROM (VALUES
				(1::BIGINT, 'TO-1', 'old', TIMESTAMPTZ '2024-01-01 10:00:00+00', DATE '2024-02-01', '{"b":1,"a":[1,2]}'),
				(1, 'TO-1', 'new', TIMESTAMPTZ '2024-01-02 10:00:00.123+00', NULL, '{"b":2}'),
				(2, 'TO-2', NULL, TIMESTAMPTZ '2024-01-03 10:00:00+00', NULL, '{}')) t(issue_id, issue_key, summary, updated_at, due_date, raw)`)
			if got := put(t, c, file, `@"LOAD_STAGE"/run43/`, true); got != "UPLOADED" {
				t.Fatalf("PUT status %s", got)
			}
			want(t, c, `COPY INTO "ISSUES_STG" FROM @"LOAD_STAGE"/run43/ FILES=('issues_run43_0.parquet') FILE_FORMAT=(TYPE=PARQUET USE_LOGICAL_TYPE=TRUE BINARY_AS_TEXT=FALSE) MATCH_BY_COLUMN_NAME=CASE_INSENSITIVE ON_ERROR=ABORT_STATEMENT`,
				"load_stage/run43/issues_run43_0.parquet|LOADED|3|3|1|0|NULL|NULL|NULL|NULL")
			merge := `MERGE INTO "ISSUES" t USING (SELECT "ISSUE_ID","ISSUE_KEY","SUMMARY","UPDATED_AT","DUE_DATE",PARSE_JSON("RAW") AS "RAW" FROM "ISSUES_STG"
				QUALIFY ROW_NUMBER() OVER (PARTITION BY "ISSUE_ID" ORDER BY "UPDATED_AT" DESC) = 1) s ON t."ISSUE_ID" = s."ISSUE_ID"
				WHEN MATCHED AND s."UPDATED_AT" > t."UPDATED_AT" THEN UPDATE SET "ISSUE_KEY" = s."ISSUE_KEY", "SUMMARY" = s."SUMMARY", "UPDATED_AT" = s."UPDATED_AT", "RAW" = s."RAW", "_LOADED_AT" = CURRENT_TIMESTAMP()
				WHEN NOT MATCHED THEN INSERT ("ISSUE_ID", "ISSUE_KEY", "SUMMARY", "UPDATED_AT", "DUE_DATE", "RAW", "_LOADED_AT") VALUES (s."ISSUE_ID", s."ISSUE_KEY", s."SUMMARY", s."UPDATED_AT", s."DUE_DATE", s."RAW", CURRENT_TIMESTAMP())`
			run(t, c, "BEGIN")
			want(t, c, merge, "2|0")
			want(t, c, `MERGE INTO "LOAD_STATE" t USING (SELECT 'ISSUES' AS "NAME", 'run43' AS "RUN_ID", MAX("UPDATED_AT") AS "WATERMARK", COUNT(*) AS "N" FROM "ISSUES_STG") s ON t."NAME" = s."NAME"
				WHEN MATCHED THEN UPDATE SET "RUN_ID" = s."RUN_ID", "WATERMARK" = s."WATERMARK", "ROWS_MERGED" = s."N" WHEN NOT MATCHED THEN INSERT ("NAME","RUN_ID","WATERMARK","ROWS_MERGED") VALUES (s."NAME",s."RUN_ID",s."WATERMARK",s."N")`, "1|0")
			run(t, c, "COMMIT")
			want(t, c, merge, "0|0")
			want(t, c, `SELECT "ISSUE_ID", "SUMMARY", "UPDATED_AT"::VARCHAR, "DUE_DATE", "RAW":b::NUMBER, TYPEOF("RAW"), TO_JSON("RAW") FROM "ISSUES" ORDER BY 1`,
				`1|new|2024-01-02 10:00:00.123 +0000|NULL|2|OBJECT|{"b":2}`, `2|NULL|2024-01-03 10:00:00.000 +0000|NULL|NULL|OBJECT|{}`)
			want(t, c, `SELECT "RUN_ID", "WATERMARK"::VARCHAR, "ROWS_MERGED" FROM LOAD_STATE`, "run43|2024-01-03 10:00:00.000 +0000|3")
			want(t, c, `REMOVE @"LOAD_STAGE"/run43/`, "load_stage/run43/issues_run43_0.parquet|removed")
			if v := srv.Violations(); len(v) > 0 {
				t.Errorf("violations: %q", v)
			}
			if n := srv.WarehouseWakes(); n != 1 {
				t.Errorf("warehouse woke %d times, want once", n)
			}
		})
	}
}

// TestDB looks below: committed tables under their names, values as stored.
func TestDB(t *testing.T) {
	t.Parallel()
	srv := account(t, nil)
	c := open(t, srv)
	run(t, c, `CREATE TABLE "ISSUES" ("ID" NUMBER(38,0), "UPDATED" TIMESTAMP_TZ, "RAW" VARIANT)`,
		`INSERT INTO "ISSUES" SELECT 1, '2024-01-01 01:00:00 +0100', PARSE_JSON('{"k":[true]}')`, `BEGIN`, `DELETE FROM "ISSUES"`)
	db := srv.DB()
	var id, at, k string
	q := `SELECT "ID"::VARCHAR, ("UPDATED").t::VARCHAR || ' ' || ("UPDATED").o, "RAW"->>'$.k[0]' FROM "ISSUES"`
	if err := db.QueryRowContext(t.Context(), q).Scan(&id, &at, &k); err != nil {
		t.Fatal(err)
	}
	if got := join([]string{id, at, k}); got != "1|2024-01-01 00:00:00+00 60|true" {
		t.Errorf("stored row %s", got)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	run(t, c, `COMMIT`)
	want(t, c, `SELECT COUNT(*) FROM "ISSUES"`, "0")
}
