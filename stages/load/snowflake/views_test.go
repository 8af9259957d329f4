package snowflake

import (
	"testing"

	"snowdrift/stages/load"
	"snowdrift/stages/load/viewtest"
)

// TestViews compares the views with a calculation in Go.
func TestViews(t *testing.T) {
	t.Parallel()
	viewtest.Run(t, func(t *testing.T) viewtest.Destination {
		srv := account(t, nil)
		return viewtest.Destination{
			Open: func(t *testing.T) load.Warehouse {
				w, err := Open(t.Context(), options(t, srv))
				must(t, err)
				return w
			},
			Exec: func(t *testing.T, statement string) {
				t.Helper()
				l := open(t, srv, "somebody else")
				must(t, l.main.run(t.Context(), "test", "", statement))
				l.end()
			},
		}
	})
}
