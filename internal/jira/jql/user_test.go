package jql

import (
	"errors"
	"strings"
	"testing"
)

func TestParseUser(t *testing.T) {
	good := []string{
		``, " \t\n ",
		`project = ED`,
		`a OR b`,
		`(a OR b) AND NOT (c)`,
		`"order" = 1 AND by = 2`,
		`"ORDER BY" ~ "x"`,
		`summary ~ "a ) b"`, `summary ~ 'a " ( b'`, `summary ~ "\") OR ("`,
		`summary ~ "x order by y"`, `summary ~ 'order by'`,
		`summary ~ it\'s`, `summary ~ a\(b`, `summary ~ \"`,
		`reorder by = 1`, `border = 1`, `cf[10020] in (1,2)`, `"cf[10020]" is EMPTY`,
		`updated >= -5d && labels != x || labels !~ y`, `assignee = currentUser()`,
		`labels = "å\u0000"`, `labels = 日本語`,
		"labels = a\nOR labels = b",
		`labels = a\ `,
	}
	for _, query := range good {
		c, err := ParseUser(query)
		want := strings.TrimSpace(query)
		if strings.HasSuffix(query, `\ `) {
			want = query // an escaped space belongs to the word
		}
		if err != nil || c.String() != want {
			t.Errorf("%q: %q, %v", query, c, err)
		}
	}
	bad := []struct {
		query        string
		line, column int
		says         string
	}{
		{`project = ED ORDER BY created`, 1, 14, "ORDER BY"},
		{`order by created`, 1, 1, "ORDER BY"},
		{"project = ED\n  oRdEr \t\r\n bY created", 2, 3, "ORDER BY"},
		{"labels = å order\u00a0by x", 1, 12, "ORDER BY"},
		{`(a = 1) order by x`, 1, 9, "ORDER BY"},
		{`a in (1)order by x`, 1, 9, "ORDER BY"},
		{`a = "x"order by x`, 1, 8, "ORDER BY"},
		{`a = 1 OR (b = 2`, 1, 10, "never closed"},
		{`a) OR (b`, 1, 2, "never opened"},
		{`"a = 1`, 1, 1, "quote"},
		{`a = 'x"`, 1, 5, "quote"},
		{`a = "x\"`, 1, 5, "quote"},
		{`a = x\`, 1, 6, "backslash"},
	}
	for _, tt := range bad {
		_, err := ParseUser(tt.query)
		var e *SyntaxError
		if !errors.As(err, &e) || e.Line != tt.line || e.Column != tt.column || !strings.Contains(e.Message, tt.says) {
			t.Errorf("%q: %v, want line %d column %d %q", tt.query, err, tt.line, tt.column, tt.says)
		}
	}
}

// parts cuts a conjunction that And made into what its parentheses hold.
func parts(t *testing.T, query string) []string {
	t.Helper()
	var list []string
	depth, start := 0, 0
	for s := (scanner{text: query}); ; {
		tok, err := s.next()
		if err != nil {
			t.Fatalf("%q: %v", query, err)
		}
		switch tok.kind {
		case tokenEnd:
			return list
		case tokenOpen:
			if depth++; depth == 1 {
				start = tok.start + 1
			}
		case tokenClose:
			if depth--; depth == 0 {
				list = append(list, query[start:tok.start])
			}
		default:
			if depth == 0 && !tok.isWord("and") {
				t.Fatalf("%q: %q leaks", query, tok.text)
			}
		}
	}
}

func FuzzParseUser(f *testing.F) {
	for _, seed := range []string{`a OR b`, `a) OR (b`, `x ~ "\")"`, `'(' = ")"`, `order by`, `\`, `"\`, "a\u00a0order\nby"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, query string) {
		c, err := ParseUser(query)
		if err != nil || c.IsZero() {
			return
		}
		// What was accepted stays within its parentheses.
		window := Millis().Since("updated", latest)
		if got := parts(t, And(c, window).String()); len(got) != 2 || got[0] != c.String() || got[1] != window.String() {
			t.Fatalf("%q is taken apart as %q", query, got)
		}
	})
}

func TestAnd(t *testing.T) {
	user := Clause{"a OR b"}
	tests := []struct {
		got  Clause
		want string
	}{
		{And(), ``},
		{And(Clause{}, Clause{}), ``},
		{And(user), `a OR b`},
		{And(Clause{}, user, Clause{}), `a OR b`},
		{And(user, Clause{"c"}), `(a OR b) AND (c)`},
		{And(And(user), Clause{"c"}), `(a OR b) AND (c)`},
		{And(And(user, Clause{"c"}), Clause{"d"}), `((a OR b) AND (c)) AND (d)`},
		{And(Everything(), user), `(updated >= "1970-01-02") AND (a OR b)`},
	}
	for _, tt := range tests {
		if tt.got.String() != tt.want {
			t.Errorf("got %s, want %s", tt.got, tt.want)
		}
	}
	if got := OrderBy("updated", "key"); got != "ORDER BY updated ASC, key ASC" {
		t.Errorf("order %q", got)
	}
}
