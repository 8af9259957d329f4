package snowflaketest

import (
	"crypto/rsa"
	"strings"
	"time"
)

// Options describe the account that a Server plays. The zero value is an account
// TESTACCT with the user LOADER, the role JIRA_LOADER, the warehouse LOAD_WH and
// the schema RAW.JIRA, in which nobody can log in until keys or tokens are given.
type Options struct {
	Account string // ACCOUNT_NAME, without region; upper case
	User    string // upper case

	// PublicKeys are RSA_PUBLIC_KEY and RSA_PUBLIC_KEY_2 of the user; either may
	// have signed a JWT.
	PublicKeys []*rsa.PublicKey
	// OAuthToken returns the token that is valid now; nil means no OAuth. A token
	// that it returned before counts as expired (390318), another as invalid (390303).
	OAuthToken func() string
	// PATs are the user's programmatic access tokens.
	PATs []string

	Database, Schema, Warehouse, Role string

	// StageDir is where staged files go; "" means a temporary directory that Close
	// removes.
	StageDir string
	// Storage "S3" or "GCS" serves stages through that cloud's interface with
	// client-side encryption instead of LOCAL_FS; see Server.Transport.
	Storage string

	// Now is the server's clock: token lifetimes, JWT checks, CURRENT_TIMESTAMP.
	// The driver signs its JWTs by the real clock.
	Now func() time.Time
	// AccountTimezone is TIMEZONE before a session sets it. The default is that of
	// real accounts, America/Los_Angeles, so that a client that forgets shows.
	AccountTimezone string
	// AccountParameters are other session parameters that the account's
	// administrator has changed, such as ROWS_PER_RESULTSET.
	AccountParameters map[string]string
}

func (o Options) withDefaults() Options {
	for _, d := range []struct {
		field *string
		value string
	}{
		{&o.Account, "TESTACCT"}, {&o.User, "LOADER"}, {&o.Database, "RAW"}, {&o.Schema, "JIRA"},
		{&o.Warehouse, "LOAD_WH"}, {&o.Role, "JIRA_LOADER"},
	} {
		if *d.field == "" {
			*d.field = d.value
		}
		*d.field = strings.ToUpper(*d.field)
	}
	if o.AccountTimezone == "" {
		o.AccountTimezone = "America/Los_Angeles"
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}
