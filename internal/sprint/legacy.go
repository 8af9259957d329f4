package sprint

import (
	"bytes"
	"errors"
	"fmt"
)

// A kind says what the values of a key of the legacy text look like.
type kind func(value []byte) bool

// legacyKeys are the keys that versions of Jira Agile have written. Values
// that are not free text hold no commas.
var legacyKeys = []struct {
	name string
	fits kind // nil: free text
}{
	{"id", isNumber},
	{"rapidViewId", isNumber},
	{"state", isState},
	{"closed", isFlag}, // before there was a state
	{"name", nil},
	{"goal", nil},
	{"createdDate", isDate},
	{"startDate", isDate},
	{"endDate", isDate},
	{"completeDate", isDate},
	{"activatedDate", isDate},
	{"sequence", isNumber},
	{"autoStartStop", isFlag},
	{"incompleteIssuesDestinationId", isNumber},
	{"synced", isFlag},
}

func isNull(v []byte) bool { return string(v) == "<null>" || string(v) == "null" }

func isNumber(v []byte) bool {
	for _, c := range v {
		if c < '0' || c > '9' {
			return isNull(v)
		}
	}
	return len(v) > 0
}

func isState(v []byte) bool {
	switch string(bytes.ToUpper(v)) {
	case "FUTURE", "ACTIVE", "CLOSED", "<NULL>", "NULL":
		return true
	}
	return false
}

func isFlag(v []byte) bool {
	return string(v) == "true" || string(v) == "false" || isNull(v)
}

// isDate accepts what is meant to be a date, readable or not.
func isDate(v []byte) bool {
	return isNull(v) || len(v) > 0 && ('0' <= v[0] && v[0] <= '9' || v[0] == '+' || v[0] == '-')
}

// parseLegacy reads …Sprint@hash[key=value,key=value].
func parseLegacy(text []byte) (Sprint, error) {
	text = bytes.TrimSpace(text)
	open := bytes.IndexByte(text, '[')
	if open < 0 || text[len(text)-1] != ']' {
		return Sprint{}, fmt.Errorf("%w: neither a JSON object nor Sprint@…[…]", ErrSyntax)
	}
	body := text[open+1 : len(text)-1]

	var s Sprint
	var dates error
	seen := make([]bool, len(legacyKeys))
	current, from := -1, 0 // the key whose value begins at from
	store := func(to int) {
		if current < 0 {
			return
		}
		value := body[from:to]
		key := &legacyKeys[current]
		if key.fits != nil {
			value, _, _ = bytes.Cut(value, []byte(",")) // an unknown key may follow
		}
		if string(value) == "<null>" || key.fits != nil && isNull(value) {
			return
		}
		dates = errors.Join(dates, s.set(key.name, value))
	}
	for at := 0; at < len(body); {
		if key, value := keyAt(body, at, seen); key >= 0 {
			store(max(0, at-1)) // without the comma
			seen[key], current, from = true, key, value
		}
		comma := bytes.IndexByte(body[at:], ',')
		if comma < 0 {
			break
		}
		at += comma + 1
	}
	store(len(body))
	if s.ID == 0 {
		return Sprint{}, fmt.Errorf("%w: it has no id", ErrSyntax)
	}
	return s, dates
}

// keyAt returns the key that begins at body[at:], if it has not been seen and
// its value fits, and where the value begins; or -1.
func keyAt(body []byte, at int, seen []bool) (key, value int) {
	for i := range legacyKeys {
		k := &legacyKeys[i]
		rest, ok := bytes.CutPrefix(body[at:], []byte(k.name))
		if seen[i] || !ok || len(rest) == 0 || rest[0] != '=' {
			continue
		}
		v, _, _ := bytes.Cut(rest[1:], []byte(","))
		if k.fits == nil || k.fits(v) {
			return i, at + len(k.name) + 1
		}
	}
	return -1, 0
}
