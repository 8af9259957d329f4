package jirasim

import (
	"bytes"
	"errors"
	"slices"

	"github.com/go-json-experiment/json/jsontext"
)

// members calls fn for each member of an object, in order. The values are
// slices of raw.
func members(raw []byte, fn func(name string, value []byte) error) error {
	d := jsontext.NewDecoder(bytes.NewBuffer(raw), lenientJSON...)
	t, err := d.ReadToken()
	if err != nil {
		return err
	}
	if t.Kind() != '{' {
		return errors.New("not an object")
	}
	for d.PeekKind() != '}' {
		name, err := d.ReadToken()
		if err != nil {
			return err
		}
		text := name.String()
		start := d.InputOffset()
		if err := d.SkipValue(); err != nil {
			return err
		}
		value := bytes.TrimLeft(raw[start:d.InputOffset()], ": \t\r\n")
		if err := fn(text, value); err != nil {
			return err
		}
	}
	if _, err := d.ReadToken(); err != nil {
		return err
	}
	return nil
}

// member is one member of an object, nil when it is not there.
func member(raw []byte, name string) []byte {
	var found []byte
	stop := errors.New("found")
	if len(raw) == 0 || raw[0] != '{' {
		return nil
	}
	_ = members(raw, func(n string, value []byte) error { // the lines were read without an error before
		if n != name {
			return nil
		}
		found = value
		return stop
	})
	return found
}

func memberText(raw []byte, name string) string { return scalarText(member(raw, name)) }

// scalarText is the text of a string or number, "" of anything else.
func scalarText(raw []byte) string {
	if len(raw) == 0 {
		return ""
	}
	switch c := raw[0]; {
	case c == '"':
		text, err := jsontext.AppendUnquote(nil, raw)
		if err != nil && len(text) == 0 {
			return ""
		}
		return string(text)
	case c == '-' || c >= '0' && c <= '9':
		return string(raw)
	}
	return ""
}

// noChanges is what Jira shows of an issue that never changed, when it is asked to.
const noChanges = `,"changelog":{"startAt":0,"maxResults":0,"total":0,"histories":[]}}`

// appendLine writes an issue of a data file: verbatim when all of it was asked
// for and nothing was changed, else what was asked for, changed where it was.
func (v *view) appendLine(b []byte, is *issue, sel *selection) []byte {
	o := is.over
	if sel.changelog && member(o.raw, "changelog") == nil {
		without := *sel
		without.changelog = false
		b = v.appendLine(b, is, &without)
		return append(b[:bytes.LastIndexByte(b, '}')], noChanges...)
	}
	switch {
	case sel.all && len(o.values) == 0 && o.key != "":
		return append(b, o.raw...)
	case sel.idOnly && !sel.changelog:
		return append(appendInt(append(b, `{"id":"`...), is.id), `"}`...)
	}
	b = append(b, '{')
	first := true
	_ = members(o.raw, func(name string, value []byte) error { // was read without an error before
		wanted := slices.Contains([]string{"id", "self", "key", "expand"}, name) || sel.all ||
			name == "changelog" && sel.changelog || name == "fields" && !sel.idOnly && !sel.keyOnly
		if !wanted {
			return nil
		}
		if !first {
			b = append(b, ',')
		}
		first = false
		b = append(appendString(b, name), ':')
		switch {
		case name == "key":
			b = appendString(b, v.key(is))
		case name == "fields":
			b = v.appendLineFields(b, is, value, sel)
		default:
			b = append(b, value...)
		}
		return nil
	})
	return append(b, '}')
}

func (v *view) appendLineFields(b []byte, is *issue, fields []byte, sel *selection) []byte {
	b = append(b, '{')
	put := func(f *field, value []byte) {
		if b[len(b)-1] != '{' {
			b = append(b, ',')
		}
		b = append(append(b, f.prefix...), value...)
	}
	done := map[*field]bool{}
	_ = members(fields, func(name string, value []byte) error { // was read without an error before
		f := v.schema.byID[name]
		if f == nil || !sel.all && !slices.Contains(sel.fields, f) {
			return nil
		}
		if set, ok := is.over.values[f.serial]; ok {
			value = set
		}
		done[f] = true
		put(f, value)
		return nil
	})
	for _, f := range sel.fields { // set by an edit, absent before
		if set, ok := is.over.values[f.serial]; ok && !done[f] {
			put(f, set)
		}
	}
	return append(b, '}')
}

// fieldJSON is the value of one field of an issue, nil when it has none.
func (v *view) fieldJSON(is *issue, f *field) []byte {
	if is.over == nil || is.over.raw == nil {
		return v.appendField(nil, is, f)
	}
	if set, ok := is.over.values[f.serial]; ok {
		return set
	}
	return member(member(is.over.raw, "fields"), f.id)
}

// elements are the values of an array.
func elements(raw []byte) [][]byte {
	d := jsontext.NewDecoder(bytes.NewBuffer(raw), lenientJSON...)
	if t, err := d.ReadToken(); err != nil || t.Kind() != '[' {
		return nil
	}
	var all [][]byte
	for d.PeekKind() != ']' {
		start := d.InputOffset()
		if err := d.SkipValue(); err != nil {
			return all
		}
		all = append(all, bytes.TrimLeft(raw[start:d.InputOffset()], ", \t\r\n"))
	}
	return all
}
