package syntax

import (
	"strings"

	"snowdrift/internal/snowflaketest/sferr"
)

func (p *parser) use() (Statement, error) {
	s := &Use{Object: p.oneOf("DATABASE", "SCHEMA", "WAREHOUSE", "ROLE")}
	if p.peek().word() == "SECONDARY" {
		return nil, sferr.Unsupported("USE SECONDARY ROLES")
	}
	var err error
	s.Name, err = p.name()
	return s, err
}

func (p *parser) alterSession() (Statement, error) {
	s := &AlterSession{}
	switch {
	case p.words("SET"):
		for p.peek().kind == tokWord {
			name := p.next().word()
			if err := p.expect("="); err != nil {
				return nil, err
			}
			t := p.next()
			if t.kind != tokString && t.kind != tokNumber && t.kind != tokWord {
				p.pos--
				return nil, p.unexpected()
			}
			s.Set = append(s.Set, Parameter{Name: name, Value: t.text})
			p.accept(",")
		}
	case p.words("UNSET"):
		err := p.list(func() error {
			id, err := p.identifier()
			s.Unset = append(s.Unset, id)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	if len(s.Set)+len(s.Unset) == 0 {
		return nil, p.unexpected()
	}
	return s, nil
}

func (p *parser) show() (Statement, error) {
	p.words("TERSE")
	t := p.next()
	s := &Show{Object: t.word()}
	switch s.Object {
	case "TABLES", "VIEWS", "COLUMNS", "STAGES", "SCHEMAS", "DATABASES", "PARAMETERS", "WAREHOUSES", "TRANSACTIONS":
	default:
		return nil, sferr.Unsupported("SHOW %s", t.text)
	}
	var err error
	if p.words("LIKE") {
		s.HasLike = true
		if s.Like, err = p.stringLiteral(); err != nil {
			return nil, err
		}
	}
	if p.words("IN") || p.words("FOR") {
		if err := p.showScope(s); err != nil {
			return nil, err
		}
	}
	if p.words("STARTS", "WITH") {
		if s.StartsWith, err = p.stringLiteral(); err != nil {
			return nil, err
		}
	}
	if p.words("LIMIT") {
		s.Limit, err = p.integer()
	}
	return s, err
}

func (p *parser) showScope(s *Show) error {
	s.Scope = p.oneOf("ACCOUNT", "DATABASE", "SCHEMA", "TABLE", "VIEW", "SESSION")
	if s.Scope == "VIEW" {
		s.Scope = "TABLE"
	}
	if s.Scope == "" && s.Object == "COLUMNS" {
		s.Scope = "TABLE"
	} else if s.Scope == "" {
		s.Scope = "SCHEMA"
	}
	if t := p.peek(); t.kind == tokQuoted || t.kind == tokWord && !reserved[t.word()] && t.word() != "STARTS" && t.word() != "LIMIT" {
		var err error
		s.In, err = p.name()
		return err
	}
	return nil
}

func (p *parser) describe() (Statement, error) {
	t := p.next()
	if t.word() != "TABLE" && t.word() != "VIEW" {
		return nil, sferr.Unsupported("DESCRIBE %s", t.text)
	}
	s := &Describe{Object: t.word()}
	var err error
	s.Name, err = p.name()
	return s, err
}

func (p *parser) copyInto() (Statement, error) {
	if err := p.expectWords("INTO"); err != nil {
		return nil, err
	}
	if p.peek().kind == tokStage || p.peek().kind == tokString {
		return nil, sferr.Unsupported("COPY INTO a location")
	}
	s := &Copy{Format: map[string]string{}, NullIf: []string{`\N`}, OnError: "ABORT_STATEMENT"}
	var err error
	if s.Table, err = p.name(); err != nil {
		return nil, err
	}
	if p.peek().is("(") {
		if s.Columns, err = p.identifiers(); err != nil {
			return nil, err
		}
	}
	if err := p.expectWords("FROM"); err != nil {
		return nil, err
	}
	if p.peek().is("(") {
		if err := p.copyTransformation(s); err != nil {
			return nil, err
		}
	} else if s.Location, err = p.location(); err != nil {
		return nil, err
	}
	for p.peek().kind == tokWord {
		if err := p.copyOption(s); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// copyTransformation parses (SELECT … FROM @stage) and refuses what Snowflake
// refuses there: anything but a plain projection.
func (p *parser) copyTransformation(s *Copy) error {
	q, err := p.queryInParentheses()
	if err != nil {
		return err
	}
	sel, ok := q.Body.(*Select)
	if !ok || q.With != nil || q.OrderBy != nil || q.Limit != nil || q.Offset != nil || sel.Limit != nil ||
		sel.Where != nil || sel.GroupBy != nil || sel.GroupAll || sel.Having != nil || sel.Qualify != nil || sel.Distinct || len(sel.From) != 1 {
		return sferr.Compilation("001041", "42601", "COPY statement only supports simple SELECT from stage statements for import.")
	}
	files, ok := sel.From[0].(*StagedFiles)
	if !ok {
		return sferr.Compilation("001041", "42601", "COPY statement only supports simple SELECT from stage statements for import.")
	}
	s.Transform, s.Location = sel, files.Location
	return nil
}

func (p *parser) copyOption(s *Copy) error {
	key := p.next().word()
	if err := p.expect("="); err != nil {
		return err
	}
	var err error
	switch key {
	case "FILES":
		s.Files, err = p.stringList()
	case "PATTERN":
		s.Pattern, err = p.stringLiteral()
	case "FILE_FORMAT":
		err = p.fileFormat(s)
	case "MATCH_BY_COLUMN_NAME":
		if s.MatchByName, err = p.optionWord("CASE_SENSITIVE", "CASE_INSENSITIVE", "NONE"); s.MatchByName == "NONE" {
			s.MatchByName = ""
		}
	case "ON_ERROR":
		s.OnError, err = p.optionWord("ABORT_STATEMENT", "CONTINUE", "SKIP_FILE")
	case "PURGE":
		s.Purge, err = p.boolean()
	case "FORCE":
		s.Force, err = p.boolean()
	case "INCLUDE_METADATA":
		if err = p.expect("("); err == nil {
			if s.IncludeMetadata, err = p.assignments(); err == nil {
				err = p.expect(")")
			}
		}
	default:
		return sferr.Unsupported("COPY option %s", key)
	}
	return err
}

// optionWord takes one of ws, bare or in quotes.
func (p *parser) optionWord(ws ...string) (string, error) {
	t := p.peek()
	for _, w := range ws {
		if strings.EqualFold(t.text, w) && (t.kind == tokWord || t.kind == tokString) {
			p.pos++
			return w, nil
		}
	}
	return "", sferr.Unsupported("option value %q; known are %s", t.text, strings.Join(ws, ", "))
}

func (p *parser) stringList() ([]string, error) {
	if err := p.expect("("); err != nil {
		return nil, err
	}
	var out []string
	err := p.list(func() error {
		s, err := p.stringLiteral()
		out = append(out, s)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, p.expect(")")
}

// nullIf parses the texts that mean NULL, which may be none.
func (p *parser) nullIf(s *Copy) (err error) {
	s.NullIf = nil
	if p.peek().is("(") && p.tokens[p.pos+1].is(")") {
		p.pos += 2
	} else if s.NullIf, err = p.stringList(); err != nil {
		return err
	}
	p.accept(",")
	return nil
}

func (p *parser) fileFormat(s *Copy) error {
	if err := p.expect("("); err != nil {
		return err
	}
	for !p.accept(")") {
		t := p.next()
		if t.kind != tokWord {
			p.pos--
			return p.unexpected()
		}
		if err := p.expect("="); err != nil {
			return err
		}
		if t.word() == "NULL_IF" {
			if err := p.nullIf(s); err != nil {
				return err
			}
			continue
		}
		v := p.next()
		if v.kind != tokWord && v.kind != tokString {
			p.pos--
			return p.unexpected()
		}
		s.Format[t.word()] = strings.ToUpper(v.text)
		p.accept(",")
	}
	return nil
}
