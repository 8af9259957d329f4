package jirasim

import (
	"fmt"
	"regexp"
	"strings"
	"time"
)

// A sighting is what the values of one field looked like: a set of shapes.
type sighting struct{ shapes shape }

type shape uint16

const (
	shapeNumber shape = 1 << iota
	shapeText
	shapeDate
	shapeDateTime
	shapeOption
	shapeCascade
	shapeUser
	shapeVersion
	shapeOther // objects and whatever else
	shapeArray // with the shape of the elements
	shapeSprint
	shapeRank
)

// rankForm is LexoRank's: "0|i0004v:".
var rankForm = regexp.MustCompile(`^[0-9]\|[0-9a-z]+:[0-9a-z]*$`)

func (s *sighting) see(value []byte) {
	if len(value) == 0 || isNull(value) {
		return
	}
	if value[0] != '[' {
		s.shapes |= shapeOf(value)
		return
	}
	s.shapes |= shapeArray
	for _, e := range elements(value) {
		s.shapes |= shapeOf(e)
	}
}

func shapeOf(value []byte) shape {
	switch c := value[0]; {
	case c == '{':
		has := func(name string) bool { return member(value, name) != nil }
		switch {
		case has("boardId"):
			return shapeSprint
		case has("child") && has("value"):
			return shapeCascade
		case has("value") && has("id"):
			return shapeOption
		case has("displayName"):
			return shapeUser
		case has("released"):
			return shapeVersion
		}
		return shapeOther
	case c == '"':
		text := scalarText(value)
		if strings.HasPrefix(text, "com.atlassian.greenhopper.service.sprint.Sprint@") {
			return shapeSprint
		}
		if rankForm.MatchString(text) {
			return shapeRank
		}
		if _, err := time.Parse(time.DateOnly, text); err == nil {
			return shapeDate
		}
		if _, err := time.Parse(jiraTime, text); err == nil {
			return shapeDateTime
		}
		return shapeText
	case c == '-' || c >= '0' && c <= '9':
		return shapeNumber
	}
	return shapeOther
}

// fields are the fields of a site of data files: those that Jira has of its
// own by their names, custom fields by their shape.
func (l *loader) fields() []*field {
	known := map[string]*field{}
	var all []*field
	for _, f := range systemFields(l.s.cloud) {
		f.write = nil
		known[f.id] = f
		if f.id == "issuekey" {
			all = append(all, f)
		}
	}
	for _, id := range l.order {
		f := known[id]
		if f == nil {
			f = &field{id: id, name: id, navigable: true, orderable: true, scope: -1}
			if number, ok := customNumber(id); ok {
				f.custom = true
				f.name = fmt.Sprintf("Custom field %d", number)
				f.clauses = []string{fmt.Sprintf("cf[%d]", number), f.name}
				f.schema = l.seen[id].schema(number)
			}
		}
		all = append(all, f)
	}
	return all
}

// schema is the type of a custom field that fits all its values; "any" when
// none does.
func (s *sighting) schema(number int64) string {
	typ, items, custom := "any", "", "com.example.unknown:any"
	own := func(name string) string { return ownTypes + name }
	if s.shapes&shapeArray == 0 {
		switch s.shapes {
		case shapeNumber:
			typ, custom = "number", own("float")
		case shapeText, shapeText | shapeDate, shapeText | shapeDateTime:
			typ, custom = "string", own("textfield")
		case shapeRank:
			custom = "com.pyxis.greenhopper.jira:gh-lexo-rank"
		case shapeDate:
			typ, custom = "date", own("datepicker")
		case shapeDateTime:
			typ, custom = "datetime", own("datetime")
		case shapeOption:
			typ, custom = "option", own("select")
		case shapeCascade, shapeCascade | shapeOption:
			typ, custom = "option-with-child", own("cascadingselect")
		case shapeUser:
			typ, custom = "user", own("userpicker")
		case shapeVersion:
			typ, custom = "version", own("version")
		}
	} else {
		switch s.shapes &^ shapeArray {
		case shapeText:
			typ, items, custom = "array", "string", own("labels")
		case shapeOption:
			typ, items, custom = "array", "option", own("multiselect")
		case shapeUser:
			typ, items, custom = "array", "user", own("multiuserpicker")
		case shapeVersion:
			typ, items, custom = "array", "version", own("multiversion")
		case shapeSprint:
			typ, items, custom = "array", "json", "com.pyxis.greenhopper.jira:gh-sprint"
		}
	}
	if items != "" {
		items = `"items":"` + items + `",`
	}
	return fmt.Sprintf(`{"type":"%s",%s"custom":"%s","customId":%d}`, typ, items, custom, number)
}
