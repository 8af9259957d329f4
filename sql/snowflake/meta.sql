-- Tables in which snowdrift keeps its own records, in the schema of the data;
-- the twin of duckdb/meta.sql. A run that has something to write makes those
-- that are missing. Dropping _SNOWDRIFT_STATE is the same as `snowdrift state
-- clear` once the stage _SNOWDRIFT_STAGE_<pipeline> is dropped too, whose
-- comment repeats the state; dropping _SNOWDRIFT_COLUMNS lets column names be
-- chosen anew and may break queries.

-- One row for each pipeline: how far it has read. Changes in the same
-- transaction as the rows.
CREATE TABLE IF NOT EXISTS "_SNOWDRIFT_STATE" (
  "PIPELINE" VARCHAR NOT NULL,
  "COMMIT_ID" VARCHAR NOT NULL,
  "DOCUMENT" VARIANT NOT NULL,
  "UPDATED_AT" TIMESTAMP_TZ NOT NULL
);

-- One row for each run that wrote something, and each verification of what can
-- be written to. A run that was killed has no end; the next one says so.
CREATE TABLE IF NOT EXISTS "_SNOWDRIFT_RUNS" (
  "RUN_ID" VARCHAR NOT NULL,
  "PIPELINE" VARCHAR NOT NULL,
  "STARTED" TIMESTAMP_TZ NOT NULL,
  "ENDED" TIMESTAMP_TZ,
  "OUTCOME" VARCHAR NOT NULL,
  "REPORT" VARIANT
);

-- Which column of ISSUES belongs to which field of which site. A column keeps
-- its field. Without a SITE it is that of the site called jira.
CREATE TABLE IF NOT EXISTS "_SNOWDRIFT_COLUMNS" (
  "TABLE_NAME" VARCHAR NOT NULL,
  "COLUMN_NAME" VARCHAR NOT NULL,
  "FIELD_ID" VARCHAR NOT NULL,
  "PART" VARCHAR NOT NULL,
  "TYPE" VARCHAR NOT NULL,
  "FIELD_NAME" VARCHAR NOT NULL,
  "SITE" VARCHAR
);

-- Who may write. The fence grows with every owner; a commit that brings an
-- older fence is refused. RUN_ID is empty when nobody holds it. ACQUIRED moves
-- with every commit, and a lease that it leaves too far behind may be taken
-- over.
CREATE TABLE IF NOT EXISTS "_SNOWDRIFT_LEASE" (
  "PIPELINE" VARCHAR NOT NULL,
  "RUN_ID" VARCHAR NOT NULL,
  "FENCE" NUMBER(38,0) NOT NULL,
  "ACQUIRED" TIMESTAMP_TZ NOT NULL
);
