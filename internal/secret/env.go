package secret

import (
	"context"
	"fmt"
	"regexp"
)

// Env reads env:NAME. Lookup is os.LookupEnv, or a view of the environment that
// includes a .env file.
type Env struct {
	Lookup func(name string) (string, bool)
}

var variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// Check accepts the name of a variable, without a field.
func (Env) Check(ref Reference) error {
	if ref.Field != "" || !variableName.MatchString(ref.Name) {
		return &Error{Kind: Invalid, Mend: "write env:NAME with the name of an environment variable"}
	}
	return nil
}

// Read returns the variable's value.
func (e Env) Read(_ context.Context, ref Reference) (string, error) {
	value, ok := e.Lookup(ref.Name)
	if !ok {
		return "", &Error{Kind: NotFound, Mend: fmt.Sprintf("set the environment variable %s", ref.Name)}
	}
	return value, nil
}
