package secret

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"
)

// Reference names a secret in a store: scheme:NAME#FIELD.
type Reference struct {
	Scheme string // which store: "env", "file", "vault", …
	Name   string // what the store calls it
	Field  string // part of it; "" for the whole
}

// String returns the reference as it is written in a configuration, "" for the
// zero Reference.
func (r Reference) String() string {
	switch {
	case r.Scheme == "":
		return ""
	case r.Field == "":
		return r.Scheme + ":" + r.Name
	default:
		return r.Scheme + ":" + r.Name + "#" + r.Field
	}
}

// Store reads the secrets of one scheme. Methods are safe for concurrent use.
type Store interface {
	// Check refuses a reference whose form the store cannot serve, without
	// asking anybody. The error is an *Error of kind Invalid; it must not quote
	// the reference, which may be a password that merely looks like one.
	Check(ref Reference) error

	// Read returns the value. Failures are an *Error whose Kind and Mend are
	// set; the caller fills in operation and reference.
	Read(ctx context.Context, ref Reference) (string, error)
}

// Writer is a Store that can keep a new value in place of the old one.
type Writer interface {
	// Write replaces the value so that a crash leaves the old or the new one.
	Write(ctx context.Context, ref Reference, value string) error
}

// Literal begins a text that stands for itself, whatever it looks like.
const Literal = "literal:"

// Resolver turns what a configuration says into Strings.
type Resolver struct {
	stores map[string]Store
}

// NewResolver returns a resolver over stores by scheme.
func NewResolver(stores map[string]Store) *Resolver {
	return &Resolver{stores: maps.Clone(stores)}
}

// Schemes lists the schemes of references that the resolver knows, in order.
func (r *Resolver) Schemes() []string {
	return slices.Sorted(maps.Keys(r.stores))
}

// Parse returns the secret that text stands for: a reference when it begins
// with a known scheme, else itself. A relative path of a file reference is
// taken from dir ("" is the working directory). Nothing is read yet.
func (r *Resolver) Parse(text, dir string) (String, error) {
	if rest, ok := strings.CutPrefix(text, Literal); ok {
		return Plain(rest), nil
	}
	ref, ok, err := r.Reference(text, dir)
	if err != nil {
		return String{}, err
	}
	if !ok {
		return Plain(text), nil
	}
	return newString(&cell{store: r.stores[ref.Scheme], ref: ref}), nil
}

// Reference reports whether text is a reference to a known store and whether
// its form is right. The error does not quote the text. dir is as for Parse.
func (r *Resolver) Reference(text, dir string) (Reference, bool, error) {
	scheme, rest, ok := strings.Cut(text, ":")
	if !ok || r.stores[scheme] == nil {
		return Reference{}, false, nil
	}
	ref := Reference{Scheme: scheme, Name: rest}
	if at := strings.LastIndexByte(rest, '#'); at >= 0 {
		ref.Name, ref.Field = rest[:at], rest[at+1:]
	}
	if ref.Name == "" {
		return Reference{}, true, &Error{Op: "parse", Kind: Invalid, Mend: fmt.Sprintf("nothing follows %q; write %s", scheme+":", r.forms())}
	}
	if err := r.stores[scheme].Check(ref); err != nil {
		return Reference{}, true, describe(err, "parse", Reference{})
	}
	if scheme == "file" && dir != "" && !filepath.IsAbs(ref.Name) {
		ref.Name = filepath.Join(dir, ref.Name)
	}
	return ref, true, nil
}

// Lookup reads a reference at once, for values that are needed as plain text.
func (r *Resolver) Lookup(ctx context.Context, ref Reference) (string, error) {
	store := r.stores[ref.Scheme]
	if store == nil {
		return "", &Error{Op: "read", Ref: ref, Kind: Invalid, Mend: "write " + r.forms()}
	}
	return fetch(ctx, store, ref)
}

// Close lets go of what stores hold: sessions, renewal of tokens.
func (r *Resolver) Close() error {
	var errs []error
	for _, scheme := range r.Schemes() {
		if c, ok := r.stores[scheme].(io.Closer); ok {
			errs = append(errs, c.Close())
		}
	}
	return errors.Join(errs...)
}

// forms lists the schemes for a message.
func (r *Resolver) forms() string {
	return strings.Join(r.Schemes(), ":…, ") + ":… or " + Literal + "TEXT"
}

// fetch reads one value. The line end that editors and shells leave behind a
// secret is not part of it, and an empty secret is always a mistake.
func fetch(ctx context.Context, store Store, ref Reference) (string, error) {
	value, err := store.Read(ctx, ref)
	if err != nil {
		return "", describe(err, "read", ref)
	}
	value = strings.TrimRight(value, "\r\n")
	if value == "" {
		return "", &Error{Op: "read", Ref: ref, Kind: Empty, Mend: "store a value there"}
	}
	return value, nil
}
