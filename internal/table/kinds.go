package table

import (
	"slices"
	"strings"
)

// Field is what a site says of one of its fields: the id, the name that people
// gave it, and its schema as in Jira's /field.
type Field struct {
	ID   string // customfield_10016
	Name string // Story Points
	// Former are names that it is known to have had, in no order.
	Former []string
	// Type is the schema's type, or "array"; Items is the type of an array's
	// elements; Custom is the key of the plugin that made the field.
	Type, Items, Custom string
	// Column is the name that its column is to have; "" for one made of Name.
	Column string
	// Text is what is made of the field if it holds rich text.
	Text RichTexts
}

// Part is one column that a kind of field gives.
type Part struct {
	Suffix string // appended to the column's name
	Type   Type
	Path   Path
	Form   Form
}

// Kind is a kind of field: which fields are of it, and the columns they give.
type Kind struct {
	Name string
	// Type, Items and Custom select fields; an empty one selects any. Custom
	// selects by the part of the key behind the colon.
	Type, Items, Custom string
	Parts               []Part
	track               track // see HistoryOf
}

const user = "accountId|key|name"

// kinds is the table of kinds; the first match counts. Types are those
// that were seen in the field lists of sites; what no row matches is kept as JSON.
var kinds = []Kind{
	{Name: "sprint", Custom: "gh-sprint", Parts: []Part{{"", List, "[].name", Sprint}, {"_ids", List, "[].id", Sprint}}, track: sprinted},
	{Name: "epic link", Custom: "gh-epic-link", Parts: []Part{{"", Text, "", Plain}}, track: aChoice},
	{Name: "rank", Custom: "gh-lexo-rank", Parts: []Part{{"", Text, "", Plain}}, track: untold},
	{Name: "text area", Custom: "textarea", Parts: []Part{{"", Text, "", RichText}}, track: someText},
	{Name: "number", Type: "number", Parts: []Part{{"", Float, "", Plain}}, track: aNumber},
	{Name: "text", Type: "string", Parts: []Part{{"", Text, "", Plain}}, track: someText},
	{Name: "date", Type: "date", Parts: []Part{{"", Date, "", Plain}}, track: aDay},
	{Name: "date and time", Type: "datetime", Parts: []Part{{"", Timestamp, "", Plain}}, track: anHour},
	{Name: "option", Type: "option", Parts: []Part{{"", Text, "value", Plain}, {"_id", Int, "id", Plain}}, track: aChoice},
	{Name: "cascading option", Type: "option-with-child", Parts: []Part{
		{"", Text, "value", Plain}, {"_id", Int, "id", Plain},
		{"_child", Text, "child.value", Plain}, {"_child_id", Int, "child.id", Plain}}, track: track{Single, Cascade, true}},
	{Name: "user", Type: "user", Parts: []Part{{"", Text, "displayName", Plain}, {"_id", Text, user, Plain}}, track: aChoice},
	{Name: "group", Type: "group", Parts: []Part{{"", Text, "name", Plain}}, track: aChoice},
	{Name: "version", Type: "version", Parts: named, track: aChoice},
	{Name: "project", Type: "project", Parts: named, track: aChoice},
	{Name: "issue type", Type: "issuetype", Parts: named, track: aChoice},
	{Name: "priority", Type: "priority", Parts: named, track: aChoice},
	{Name: "status", Type: "status", Parts: named, track: aChoice},
	{Name: "resolution", Type: "resolution", Parts: named, track: aChoice},
	{Name: "security level", Type: "securitylevel", Parts: named, track: aChoice},
	{Name: "team", Type: "team", Parts: team, track: aChoice},
	{Name: "team (Data Center)", Custom: "rm-teams-custom-field-team", Parts: team, track: aChoice},
	{Name: "texts", Type: "array", Items: "string", Parts: []Part{{"", List, "[]", Plain}}, track: track{Whole, Labels, true}},
	{Name: "options", Type: "array", Items: "option", Parts: []Part{{"", List, "[].value", Plain}, {"_ids", List, "[].id", Plain}}, track: options},
	{Name: "users", Type: "array", Items: "user", Parts: []Part{{"", List, "[].displayName", Plain}, {"_ids", List, "[]." + user, Plain}}, track: choices},
	{Name: "groups", Type: "array", Items: "group", Parts: []Part{{"", List, "[].name", Plain}}, track: choices},
	{Name: "versions", Type: "array", Items: "version", Parts: manyNamed, track: choices},
	{Name: "components", Type: "array", Items: "component", Parts: manyNamed, track: choices},
	{Name: "JSON", Parts: []Part{{"", JSON, "", Plain}}, track: unclear},
}

var (
	named     = []Part{{"", Text, "name", Plain}, {"_id", Int, "id", Plain}}
	team      = []Part{{"", Text, "name|title", Plain}, {"_id", Text, "id", Plain}}
	manyNamed = []Part{{"", List, "[].name", Plain}, {"_ids", List, "[].id", Plain}}
)

// Kinds returns the table of kinds, in the order in which they are tried.
func Kinds() []Kind { return slices.Clone(kinds) }

// KindOf returns the kind of f.
func KindOf(f Field) Kind {
	plugin := f.Custom[strings.LastIndexByte(f.Custom, ':')+1:]
	for _, k := range kinds[:len(kinds)-1] {
		if (k.Type == "" || k.Type == f.Type) && (k.Items == "" || k.Items == f.Items) && (k.Custom == "" || k.Custom == plugin) {
			return k
		}
	}
	return kinds[len(kinds)-1]
}
