// Package simtest serves simulated sites to tests. It is not a part of package
// jirasim, which is a part of the program and knows nothing of tests.
package simtest

import (
	"testing"

	"snowdrift/internal/jirasim"
)

// Serve generates a site, serves it on a loopback address until the test ends, and
// returns it and the URL to reach it by.
func Serve(t testing.TB, o jirasim.Options) (sim *jirasim.Sim, url string) {
	t.Helper()
	sim, err := jirasim.New(o)
	if err != nil {
		t.Fatal(err)
	}
	url, stop, err := sim.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
	return sim, url
}
