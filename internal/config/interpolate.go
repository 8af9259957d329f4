package config

import (
	"fmt"
	"regexp"
	"strings"
)

var variable = regexp.MustCompile(`^([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?$`)

// interpolate replaces ${NAME} and ${NAME:-otherwise} in text. As in a shell,
// otherwise stands in for a variable that is unset or empty; without it an
// unset variable is an error. $${ writes ${, and any other $ is itself, since
// passwords are full of them.
func interpolate(text string, lookup func(string) (string, bool)) (string, error) {
	var out strings.Builder
	for {
		before, rest, found := strings.Cut(text, "${")
		if !found {
			out.WriteString(before)
			return out.String(), nil
		}
		if escaped, ok := strings.CutSuffix(before, "$"); ok {
			out.WriteString(escaped + "${")
			text = rest
			continue
		}
		out.WriteString(before)
		inner, after, closed := strings.Cut(rest, "}")
		m := variable.FindStringSubmatch(inner)
		if !closed || m == nil {
			return "", fmt.Errorf("has a ${ that is not ${NAME} or ${NAME:-otherwise}; write $${ for the characters themselves")
		}
		value, set := lookup(m[1])
		switch {
		case strings.Contains(inner, ":-") && value == "":
			value = m[2]
		case !set:
			return "", unsetVariable(m[1])
		}
		out.WriteString(value)
		text = after
	}
}

// unsetVariable is the name of a variable that a text needs.
type unsetVariable string

func (v unsetVariable) Error() string {
	return fmt.Sprintf("needs the environment variable %s, which is not set; set it or write ${%s:-otherwise}", string(v), string(v))
}
