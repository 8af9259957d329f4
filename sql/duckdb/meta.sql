-- Tables in which snowdrift keeps its own records, in the schema of the data.
-- Every run makes those that are missing. Dropping _snowdrift_state is the same
-- as `snowdrift state clear`; dropping _snowdrift_columns lets column names be
-- chosen anew and may break queries. What the columns are is said in their
-- comments and in docs/TABLES.md.

-- One row for each pipeline: how far it has read. Changes in the same
-- transaction as the rows.
CREATE TABLE IF NOT EXISTS "_snowdrift_state" (
  "pipeline" VARCHAR NOT NULL,
  "commit_id" VARCHAR NOT NULL,
  "document" JSON NOT NULL,
  "updated_at" TIMESTAMP WITH TIME ZONE NOT NULL
);

-- One row for each run that got as far as the tables, whether it wrote to them or
-- not. A run that was killed has no end; the next one says so. One that was killed before
-- its first commit has no row.
CREATE TABLE IF NOT EXISTS "_snowdrift_runs" (
  "run_id" VARCHAR NOT NULL,
  "pipeline" VARCHAR NOT NULL,
  "started" TIMESTAMP WITH TIME ZONE NOT NULL,
  "ended" TIMESTAMP WITH TIME ZONE,
  "outcome" VARCHAR NOT NULL,
  "report" JSON
);

-- Which column of issues belongs to which field of which site. A column keeps
-- its field. Without a site it is that of the site called jira.
CREATE TABLE IF NOT EXISTS "_snowdrift_columns" (
  "table_name" VARCHAR NOT NULL,
  "column_name" VARCHAR NOT NULL,
  "field_id" VARCHAR NOT NULL,
  "part" VARCHAR NOT NULL,
  "type" VARCHAR NOT NULL,
  "field_name" VARCHAR NOT NULL,
  "site" VARCHAR
);
ALTER TABLE "_snowdrift_columns" ADD COLUMN IF NOT EXISTS "site" VARCHAR;

-- Who may write. The fence grows with every owner; a commit that brings an
-- older fence is refused.
CREATE TABLE IF NOT EXISTS "_snowdrift_lease" (
  "pipeline" VARCHAR NOT NULL,
  "run_id" VARCHAR NOT NULL,
  "fence" BIGINT NOT NULL,
  "acquired" TIMESTAMP WITH TIME ZONE NOT NULL
);
