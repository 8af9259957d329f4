package jirasim

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// A field is one field of the site as one version of the schema knows it; it
// is never changed.
type field struct {
	id, name  string
	custom    bool
	navigable bool
	orderable bool
	schema    string // a JSON object; "": the field has none
	clauses   []string
	kind      *kind  // of a generated value; nil in data files
	write     writer // nil in data files
	prefix    []byte // `"id":`
	serial    int32  // a retyped field is another one under the same id
	scope     int16  // index of the only project that has it; -1: all have it
	sparse    int    // set in one of so many issues
	partial   bool   // half of the projects do not have it
}

// A writer appends a field's value.
type writer func(v *view, b []byte, is *issue, f *field) []byte

// A schema is the list of fields at one time, immutable.
type schema struct {
	fields []*field
	byID   map[string]*field
	next   int32 // serial of the next field
	nextID int64 // of the next custom field
}

func newSchema(fields []*field) *schema {
	sc := &schema{nextID: 20_000}
	for _, f := range fields {
		sc.next++
		f.serial = sc.next
	}
	return sc.with(fields)
}

// with is the schema with other fields.
func (sc *schema) with(fields []*field) *schema {
	next := &schema{fields: fields, next: sc.next, nextID: sc.nextID, byID: make(map[string]*field, len(fields))}
	for _, f := range fields {
		if f.prefix == nil {
			f.prefix = append(appendString(nil, f.id), ':')
		}
		next.byID[f.id] = f
	}
	return next
}

// replace is the schema with one field exchanged; nil takes it away.
func (sc *schema) replace(old, f *field) *schema {
	fields := slices.Clone(sc.fields)
	i := slices.Index(fields, old)
	if f == nil {
		return sc.with(slices.Delete(fields, i, i+1))
	}
	fields[i] = f
	return sc.with(fields)
}

// named finds the fields that a JQL name can mean: custom fields by name or
// cf[n], system fields by their clause names. Names are not unique.
func (sc *schema) named(name string) []*field {
	var found []*field
	for _, f := range sc.fields {
		if strings.EqualFold(f.id, name) || strings.EqualFold(f.name, name) ||
			slices.ContainsFunc(f.clauses, func(c string) bool { return strings.EqualFold(c, name) }) {
			found = append(found, f)
		}
	}
	return found
}

// customNumber is the number in customfield_<number>.
func customNumber(id string) (int64, bool) {
	digits, ok := strings.CutPrefix(id, "customfield_")
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	return n, err == nil
}

func system(id, name, schema string, navigable bool, write writer, clauses ...string) *field {
	return &field{id: id, name: name, schema: schema, navigable: navigable, orderable: true, write: write, clauses: clauses, scope: -1}
}

// systemFields are the fields that every issue has, in the order in which they
// are served.
func systemFields(cloud bool) []*field {
	sys := func(typ, id string) string { return fmt.Sprintf(`{"type":"%s","system":"%s"}`, typ, id) }
	arr := func(items, id string) string {
		return fmt.Sprintf(`{"type":"array","items":"%s","system":"%s"}`, items, id)
	}
	fs := []*field{
		// Listed by /field, never among an issue's fields.
		system("issuekey", "Key", "", true, nil, "id", "issue", "issuekey", "key"),
		system("statuscategorychangedate", "Status Category Changed", sys("datetime", "statuscategorychangedate"), true, writeCategoryChange, "statusCategoryChangedDate"),
		system("issuetype", "Issue Type", sys("issuetype", "issuetype"), true, writeType, "issuetype", "type"),
		system("parent", "Parent", "", true, writeParent, "parent"),
		system("timespent", "Time Spent", sys("number", "timespent"), false, writeTimeSpent, "timespent"),
		system("project", "Project", sys("project", "project"), true, writeProject, "project"),
		system("fixVersions", "Fix versions", arr("version", "fixVersions"), true, writeFixVersions, "fixVersion"),
		system("aggregatetimespent", "Σ Time Spent", sys("number", "aggregatetimespent"), true, writeTimeSpent),
		system("resolution", "Resolution", sys("resolution", "resolution"), true, writeResolution, "resolution"),
		system("resolutiondate", "Resolved", sys("datetime", "resolutiondate"), true, writeResolved, "resolutiondate", "resolved"),
		system("workratio", "Work Ratio", sys("number", "workratio"), true, writeWorkRatio, "workratio"),
		system("lastViewed", "Last Viewed", sys("datetime", "lastViewed"), true, writeNull, "lastViewed"),
		system("watches", "Watchers", sys("watches", "watches"), true, writeWatches, "watchers"),
		system("created", "Created", sys("datetime", "created"), true, writeCreated, "created", "createdDate"),
		system("priority", "Priority", sys("priority", "priority"), true, writePriority, "priority"),
		system("labels", "Labels", arr("string", "labels"), true, writeLabels, "labels"),
		system("timeestimate", "Remaining Estimate", sys("number", "timeestimate"), false, writeRemaining, "remainingEstimate", "timeestimate"),
		system("aggregatetimeoriginalestimate", "Σ Original Estimate", sys("number", "aggregatetimeoriginalestimate"), true, writeEstimate),
		system("versions", "Affects versions", arr("version", "versions"), true, writeAffects, "affectedVersion"),
		system("issuelinks", "Linked Issues", arr("issuelinks", "issuelinks"), true, writeLinks, "issueLink"),
		system("assignee", "Assignee", sys("user", "assignee"), true, writeAssignee, "assignee"),
		system("updated", "Updated", sys("datetime", "updated"), true, writeUpdated, "updated", "updatedDate"),
		system("status", "Status", sys("status", "status"), true, writeStatus, "status"),
		system("components", "Components", arr("component", "components"), true, writeComponents, "component"),
		system("timeoriginalestimate", "Original estimate", sys("number", "timeoriginalestimate"), false, writeEstimate, "originalEstimate", "timeoriginalestimate"),
		system("description", "Description", sys("string", "description"), true, writeDescription, "description"),
		system("timetracking", "Time tracking", sys("timetracking", "timetracking"), false, writeTimeTracking),
		system("security", "Security Level", sys("securitylevel", "security"), true, writeSecurity, "level"),
		system("attachment", "Attachment", arr("attachment", "attachment"), true, writeAttachments, "attachments"),
		system("aggregatetimeestimate", "Σ Remaining Estimate", sys("number", "aggregatetimeestimate"), true, writeRemaining),
		system("summary", "Summary", sys("string", "summary"), true, writeSummary, "summary"),
		system("creator", "Creator", sys("user", "creator"), true, writeCreator, "creator"),
		system("subtasks", "Sub-tasks", arr("issuelinks", "subtasks"), true, writeSubtasks, "subtasks"),
		system("reporter", "Reporter", sys("user", "reporter"), true, writeReporter, "reporter"),
		system("aggregateprogress", "Σ Progress", sys("progress", "aggregateprogress"), true, writeProgress),
		system("environment", "Environment", sys("string", "environment"), true, writeNull, "environment"),
		system("duedate", "Due date", sys("date", "duedate"), true, writeDue, "due", "duedate"),
		system("progress", "Progress", sys("progress", "progress"), true, writeProgress, "progress"),
		system("votes", "Votes", sys("votes", "votes"), true, writeVotes, "votes"),
		system("comment", "Comment", sys("comments-page", "comment"), false, writeComments, "comment"),
		system("worklog", "Log Work", arr("worklog", "worklog"), false, writeWorklogs),
	}
	if cloud {
		fs = append(fs,
			system("statusCategory", "Status Category", sys("statusCategory", "statusCategory"), true, writeStatusCategory, "statusCategory"),
			system("issuerestriction", "Restrict to", sys("issuerestriction", "issuerestriction"), true, writeRestriction))
	} else {
		fs = append(fs,
			system("archiveddate", "Archived", sys("datetime", "archiveddate"), true, writeArchivedDate, "archiveddate"),
			system("archivedby", "Archiver", sys("user", "archivedby"), true, writeArchivedBy, "archivedby"))
	}
	return fs
}

// systemFields are those that the site has.
func (s *Sim) systemFields() []*field {
	return slices.DeleteFunc(systemFields(s.cloud), func(f *field) bool {
		return s.opt.NoTimeTracking && (f.id == "worklog" || f.id == "timetracking")
	})
}

func isMulti(id string) bool { return id == "comment" || id == "worklog" || id == "attachment" }

// appendResource writes a field as /field lists it.
func (f *field) appendResource(b []byte, s *Sim) []byte {
	b = append(b, `{"id":`...)
	b = appendString(b, f.id)
	if s.cloud {
		b = append(b, `,"key":`...)
		b = appendString(b, f.id)
	}
	b = append(b, `,"name":`...)
	b = appendString(b, f.name)
	b = fmt.Appendf(b, `,"custom":%t,"orderable":%t,"navigable":%t,"searchable":%t,"clauseNames":[`, f.custom, f.orderable, f.navigable, len(f.clauses) > 0)
	for i, c := range f.clauses {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(b, c)
	}
	b = append(b, ']')
	if f.scope >= 0 {
		b = fmt.Appendf(b, `,"scope":{"type":"PROJECT","project":{"id":"%d"}}`, s.store.projects[f.scope].id)
	}
	if f.schema != "" {
		b = append(b, `,"schema":`...)
		b = append(b, f.schema...)
	}
	return append(b, '}')
}
