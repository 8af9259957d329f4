package load

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"snowdrift/internal/table"
)

// Two dialects that differ where a Dialect can.
var (
	lower = Dialect{Fold: strings.ToLower, Types: map[table.Type]string{table.Int: "BIGINT", table.Text: "VARCHAR"}}
	upper = Dialect{Fold: strings.ToUpper, Types: map[table.Type]string{table.Int: "NUMBER(38,0)", table.Text: "VARCHAR"}, Backslash: true}
)

func TestQuote(t *testing.T) {
	for _, tt := range []struct{ name, lower, upper string }{
		{"key", `"key"`, `"KEY"`},
		{`a"b`, `"a""b"`, `"A""B"`},
		{"a; DROP TABLE b --", `"a; drop table b --"`, `"A; DROP TABLE B --"`},
		{`back\slash`, `"back\slash"`, `"BACK\SLASH"`},
	} {
		if got := lower.Quote(tt.name); got != tt.lower {
			t.Errorf("got %s, want %s", got, tt.lower)
		}
		if got := upper.Quote(tt.name); got != tt.upper {
			t.Errorf("got %s, want %s", got, tt.upper)
		}
	}
}

func TestLiteral(t *testing.T) {
	for _, tt := range []struct{ text, plain, escaped string }{
		{"", `''`, `''`},
		{"it's", `'it''s'`, `'it''s'`},
		{`\'; DROP TABLE x; --`, `'\''; DROP TABLE x; --'`, `'\\''; DROP TABLE x; --'`},
		{`ends with \`, `'ends with \'`, `'ends with \\'`},
	} {
		if got := lower.Literal(tt.text); got != tt.plain {
			t.Errorf("got %s, want %s", got, tt.plain)
		}
		if got := upper.Literal(tt.text); got != tt.escaped {
			t.Errorf("with escapes: got %s, want %s", got, tt.escaped)
		}
	}
}

func TestStatementsOfATable(t *testing.T) {
	tb := &table.Table{Name: "parts", Key: []string{"id"}, Doc: `It's \ a table.`, Columns: []table.Column{
		{Name: "id", Type: table.Int}, {Name: "order by", Type: table.Text, Doc: "Text."}}}
	for _, tt := range []struct{ got, want string }{
		{upper.CreateTable(tb), "CREATE TABLE IF NOT EXISTS \"PARTS\" (\n  \"ID\" NUMBER(38,0) NOT NULL,\n  \"ORDER BY\" VARCHAR\n)"},
		{lower.AddColumn(tb, tb.Columns[1]), `ALTER TABLE "parts" ADD COLUMN IF NOT EXISTS "order by" VARCHAR`},
		{upper.CommentOnTable(tb), `COMMENT ON TABLE "PARTS" IS 'It''s \\ a table.'`},
		{lower.CommentOnColumn(tb, tb.Columns[1]), `COMMENT ON COLUMN "parts"."order by" IS 'Text.'`},
	} {
		if tt.got != tt.want {
			t.Errorf("got  %s\nwant %s", tt.got, tt.want)
		}
	}
}

func TestErrorSaysWhatWasTriedAndWhatToDo(t *testing.T) {
	cause := errors.New("no space left")
	err := &Error{Op: "commit", On: "issues", Statement: "INSERT INTO x", Hint: "free some", Err: cause}
	for _, part := range []string{"commit issues: no space left", "INSERT INTO x", "; free some"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q does not say %q", err, part)
		}
	}
	if !errors.Is(err, cause) {
		t.Error("the cause cannot be told")
	}
	err.Statement = strings.Repeat("ü", 10_000)
	if got := err.Error(); len(got) > 500 || !utf8.ValidString(got) {
		t.Errorf("an error about a long statement has %d bytes: %q", len(got), got)
	}
	if got := (&Error{Op: "open", Err: cause}).Error(); got != "open: no space left" {
		t.Errorf("got %q", got)
	}
}
