-- Tables in which snowdrift keeps its own records, in the schema of the data;
-- the twin of duckdb/meta.sql. A run that has something to write makes those
-- that are missing. Dropping _SNOWDRIFT_STATE is the same as `snowdrift state
-- clear` once the stage _SNOWDRIFT_STAGE_<pipeline> is dropped too, whose
-- comment repeats the state; dropping _SNOWDRIFT_COLUMNS lets column names be
-- chosen anew and may break queries. Comments are those of internal/table.

-- One row for each pipeline: how far it has read. Changes in the same
-- transaction as the rows.
CREATE TABLE IF NOT EXISTS "_SNOWDRIFT_STATE" (
  "PIPELINE" VARCHAR NOT NULL COMMENT 'Name of the pipeline.',
  "COMMIT_ID" VARCHAR NOT NULL COMMENT 'Commit that wrote the state: id of the run and number of the commit in it.',
  "DOCUMENT" VARIANT NOT NULL COMMENT 'The state, as snowdrift state export prints it, without the columns, which are in _snowdrift_columns.',
  "UPDATED_AT" TIMESTAMP_TZ NOT NULL COMMENT 'When the state was written.'
) COMMENT = 'How far each pipeline has read. It changes in one transaction with the rows.';

-- One row for each run that wrote something, each verification, and each command
-- that changed a state. A run that was killed has no end; the next one says so.
CREATE TABLE IF NOT EXISTS "_SNOWDRIFT_RUNS" (
  "RUN_ID" VARCHAR NOT NULL COMMENT 'Id of the run, as in _run_id of the rows that it wrote. It begins with its start in UTC.',
  "PIPELINE" VARCHAR NOT NULL COMMENT 'Name of the pipeline.',
  "STARTED" TIMESTAMP_TZ NOT NULL COMMENT 'When the run began.',
  "ENDED" TIMESTAMP_TZ COMMENT 'When the run ended; NULL while it is under way, and for ever if it was killed.',
  "OUTCOME" VARCHAR NOT NULL COMMENT 'running; complete: loaded, and proven as far as was asked for; unproven: loaded, but report says what is not proven; failed; interrupted by a signal; killed: ended without a word, which the next run notes. Of a verification clean, differing or undecided; of a command state clear or state import.',
  "REPORT" VARIANT COMMENT 'What the run did, as run --json prints it: rows, commits, what the census found, the error; while it is under way as of its last commit.'
) COMMENT = 'Runs of pipelines, verifications of what can be written to, and commands that changed a state. In DuckDB each run has a row that got as far as the tables, in Snowflake each that wrote something; one that ended before, since a login or the lease was refused, or was killed before its first commit, has none.';

-- Which column of ISSUES belongs to which field of which site. A column keeps
-- its field. Without a SITE it is that of the site called jira.
CREATE TABLE IF NOT EXISTS "_SNOWDRIFT_COLUMNS" (
  "TABLE_NAME" VARCHAR NOT NULL COMMENT 'Table of the column: issues.',
  "COLUMN_NAME" VARCHAR NOT NULL COMMENT 'Column, in lower case.',
  "FIELD_ID" VARCHAR NOT NULL COMMENT 'Id of the field: customfield_10016.',
  "PART" VARCHAR NOT NULL COMMENT 'Part of the value that the column holds, such as its id; empty for the value itself.',
  "TYPE" VARCHAR NOT NULL COMMENT 'Type of the column, as named in docs/TABLES.md.',
  "FIELD_NAME" VARCHAR NOT NULL COMMENT 'Name that the field had when the column was made.',
  "SITE" VARCHAR COMMENT 'Site of the field; NULL is the site jira.'
) COMMENT = 'Which column of issues belongs to which custom field of which site. A column keeps its field, whatever the field is called later.';

-- Who may write. The fence grows with every owner; a commit that brings an
-- older fence is refused. RUN_ID is empty when nobody holds it. ACQUIRED moves
-- with every commit, and a lease that it leaves too far behind may be taken
-- over.
CREATE TABLE IF NOT EXISTS "_SNOWDRIFT_LEASE" (
  "PIPELINE" VARCHAR NOT NULL COMMENT 'Name of the pipeline.',
  "RUN_ID" VARCHAR NOT NULL COMMENT 'Run that took the lease last; in Snowflake empty once it was given up. In DuckDB who has the file locked has the lease.',
  "FENCE" NUMBER(38,0) NOT NULL COMMENT 'Number that grows with every owner: a commit that brings an older one is refused.',
  "ACQUIRED" TIMESTAMP_TZ NOT NULL COMMENT 'When the lease was taken; in Snowflake it moves with every commit, and one that is too old may be taken over.'
) COMMENT = 'Which run may write to the tables of a pipeline.';
