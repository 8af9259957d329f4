package jql

import (
	"strings"
	"testing"
	"unicode"
)

func TestSimple(t *testing.T) {
	tests := []struct {
		name   string
		simple Simple
		want   string
	}{
		{"nothing", Simple{}, ``},
		{"project id", Simple{Projects: []string{"10010"}}, `project in (10010)`},
		{"reserved words as keys", Simple{Projects: []string{"TO", "OR", "AND", "EMPTY", "NULL"}}, `project in ("TO", "OR", "AND", "EMPTY", "NULL")`},
		{"quotes and backslashes", Simple{Projects: []string{`a"b`, `c\d`, `e\"f`, `g'h`}}, `project in ("a\"b", "c\\d", "e\\\"f", "g'h")`},
		{"unicode", Simple{Projects: []string{"Größe 日本 🚀"}}, `project in ("Größe 日本 🚀")`},
		{"injection", Simple{Projects: []string{`X") OR (project = "SECRET`}}, `project in ("X\") OR (project = \"SECRET")`},
		{"control characters", Simple{Projects: []string{"a\nb\x00c\u0085d\uFFFE"}}, `project in ("a\u000ab\u0000c\u0085d\ufffe")`},
		{"categories by name, key and id", Simple{StatusCategories: []string{"To Do", "indeterminate", "3", "done", " DONE "}}, `statusCategory in (2, 4, 3)`},
		{"days", Simple{UpdatedAfter: "2023-10-01", CreatedAfter: "2020-02-29"}, `updated >= "2023-10-01" AND created >= "2020-02-29"`},
		{"all", Simple{Projects: []string{"10010", "ED"}, StatusCategories: []string{"new"}, UpdatedAfter: "2023-10-01"}, `project in (10010, "ED") AND statusCategory in (2) AND updated >= "2023-10-01"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, err := tt.simple.Clause()
			if err != nil || c.String() != tt.want {
				t.Fatalf("got %s, %v; want %s", c, err, tt.want)
			}
			if _, err := ParseUser(c.String()); err != nil {
				t.Errorf("not even we can read it: %v", err)
			}
		})
	}
	for _, tt := range []struct {
		simple Simple
		says   []string
	}{
		{Simple{StatusCategories: []string{"Fertig"}}, []string{"status_category", `"Fertig"`, `"To Do" (or new, 2)`, `"In Progress" (or indeterminate, 4)`, `"Done" (or done, 3)`}},
		{Simple{UpdatedAfter: "2023-02-30"}, []string{"updated_after", "2023-02-30", "yyyy-MM-dd"}},
		{Simple{CreatedAfter: "01.10.2023"}, []string{"created_after", "yyyy-MM-dd"}},
		{Simple{CreatedAfter: `2023-10-01" OR "`}, []string{"created_after"}},
		{Simple{CreatedAfter: "0000-01-01"}, []string{"created_after"}},
		{Simple{Projects: []string{"ED", " "}}, []string{"project", "entry 2"}},
	} {
		_, err := tt.simple.Clause()
		if err == nil {
			t.Errorf("%+v is accepted", tt.simple)
			continue
		}
		for _, want := range tt.says {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%q does not say %q", err, want)
			}
		}
	}
}

// unquote reads a JQL string by the grammar's own rules.
func unquote(t *testing.T, s string) string {
	t.Helper()
	if len(s) < 2 || s[0] != '"' || s[len(s)-1] != '"' {
		t.Fatalf("%q is not quoted", s)
	}
	var b strings.Builder
	for rest := []rune(s[1 : len(s)-1]); len(rest) > 0; rest = rest[1:] {
		switch {
		case rest[0] == '"' || unicode.IsControl(rest[0]):
			t.Fatalf("%q holds a raw %q", s, rest[0])
		case rest[0] != '\\':
			b.WriteRune(rest[0])
		case rest[1] == 'u':
			var r rune
			for _, digit := range rest[2:6] {
				r = r<<4 | rune(strings.IndexRune("0123456789abcdef", digit))
			}
			b.WriteRune(r)
			rest = rest[5:]
		case rest[1] == '"' || rest[1] == '\\':
			b.WriteRune(rest[1])
			rest = rest[1:]
		default:
			t.Fatalf("%q holds an unknown escape", s)
		}
	}
	return b.String()
}

func FuzzQuote(f *testing.F) {
	for _, seed := range []string{`a"b\c`, "\x00\n\x7f\u0085", "\uFFFE\uFDD0", `\"`, "日本 🚀", "\xff"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		quoted := Quote(s)
		if got, want := unquote(t, quoted), strings.ToValidUTF8(s, "\uFFFD"); got != want {
			t.Fatalf("%q is quoted as %s, which means %q", s, quoted, got)
		}
		sc := scanner{text: quoted}
		if tok, err := sc.next(); err != nil || tok.kind != tokenString || tok.text != quoted {
			t.Fatalf("%s is not one token: %+v, %v", quoted, tok, err)
		}
	})
}
