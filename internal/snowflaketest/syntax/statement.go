package syntax

import (
	"strings"

	"snowdrift/internal/snowflaketest/sferr"
)

// statement dispatches on the first word.
func (p *parser) statement() (Statement, error) {
	t := p.peek()
	if t.is("(") || t.word() == "SELECT" || t.word() == "WITH" || t.word() == "VALUES" {
		q, err := p.query()
		return &SelectStatement{Query: q}, err
	}
	p.pos++
	switch w := t.word(); w {
	case "INSERT":
		return p.insert()
	case "UPDATE":
		return p.update()
	case "DELETE":
		return p.delete()
	case "MERGE":
		return p.merge()
	case "COPY":
		return p.copyInto()
	case "CREATE":
		return p.create()
	case "ALTER":
		return p.alter()
	case "COMMENT":
		return p.comment()
	case "DROP":
		return p.drop()
	case "TRUNCATE":
		p.words("TABLE")
		s := &Truncate{IfExists: p.words("IF", "EXISTS")}
		var err error
		s.Name, err = p.name()
		return s, err
	case "USE":
		return p.use()
	case "SHOW":
		return p.show()
	case "DESCRIBE", "DESC":
		return p.describe()
	case "LIST", "LS":
		loc, pattern, err := p.locationAndPattern()
		return &List{Location: loc, Pattern: pattern}, err
	case "REMOVE", "RM":
		loc, pattern, err := p.locationAndPattern()
		return &Remove{Location: loc, Pattern: pattern}, err
	case "PUT":
		return p.put()
	case "BEGIN", "START":
		if w == "START" && p.peek().word() != "TRANSACTION" {
			return nil, p.unexpected()
		}
		p.oneOf("TRANSACTION", "WORK")
		return Begin{}, nil
	case "COMMIT":
		p.words("WORK")
		return Commit{}, nil
	case "ROLLBACK":
		p.words("WORK")
		return Rollback{}, nil
	}
	if t.kind == tokWord {
		return nil, sferr.Unsupported("statement %s", t.word())
	}
	p.pos--
	return nil, p.unexpected()
}

func (p *parser) insert() (Statement, error) {
	if p.words("OVERWRITE") || p.words("ALL") || p.words("FIRST") {
		return nil, sferr.Unsupported("INSERT OVERWRITE, ALL and FIRST")
	}
	if err := p.expectWords("INTO"); err != nil {
		return nil, err
	}
	s := &Insert{}
	var err error
	if s.Table, err = p.name(); err != nil {
		return nil, err
	}
	if p.peek().is("(") && p.peekAt(1).word() != "SELECT" && p.peekAt(1).word() != "WITH" {
		if s.Columns, err = p.identifiers(); err != nil {
			return nil, err
		}
	}
	s.Query, err = p.query()
	return s, err
}

func (p *parser) update() (Statement, error) {
	s := &Update{}
	var err error
	if s.Table, err = p.name(); err != nil {
		return nil, err
	}
	if s.Alias, err = p.alias(); err != nil {
		return nil, err
	}
	if err := p.expectWords("SET"); err != nil {
		return nil, err
	}
	if s.Set, err = p.assignments(); err != nil {
		return nil, err
	}
	if p.words("FROM") {
		if s.From, err = p.tables(); err != nil {
			return nil, err
		}
	}
	if p.words("WHERE") {
		s.Where, err = p.expression()
	}
	return s, err
}

func (p *parser) tables() ([]Table, error) {
	var out []Table
	err := p.list(func() error {
		t, err := p.joins()
		out = append(out, t)
		return err
	})
	return out, err
}

// assignments parses "col = expr, …"; the column may be qualified by the target.
func (p *parser) assignments() ([]Assignment, error) {
	var out []Assignment
	err := p.list(func() error {
		n, err := p.name()
		if err != nil {
			return err
		}
		if err := p.expect("="); err != nil {
			return err
		}
		x, err := p.expression()
		out = append(out, Assignment{Column: n[len(n)-1], X: x})
		return err
	})
	return out, err
}

func (p *parser) delete() (Statement, error) {
	if err := p.expectWords("FROM"); err != nil {
		return nil, err
	}
	s := &Delete{}
	var err error
	if s.Table, err = p.name(); err != nil {
		return nil, err
	}
	if s.Alias, err = p.alias(); err != nil {
		return nil, err
	}
	if p.words("USING") {
		if s.Using, err = p.tables(); err != nil {
			return nil, err
		}
	}
	if p.words("WHERE") {
		s.Where, err = p.expression()
	}
	return s, err
}

func (p *parser) merge() (Statement, error) {
	if err := p.expectWords("INTO"); err != nil {
		return nil, err
	}
	s := &Merge{}
	var err error
	if s.Table, err = p.name(); err != nil {
		return nil, err
	}
	if s.Alias, err = p.alias(); err != nil {
		return nil, err
	}
	if err := p.expectWords("USING"); err != nil {
		return nil, err
	}
	if s.Source, err = p.tableFactor(); err != nil {
		return nil, err
	}
	if err := p.expectWords("ON"); err != nil {
		return nil, err
	}
	if s.On, err = p.expression(); err != nil {
		return nil, err
	}
	for p.words("WHEN") {
		w, err := p.mergeWhen()
		if err != nil {
			return nil, err
		}
		s.Whens = append(s.Whens, w)
	}
	if len(s.Whens) == 0 {
		return nil, p.unexpected()
	}
	return s, nil
}

func (p *parser) mergeWhen() (MergeWhen, error) {
	w := MergeWhen{Matched: !p.words("NOT")}
	if err := p.expectWords("MATCHED"); err != nil {
		return w, err
	}
	var err error
	if p.words("AND") {
		if w.And, err = p.expression(); err != nil {
			return w, err
		}
	}
	if err := p.expectWords("THEN"); err != nil {
		return w, err
	}
	switch {
	case w.Matched && p.words("UPDATE"):
		w.Action = "UPDATE"
		if err := p.expectWords("SET"); err != nil {
			return w, err
		}
		w.Set, err = p.assignments()
		return w, err
	case w.Matched && p.words("DELETE"):
		w.Action = "DELETE"
		return w, nil
	case !w.Matched && p.words("INSERT"):
		w.Action = "INSERT"
		return w, p.mergeInsert(&w)
	}
	return w, p.unexpected()
}

func (p *parser) mergeInsert(w *MergeWhen) error {
	var err error
	if p.peek().is("(") {
		if w.Columns, err = p.identifiers(); err != nil {
			return err
		}
	}
	if err := p.expectWords("VALUES"); err != nil {
		return err
	}
	if err := p.expect("("); err != nil {
		return err
	}
	if w.Values, err = p.expressions(); err != nil {
		return err
	}
	return p.expect(")")
}

func (p *parser) put() (Statement, error) {
	file, err := p.stringLiteral()
	if err != nil {
		return nil, err
	}
	path, ok := strings.CutPrefix(file, "file://")
	if !ok {
		return nil, sferr.Unsupported("PUT of %q; write 'file:///absolute/path'", file)
	}
	s := &Put{File: path, Parallel: 4, AutoCompress: true, SourceCompression: "auto_detect"}
	if s.Location, err = p.location(); err != nil {
		return nil, err
	}
	for p.peek().kind == tokWord {
		key := p.next().word()
		if err := p.expect("="); err != nil {
			return nil, err
		}
		switch key {
		case "PARALLEL":
			s.Parallel, err = p.integer()
		case "AUTO_COMPRESS":
			s.AutoCompress, err = p.boolean()
		case "OVERWRITE":
			s.Overwrite, err = p.boolean()
		case "SOURCE_COMPRESSION":
			s.SourceCompression = strings.ToLower(p.next().text)
		default:
			return nil, sferr.Unsupported("PUT option %s", key)
		}
		if err != nil {
			return nil, err
		}
	}
	return s, nil
}

func (p *parser) locationAndPattern() (Location, string, error) {
	loc, err := p.location()
	if err != nil {
		return loc, "", err
	}
	if !p.words("PATTERN") {
		return loc, "", nil
	}
	if err := p.expect("="); err != nil {
		return loc, "", err
	}
	pattern, err := p.stringLiteral()
	return loc, pattern, err
}
