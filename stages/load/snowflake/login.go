package snowflake

import (
	"context"
	"crypto/rsa"
	"fmt"
	"time"

	sf "github.com/snowflakedb/gosnowflake"

	"snowdrift/internal/privatekey"
	"snowdrift/internal/secret"
)

// Login is how the user proves who it is: KeyPair, Token or SessionToken.
type Login interface {
	// configure sets what the driver needs for one login.
	configure(ctx context.Context, cfg *sf.Config) error
	// hint says what to do when the login is refused by this error.
	hint(user string, number int) string
}

// KeyPair logs in with a private key whose public half the user has.
type KeyPair struct{ Key *rsa.PrivateKey }

// String hides the key.
func (KeyPair) String() string { return "KEY_PAIR" }

// GoString hides the key.
func (KeyPair) GoString() string { return "KEY_PAIR" }

func (k KeyPair) configure(_ context.Context, cfg *sf.Config) error {
	cfg.Authenticator, cfg.PrivateKey = sf.AuthTypeJwt, k.Key
	return nil
}

func (k KeyPair) hint(user string, number int) string {
	if number != errJWT {
		return ""
	}
	return fmt.Sprintf("the key that was sent has the fingerprint %s: run DESC USER %s and compare it with RSA_PUBLIC_KEY_FP and RSA_PUBLIC_KEY_2_FP; "+
		"if one is equal, check account and user, and the clock of this machine", privatekey.Fingerprint(&k.Key.PublicKey), Dialect.Quote(user))
}

// Token logs in with an OAuth token, or with Access one of the user's
// programmatic access tokens. File names a file that holds the token, and is
// read again for each login.
type Token struct {
	Value  secret.String
	File   string
	Access bool
}

func (t Token) configure(ctx context.Context, cfg *sf.Config) error {
	cfg.Authenticator = sf.AuthTypeOAuth
	if t.Access {
		cfg.Authenticator = sf.AuthTypePat
	}
	if t.File != "" {
		text, err := secret.ReadFile(t.File)
		if err != nil {
			return err
		}
		cfg.Token = trimmed(text)
		return nil
	}
	// One that was replaced in its store since the last login is read anew.
	if _, err := t.Value.Reload(ctx); err != nil {
		return err
	}
	text, err := t.Value.Reveal(ctx)
	cfg.Token = text
	return err
}

func (t Token) hint(string, int) string {
	return "check that the token is valid, not expired, and allowed for this user and role"
}

// SessionToken logs in with the token that Snowpark Container Services keep
// fresh in a file. The service's own role and user are in it.
type SessionToken struct{ File string }

func (t SessionToken) configure(_ context.Context, cfg *sf.Config) error {
	cfg.Authenticator, cfg.TokenFilePath = sf.AuthTypeOAuth, t.File
	cfg.User, cfg.Role = "", ""
	return nil
}

func (t SessionToken) hint(string, int) string {
	return "SNOWFLAKE_SESSION_TOKEN works inside Snowpark Container Services only; the platform keeps the token in " + t.File
}

// loginTimeout bounds one login with all its repetitions.
const loginTimeout = time.Minute

// queryTag begins the tag of all our statements; run ids follow.
const queryTag = "snowdrift"

// config returns what the driver needs for one session. Each has parameters of
// its own: the driver writes what the server answers into the map.
func (w *Warehouse) config(ctx context.Context) (*sf.Config, error) {
	o := w.opts
	cfg := &sf.Config{
		Account: o.Account, User: o.User, Role: o.Role, Warehouse: o.Warehouse, Database: o.Database, Schema: o.Schema,
		Host: o.Host, Port: o.Port, Protocol: o.Protocol,
		Application: "snowdrift", LoginTimeout: loginTimeout, MaxRetryCount: o.Retries,
		DisableTelemetry: true, Transporter: o.Transport, ValidateDefaultParameters: sf.ConfigBoolTrue,
	}
	// An account may have set others for all its sessions (sql-reference/parameters).
	params := map[string]string{
		"TIMEZONE":                        "UTC",
		"AUTOCOMMIT":                      "true",
		"ERROR_ON_NONDETERMINISTIC_MERGE": "true",
		"TIMESTAMP_INPUT_FORMAT":          "AUTO",
		"DATE_INPUT_FORMAT":               "AUTO",
		"ROWS_PER_RESULTSET":              "0", // all
		"MULTI_STATEMENT_COUNT":           "1", // Query looks at the first word alone
		"ABORT_DETACHED_QUERY":            "true",
		"QUERY_TAG":                       queryTag,
		// The driver looks for this one in lower case.
		"client_session_keep_alive": "true",
	}
	if o.StatementTimeout > 0 {
		params["STATEMENT_TIMEOUT_IN_SECONDS"] = seconds(o.StatementTimeout)
		params["STATEMENT_QUEUED_TIMEOUT_IN_SECONDS"] = seconds(o.StatementTimeout)
	}
	if o.LockTimeout > 0 {
		params["LOCK_TIMEOUT"] = seconds(o.LockTimeout)
	}
	cfg.Params = map[string]*string{}
	for name, value := range params {
		cfg.Params[name] = &value
	}
	return cfg, o.Login.configure(ctx, cfg)
}

func seconds(d time.Duration) string { return fmt.Sprint(int64(max(d, time.Second).Seconds())) }

func trimmed(text []byte) string {
	for len(text) > 0 && (text[len(text)-1] == '\n' || text[len(text)-1] == '\r') {
		text = text[:len(text)-1]
	}
	return string(text)
}
