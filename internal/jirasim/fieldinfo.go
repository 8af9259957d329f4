package jirasim

import (
	"fmt"
	"net/http"
	"strings"
)

// serveFieldSearch pages through the fields; it knows custom fields that /field
// does not show and the other way round, here all of them.
func serveFieldSearch(c *call) answer {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	kind := c.r.URL.Query().Get("type")
	var chosen []*field
	for _, f := range c.s.schema.fields {
		if (kind == "" || kind == "custom" && f.custom || kind == "system" && !f.custom) && (f.custom && !c.anonymous || !f.custom && f.schema != "") {
			chosen = append(chosen, f)
		}
	}
	return c.page(pageStyle{"values", 50, 50, true, true}, rows{len(chosen), func(b []byte, i int) []byte {
		f := chosen[i]
		b = append(b, `{"id":`...)
		b = appendString(b, f.id)
		b = append(b, `,"name":`...)
		b = appendString(b, f.name)
		b = append(b, `,"schema":`...)
		b = append(b, f.schema...)
		return append(b, `,"description":"","isLocked":false,"screensCount":1,"contextsCount":1}`...)
	}})
}

// field is the field in the path, one that has options.
func (c *call) optionField() (*field, bool) {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	name := c.r.PathValue("field")
	if !strings.HasPrefix(name, "customfield_") {
		name = "customfield_" + name
	}
	f := c.s.schema.byID[name]
	return f, f != nil
}

func hasOptions(f *field) bool {
	return f.kind != nil && (f.kind.typ == "option" || f.kind.items == "option" || f.kind.typ == "option-with-child")
}

// serveContexts: every custom field has one context, for all projects.
func serveContexts(c *call) answer {
	f, ok := c.optionField()
	if !ok {
		return failure(http.StatusNotFound, "The custom field was not found.")
	}
	return c.page(pageStyle{"values", 50, 50, true, true}, rows{1, func(b []byte, _ int) []byte {
		return fmt.Appendf(b, `{"id":"%d","name":"Default Configuration Scheme for %s","description":"","isGlobalContext":true,"isAnyIssueType":true}`, 10_000+f.serial, escaped(f.name))
	}})
}

// options of a field: of cascading ones the last three are children of the
// first.
func (s *Sim) optionRows(f *field) rows {
	if !hasOptions(f) {
		return rows{}
	}
	n := len(optionNames)
	if f.name == "Flagged" {
		n = 1
	}
	return rows{n, func(b []byte, i int) []byte {
		b = fmt.Appendf(b, `{"id":"%d","value":%s,"disabled":false`, optionID(f, i), quote(s.optionName(f, i)))
		if f.kind.name == "cascading" && i >= 3 {
			b = fmt.Appendf(b, `,"optionId":"%d"`, optionID(f, 0))
		}
		return append(b, '}')
	}}
}

func serveOptions(c *call) answer {
	f, ok := c.optionField()
	if !ok || c.r.PathValue("context") != fmt.Sprint(10_000+f.serial) {
		return failure(http.StatusNotFound, "The custom field or its context was not found.")
	}
	return c.page(pageStyle{"values", 100, 100, true, true}, c.s.optionRows(f))
}

// serveCustomFieldOptions is Data Center's list of a field's options.
func serveCustomFieldOptions(c *call) answer {
	f, ok := c.optionField()
	if !ok {
		return failure(http.StatusNotFound, "The custom field was not found.")
	}
	r := c.s.optionRows(f)
	b := fmt.Appendf(nil, `{"total":%d,"options":`, r.n)
	b = list(b, r.n, func(b []byte, i int) []byte {
		return fmt.Appendf(b, `{"self":"%s/customFieldOption/%d","id":%d,"value":%s,"disabled":false}`, c.s.api, optionID(f, i), optionID(f, i), quote(c.s.optionName(f, i)))
	})
	return jsonAnswer(append(b, '}'))
}
