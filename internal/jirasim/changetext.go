package jirasim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// changed is the entry of a changelog that says that a field had one value and
// has another.
func (f *field) changed(from, to []byte) item {
	it := item{field: f.name, fieldID: f.id, custom: f.custom}
	if !f.custom {
		it.field = f.id
	}
	it.from, it.fromString = changeText(f, from)
	it.to, it.toString = changeText(f, to)
	return it
}

// changeText is what a changelog says of a value: its id, where it has one,
// and its text. nil means null.
func changeText(f *field, value []byte) (id, text *string) {
	if len(value) == 0 || isNull(value) {
		return nil, nil
	}
	if id, text, ok := f.choiceText(value); ok {
		return id, text
	}
	var x any
	if err := json.Unmarshal(value, &x); err != nil {
		return nil, ptr(string(value))
	}
	switch x := x.(type) {
	case string:
		return nil, &x
	case float64:
		return nil, ptr(strconv.FormatFloat(x, 'f', -1, 64))
	case map[string]any:
		if i, ok := x["id"]; ok {
			id = ptr(fmt.Sprint(i))
		} else if i, ok := x["accountId"]; ok {
			id = ptr(fmt.Sprint(i))
		}
		for _, name := range []string{"name", "value", "displayName"} {
			if s, ok := x[name].(string); ok {
				return id, &s
			}
		}
	case []any:
		var texts []string
		plain := true
		for _, e := range x {
			s, ok := e.(string)
			plain = plain && ok
			if m, ok := e.(map[string]any); ok {
				for _, name := range []string{"name", "value", "displayName"} {
					if n, ok := m[name].(string); ok {
						s = n
					}
				}
			}
			texts = append(texts, s)
		}
		if plain {
			return nil, ptr(strings.Join(texts, " ")) // labels
		}
		return nil, ptr(strings.Join(texts, ", "))
	}
	return id, ptr(string(value))
}

// choice is an option as issues show it, with the one below it.
type choice struct {
	ID    string  `json:"id"`
	Value string  `json:"value"`
	Child *choice `json:"child,omitempty"`
}

// choiceText is what a changelog says of several options, with bare commas between
// their names, and of cascading ones. ok is false for values of other kinds.
func (f *field) choiceText(value []byte) (ids, text *string, ok bool) {
	if f.kind == nil {
		return nil, nil, false
	}
	switch {
	case f.kind.items == "option":
		var list []choice
		if json.Unmarshal(value, &list) != nil {
			return nil, nil, false
		}
		if len(list) == 0 {
			return ptr(""), ptr(""), true
		}
		var i, names []string
		for _, c := range list {
			i, names = append(i, c.ID), append(names, c.Value)
		}
		return ptr("[" + strings.Join(i, ", ") + "]"), ptr(strings.Join(names, ",")), true
	case f.kind.typ == "option-with-child":
		var c choice
		if json.Unmarshal(value, &c) != nil {
			return nil, nil, false
		}
		said := fmt.Sprintf("Parent values: %s(%s)", c.Value, c.ID)
		if c.Child != nil {
			said += fmt.Sprintf("Level 1 values: %s(%s)", c.Child.Value, c.Child.ID)
		}
		return nil, &said, true
	}
	return nil, nil, false
}

// choiceSteps are the changes of fields with options that are generated, and
// choiceFields these fields.
var (
	choiceSteps  = []step{stepOptions, stepCascade}
	choiceFields = map[step]string{stepOptions: "customfield_10035", stepCascade: "customfield_10037"}
)

// fewer is the value that a field with options had before some were added: the
// first alone, or none if there is but one.
func fewer(value []byte) []byte {
	var list []json.RawMessage
	if json.Unmarshal(value, &list) == nil {
		if len(list) > 1 {
			return fmt.Appendf(nil, "[%s]", list[0])
		}
		return []byte("null")
	}
	if at := bytes.Index(value, []byte(`,"child":`)); at >= 0 {
		return append(value[:at:at], '}')
	}
	return []byte("null")
}

// choiceEdits are edits of those fields that are of the kind that they were at first.
func (s *Sim) choiceEdits(r *rng) (edits []edit) {
	v := s.viewLocked(false)
	for _, what := range choiceSteps {
		id := choiceFields[what]
		first, parent, child, f := r.n(len(optionNames)-2), r.n(3), 3+r.n(3), s.schema.byID[id]
		if f == nil || f.kind != s.first.byID[id].kind {
			continue
		}
		if what == stepOptions {
			edits = append(edits, edit{id, string(list(nil, r.n(4), func(b []byte, i int) []byte { return v.appendOption(b, f, first+i) }))})
			continue
		}
		region := string(v.appendOption(nil, f, parent))
		edits = append(edits, edit{id, region},
			edit{id, fmt.Sprintf(`%s,"child":%s}`, strings.TrimSuffix(region, "}"), v.appendOption(nil, f, child))})
	}
	return edits
}
