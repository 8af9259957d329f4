package jirasim

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

type tokenKind uint8

const (
	tokenEnd    tokenKind = iota
	tokenWord             // unquoted
	tokenString           // quoted, escapes resolved
	tokenSign             // ( ) , = != < <= > >= ~ !~
	tokenCustom           // cf[n], text is n
)

type token struct {
	kind tokenKind
	text string
	at   int // byte offset
}

// is tells whether an unquoted word (or a sign) is the given one.
func (t token) is(word string) bool {
	return (t.kind == tokenWord || t.kind == tokenSign) && strings.EqualFold(t.text, word)
}

// A jqlError is what Jira says of a bad query; it becomes a 400.
type jqlError struct{ messages []string }

func (e *jqlError) Error() string { return strings.Join(e.messages, " ") }

func jqlErrorf(format string, args ...any) error {
	return &jqlError{messages: []string{fmt.Sprintf(format, args...)}}
}

// badSyntax is Jira's text for an error at a place, which it counts in
// characters from 1.
func badSyntax(jql string, at int, format string, args ...any) error {
	line := 1 + strings.Count(jql[:at], "\n")
	column := 1 + utf8.RuneCountInString(jql[strings.LastIndexByte(jql[:at], '\n')+1:at])
	return jqlErrorf("Error in the JQL Query: %s (line %d, character %d)", fmt.Sprintf(format, args...), line, column)
}

// reservedSigns must be quoted in a word.
const reservedSigns = ";?*/%^$#@[]+."

// lex cuts a query into tokens; the last is tokenEnd.
func lex(jql string) ([]token, error) {
	var out []token
	for i := 0; i < len(jql); {
		c := jql[i]
		switch {
		case c == ' ' || c == '\t' || c == '\r' || c == '\n':
			i++
		case c == '"' || c == '\'':
			text, next, err := lexString(jql, i)
			if err != nil {
				return nil, err
			}
			out = append(out, token{tokenString, text, i})
			i = next
		case strings.IndexByte("(),=!<>~&|", c) >= 0:
			t := lexSign(jql, i)
			out = append(out, t)
			i += len(jql[i:][:signLength(jql, i)])
		default:
			t, next, err := lexWord(jql, i)
			if err != nil {
				return nil, err
			}
			out = append(out, t)
			i = next
		}
	}
	return append(out, token{kind: tokenEnd, at: len(jql)}), nil
}

// signLength is 2 for signs of two characters.
func signLength(jql string, i int) int {
	if i+1 < len(jql) {
		switch jql[i : i+2] {
		case "!=", "<=", ">=", "!~", "&&", "||":
			return 2
		}
	}
	return 1
}

func lexSign(jql string, i int) token {
	text := jql[i : i+signLength(jql, i)]
	switch text { // signs that are words
	case "&", "&&":
		return token{tokenWord, "AND", i}
	case "|", "||":
		return token{tokenWord, "OR", i}
	case "!":
		return token{tokenWord, "NOT", i}
	}
	return token{tokenSign, text, i}
}

func lexWord(jql string, i int) (token, int, error) {
	j := i
	for j < len(jql) && strings.IndexByte(" \t\r\n\"'(),=!<>~&|", jql[j]) < 0 {
		c := jql[j]
		if c == '[' && strings.EqualFold(jql[i:j], "cf") {
			end := strings.IndexByte(jql[j:], ']')
			number := ""
			if end > 0 {
				number = jql[j+1 : j+end]
			}
			if _, err := strconv.ParseUint(number, 10, 63); err != nil {
				return token{}, 0, badSyntax(jql, i, "Expecting a custom field in the form cf[10000].")
			}
			return token{tokenCustom, number, i}, j + end + 1, nil
		}
		decimal := c == '.' && j > i && jql[j-1] >= '0' && jql[j-1] <= '9'
		if c == '\\' {
			return token{}, 0, badSyntax(jql, j, `'\' is an illegal JQL escape sequence outside of quotes.`)
		}
		if strings.IndexByte(reservedSigns, c) >= 0 && !decimal {
			return token{}, 0, badSyntax(jql, j, `The character '%c' is a reserved JQL character. You must enclose it in a string or use the escape '\u%04x' instead.`, c, c)
		}
		if c < ' ' {
			return token{}, 0, badSyntax(jql, j, "The character U+%04X is illegal in a query.", c)
		}
		j++
	}
	return token{tokenWord, jql[i:j], i}, j, nil
}

// lexString reads a quoted string. The legal escapes are \n \r \t \' \" \\
// "\ " and \uXXXX.
func lexString(jql string, start int) (string, int, error) {
	var b strings.Builder
	q := jql[start]
	for i := start + 1; i < len(jql); i++ {
		c := jql[i]
		if c == q {
			return b.String(), i + 1, nil
		}
		if c != '\\' {
			b.WriteByte(c)
			continue
		}
		i++
		if i == len(jql) {
			break
		}
		switch e := jql[i]; e {
		case 'n':
			b.WriteByte('\n')
		case 'r':
			b.WriteByte('\r')
		case 't':
			b.WriteByte('\t')
		case '\'', '"', '\\', ' ':
			b.WriteByte(e)
		case 'u':
			if i+5 > len(jql) {
				return "", 0, badSyntax(jql, i-1, `'\u' is an illegal JQL escape sequence.`)
			}
			r, err := strconv.ParseUint(jql[i+1:i+5], 16, 16)
			if err != nil {
				return "", 0, badSyntax(jql, i-1, `'\u%s' is an illegal JQL escape sequence.`, jql[i+1:i+5])
			}
			b.WriteRune(rune(r))
			i += 4
		default:
			return "", 0, badSyntax(jql, i-1, `'\%c' is an illegal JQL escape sequence. The valid escape sequences are \', \", \t, \n, \r, \\, '\ ' and \uXXXX.`, e)
		}
	}
	return "", 0, badSyntax(jql, start, "The quoted string has not been completed.")
}

// reservedWords must be quoted, in any case (Atlassian, "Advanced searching:
// reserved words").
var reservedWords = func() map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(`abort access add after alias all alter and any as asc audit avg before begin
	between boolean break by byte catch cf changed char character check checkpoint collate collation column commit
	connect continue count create current date decimal declare decrement default defaults define delete delimiter
	desc difference distinct divide do double drop else empty encoding end equals escape exclusive exec execute
	exists explain false fetch field file first float for from function go goto grant greater group having
	identified if immediate in increment index initial inner inout input insert int integer intersect intersection
	into is isempty isnull join last left less like limit lock long max min minus mode modify modulo more multiply
	next noaudit not notin nowait null number object of on option or order outer output power previous prior
	privileges public raise raw remainder rename resource return returns revoke right row rowid rownum rows select
	session set share size sqrt start strict string subtract sum synonym table then to trans transaction trigger
	true uid union unique update user validate values view was when whenever where while with`) {
		m[w] = true
	}
	return m
}()
