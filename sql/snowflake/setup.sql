-- What an administrator runs once, so that snowdrift can load into Snowflake.
-- `snowdrift setup --print` fills the names in from the configuration.
-- Everything can be run again without harm.

-- Roles and users are made by a role that may.
USE ROLE USERADMIN;

-- The role that owns the tables. It gets what follows and nothing else.
CREATE ROLE IF NOT EXISTS {{.Role}} COMMENT = 'snowdrift: loads Jira issues';

-- The user that logs in. TYPE = SERVICE: it has no password, cannot log in at
-- the web page, and needs no second factor.
CREATE USER IF NOT EXISTS {{.User}} TYPE = SERVICE DEFAULT_ROLE = {{.Role}} DEFAULT_WAREHOUSE = {{.Warehouse}} COMMENT = 'snowdrift: loads Jira issues';
{{- if .PublicKey}}

-- The public half of the key that snowdrift has; its fingerprint, as DESC USER
-- shows it in RSA_PUBLIC_KEY_FP, is
--   {{.Fingerprint}}
-- To change keys without a gap, set RSA_PUBLIC_KEY_2 to the new one, give
-- snowdrift the new private key, and unset RSA_PUBLIC_KEY.
ALTER USER {{.User}} SET RSA_PUBLIC_KEY = '{{.PublicKey}}';
{{- end}}

-- The user may act in the role.
GRANT ROLE {{.Role}} TO USER {{.User}};

-- Warehouses, databases and schemas are made by a role that may.
USE ROLE SYSADMIN;

-- The machine that runs COPY and MERGE. The smallest is enough for Jira. It
-- starts by itself when a run has something to write (at least 60 seconds are
-- billed) and stops after a minute without work.
CREATE WAREHOUSE IF NOT EXISTS {{.Warehouse}} WAREHOUSE_SIZE = XSMALL AUTO_SUSPEND = 60 AUTO_RESUME = TRUE INITIALLY_SUSPENDED = TRUE COMMENT = 'snowdrift';

-- Where the tables go.
CREATE DATABASE IF NOT EXISTS {{.Database}};
CREATE SCHEMA IF NOT EXISTS {{.Database}}.{{.Schema}};

-- USAGE lets the role run statements on the warehouse. It does not let it
-- change or stop it.
GRANT USAGE ON WAREHOUSE {{.Warehouse}} TO ROLE {{.Role}};

-- USAGE on the database lets the role see the schema, and nothing in it.
GRANT USAGE ON DATABASE {{.Database}} TO ROLE {{.Role}};

-- USAGE on the schema, and the right to make there: the tables (which the role
-- then owns, so that it can add columns and write rows), the stage for files
-- on their way, and views. Temporary tables need no more than that.
GRANT USAGE, CREATE TABLE, CREATE STAGE, CREATE VIEW ON SCHEMA {{.Database}}.{{.Schema}} TO ROLE {{.Role}};

-- SYSADMIN inherits the role, so that administrators see the tables.
USE ROLE USERADMIN;
GRANT ROLE {{.Role}} TO ROLE SYSADMIN;
