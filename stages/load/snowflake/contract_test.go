package snowflake

import (
	"testing"

	"snowdrift/internal/snowflaketest"
	"snowdrift/stages/load"
	"snowdrift/stages/load/loadtest"
)

// TestContract holds Snowflake to what every destination must do.
func TestContract(outer *testing.T) {
	outer.Parallel()
	accounts := map[string]*snowflaketest.Server{}
	loadtest.Run(outer, func(t *testing.T) load.Warehouse {
		srv := accounts[t.Name()]
		if srv == nil {
			srv = account(outer, nil) // lives until all is closed
			accounts[t.Name()] = srv
		}
		w, err := Open(t.Context(), options(t, srv))
		must(t, err)
		return w
	})
}
