-- What an administrator runs once, so that snowdrift can load into Snowflake.
-- `snowdrift setup --print` fills the names in from the configuration.
--
-- Who runs it needs the roles USERADMIN and SYSADMIN. What is there already is left
-- as it is, whoever made it; but only its owner, or SECURITYADMIN (MANAGE GRANTS),
-- may grant it. If warehouse, database or schema belong to another role than
-- SYSADMIN, run the part from `USE ROLE SYSADMIN` on in that role; if role or user
-- belong to another than USERADMIN, the first part in theirs.
--
-- It can be run again: it makes what is missing, and of what is there it changes
-- {{if .PublicKey}}the user's key alone, see there{{else}}nothing{{end}}.

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
-- snowdrift the new private key, and unset RSA_PUBLIC_KEY. Printed and run again,
-- this sets RSA_PUBLIC_KEY to the key that snowdrift has by then.
ALTER USER {{.User}} SET RSA_PUBLIC_KEY = '{{.PublicKey}}';
{{- end}}

-- The user may act in the role.
GRANT ROLE {{.Role}} TO USER {{.User}};
{{- if .AccessToken}}

-- A user of TYPE = SERVICE gets, and may use, a programmatic access token only while
-- a network policy holds for it, the account's or one of its own, with the addresses
-- of the machine that runs snowdrift (SECURITYADMIN makes one):
--   CREATE NETWORK POLICY SNOWDRIFT ALLOWED_NETWORK_RULE_LIST = (…);
--   ALTER USER {{.User}} SET NETWORK_POLICY = SNOWDRIFT;
-- The token is shown once; a service user's is for one role:
--   ALTER USER {{.User}} ADD PROGRAMMATIC ACCESS TOKEN SNOWDRIFT ROLE_RESTRICTION = {{.RoleText}};
{{- end}}

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

-- For analysts: a role that reads all tables and views, those to come included.
-- Future grants take the right to MANAGE GRANTS, which SECURITYADMIN has.
-- Take the dashes away, and grant the role to whom it is for.
--
-- USE ROLE USERADMIN;
-- CREATE ROLE IF NOT EXISTS JIRA_READER;
-- USE ROLE SECURITYADMIN;
-- GRANT USAGE ON DATABASE {{.Database}} TO ROLE JIRA_READER;
-- GRANT USAGE ON SCHEMA {{.Database}}.{{.Schema}} TO ROLE JIRA_READER;
-- GRANT SELECT ON ALL TABLES IN SCHEMA {{.Database}}.{{.Schema}} TO ROLE JIRA_READER;
-- GRANT SELECT ON FUTURE TABLES IN SCHEMA {{.Database}}.{{.Schema}} TO ROLE JIRA_READER;
-- GRANT SELECT ON ALL VIEWS IN SCHEMA {{.Database}}.{{.Schema}} TO ROLE JIRA_READER;
-- GRANT SELECT ON FUTURE VIEWS IN SCHEMA {{.Database}}.{{.Schema}} TO ROLE JIRA_READER;
-- GRANT USAGE ON WAREHOUSE … TO ROLE JIRA_READER;
