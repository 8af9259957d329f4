package snowflaketest

import (
	"database/sql"
	"encoding/base64"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	sf "github.com/snowflakedb/gosnowflake"
)

// login tries one login and returns its error.
func login(t *testing.T, cfg *sf.Config) error {
	t.Helper()
	//lint:ignore SA1019 this line of the driver has no other setting
	cfg.LoginTimeout = 20 * time.Second

	db := sql.OpenDB(sf.NewConnector(sf.SnowflakeDriver{}, *cfg))
	defer closing(t, db.Close)
	return db.PingContext(t.Context())
}

func TestStrict01_JWT(t *testing.T) {
	t.Parallel()
	keys := keyPair(t)
	one := account(t, nil)
	both := account(t, func(o *Options) { o.PublicKeys = append(o.PublicKeys, &keys[1].PublicKey) })
	for name, tc := range map[string]struct {
		server *Server
		change func(*sf.Config)
		number int // 0 is success
	}{
		"right key":         {one, func(*sf.Config) {}, 0},
		"key 2":             {both, func(c *sf.Config) { c.PrivateKey = keys[1] }, 0},
		"key 2 of two":      {both, func(*sf.Config) {}, 0},
		"unregistered key":  {one, func(c *sf.Config) { c.PrivateKey = keys[1] }, 390144},
		"other user":        {one, func(c *sf.Config) { c.User = "SOMEBODY" }, 390144},
		"user in lower":     {one, func(c *sf.Config) { c.User = "loader" }, 0},
		"region in account": {one, func(c *sf.Config) { c.Account = "testacct.eu-west-1" }, 0},
		//lint:ignore SA1019 this line of the driver has no other setting
		"life of two hours": {one, func(c *sf.Config) { c.JWTExpireTimeout = 2 * time.Hour }, 390144},
		"password instead":  {one, func(c *sf.Config) { c.Authenticator, c.Password = sf.AuthTypeSnowflake, "secret" }, 390100},
		"wrong account":     {one, func(c *sf.Config) { c.Account = "OTHER" }, 260008},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := config(t, tc.server)
			tc.change(cfg)
			err := login(t, cfg)
			if tc.number == 0 {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			wantError(t, err, tc.number, name)
		})
	}
}

// TestStrict01_JWTClaims signs tokens that the driver would never sign.
func TestStrict01_JWTClaims(t *testing.T) {
	t.Parallel()
	srv := account(t, nil)
	key := keyPair(t)[0]
	fp, err := fingerprint(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	good := func() jwt.MapClaims {
		return jwt.MapClaims{"iss": "TESTACCT.LOADER." + fp, "sub": "TESTACCT.LOADER", "iat": now.Unix(), "exp": now.Add(time.Minute).Unix(), "nbf": int64(1444478400)}
	}
	sign := func(c jwt.MapClaims, m jwt.SigningMethod, k any) string {
		s, err := jwt.NewWithClaims(m, c).SignedString(k)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	change := func(k string, v any) jwt.MapClaims { c := good(); c[k] = v; return c }
	without := func(k string) jwt.MapClaims { c := good(); delete(c, k); return c }
	token := sign(good(), jwt.SigningMethodRS256, key)
	for name, tc := range map[string]struct {
		token string
		ok    bool
	}{
		"good":               {token, true},
		"good, used again":   {token, true},
		"alg none":           {sign(good(), jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType), false},
		"alg HS256":          {sign(good(), jwt.SigningMethodHS256, []byte(fp)), false},
		"alg RS512":          {sign(good(), jwt.SigningMethodRS512, key), false},
		"signature of key 2": {sign(good(), jwt.SigningMethodRS256, keyPair(t)[1]), false},
		"wrong iss":          {sign(change("iss", "TESTACCT.LOADER"), jwt.SigningMethodRS256, key), false},
		"iss in lower case":  {sign(change("iss", "testacct.loader."+fp), jwt.SigningMethodRS256, key), false},
		"wrong sub":          {sign(change("sub", "TESTACCT.ROOT"), jwt.SigningMethodRS256, key), false},
		"expired":            {sign(change("exp", now.Add(-time.Minute).Unix()), jwt.SigningMethodRS256, key), false},
		"no exp":             {sign(without("exp"), jwt.SigningMethodRS256, key), false},
		"no iat":             {sign(without("iat"), jwt.SigningMethodRS256, key), false},
		"iat in the future":  {sign(change("iat", now.Add(time.Minute).Unix()), jwt.SigningMethodRS256, key), false},
		"tampered":           {tamper(token), false},
		"nonsense":           {"nonsense", false},
	} {
		got := rawLogin(t, srv, map[string]any{"AUTHENTICATOR": "SNOWFLAKE_JWT", "TOKEN": tc.token})
		if got["success"] != tc.ok {
			t.Errorf("%s: answer %v, want success %t", name, got, tc.ok)
		}
		if !tc.ok && got["code"] != "390144" {
			t.Errorf("%s: code %v, want 390144", name, got["code"])
		}
	}
}

// tamper changes the user in a signed token.
func tamper(token string) string {
	parts := strings.Split(token, ".")
	body, _ := base64.RawURLEncoding.DecodeString(parts[1])
	parts[1] = base64.RawURLEncoding.EncodeToString([]byte(strings.Replace(string(body), `"exp":`, `"x":1,"exp":`, 1)))
	return strings.Join(parts, ".")
}

func rawLogin(t *testing.T, srv *Server, data map[string]any) map[string]any {
	t.Helper()
	data["ACCOUNT_NAME"], data["SESSION_PARAMETERS"] = "TESTACCT", map[string]any{"GO_QUERY_RESULT_FORMAT": "JSON"}
	return post(t, srv, "/session/v1/login-request?requestId=r&databaseName=RAW&schemaName=JIRA&warehouse=LOAD_WH", "", map[string]any{"data": data})
}

func TestStrict01_Tokens(t *testing.T) {
	t.Parallel()
	valid := "token one"
	srv := account(t, func(o *Options) {
		o.OAuthToken = func() string { return valid }
		o.PATs = []string{"a personal token"}
	})
	oauth := func(token string) *sf.Config {
		cfg := config(t, srv)
		cfg.Authenticator, cfg.Token, cfg.User = sf.AuthTypeOAuth, token, ""
		return cfg
	}
	if err := login(t, oauth("token one")); err != nil {
		t.Fatal(err)
	}
	wantError(t, login(t, oauth("never heard of")), 390303, "unknown token")

	// A token in a file is read again at every login, so that it can be rotated.
	file := filepath.Join(t.TempDir(), "token")
	byFile := oauth("")
	byFile.TokenFilePath = file
	write := func(s string) {
		if err := os.WriteFile(file, []byte(s), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("token one")
	if err := login(t, byFile); err != nil {
		t.Fatal(err)
	}
	valid = "token two"
	wantError(t, login(t, byFile), 390318, "rotated token, old file")
	write("token two")
	if err := login(t, byFile); err != nil {
		t.Fatal(err)
	}

	pat := config(t, srv)
	pat.Authenticator, pat.Token = sf.AuthTypePat, "a personal token"
	if err := login(t, pat); err != nil {
		t.Fatal(err)
	}
	pat.Token = "guessed"
	wantError(t, login(t, pat), 394400, "wrong PAT")
}

// TestStrict11_Records: what the client sends is there to be searched.
func TestStrict11_Records(t *testing.T) {
	t.Parallel()
	srv := account(t, nil)
	cfg := config(t, srv)
	cfg.Params["STATEMENT_TIMEOUT_IN_SECONDS"] = text("3600")
	c := connect(t, cfg)
	rows(t, c, "SELECT ?", "a bound value")
	if _, err := c.ExecContext(sf.WithQueryTag(t.Context(), "run 2"), "ALTER SESSION SET TIMEZONE = 'Europe/Berlin'"); err != nil {
		t.Fatal(err)
	}
	want(t, c, "SELECT CONVERT_TIMEZONE('UTC', '2024-07-01 00:00:00'::TIMESTAMP_LTZ)::VARCHAR", "2024-06-30 22:00:00.000 +0000")
	fails(t, c, 2003, "SELECT * FROM NOPE")
	fails(t, c, 1003, "CREATE WAREHOUSE W")
	l := srv.Logins()
	if len(l) != 1 || l[0].User != "LOADER" || l[0].Authenticator != "SNOWFLAKE_JWT" || l[0].Application != "snowflaketest" || l[0].Role != "JIRA_LOADER" ||
		l[0].Parameters["TIMEZONE"] != "UTC" || l[0].Parameters["STATEMENT_TIMEOUT_IN_SECONDS"] != "3600" || l[0].Parameters["QUERY_TAG"] != "run 1" {
		t.Errorf("logins %+v", l)
	}
	var got []string
	for _, s := range srv.Statements() {
		code := ""
		if s.Err != nil {
			code = s.Err.Code
		}
		got = append(got, strings.Join([]string{s.Kind, s.Tag, strings.Join(s.Binds, ","), code}, "/"))
		if s.SessionID != l[0].SessionID || s.QueryID == "" || s.RequestID == "" || s.Attempt != 1 {
			t.Errorf("record %+v", s)
		}
	}
	if want := []string{"SELECT/run 1/a bound value/", "ALTER SESSION/run 2//", "SELECT/run 1//", "SELECT/run 1//002003", "INVALID/run 1//001003"}; !slices.Equal(got, want) {
		t.Errorf("statements %q, want %q", got, want)
	}
}

// TestStrict12_Privileges: what the role lacks, and what the session lacks.
func TestStrict12_Privileges(t *testing.T) {
	t.Parallel()
	srv := account(t, nil)
	wantLogin := func(number int, change func(*sf.Config)) {
		t.Helper()
		cfg := config(t, srv)
		change(cfg)
		wantError(t, login(t, cfg), number, "login")
	}
	wantLogin(390189, func(c *sf.Config) { c.Role = "ACCOUNTADMIN" })
	wantLogin(390201, func(c *sf.Config) { c.Warehouse = "NOPE" })
	wantLogin(390201, func(c *sf.Config) { c.Schema = "NOPE" })
	wantLogin(390201, func(c *sf.Config) { c.Database = "NOPE" })

	c := open(t, srv)
	run(t, c, `CREATE TABLE T (ID NUMBER)`, `CREATE STAGE S`)
	insert, merge := `INSERT INTO T VALUES (1)`, `MERGE INTO T USING (SELECT 1 AS ID) s ON T.ID = s.ID WHEN MATCHED THEN DELETE`
	for _, tc := range []struct {
		privilege, object, statement string
		number                       int
	}{
		{"INSERT", "RAW.JIRA.T", insert, 3001},
		{"DELETE", "RAW.JIRA.T", merge, 3001},
		{"SELECT", "RAW.JIRA.T", `SELECT * FROM T`, 2003},
		{"OWNERSHIP", "RAW.JIRA.T", `ALTER TABLE T ADD COLUMN X NUMBER`, 3001},
		{"CREATE TABLE", "RAW.JIRA", `CREATE TABLE U (ID NUMBER)`, 3001},
		{"CREATE STAGE", "RAW.JIRA", `CREATE TEMPORARY STAGE U`, 3001},
		{"CREATE VIEW", "RAW.JIRA", `CREATE VIEW U AS SELECT 1 AS ID`, 3001},
		{"WRITE", "RAW.JIRA.S", `REMOVE @S/x/`, 3001},
		{"READ", "RAW.JIRA.S", `LIST @S`, 3001},
		{"USAGE", "RAW.JIRA", `SELECT * FROM T`, 2043},
		{"USAGE", "LOAD_WH", insert, 606},
	} {
		srv.Revoke(tc.privilege, tc.object)
		fails(t, c, tc.number, tc.statement)
		srv.Grant(tc.privilege, tc.object)
	}
	run(t, c, insert)

	// Without a warehouse, everything works that needs none.
	cfg := config(t, srv)
	cfg.Warehouse = ""
	c = connect(t, cfg)
	run(t, c, `CREATE TABLE V (ID NUMBER)`)
	rows(t, c, `SHOW TABLES`)
	want(t, c, `SELECT 1 + 1`, "2")
	e := fails(t, c, 606, `SELECT * FROM T`)
	if e.SQLState != "57P03" || e.QueryID == "" {
		t.Errorf("error %+v", e)
	}
	run(t, c, `USE WAREHOUSE LOAD_WH`)
	want(t, c, `SELECT * FROM T`, "1")
}

// TestWarehouse counts what an idle run must not do.
func TestWarehouse(t *testing.T) {
	t.Parallel()
	srv := account(t, nil)
	c := open(t, srv)
	run(t, c, `CREATE TABLE T (ID NUMBER)`, `CREATE STAGE S`)
	rows(t, c, `SHOW TABLES LIKE 'T'`)
	rows(t, c, `DESCRIBE TABLE T`)
	rows(t, c, `LIST @S`)
	put(t, c, parquet(t, "x.parquet", "SELECT 1 AS id"), "@S/x/", true)
	run(t, c, `BEGIN`, `COMMIT`)
	if n := srv.WarehouseWakes(); n != 0 {
		t.Fatalf("metadata woke the warehouse %d times", n)
	}
	run(t, c, `INSERT INTO T VALUES (1)`, `DELETE FROM T`)
	srv.SuspendWarehouse()
	rows(t, c, `SELECT * FROM T`)
	rows(t, c, `SELECT * FROM T`)
	if n := srv.WarehouseWakes(); n != 2 {
		t.Errorf("warehouse woke %d times, want 2", n)
	}
	var needed []string
	for _, s := range srv.Statements() {
		if s.Warehouse {
			needed = append(needed, s.Kind)
		}
	}
	if want := []string{"INSERT", "DELETE", "SELECT", "SELECT"}; !slices.Equal(needed, want) {
		t.Errorf("statements with a warehouse %q, want %q", needed, want)
	}
}
