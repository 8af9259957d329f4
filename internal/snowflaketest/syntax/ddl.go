package syntax

import (
	"snowdrift/internal/snowflaketest/sferr"
)

type createFlags struct{ replace, transient, temporary bool }

func (p *parser) create() (Statement, error) {
	var f createFlags
	f.replace = p.words("OR", "REPLACE")
	switch p.oneOf("TRANSIENT", "TEMPORARY", "TEMP", "LOCAL", "VOLATILE") {
	case "TRANSIENT":
		f.transient = true
	case "TEMPORARY", "TEMP", "VOLATILE":
		f.temporary = true
	case "LOCAL":
		if p.oneOf("TEMPORARY", "TEMP") == "" {
			return nil, p.unexpected()
		}
		f.temporary = true
	}
	switch t := p.next(); t.word() {
	case "TABLE":
		return p.createTable(f)
	case "VIEW":
		return p.createView(f)
	case "STAGE":
		return p.createStage(f)
	case "SCHEMA", "DATABASE":
		s := &CreateNamespace{Object: t.word(), Replace: f.replace, IfNotExists: p.words("IF", "NOT", "EXISTS")}
		var err error
		if s.Name, err = p.name(); err != nil {
			return nil, err
		}
		s.Comment, err = p.commentOption()
		return s, err
	default:
		if t.kind == tokWord {
			return nil, sferr.Unsupported("CREATE %s", t.word())
		}
		p.pos--
		return nil, p.unexpected()
	}
}

func (p *parser) createTable(f createFlags) (Statement, error) {
	s := &CreateTable{Replace: f.replace, Transient: f.transient, Temporary: f.temporary, IfNotExists: p.words("IF", "NOT", "EXISTS")}
	var err error
	if s.Name, err = p.name(); err != nil {
		return nil, err
	}
	if p.words("LIKE") {
		s.Like, err = p.name()
		return s, err
	}
	if p.peek().is("(") {
		p.pos++
		if err := p.list(func() error {
			c, err := p.columnDef()
			s.Columns = append(s.Columns, c)
			return err
		}); err != nil {
			return nil, err
		}
		if err := p.expect(")"); err != nil {
			return nil, err
		}
	}
	if s.Comment, err = p.commentOption(); err != nil {
		return nil, err
	}
	if s.Columns == nil {
		if err := p.expectWords("AS"); err != nil {
			return nil, err
		}
		s.Query, err = p.query()
	}
	return s, err
}

func (p *parser) columnDef() (ColumnDef, error) {
	var c ColumnDef
	var err error
	if c.Name, err = p.identifier(); err != nil {
		return c, err
	}
	if c.Type, err = p.typeName(); err != nil {
		return c, err
	}
	for {
		switch {
		case p.words("NOT", "NULL"):
			c.NotNull = true
		case p.words("NULL"):
		case p.words("COMMENT"):
			p.accept("=")
			if c.Comment, err = p.stringLiteral(); err != nil {
				return c, err
			}
		case p.words("DEFAULT"):
			text, err := p.stringLiteral()
			if err != nil {
				return c, sferr.Unsupported("a DEFAULT of column %q that is not a text", c.Name)
			}
			c.Default = &text
		case p.words("AUTOINCREMENT"), p.words("IDENTITY"), p.words("PRIMARY"), p.words("UNIQUE"),
			p.words("REFERENCES"), p.words("COLLATE"):
			return c, sferr.Unsupported("AUTOINCREMENT, COLLATE and constraints of column %q", c.Name)
		default:
			return c, nil
		}
	}
}

// commentOption takes COMMENT = '…' if it is next.
func (p *parser) commentOption() (string, error) {
	if !p.words("COMMENT") {
		return "", nil
	}
	if err := p.expect("="); err != nil {
		return "", err
	}
	return p.stringLiteral()
}

func (p *parser) createView(f createFlags) (Statement, error) {
	if f.transient || f.temporary {
		return nil, sferr.Unsupported("temporary views")
	}
	s := &CreateView{Replace: f.replace, IfNotExists: p.words("IF", "NOT", "EXISTS")}
	var err error
	if s.Name, err = p.name(); err != nil {
		return nil, err
	}
	if p.accept("(") {
		if err := p.list(func() error { return p.viewColumn(s) }); err != nil {
			return nil, err
		}
		if err := p.expect(")"); err != nil {
			return nil, err
		}
	}
	s.CopyGrants = p.words("COPY", "GRANTS")
	if s.Comment, err = p.commentOption(); err != nil {
		return nil, err
	}
	if err := p.expectWords("AS"); err != nil {
		return nil, err
	}
	start := p.peek().start
	if s.Query, err = p.query(); err != nil {
		return nil, err
	}
	s.Text = p.src[start:p.tokens[p.pos-1].end]
	return s, nil
}

func (p *parser) viewColumn(s *CreateView) error {
	name, err := p.identifier()
	if err != nil {
		return err
	}
	comment := ""
	if p.words("COMMENT") {
		if comment, err = p.stringLiteral(); err != nil {
			return err
		}
	}
	s.Columns = append(s.Columns, name)
	s.Comments = append(s.Comments, comment)
	return nil
}

func (p *parser) createStage(f createFlags) (Statement, error) {
	s := &CreateStage{Replace: f.replace, Temporary: f.temporary, IfNotExists: p.words("IF", "NOT", "EXISTS")}
	var err error
	if s.Name, err = p.name(); err != nil {
		return nil, err
	}
	if s.Comment, err = p.commentOption(); err != nil {
		return nil, err
	}
	if t := p.peek(); t.kind == tokWord {
		return nil, sferr.Unsupported("CREATE STAGE option %s", t.word())
	}
	return s, nil
}

func (p *parser) alter() (Statement, error) {
	switch t := p.next(); t.word() {
	case "SESSION":
		return p.alterSession()
	case "TABLE":
		s := &AlterTable{IfExists: p.words("IF", "EXISTS")}
		var err error
		if s.Name, err = p.name(); err != nil {
			return nil, err
		}
		return s, p.alterAction(s)
	default:
		if t.kind == tokWord {
			return nil, sferr.Unsupported("ALTER %s", t.word())
		}
		p.pos--
		return nil, p.unexpected()
	}
}

func (p *parser) alterAction(s *AlterTable) error {
	switch {
	case p.words("ADD"):
		p.words("COLUMN")
		s.AddIfNotExists = p.words("IF", "NOT", "EXISTS")
		return p.list(func() error {
			// Each further column may repeat COLUMN and IF NOT EXISTS.
			p.words("COLUMN")
			p.words("IF", "NOT", "EXISTS")
			c, err := p.columnDef()
			s.Add = append(s.Add, c)
			return err
		})
	case p.words("SET", "COMMENT"):
		if err := p.expect("="); err != nil {
			return err
		}
		text, err := p.stringLiteral()
		s.SetComment = &text
		return err
	case p.words("DROP", "COLUMN"):
		s.DropIfExists = p.words("IF", "EXISTS")
		return p.list(func() error {
			p.words("COLUMN")
			id, err := p.identifier()
			s.DropColumns = append(s.DropColumns, id)
			return err
		})
	case p.words("ALTER"), p.words("MODIFY"):
		return p.list(func() error { return p.columnChange(s) })
	}
	return p.unexpected()
}

func (p *parser) columnChange(s *AlterTable) error {
	p.words("COLUMN")
	var c ColumnChange
	var err error
	if c.Column, err = p.identifier(); err != nil {
		return err
	}
	switch {
	case p.words("COMMENT"):
		var text string
		text, err = p.stringLiteral()
		c.Comment = &text
	case p.words("DROP", "NOT", "NULL"):
		c.DropNotNull = true
	case p.words("SET", "DATA", "TYPE"), p.words("TYPE"):
		var t TypeName
		t, err = p.typeName()
		c.Type = &t
	default:
		return p.unexpected()
	}
	s.Columns = append(s.Columns, c)
	return err
}

func (p *parser) comment() (Statement, error) {
	s := &Comment{IfExists: p.words("IF", "EXISTS")}
	if err := p.expectWords("ON"); err != nil {
		return nil, err
	}
	t := p.next()
	s.Object = t.word()
	switch s.Object {
	case "TABLE", "VIEW", "SCHEMA", "STAGE", "DATABASE":
		var err error
		if s.Name, err = p.name(); err != nil {
			return nil, err
		}
	case "COLUMN":
		for {
			id, err := p.identifier()
			if err != nil {
				return nil, err
			}
			s.Name = append(s.Name, id)
			if len(s.Name) == 4 || !p.accept(".") {
				break
			}
		}
		if len(s.Name) < 2 {
			return nil, p.unexpected()
		}
	default:
		return nil, sferr.Unsupported("COMMENT ON %s", t.text)
	}
	if err := p.expectWords("IS"); err != nil {
		return nil, err
	}
	var err error
	s.Text, err = p.stringLiteral()
	return s, err
}

func (p *parser) drop() (Statement, error) {
	t := p.next()
	switch t.word() {
	case "TABLE", "VIEW", "STAGE", "SCHEMA":
	default:
		return nil, sferr.Unsupported("DROP %s", t.text)
	}
	s := &Drop{Object: t.word(), IfExists: p.words("IF", "EXISTS")}
	var err error
	s.Name, err = p.name()
	return s, err
}
