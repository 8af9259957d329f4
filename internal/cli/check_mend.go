package cli

import (
	"errors"
	"strings"

	"snowdrift/internal/jira"
	"snowdrift/internal/secret"
	"snowdrift/stages/batch"
	"snowdrift/stages/load"
)

// cutMend takes what to do out of an error's text. Errors that know it say so in
// a field; all others end in "; " and the mend, if they have one. cause may be
// nil.
func cutMend(text string, cause error) (found, mend string) {
	for _, hint := range mends(cause) {
		if before, after, ok := strings.Cut(text, "; "+hint); ok && hint != "" {
			return before + after, hint
		}
	}
	if at := strings.LastIndex(text, "; "); at >= 0 {
		return text[:at], text[at+len("; "):]
	}
	return text, ""
}

// mends are the hints in an error's chain, the innermost kind first: what keeps
// a secret from being read is why Jira does not let us in.
func mends(err error) []string {
	var hints []string
	if e := (*secret.Error)(nil); errors.As(err, &e) {
		// A secret can need another one, as Vault's own login does.
		for inner := e; errors.As(inner.Err, &inner); {
			hints = append(hints, inner.Mend)
		}
		hints = append(hints, e.Mend)
	}
	if e := (*jira.Error)(nil); errors.As(err, &e) {
		for inner := e; errors.As(inner.Err, &inner); {
			hints = append(hints, inner.Hint)
		}
		hints = append(hints, e.Hint)
	}
	if e := (*load.Error)(nil); errors.As(err, &e) {
		hints = append(hints, e.Hint)
	}
	if e := (*batch.Error)(nil); errors.As(err, &e) {
		hints = append(hints, e.Hint)
	}
	return hints
}
