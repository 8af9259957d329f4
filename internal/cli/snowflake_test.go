package cli_test

import (
	"crypto/rsa"
	"strconv"

	"github.com/rogpeppe/go-internal/testscript"

	"snowdrift/internal/privatekey"
	"snowdrift/internal/snowflaketest"
)

type accountKey struct{}

// startSnowflake starts a Snowflake account for tests whose user has the key in
// the named file, and sets SNOW_PORT.
func startSnowflake(ts *testscript.TestScript, _ bool, args []string) {
	key, err := privatekey.Load([]byte(ts.ReadFile(args[0])), "")
	ts.Check(err)
	srv, err := snowflaketest.New(snowflaketest.Options{PublicKeys: []*rsa.PublicKey{&key.PublicKey}})
	ts.Check(err)
	ts.Defer(func() {
		for _, v := range srv.Violations() {
			ts.Logf("violation: %s", v)
		}
		ts.Check(srv.Close())
		if len(srv.Violations()) > 0 {
			ts.Fatalf("DDL or BEGIN inside a transaction")
		}
	})
	ts.Setenv("SNOW_PORT", strconv.Itoa(srv.Port()))
	ts.Value(accountKey{}).(*account).Server = srv
}

// account is the Snowflake account of a script.
type account struct {
	*snowflaketest.Server
	wakes int
}

// asleep puts the warehouse to sleep, and after that, at the next call, holds
// that nobody woke it.
func asleep(ts *testscript.TestScript, _ bool, _ []string) {
	a := ts.Value(accountKey{}).(*account)
	if n := a.WarehouseWakes(); a.wakes != 0 && n != a.wakes {
		ts.Fatalf("the warehouse was woken %d times", n-a.wakes)
	}
	a.SuspendWarehouse()
	a.wakes = a.WarehouseWakes()
}
