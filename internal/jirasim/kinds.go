package jirasim

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// A kind is a type of custom field: what /field says about it and how its
// values look. Its name is what [Sim.AddField] and [Sim.RetypeField] take.
type kind struct {
	name   string
	typ    string // schema.type
	items  string // schema.items
	custom string // schema.custom; without a colon: of Jira's own types
	oneIn  int    // set in one of so many issues
	write  writer // appends a value; see field.sparse for null
}

const ownTypes = "com.atlassian.jira.plugin.system.customfieldtypes:"

// kinds of custom fields.
var kinds = []kind{
	{"number", "number", "", "float", 2, writeNumber},
	{"date", "date", "", "datepicker", 3, writeDate},
	{"datetime", "datetime", "", "datetime", 3, writeDateTime},
	{"option", "option", "", "select", 2, writeOption},
	{"radio", "option", "", "radiobuttons", 4, writeOption},
	{"options", "array", "option", "multiselect", 3, writeOptions},
	{"checkboxes", "array", "option", "multicheckboxes", 4, writeOptions},
	{"cascading", "option-with-child", "", "cascadingselect", 3, writeCascading},
	{"user", "user", "", "userpicker", 3, writeUser},
	{"users", "array", "user", "multiuserpicker", 4, writeUsers},
	{"group", "group", "", "grouppicker", 5, writeGroup},
	{"groups", "array", "group", "multigrouppicker", 6, writeGroups},
	{"version", "version", "", "version", 5, writeVersion},
	{"versions", "array", "version", "multiversion", 5, writeVersionList},
	{"project", "project", "", "project", 6, writeOtherProject},
	{"labels", "array", "string", "labels", 4, writeLabels},
	{"text", "string", "", "textfield", 2, writeText},
	{"readonly", "string", "", "readonlyfield", 4, writeText},
	{"textarea", "string", "", "textarea", 4, writeTextArea},
	{"url", "string", "", "url", 4, writeURL},
	{"sprint", "array", "json", "com.pyxis.greenhopper.jira:gh-sprint", 1, writeSprints},
	{"rank", "any", "", "com.pyxis.greenhopper.jira:gh-lexo-rank", 1, writeRank},
	{"epicname", "string", "", "com.pyxis.greenhopper.jira:gh-epic-label", 1, writeEpicName},
	{"epiclink", "any", "", "com.pyxis.greenhopper.jira:gh-epic-link", 1, writeEpicLink},
	{"sla", "sd-servicelevelagreement", "", "com.atlassian.servicedesk:sd-sla-field", 4, writeSLA},
	{"requesttype", "sd-customerrequesttype", "", "com.atlassian.servicedesk:vp-origin", 6, writeRequestType},
	{"organizations", "array", "sd-customerorganization", "com.atlassian.servicedesk:sd-customer-organizations", 6, writeOrganizations},
	{"team", "team", "", "com.atlassian.jira.plugin.system.customfieldtypes:atlassian-team", 3, writeTeam},
	{"development", "any", "", "com.atlassian.jira.plugins.jira-development-integration-plugin:devsummarycf", 1, writeDevelopment},
	{"assets", "array", "cmdb-object-field", "com.atlassian.jira.plugins.cmdb:cmdb-object-cftype", 5, writeAssets},
	{"account", "account", "", "com.example.timesheets:account", 4, writeAccount},
	{"checklist", "any", "", "com.example.checklist:checklist", 5, writeChecklist},
	{"timeinstatus", "any", "", "com.example.reports:time-in-status", 3, writeTimeInStatus},
}

func kindNamed(name string) (*kind, bool) {
	i := slices.IndexFunc(kinds, func(k kind) bool { return k.name == name })
	if i < 0 {
		return nil, false
	}
	return &kinds[i], true
}

// Kinds lists the kinds of custom field that AddField and RetypeField know.
func Kinds() []string {
	names := make([]string, len(kinds))
	for i, k := range kinds {
		names[i] = k.name
	}
	return names
}

// customField makes a field of a kind.
func customField(number int64, name string, k *kind, cloud bool) *field {
	custom, typ := k.custom, k.typ
	if k.name == "team" && !cloud {
		custom, typ = "com.atlassian.teams:rm-teams-custom-field-team", "any"
	}
	if !strings.Contains(custom, ":") {
		custom = ownTypes + custom
	}
	items := ""
	if k.items != "" {
		item := k.items
		if k.name == "sprint" && !cloud {
			item = "string"
		}
		items = `"items":"` + item + `",`
	}
	return &field{
		id: fmt.Sprintf("customfield_%d", number), name: name, custom: true, navigable: true, orderable: true,
		schema:  fmt.Sprintf(`{"type":"%s",%s"custom":"%s","customId":%d}`, typ, items, custom, number),
		clauses: []string{fmt.Sprintf("cf[%d]", number), name},
		kind:    k, write: writeCustom, scope: -1, sparse: k.oneIn,
	}
}

// customFields are the custom fields of a generated site: every kind, and the
// names that trip loaders.
func customFields(cloud bool, extra int, projects int) []*field {
	var fs []*field
	add := func(number int64, name, kindName string) *field {
		k, ok := kindNamed(kindName)
		if !ok {
			return nil
		}
		f := customField(number, name, k, cloud)
		fs = append(fs, f)
		return f
	}
	add(10000, "Development", "development")
	add(10001, "Team", "team")
	add(10011, "Epic Name", "epicname")
	add(10014, "Epic Link", "epiclink")
	add(10015, "Start date", "date")
	add(10016, "Story point estimate", "number")
	add(10019, "Rank", "rank")
	add(10020, "Sprint", "sprint")
	add(10021, "Flagged", "checkboxes")
	add(10026, "Story Points", "number")
	number := int64(10030)
	for _, k := range kinds {
		if slices.Contains([]string{"development", "team", "epicname", "epiclink", "rank", "sprint"}, k.name) {
			continue
		}
		add(number, "Sample "+k.name, k.name)
		number++
	}
	for _, odd := range []struct{ name, kind string }{
		{"Category", "option"}, {"Category", "text"}, {"category", "number"}, // one name, three fields
		{"Status", "text"}, {"Order", "number"}, {"Select", "option"}, {"table", "text"},
		{"🚀 Launch", "date"}, {"3rd party", "text"}, {"Kunde (Größe) / %", "text"}, {"   ", "text"},
		{`He said "no"; DROP TABLE x`, "text"}, {strings.Repeat("Very long name ", 18) + "!", "number"},
		{"_raw", "text"}, {"id", "text"}, {"Customer ID", "number"}, {"Customer-ID", "text"},
	} {
		add(number, odd.name, odd.kind)
		number++
	}
	if cloud && projects > teamProject {
		add(number, "Team only", "option").scope = teamProject
	}
	for i := range extra {
		f := add(11_000+int64(i), fmt.Sprintf("Extra %d", i+1), kinds[i%20].name)
		f.sparse, f.partial = 40, true
	}
	return fs
}

// ofField starts the draws of one field of one issue.
func (v *view) ofField(is *issue, f *field) rng {
	return v.draw(forPresence, is.id, int64(f.serial))
}

// writeCustom writes a custom field: null in most issues.
func writeCustom(v *view, b []byte, is *issue, f *field) []byte {
	r := v.ofField(is, f)
	if f.scope >= 0 && f.scope != is.project || f.partial && (int32(is.project)+f.serial)%2 == 0 {
		return b // absent, not null
	}
	if f.sparse > 1 && !r.one(f.sparse) {
		return append(b, "null"...)
	}
	return f.kind.write(v, b, is, f)
}

// draws of the value itself, independent of whether there is one.
func (v *view) value(is *issue, f *field) rng {
	return v.draw(forValue, is.id, int64(f.serial))
}

func writeNumber(v *view, b []byte, is *issue, f *field) []byte {
	r := v.value(is, f)
	switch r.n(8) {
	case 0:
		return append(b, "0.5"...)
	case 1:
		return fmt.Appendf(b, "%d.%02d", r.n(100_000)-50_000, 1+r.n(99))
	}
	return append(appendInt(b, r.n64(21)), ".0"...)
}

// instant is near the life of the issue.
func (v *view) instant(is *issue, r *rng) int64 {
	return is.created + r.n64(int64(200*24*time.Hour/time.Millisecond))
}

func writeDate(v *view, b []byte, is *issue, f *field) []byte {
	r := v.value(is, f)
	return appendDate(b, v.instant(is, &r))
}

func writeDateTime(v *view, b []byte, is *issue, f *field) []byte {
	r := v.value(is, f)
	return appendTime(b, v.instant(is, &r)/60_000*60_000, v.s.loc)
}

// optionNames are the options of every option field.
var optionNames = []string{"Alpha", "Beta, with comma", `Gamma "quoted"`, "Größe XL", "None", "2", "✅ yes"}

func optionID(f *field, i int) int64 { return int64(f.serial)*100 + int64(i) + 10_000 }

func (v *view) appendOption(b []byte, f *field, i int) []byte {
	id := optionID(f, i)
	b = append(b, `{"self":"`...)
	b = append(b, v.s.api...)
	b = append(b, "/customFieldOption/"...)
	b = appendInt(b, id)
	b = append(b, `","value":`...)
	b = appendString(b, v.s.optionName(f, i))
	b = append(b, `,"id":"`...)
	b = appendInt(b, id)
	if v.s.cloud {
		return append(b, `"}`...)
	}
	return append(b, `","disabled":false}`...)
}

// optionName is the label of a field's i-th option.
func (s *Sim) optionName(f *field, i int) string {
	if f.name == "Flagged" {
		return "Impediment"
	}
	return optionNames[i]
}

func writeOption(v *view, b []byte, is *issue, f *field) []byte {
	r := v.value(is, f)
	return v.appendOption(b, f, r.n(len(optionNames)))
}

func writeOptions(v *view, b []byte, is *issue, f *field) []byte {
	r := v.value(is, f)
	if f.name == "Flagged" {
		b = append(b, '[')
		return append(v.appendOption(b, f, 0), ']')
	}
	return list(b, 1+r.n(3), func(b []byte, i int) []byte {
		return v.appendOption(b, f, (i*2+r.n(2))%len(optionNames))
	})
}

// list writes n elements as an array.
func list(b []byte, n int, element func(b []byte, i int) []byte) []byte {
	b = append(b, '[')
	for i := range n {
		if i > 0 {
			b = append(b, ',')
		}
		b = element(b, i)
	}
	return append(b, ']')
}

func writeCascading(v *view, b []byte, is *issue, f *field) []byte {
	r := v.value(is, f)
	b = v.appendOption(b, f, r.n(3))
	if r.one(3) {
		return b
	}
	b = append(b[:len(b)-1], `,"child":`...)
	return append(v.appendOption(b, f, 3+r.n(3)), '}')
}
