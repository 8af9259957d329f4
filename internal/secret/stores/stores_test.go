package stores

import (
	"errors"
	"slices"
	"testing"

	"snowdrift/internal/secret"
)

// TestSchemes holds the list in the documentation of package secret, and that a
// malformed reference to each store is refused before anybody is asked.
func TestSchemes(t *testing.T) {
	r := New(Options{Environment: func(string) (string, bool) { return "", false }})
	want := []string{"aws-sm", "aws-ssm", "azure-kv", "env", "file", "gcp-sm", "vault"}
	if got := r.Schemes(); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	for _, text := range []string{"aws-sm:", "aws-ssm:x#f", "azure-kv:x", "env:a b", "file:", "gcp-sm:x", "vault:secret/x"} {
		if _, err := r.Parse(text, ""); !errors.Is(err, secret.Invalid) {
			t.Errorf("%s: %v", text, err)
		}
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
}
