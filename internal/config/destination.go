package config

import (
	"time"

	"snowdrift/internal/secret"
)

// Values of destination.type.
const (
	DestinationDuckDB    = "duckdb"
	DestinationSnowflake = "snowflake"
)

// Values of destination.snowflake.auth; the first two are named as in the
// Openflow connector.
const (
	SnowflakeKeyPair      = "KEY_PAIR"
	SnowflakeSessionToken = "SNOWFLAKE_SESSION_TOKEN"
	SnowflakeOAuth        = "OAUTH"
	SnowflakePAT          = "PROGRAMMATIC_ACCESS_TOKEN"
)

// sessionTokenFile is where Snowpark Container Services keep a service's token
// (Snowflake: "Additional considerations for services").
const sessionTokenFile = "/snowflake/session/token"

// Values of census.deleted.
const (
	DeletedSoft = "soft"
	DeletedHard = "hard"
	DeletedKeep = "keep"
)

// Destination says where the tables go.
type Destination struct {
	Type      string    `yaml:"type" env:"SNOWDRIFT_DESTINATION" default:"duckdb" enum:"duckdb,snowflake" doc:"Kind of destination."`
	DuckDB    DuckDB    `yaml:"duckdb" doc:"Type duckdb: a database file on this machine."`
	Snowflake Snowflake `yaml:"snowflake" doc:"Type snowflake."`
}

// DuckDB is a database file.
type DuckDB struct {
	Path        Path   `yaml:"path" env:"SNOWDRIFT_DUCKDB_PATH" default:"jira.duckdb" doc:"The file; created when it is not there."`
	Schema      string `yaml:"schema" default:"main" doc:"Schema of the tables."`
	MemoryLimit Size   `yaml:"memory_limit" example:"500MB" min:"64MB" doc:"Memory that DuckDB may use before it spills to disk, by its own count. Left out: what the columns of the widest table need, 110MB to 260MB for up to 500 and 590MB for 1,700, and 37MB to 110MB more while issues are inserted, for each thread, and more where rows of many parts of the file change: up to 64MB for each million rows of a table, 128MB where it has more than 200 columns."`
	Threads     int    `yaml:"threads" default:"1" min:"1" max:"256" doc:"Threads of DuckDB while it loads; each needs as much of memory_limit as one."`
}

// Snowflake is an account and what to use there.
type Snowflake struct {
	Account              string        `yaml:"account" env:"SNOWFLAKE_ACCOUNT" example:"ORG-ACCT" doc:"Account identifier: organization and account name, joined by a hyphen."`
	User                 string        `yaml:"user" env:"SNOWFLAKE_USER" example:"LOADER" doc:"User; best one of TYPE = SERVICE."`
	Role                 string        `yaml:"role" env:"SNOWFLAKE_ROLE" example:"JIRA_LOADER" doc:"Role; left out, the user's default role."`
	Warehouse            string        `yaml:"warehouse" env:"SNOWFLAKE_WAREHOUSE" example:"LOAD_WH" doc:"Warehouse that runs COPY and MERGE; XSMALL is enough."`
	Database             string        `yaml:"database" env:"SNOWFLAKE_DATABASE" example:"RAW" doc:"Database of the tables."`
	Schema               string        `yaml:"schema" env:"SNOWFLAKE_SCHEMA" example:"JIRA" doc:"Schema of the tables."`
	Host                 string        `yaml:"host" env:"SNOWFLAKE_HOST" example:"org-acct.privatelink.snowflakecomputing.com" doc:"Host name, where it does not follow from the account: private link, Snowpark Container Services."`
	Port                 int           `yaml:"port" env:"SNOWFLAKE_PORT" default:"443" min:"1" max:"65535" doc:"Port."`
	Protocol             string        `yaml:"protocol" env:"SNOWFLAKE_PROTOCOL" default:"https" enum:"https,http" doc:"https; http only to this machine, for tests."`
	Auth                 string        `yaml:"auth" env:"SNOWFLAKE_AUTH" default:"KEY_PAIR" enum:"KEY_PAIR,SNOWFLAKE_SESSION_TOKEN,OAUTH,PROGRAMMATIC_ACCESS_TOKEN" doc:"KEY_PAIR: a private key. SNOWFLAKE_SESSION_TOKEN: inside Snowpark Container Services. OAUTH and PROGRAMMATIC_ACCESS_TOKEN: a token."`
	PrivateKey           secret.String `yaml:"private_key" env:"SNOWFLAKE_PRIVATE_KEY" example:"vault:secret/snowflake#private_key" doc:"KEY_PAIR: the private key in PEM, or a reference to it."`
	PrivateKeyFile       Path          `yaml:"private_key_file" env:"SNOWFLAKE_PRIVATE_KEY_FILE" example:"key.p8" doc:"KEY_PAIR: PEM file of the private key, readable by its owner only."`
	PrivateKeyPassphrase secret.String `yaml:"private_key_passphrase" env:"SNOWFLAKE_PRIVATE_KEY_PASSPHRASE" example:"env:KEY_PASS" doc:"KEY_PAIR: passphrase of an encrypted key."`
	Token                secret.String `yaml:"token" env:"SNOWFLAKE_TOKEN" example:"env:SNOWFLAKE_TOKEN" doc:"OAUTH and PROGRAMMATIC_ACCESS_TOKEN: the token."`
	TokenFile            Path          `yaml:"token_file" env:"SNOWFLAKE_TOKEN_FILE" example:"/run/secrets/snowflake-token" doc:"The same from a file that is read for each login. With SNOWFLAKE_SESSION_TOKEN, left out: /snowflake/session/token."`
	StatementTimeout     time.Duration `yaml:"statement_timeout" default:"1h" min:"1s" doc:"Longest time for one statement."`
	LockTimeout          time.Duration `yaml:"lock_timeout" default:"10m" min:"1s" doc:"Longest wait for a lock on a table."`
}

// SessionTokenFile returns where the token of SNOWFLAKE_SESSION_TOKEN lies: the
// configured file, or the platform's.
func (s Snowflake) SessionTokenFile() string {
	if s.TokenFile != "" {
		return string(s.TokenFile)
	}
	return sessionTokenFile
}

// Batch says how rows become files and files become commits.
type Batch struct {
	Dir         Path          `yaml:"dir" example:"/var/tmp/snowdrift" doc:"Directory for files on their way; left out, the system's temporary directory."`
	FileSize    Size          `yaml:"file_size" default:"128MB" min:"1MB" max:"5GB" doc:"Size of one compressed Parquet file, about."`
	CommitSize  Size          `yaml:"commit_size" default:"1GB" min:"1MB" doc:"A first load commits whenever this much is staged; into DuckDB, whose memory grows with a commit, at 64 MB at the latest, or at 32 MB where a table has hundreds of columns."`
	CommitEvery time.Duration `yaml:"commit_every" default:"15m" min:"1s" doc:"A first load commits at least this often."`
}

// Dimensions says when the tables of what issues refer to are read.
type Dimensions struct {
	Every time.Duration `yaml:"every" default:"24h" min:"0s" doc:"Age at which such a table is read again, by the next run; 0s: in every run. Names in issues are always those of when the issue was read."`
}

// Census says how completeness is proven.
type Census struct {
	Every        Cadence     `yaml:"every" default:"run" doc:"How often the ids that Jira has are compared with the table. run: in every run. A duration such as 6h: when the last proof is older. never: nothing is proven, and deletions are not seen."`
	Deep         DeepCadence `yaml:"deep" default:"24h" doc:"Within this time the version (updated) of every issue is compared too, which finds a change however late Jira's search index shows it; then issues whose rows are not live are asked about again. never: neither."`
	DeepBudget   int         `yaml:"deep_budget" default:"50" min:"1" max:"1000000" doc:"Requests that a run makes for census.deep at most, each for up to 1,000 issues; the next run goes on from there. A run that sees that this does not suffice says so."`
	AcceptShrink Percent     `yaml:"accept_shrink" default:"10%" min:"0%" max:"100%" doc:"A census that shrank by more than this, and by more than 20 issues, flags nothing and fails the run until it is confirmed."`
	Deleted      string      `yaml:"deleted" default:"soft" enum:"soft,hard,keep" doc:"Issues that are gone: soft marks them in _presence. hard removes the rows of those that are deleted, with their children, and marks the others. keep leaves all as they are."`
}
