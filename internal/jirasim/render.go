package jirasim

import (
	"strings"
)

// A view is what rendering needs to know of the site at one time. It is taken
// under the lock and used without it.
type view struct {
	s        *Sim
	adf      bool // rich text as documents (v3), else wiki markup
	schema   *schema
	sprints  []sprint
	projects []*project
	api      string // base of self links
}

// A selection says which parts of an issue were asked for.
type selection struct {
	fields    []*field // in the order of the schema; nil with idOnly or keyOnly
	all       bool     // *all without exclusions
	idOnly    bool
	keyOnly   bool // id, key and self, no fields
	changelog bool
	names     bool
	schema    bool
}

// small: such issues come in bigger pages.
func (sel *selection) small() bool { return (sel.idOnly || sel.keyOnly) && !sel.changelog }

// pick reads a fields parameter: ids, *all, *navigable, -exclusions; fallback
// is what an empty list or one of exclusions alone starts from.
func (sc *schema) pick(asked []string, fallback string) selection {
	var sel selection
	chosen, without := map[string]bool{}, map[string]bool{}
	all, navigable, key, any := false, false, false, false
	apply := func(name string) {
		switch name {
		case "*all":
			all = true
		case "*navigable":
			navigable = true
		case "id", "*none":
		case "key", "issuekey":
			key = true
		default:
			chosen[name] = true
		}
		any = true
	}
	for _, name := range asked {
		for _, name := range strings.Split(name, ",") {
			name = strings.TrimSpace(name)
			if rest, ok := strings.CutPrefix(name, "-"); ok {
				without[rest] = true
			} else if name != "" {
				apply(name)
			}
		}
	}
	if !any {
		if len(without) > 0 && fallback == "id" {
			fallback = "*navigable"
		}
		apply(fallback)
	}
	sel.all = all && len(without) == 0
	if !all && !navigable && len(chosen) == 0 {
		sel.idOnly, sel.keyOnly = !key, key
		return sel
	}
	for _, f := range sc.fields {
		if !without[f.id] && f.id != "issuekey" && (all || navigable && f.navigable || chosen[f.id]) {
			sel.fields = append(sel.fields, f)
		}
	}
	return sel
}

// expand reads what else was asked for.
func (sel *selection) expand(asked []string) {
	for _, name := range asked {
		for _, name := range strings.Split(name, ",") {
			switch strings.TrimSpace(name) {
			case "changelog":
				sel.changelog = true
			case "names":
				sel.names = true
			case "schema":
				sel.schema = true
			}
		}
	}
}

// appendIssue writes one issue as the API shows it.
func (v *view) appendIssue(b []byte, is *issue, sel *selection) []byte {
	if is.over != nil && is.over.raw != nil {
		return v.appendLine(b, is, sel)
	}
	if sel.idOnly && !sel.changelog {
		b = append(b, `{"id":"`...)
		b = appendInt(b, is.id)
		return append(b, `"}`...)
	}
	b = append(b, `{"expand":"renderedFields,names,schema,operations,editmeta,changelog,versionedRepresentations","id":"`...)
	b = v.appendIdentity(b, is)
	if sel.changelog {
		b = append(b, `,"changelog":`...)
		b = v.appendChangelog(b, is)
	}
	if !sel.idOnly && !sel.keyOnly {
		b = append(b, `,"fields":{`...)
		for _, f := range sel.fields {
			start := len(b)
			if b[start-1] != '{' {
				b = append(b, ',')
			}
			b = append(b, f.prefix...)
			value := len(b)
			if b = v.appendField(b, is, f); len(b) == value { // this issue does not have the field
				b = b[:start]
			}
		}
		b = append(b, '}')
	}
	return append(b, '}')
}

// appendIdentity continues after `"id":"`.
func (v *view) appendIdentity(b []byte, is *issue) []byte {
	b = appendInt(b, is.id)
	b = append(b, `","self":"`...)
	b = append(b, v.api...)
	b = append(b, "/issue/"...)
	b = appendInt(b, is.id)
	b = append(b, `","key":"`...)
	b = append(b, v.projects[is.project].key...)
	b = append(b, '-')
	b = appendInt(b, int64(is.num))
	return append(b, '"')
}

// appendField writes the value of one field.
func (v *view) appendField(b []byte, is *issue, f *field) []byte {
	if is.over != nil {
		if set, ok := is.over.values[f.serial]; ok {
			return v.appendSet(b, f, set)
		}
	}
	if v.s.opt.OddValues && f.custom {
		if odd := v.odd(is, f); odd != "" {
			return append(b, odd...)
		}
	}
	return f.write(v, b, is, f)
}

// appendSet writes a value that was set by an edit. Plain text in a rich-text
// field is shown as such in either version of the API.
func (v *view) appendSet(b []byte, f *field, set []byte) []byte {
	if v.adf && isRich(f) && len(set) > 0 && set[0] == '"' {
		b = append(b, `{"type":"doc","version":1,"content":[{"type":"paragraph","content":[{"type":"text","text":`...)
		b = append(b, set...)
		return append(b, "}]}]}"...)
	}
	return append(b, set...)
}

func isRich(f *field) bool {
	return f.id == "description" || f.id == "environment" || f.kind != nil && f.kind.name == "textarea"
}

// odd is a value that its field's schema does not promise, or "".
func (v *view) odd(is *issue, f *field) string {
	r := v.draw(forOddity, is.id, int64(f.serial))
	if !r.one(100) || f.kind == nil {
		return ""
	}
	switch f.kind.name {
	case "number":
		return []string{`""`, `"0.0"`, "1e400", "-1E-400", "9007199254740993", `"n/a"`}[r.n(6)]
	case "date":
		return []string{`"51502-01-01"`, `"0001-01-01"`, `"12/Feb/19"`, `""`}[r.n(4)]
	case "datetime":
		return []string{`"51502-03-04T05:06:07.000+0000"`, `"2025-10-15 05:59:45.0"`, "1732877091000"}[r.n(3)]
	case "option", "user", "version", "group":
		return []string{`"a bare string"`, `{}`, `[]`, `{"value":null}`}[r.n(4)]
	case "options", "labels", "users":
		return []string{`[]`, `[null]`, `"x"`, `[[],{}]`}[r.n(4)]
	case "text":
		return []string{`"NUL \u0000 inside"`, `"lone \ud800 surrogate"`, `"\u0001\u001f"`, `{"a":{"b":[1,2,{"c":null}]}}`, `12`}[r.n(5)]
	case "textarea":
		return `""`
	}
	return ""
}

// appendNames writes the names of the selected fields.
func (sel *selection) appendNames(b []byte) []byte {
	b = append(b, '{')
	for i, f := range sel.fields {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, f.prefix...)
		b = appendString(b, f.name)
	}
	return append(b, '}')
}

// appendSchemas writes the schemas of the selected fields that have one.
func (sel *selection) appendSchemas(b []byte) []byte {
	b = append(b, '{')
	for _, f := range sel.fields {
		if f.schema == "" {
			continue
		}
		if b[len(b)-1] != '{' {
			b = append(b, ',')
		}
		b = append(b, f.prefix...)
		b = append(b, f.schema...)
	}
	return append(b, '}')
}
