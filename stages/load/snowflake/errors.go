package snowflake

import (
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"strings"

	sf "github.com/snowflakedb/gosnowflake"

	"snowdrift/stages/load"
)

// Numbers of Snowflake's and the driver's errors that are acted upon. The driver
// (github.com/snowflakedb/gosnowflake) names those of sessions and of HTTP.
const (
	errSeveral      = 8      // another number of statements than one
	errLocked       = 625    // lock timeout, deadlock
	errColumnExists = 1430   // ADD COLUMN of one that is there
	errMissing      = 2003   // object missing, or not visible to the role
	errGone         = 390111 // session no longer exists
	errExpired      = 390112 // session token expired, and could not be renewed
	errMaster       = 390114 // master token expired
	errJWT          = 390144
	errPost         = 261000 // HTTP status at a query …
	errRenew        = 261001 // … at the renewal of a token
	errLogin        = 261004 // … at a login
	errEmptyAnswer  = 261014
)

// hints say what to do about errors that have a remedy outside of us.
var hints = map[int]string{
	606:    "the warehouse is missing or the role has no USAGE on it: GRANT USAGE ON WAREHOUSE … TO ROLE …; snowdrift setup --print shows all grants",
	604:    "the statement was cancelled; run again",
	630:    "raise destination.snowflake.statement_timeout, or use a larger warehouse",
	625:    "another program holds the table; end it, or raise destination.snowflake.lock_timeout",
	2003:   "it does not exist, or the role may not see it; snowdrift setup --print shows the grants",
	2043:   "it does not exist, or the role may not see it; snowdrift setup --print shows the grants",
	3001:   "the role lacks a privilege; snowdrift setup --print shows the grants",
	100038: "a value does not fit its column's type; the file stays what it is: report it with the query id",
	100071: "a value does not fit its column's type; report it with the query id",
	100072: "a staged file lacks a key column; report it with the query id",
	100082: "a value is larger than Snowflake's limit for its column; report it with the query id",
	100090: "two staged rows met one row of the table; report it with the query id",
	91016:  "somebody removed files from the stage during the load; run again",
	260008: "check destination.snowflake.account and host",
	390100: "check user and password method: service users log in with a key",
	390189: "check destination.snowflake.role, and GRANT ROLE … TO USER …",
	390201: "check destination.snowflake.database, schema and warehouse: one does not exist, or the role has no USAGE on it",
	390303: "the token is not valid for this account",
	390318: "the token has expired: put a fresh one where destination.snowflake.token or token_file points",
	390422: "a network policy keeps this machine's address out",
}

// storageHint is for errors of PUT, whose numbers say only that a file did not
// arrive.
const storageHint = "files go straight to the storage of the account's cloud, another host than the account's: SELECT SYSTEM$ALLOWLIST() names the hosts that the firewall must let through, HTTPS_PROXY a proxy on the way"

// number returns the number of Snowflake's error, 0 if it is none.
func number(err error) int {
	var e *sf.SnowflakeError
	if errors.As(err, &e) {
		return e.Number
	}
	return 0
}

// lost reports whether the session is gone, or the connection to it.
func lost(err error) bool {
	switch number(err) {
	case errGone, errExpired, errMaster, errPost, errRenew, errLogin, errEmptyAnswer:
		return true
	case 0:
		var network net.Error
		return errors.Is(err, driver.ErrBadConn) || errors.Is(err, sql.ErrConnDone) || errors.Is(err, io.EOF) ||
			errors.Is(err, io.ErrUnexpectedEOF) || errors.As(err, &network)
	}
	return false
}

// fail describes a refusal: what was tried, on what, by which statement.
func fail(op, on, statement string, err error) error {
	line, _, _ := strings.Cut(statement, "\n")
	e := &load.Error{Op: op, On: on, Statement: strings.TrimSuffix(line, " ("), Err: err, Hint: hints[number(err)]}
	if n := number(err); n/1000 == 264 || errors.Is(err, errStorage) {
		e.Hint = storageHint
	}
	var snowflake *sf.SnowflakeError
	if errors.As(err, &snowflake) && snowflake.QueryID != "-1" {
		e.QueryID = snowflake.QueryID
	}
	return e
}

// refused describes a login that did not succeed.
func (w *Warehouse) refused(err error) error {
	n := number(err)
	hint := hints[n]
	if hint == "" {
		hint = w.opts.Login.hint(w.opts.User, n)
	}
	if hint == "" {
		hint = "check destination.snowflake.account and host, and that this machine may reach them"
	}
	return &load.Error{Op: "log in to Snowflake account", On: w.opts.Account, Err: err, Hint: hint}
}
