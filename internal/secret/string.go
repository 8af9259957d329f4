// Package secret holds values that must not be seen, and finds them where
// they are kept.
//
// A [String] prints as *** whatever prints it: fmt with any verb, JSON, YAML,
// gob, log/slog, a panic. Only [String.Reveal] gives the value, and what calls
// it can be found with grep. It is read when first asked for, and again by
// [String.Reload] when a store may have rotated it.
//
// In a configuration a secret is written as itself or, better, as a reference:
//
//	env:NAME                    environment variable
//	file:PATH[#FIELD]           file that only its owner may read
//	vault:MOUNT/PATH#FIELD      HashiCorp Vault or OpenBao, KV version 1 or 2
//	aws-sm:NAME[#FIELD]         AWS Secrets Manager, by name or ARN
//	aws-ssm:NAME                AWS Systems Manager Parameter Store
//	azure-kv:VAULT/NAME[#FIELD] Azure Key Vault
//	gcp-sm:PROJECT/NAME[#FIELD] Google Secret Manager
//	literal:TEXT                TEXT itself, should it begin like one of these
//
// FIELD selects a string within a JSON document: member names joined by dots
// (jira.token) or an RFC 6901 pointer (/jira/token).
//
// A [Resolver] knows the stores. Each store is a small type behind [Store];
// those that can keep a new value (for refresh tokens that rotate) are a
// [Writer] too. Errors are an [*Error] with a [Kind], name the reference and
// say what to do; they never hold a value.
package secret

import (
	"context"
	"fmt"
	"io"
	"log/slog"
)

// mask is what every printer shows instead of a secret.
const mask = "***"

// String is a secret: a text of its own or a reference to a store. Copies share
// what was read. The zero String is an unset one. Strings are safe for
// concurrent use and cannot be compared.
type String struct {
	// cell is a function because a printer that walks values by reflection,
	// through pointers and unexported fields, stops at an address here.
	cell func() *cell
}

// cell is what copies of a String share.
type cell struct {
	gate     chan struct{} // holds one token while the fields below are in use
	store    Store         // nil when the text stood in the configuration itself
	ref      Reference
	value    string
	resolved bool
}

func newString(c *cell) String {
	c.gate = make(chan struct{}, 1)
	return String{cell: func() *cell { return c }}
}

// Plain returns a String whose value is text itself. Empty text gives the zero
// String.
func Plain(text string) String {
	if text == "" {
		return String{}
	}
	return newString(&cell{value: text, resolved: true})
}

// IsZero reports whether nothing was given: neither a text nor a reference.
func (s String) IsZero() bool { return s.cell == nil }

// Reference returns the reference as written in the configuration, such as
// "env:JIRA_API_TOKEN", or "" for a secret that stands there itself.
func (s String) Reference() string {
	if s.cell == nil {
		return ""
	}
	return s.cell().ref.String()
}

// Writable reports whether the store that the secret comes from takes new
// values at all; whether it takes one from us only [String.Replace] tells.
func (s String) Writable() bool {
	if s.cell == nil {
		return false
	}
	_, ok := s.cell().store.(Writer)
	return ok
}

// Reveal returns the value, reading it from its store the first time. The zero
// String reveals "". Failures are an [*Error] and are not remembered: the next
// call tries again.
func (s String) Reveal(ctx context.Context) (string, error) {
	if s.cell == nil {
		return "", nil
	}
	c := s.cell()
	if err := c.lock(ctx); err != nil {
		return "", err
	}
	defer c.unlock()
	if !c.resolved {
		if err := c.read(ctx); err != nil {
			return "", err
		}
	}
	return c.value, nil
}

// Reload reads the value from its store again, after it may have been rotated,
// and reports whether it changed. When the store cannot be read the value known
// so far stays. A secret without a reference never changes.
func (s String) Reload(ctx context.Context) (changed bool, err error) {
	if s.cell == nil {
		return false, nil
	}
	c := s.cell()
	if err := c.lock(ctx); err != nil {
		return false, err
	}
	defer c.unlock()
	before, known := c.value, c.resolved
	if err := c.read(ctx); err != nil {
		return false, err
	}
	return !known || c.value != before, nil
}

// Replace sets a new value, as when a server hands out the next refresh token,
// and writes it to the store it came from. From then on Reveal gives the new
// value in this process even if writing failed; [ReadOnly] in the error says
// that the place cannot be written, so that the person must be told.
func (s String) Replace(ctx context.Context, value string) error {
	if s.cell == nil {
		return &Error{Op: "write", Kind: ReadOnly, Mend: "give the secret as a reference to a place that can be written, such as file:PATH or vault:MOUNT/PATH#FIELD"}
	}
	c := s.cell()
	if err := c.lock(ctx); err != nil {
		return err
	}
	defer c.unlock()
	c.value, c.resolved = value, true
	w, ok := c.store.(Writer)
	if !ok {
		return &Error{Op: "write", Ref: c.ref, Kind: ReadOnly, Mend: "the new value is lost when this process ends; keep it at file:PATH, vault:MOUNT/PATH#FIELD or aws-ssm:NAME instead"}
	}
	return describe(w.Write(ctx, c.ref, value), "write", c.ref)
}

// lock waits for the cell, no longer than the context allows.
func (c *cell) lock(ctx context.Context) error {
	select {
	case c.gate <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait for secret %s: %w", c.ref, ctx.Err())
	}
}

func (c *cell) unlock() { <-c.gate }

// read fills the cell from its store; the caller holds the lock.
func (c *cell) read(ctx context.Context) error {
	if c.store == nil {
		return nil
	}
	value, err := fetch(ctx, c.store, c.ref)
	if err != nil {
		return err
	}
	c.value, c.resolved = value, true
	return nil
}

// String returns ***.
func (String) String() string { return mask }

// GoString returns ***.
func (String) GoString() string { return mask }

// Format writes *** for every verb and flag.
func (String) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, mask) }

// LogValue returns *** for log/slog.
func (String) LogValue() slog.Value { return slog.StringValue(mask) }

// MarshalText returns ***; encoding/json, encoding/xml and YAML use it.
func (String) MarshalText() ([]byte, error) { return []byte(mask), nil }

// GobEncode returns ***.
func (String) GobEncode() ([]byte, error) { return []byte(mask), nil }

// GobDecode refuses: only the mask was ever encoded.
func (String) GobDecode([]byte) error {
	return &Error{Op: "decode", Kind: Invalid, Mend: "secrets are masked when encoded and cannot be read back"}
}
