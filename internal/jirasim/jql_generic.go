package jirasim

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// generic compiles a clause over the JSON value of a field. It is slow, and
// right for every field.
func (e *evaluator) generic(c *clause) (predicate, error) {
	fields, err := e.fieldsNamed(c)
	if err != nil {
		return nil, err
	}
	match, err := e.matcher(c, fields[0])
	if err != nil {
		return nil, err
	}
	negative := c.op == "!=" || c.op == "not in" || c.op == "!~"
	return func(is *issue) bool {
		for _, f := range fields {
			texts := scalars(e.v.fieldJSON(is, f))
			switch {
			case c.op == "is":
				if len(texts) == 0 {
					return true
				}
			case c.op == "is not":
				if len(texts) > 0 {
					return true
				}
			case len(texts) == 0: // an empty field matches no comparison
			case slices.ContainsFunc(texts, match) != negative:
				return true
			}
		}
		return false
	}, nil
}

func (e *evaluator) fieldsNamed(c *clause) ([]*field, error) {
	name := c.field
	if c.custom {
		name = "customfield_" + c.field
	}
	if strings.EqualFold(name, "text") {
		return []*field{e.v.schema.byID["summary"], e.v.schema.byID["description"]}, nil
	}
	fields := slices.DeleteFunc(e.v.schema.named(name), func(f *field) bool { return f.write == nil && e.s.gen != nil })
	if len(fields) == 0 {
		if c.custom {
			name = "cf[" + c.field + "]"
		}
		return nil, jqlErrorf("Field '%s' does not exist or you do not have permission to view it.", name)
	}
	return fields, nil
}

// isText: fields that are searched by ~ and have no =.
func isText(f *field) bool {
	return strings.Contains(f.schema, `"type":"string"`) && !strings.Contains(f.schema, "select")
}

// matcher compares one scalar of a value.
func (e *evaluator) matcher(c *clause, f *field) (func(text string) bool, error) {
	text := isText(f)
	switch c.op {
	case "is", "is not":
		return nil, nil
	case "~", "!~":
		if !text && !f.custom {
			return nil, e.unsupported(c)
		}
		return wordMatcher(c.operands[0].text), nil
	case "=", "!=", "in", "not in":
		if text {
			return nil, e.unsupported(c)
		}
		return func(s string) bool {
			return slices.ContainsFunc(c.operands, func(o operand) bool { return sameValue(s, o.text) })
		}, nil
	}
	if text {
		return nil, e.unsupported(c)
	}
	return e.comparison(c, f)
}

// comparison handles < <= > >= of numbers and dates.
func (e *evaluator) comparison(c *clause, f *field) (func(string) bool, error) {
	holds := map[string]func(d float64) bool{
		"<": func(d float64) bool { return d < 0 }, "<=": func(d float64) bool { return d <= 0 },
		">": func(d float64) bool { return d > 0 }, ">=": func(d float64) bool { return d >= 0 },
	}[c.op]
	o := c.operands[0]
	if strings.Contains(f.schema, `"type":"date`) {
		at, err := e.instant(c.field, o)
		if err != nil {
			return nil, err
		}
		return func(s string) bool {
			ms, ok := parseInstant(s, e.s)
			return ok && holds(float64(ms-at))
		}, nil
	}
	limit, err := strconv.ParseFloat(o.text, 64)
	if err != nil {
		return nil, jqlErrorf("The value '%s' is not a valid number for the field '%s'.", o.text, c.field)
	}
	return func(s string) bool {
		n, err := strconv.ParseFloat(s, 64)
		return err == nil && holds(n-limit)
	}, nil
}

// parseInstant reads a date or an instant as issues show them.
func parseInstant(s string, sim *Sim) (int64, bool) {
	if t, err := time.Parse(time.DateOnly, s); err == nil {
		return sim.localInstant(t).UnixMilli(), true
	}
	for _, layout := range []string{jiraTime, time.RFC3339Nano, "2006-01-02T15:04:05-0700"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UnixMilli(), true
		}
	}
	return 0, false
}

func sameValue(have, want string) bool {
	if strings.EqualFold(have, want) {
		return true
	}
	a, errA := strconv.ParseFloat(have, 64)
	b, errB := strconv.ParseFloat(want, 64)
	return errA == nil && errB == nil && a == b
}

var wordPattern = regexp.MustCompile(`[\p{L}\p{N}_]+`)

// wordMatcher is text search without its finesses: all words must occur, a
// trailing * matches any ending, a phrase in quotes must occur as it is.
func wordMatcher(query string) func(string) bool {
	query = strings.ToLower(query)
	if phrase, ok := strings.CutPrefix(query, `"`); ok {
		phrase = strings.TrimSuffix(phrase, `"`)
		return func(s string) bool { return strings.Contains(strings.ToLower(s), phrase) }
	}
	return func(s string) bool {
		have := wordPattern.FindAllString(strings.ToLower(s), -1)
		for _, want := range strings.Fields(query) {
			stem, open := strings.CutSuffix(want, "*")
			if !slices.ContainsFunc(have, func(w string) bool { return w == stem || open && strings.HasPrefix(w, stem) }) {
				return false
			}
		}
		return true
	}
}

// scalars are the texts by which a value can be found: of an object its name,
// value, id and key, of an array those of its elements.
func scalars(value []byte) []string {
	if len(value) == 0 || isNull(value) {
		return nil
	}
	var v any
	if err := json.Unmarshal(value, &v); err != nil {
		return []string{string(value)} // 1e400 and the like: legal, and no number of ours
	}
	return appendScalars(nil, v)
}

func appendScalars(out []string, v any) []string {
	switch v := v.(type) {
	case string:
		return append(out, v)
	case float64:
		return append(out, strconv.FormatFloat(v, 'f', -1, 64))
	case bool:
		return append(out, fmt.Sprint(v))
	case []any:
		for _, x := range v {
			out = appendScalars(out, x)
		}
	case map[string]any:
		if v["type"] == "doc" || v["content"] != nil {
			return append(out, documentText(v))
		}
		for _, name := range []string{"id", "key", "name", "value", "displayName", "accountId"} {
			if s, ok := v[name]; ok {
				out = appendScalars(out, s)
			}
		}
		if child, ok := v["child"]; ok {
			out = appendScalars(out, child)
		}
	}
	return out
}

// documentText is the text of an ADF node.
func documentText(node map[string]any) string {
	var b strings.Builder
	if s, ok := node["text"].(string); ok {
		b.WriteString(s)
	}
	content, _ := node["content"].([]any)
	for _, c := range content {
		if child, ok := c.(map[string]any); ok {
			b.WriteString(documentText(child))
			b.WriteByte(' ')
		}
	}
	return b.String()
}

func upper(s string) string { return strings.ToUpper(s) }
