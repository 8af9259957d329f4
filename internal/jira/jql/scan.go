package jql

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

type tokenKind int

const (
	tokenEnd tokenKind = iota
	tokenWord
	tokenString
	tokenOpen
	tokenClose
	tokenOperator // also the comma
)

type token struct {
	kind  tokenKind
	text  string // as written
	start int    // byte offset
}

// isWord reports a bare word; a quoted one is a value or a field, never a keyword.
func (t token) isWord(keyword string) bool {
	return t.kind == tokenWord && strings.EqualFold(t.text, keyword)
}

func (t token) end() int { return t.start + len(t.text) }

// scanner cuts JQL into tokens, by the rules of Jira's lexer: strings in single
// or double quotes, a backslash that takes the next character with it (in bare
// words too), no comments.
type scanner struct {
	text string
	at   int
}

func (s *scanner) next() (token, error) {
	s.skipSpace()
	start := s.at
	if start == len(s.text) {
		return token{kind: tokenEnd, start: start}, nil
	}
	switch c := s.text[start]; {
	case c == '"' || c == '\'':
		if !s.skipString(c) {
			return token{}, s.errorAt(start, "this quote is never closed")
		}
		return s.token(tokenString, start), nil
	case c == '(':
		s.at++
		return s.token(tokenOpen, start), nil
	case c == ')':
		s.at++
		return s.token(tokenClose, start), nil
	case isOperator(rune(c)):
		s.at++
		return s.token(tokenOperator, start), nil
	}
	if !s.skipWord() {
		return token{}, s.errorAt(len(s.text)-1, "a backslash needs a character to escape")
	}
	return s.token(tokenWord, start), nil
}

func (s *scanner) token(kind tokenKind, start int) token {
	return token{kind: kind, text: s.text[start:s.at], start: start}
}

func (s *scanner) skipSpace() {
	for s.at < len(s.text) {
		r, size := utf8.DecodeRuneInString(s.text[s.at:])
		if !unicode.IsSpace(r) {
			return
		}
		s.at += size
	}
}

// skipString passes a quoted string; false if it does not end.
func (s *scanner) skipString(quote byte) bool {
	for s.at++; s.at < len(s.text); s.at++ {
		switch s.text[s.at] {
		case '\\':
			s.at++
		case quote:
			s.at++
			return true
		}
	}
	s.at = len(s.text)
	return false
}

// skipWord passes a bare word; false if it ends in the middle of an escape.
func (s *scanner) skipWord() bool {
	for s.at < len(s.text) {
		r, size := utf8.DecodeRuneInString(s.text[s.at:])
		switch {
		case r == '\\':
			if s.at++; s.at == len(s.text) {
				return false
			}
			_, size = utf8.DecodeRuneInString(s.text[s.at:])
		case unicode.IsSpace(r), isOperator(r), strings.ContainsRune(`"'()`, r):
			return true
		}
		s.at += size
	}
	return true
}

func isOperator(r rune) bool { return strings.ContainsRune("=!<>~&|,", r) }

func (s *scanner) errorAt(offset int, message string) error {
	before := s.text[:offset]
	line := 1 + strings.Count(before, "\n")
	if i := strings.LastIndexByte(before, '\n'); i >= 0 {
		before = before[i+1:]
	}
	return &SyntaxError{Line: line, Column: 1 + utf8.RuneCountInString(before), Message: message}
}
