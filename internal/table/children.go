package table

import (
	"fmt"
	"slices"
	"strings"
)

// ChildTable is a table of what belongs to issues, and what fills it.
type ChildTable struct {
	*Table
	// Plugin is set where the rows come from the custom field of a plugin,
	// whose id differs from site to site: the part of the plugin's key behind
	// the colon. Table.Field is then empty until somebody finds the field.
	Plugin string
}

// Default is what stands for all tables that are not OnRequest.
const Default = "default"

// Changelog is the member of an issue, beside its fields, that holds its
// history; the Field of issue_changelog and of issue_field_history.
const Changelog = ".changelog"

// Added begins the names of the members that are appended to an issue for what
// Jira did not send inside it. They stand last in the issue, and are no part of
// _raw. AddedChangelog is read as its changelog.
const (
	Added          = "snowdrift:"
	AddedChangelog = Added + "changelog"
)

// The members of an issue that are read by themselves, each with a request; the
// Fields of issue_remote_links, issue_watchers and issue_votes. The name behind
// Added is that of the resource below the issue.
const (
	RemoteLinks = "." + Added + "remotelink"
	Watchers    = "." + Added + "watchers"
	Votes       = "." + Added + "votes"
)

// Children describes the child tables, in their order. Rows of those that are
// part of Default come along with the issue, but for changelogs on Cloud, which
// cost one request for every thousand issues, and for comments and worklogs
// beyond the first twenty, which cost requests for the few issues that have so
// many. Tables that take a request for every issue are filled on request.
func Children() []ChildTable {
	return []ChildTable{
		{Table: comments()}, {Table: worklogs()}, {Table: links()}, {Table: attachments()},
		{Table: labels()}, {Table: issueComponents()},
		{Table: issueVersions("issue_fix_versions", "fixVersions", "One row for each version that an issue is, or is to be, fixed in.")},
		{Table: issueVersions("issue_affects_versions", "versions", "One row for each version that an issue affects.")},
		{Table: issueSprints(), Plugin: "gh-sprint"},
		{Table: changelog()}, {Table: keyHistory()}, {Table: fieldHistory()},
		{Table: remoteLinks()}, {Table: watchers()}, {Table: voters()},
	}
}

// Choose returns the child tables and dimensions that a list asks for: Default,
// names of tables, and names behind a minus, which take tables out of Default;
// alone they imply it. The table issues may be named; it is always loaded.
func Choose(list []string) (children []ChildTable, dimensions []*Table, err error) {
	children, dimensions = Children(), Dimensions()
	known := []string{"issues"}
	for _, c := range children {
		known = append(known, c.Name)
	}
	for _, d := range dimensions {
		known = append(known, d.Name)
	}
	wanted, excluded := map[string]bool{}, map[string]bool{}
	for _, entry := range list {
		name, exclude := strings.CutPrefix(entry, "-")
		if entry != Default && !slices.Contains(known, name) {
			return nil, nil, fmt.Errorf("names an unknown table %q; known are %s, or %s for those that take few requests", name, strings.Join(known, ", "), Default)
		}
		if exclude {
			excluded[name] = true
		} else {
			wanted[name] = true
		}
	}
	all := wanted[Default] || len(wanted) == 0 && len(excluded) > 0
	unwanted := func(t *Table) bool {
		return excluded[t.Name] || !wanted[t.Name] && (!all || t.OnRequest)
	}
	children = slices.DeleteFunc(children, func(c ChildTable) bool { return unwanted(c.Table) })
	return children, slices.DeleteFunc(dimensions, unwanted), nil
}

// staying ends the descriptions of tables whose rows are taken away with their
// issue's next reading only, which an issue that is gone does not get.
const staying = " Rows of issues that are gone stay: join issues_current, or issues where _presence is live."

func child(name, field string, each Path, key []string, doc string, columns ...[]Column) *Table {
	all := []Column{{Name: IssueID, Type: Int, Source: FromIssue, Doc: "Issue that the row belongs to, issues.id of the same site."}}
	all = append(append(all, slices.Concat(columns...)...), site)
	return &Table{
		Name: name, Role: Child, Field: field, Each: each, Key: slices.Concat([]string{IssueID}, key, []string{Site}), Doc: doc + staying,
		Columns: all,
	}
}

// person describes the two columns for one; what ends the sentences on them.
func person(name string, path Path, what string) []Column {
	return []Column{
		{Name: name, Type: Text, Path: path + ".displayName", Doc: "Display name of " + what + "; NULL for automation and deleted apps."},
		{Name: name + "_id", Type: Text, Path: path + "." + user, Doc: "Account id of " + what + " (Data Center: user key)."},
	}
}

// richText describes a text and its original.
func richText(name string, path Path, doc string) []Column {
	return []Column{
		{Name: name, Type: Text, Path: path, Form: RichText, Doc: doc + " as plain text (Data Center: wiki markup)."},
		{Name: name + "_raw", Type: JSON, Path: path, Form: Document, Doc: doc + " in Atlassian Document Format; NULL where Jira sends text."},
	}
}

// visibility describes who may see a comment or worklog.
var visibility = []Column{
	{Name: "visibility_type", Type: Text, Path: "visibility.type", Doc: "group or role, where only its members may see it; NULL where everybody who sees the issue may."},
	{Name: "visibility", Type: Text, Path: "visibility.value", Doc: "Name of the group or role whose members may see it."},
}

func comments() *Table {
	return child("issue_comments", "comment", "comments.[]", []string{"id"}, "One row for each comment on an issue.",
		[]Column{{Name: ID, Type: Int, Path: "id", Doc: "Id of the comment."}},
		person("author", "author", "who wrote the comment"),
		person("update_author", "updateAuthor", "who changed the comment last"),
		[]Column{
			{Name: "created", Type: Timestamp, Path: "created", Doc: "When the comment was written."},
			{Name: Updated, Type: Timestamp, Path: "updated", Doc: "When the comment was changed last."},
		},
		richText("body", "body", "The comment"),
		visibility,
		[]Column{{Name: "jsd_public", Type: Bool, Path: "jsdPublic", Doc: "Whether customers see the comment in the portal of a service project; true elsewhere."}},
	)
}

func worklogs() *Table {
	return child("issue_worklogs", "worklog", "worklogs.[]", []string{"id"}, "One row for each piece of work logged on an issue.",
		[]Column{{Name: ID, Type: Int, Path: "id", Doc: "Id of the worklog."}},
		person("author", "author", "who did the work"),
		person("update_author", "updateAuthor", "who changed the worklog last"),
		[]Column{
			{Name: "started", Type: Timestamp, Path: "started", Doc: "When the work began."},
			{Name: "time_spent_seconds", Type: Int, Path: "timeSpentSeconds", Doc: "Time spent, in seconds."},
			{Name: "created", Type: Timestamp, Path: "created", Doc: "When the work was logged."},
			{Name: Updated, Type: Timestamp, Path: "updated", Doc: "When the worklog was changed last."},
		},
		richText("comment", "comment", "The remark on the work"),
		visibility,
	)
}

func links() *Table {
	return child("issue_links", "issuelinks", "[]", []string{"id"}, "One row for each link of an issue to another one; a link between two loaded issues has a row for each of them.",
		[]Column{
			{Name: ID, Type: Int, Path: "id", Doc: "Id of the link, the same on both issues."},
			{Name: "link_type_id", Type: Int, Path: "type.id", Doc: "Id of the link's type."},
			{Name: "link_type", Type: Text, Path: "type.name", Doc: "Name of the link's type, such as Blocks."},
			{Name: "outward", Type: Text, Path: "type.outward", Doc: "What the type says from source to target, such as blocks; it holds where target_id is set."},
			{Name: "inward", Type: Text, Path: "type.inward", Doc: "What the type says from target to source, such as is blocked by; it holds where source_id is set."},
			{Name: "linked_id", Type: Int, Path: "outwardIssue|inwardIssue.id", Doc: "Id of the other issue, in whichever direction."},
			{Name: "linked_key", Type: Text, Path: "outwardIssue|inwardIssue.key", Doc: "Key of the other issue when this one was read."},
			{Name: "target_id", Type: Int, Path: "outwardIssue.id", Doc: "Id of the other issue where it is the link's target; else NULL."},
			{Name: "source_id", Type: Int, Path: "inwardIssue.id", Doc: "Id of the other issue where it is the link's source; else NULL."},
		})
}

func attachments() *Table {
	return child("issue_attachments", "attachment", "[]", []string{"id"}, "One row for each file attached to an issue; the content stays in Jira.",
		[]Column{
			{Name: ID, Type: Int, Path: "id", Doc: "Id of the attachment."},
			{Name: "filename", Type: Text, Path: "filename", Doc: "Name of the file; several of an issue may have the same."},
			{Name: "mime_type", Type: Text, Path: "mimeType", Doc: "Media type that Jira recognised."},
			{Name: "size_bytes", Type: Int, Path: "size", Doc: "Size of the file in bytes."},
		},
		person("author", "author", "who attached the file"),
		[]Column{
			{Name: "created", Type: Timestamp, Path: "created", Doc: "When the file was attached."},
			{Name: "content_url", Type: Text, Path: "content", Doc: "Where the content can be had, with a login."},
		})
}

// position is where in the field the row's value stands.
var position = Column{Name: "position", Type: Int, Source: FromIndex, Doc: "Place in the field, from 0."}

func labels() *Table {
	return child("issue_labels", "labels", "[]", []string{"position"}, "One row for each label of an issue.",
		[]Column{position, {Name: "label", Type: Text, Doc: "Text of the label."}})
}

func issueComponents() *Table {
	return child("issue_components", "components", "[]", []string{"component_id"}, "One row for each component of an issue.",
		[]Column{
			position,
			{Name: "component_id", Type: Int, Path: "id", Doc: "Id of the component."},
			{Name: "component", Type: Text, Path: "name", Doc: "Name of the component."},
		})
}

func issueVersions(name, field, doc string) *Table {
	return child(name, field, "[]", []string{"version_id"}, doc,
		[]Column{
			position,
			{Name: "version_id", Type: Int, Path: "id", Doc: "Id of the version."},
			{Name: "version", Type: Text, Path: "name", Doc: "Name of the version."},
			{Name: "released", Type: Bool, Path: "released", Doc: "Whether the version was released when the issue was read."},
			{Name: "archived", Type: Bool, Path: "archived", Doc: "Whether the version was archived when the issue was read."},
			{Name: "release_date", Type: Date, Path: "releaseDate", Doc: "Day of the release, planned or real, when the issue was read."},
		})
}

func issueSprints() *Table {
	t := child("issue_sprints", "", "[]", []string{"sprint_id"}, "One row for each sprint that an issue is in or was in.",
		[]Column{
			{Name: "sprint_id", Type: Int, Path: "id", Doc: "Id of the sprint."},
			{Name: "sprint", Type: Text, Path: "name", Doc: "Name of the sprint."},
			{Name: "state", Type: Text, Path: "state", Doc: "future, active or closed, when the issue was read."},
			{Name: "board_id", Type: Int, Path: "boardId", Doc: "Id of the board that the sprint was made on."},
			{Name: "goal", Type: Text, Path: "goal", Doc: "Goal of the sprint."},
			{Name: "start_date", Type: Timestamp, Path: "startDate", Doc: "When the sprint begins or began."},
			{Name: "end_date", Type: Timestamp, Path: "endDate", Doc: "When the sprint is or was to end."},
			{Name: "complete_date", Type: Timestamp, Path: "completeDate", Doc: "When the sprint was completed; NULL before."},
		})
	for i := range t.Columns {
		if t.Columns[i].Source == FromValue {
			t.Columns[i].Form = Sprint
		}
	}
	t.Columns = slices.Insert(t.Columns, 1, position)
	return t
}

func changelog() *Table {
	return child("issue_changelog", Changelog, "histories.[].items.[]", []string{"history_id", "item_index"}, "One row for each field that changed, with all that changed at once under one history_id.",
		[]Column{
			{Name: "history_id", Type: Int, Path: "^id", Doc: "Id of the change; fields that changed together share it."},
			{Name: "item_index", Type: Int, Source: FromIndex, Doc: "Place among the fields that changed together, from 0."},
			{Name: "created", Type: Timestamp, Path: "^created", Doc: "When the change was made."},
		},
		person("author", "^author", "who made the change"),
		[]Column{
			{Name: "field", Type: Text, Path: "field", Doc: "Name that the field had at the time, in the language of the site."},
			{Name: "field_id", Type: Text, Path: "fieldId", Doc: "Id of the field; NULL on Data Center and for links, moves and the like."},
			{Name: "field_type", Type: Text, Path: "fieldtype", Doc: "jira for system fields, custom for others."},
			{Name: "from_id", Type: Text, Path: "from", Doc: "Value before, as Jira stores it: ids, epoch milliseconds; NULL where there was none."},
			{Name: "from_string", Type: Text, Path: "fromString", Doc: "Value before, as Jira showed it."},
			{Name: "to_id", Type: Text, Path: "to", Doc: "Value after, as Jira stores it."},
			{Name: "to_string", Type: Text, Path: "toString", Doc: "Value after, as Jira showed it."},
		})
}

// keyHistory is made of the changelog's entries for the key alone.
func keyHistory() *Table {
	t := child("issue_key_history", Changelog, "histories.[].items.[]", []string{"history_id"}, "One row for each time that an issue got another key by moving to another project; renaming the key of a project leaves no trace.",
		[]Column{
			{Name: "history_id", Type: Int, Path: "^id", Doc: "Id of the change, issue_changelog.history_id."},
			{Name: "changed", Type: Timestamp, Path: "^created", Doc: "When the issue got its new key."},
		},
		person("author", "^author", "who moved the issue"),
		[]Column{
			{Name: "old_key", Type: Text, Path: "fromString", Doc: "Key before; Jira still finds the issue by it."},
			{Name: "new_key", Type: Text, Path: "toString", Doc: "Key after; an issue that moved twice has another one today."},
		})
	t.Only = Only{Member: "field", Value: "Key"}
	return t
}

const perIssue = "one request for every issue that is read"

// read describes a table whose rows are read for each issue by itself, when the
// issue is.
func read(t *Table) *Table {
	t.Price, t.OnRequest = perIssue, true
	t.Doc += " As of when the issue was read last: not all of this counts as a change of the issue."
	return t
}

func remoteLinks() *Table {
	return read(child("issue_remote_links", RemoteLinks, "[]", []string{"id"}, "One row for each link of an issue to something outside Jira.",
		[]Column{
			{Name: ID, Type: Int, Path: "id", Doc: "Id of the link."},
			{Name: "global_id", Type: Text, Path: "globalId", Doc: "Identity of the other end, as the application that made the link gave it."},
			{Name: "relationship", Type: Text, Path: "relationship", Doc: "What the link says, such as mentioned in."},
			{Name: "application", Type: Text, Path: "application.name", Doc: "Name of the application at the other end."},
			{Name: "application_type", Type: Text, Path: "application.type", Doc: "Type of that application, such as com.atlassian.confluence."},
			{Name: "url", Type: Text, Path: "object.url", Doc: "Address of the other end."},
			{Name: "title", Type: Text, Path: "object.title", Doc: "Title of the other end."},
			{Name: "summary", Type: Text, Path: "object.summary", Doc: "Summary of the other end."},
			{Name: "resolved", Type: Bool, Path: "object.status.resolved", Doc: "Whether the other end is struck through as done."},
		}))
}

func watchers() *Table {
	return read(child("issue_watchers", Watchers, "watchers.[]", []string{"user_id"}, "One row for each user who watches an issue, of those that the account may see.", userOf("who watches the issue")))
}

func voters() *Table {
	return read(child("issue_votes", Votes, "voters.[]", []string{"user_id"}, "One row for each user who votes for an issue, of those that the account may see.", userOf("who votes for the issue")))
}

// userOf describes one who is the whole row.
func userOf(what string) []Column {
	return []Column{
		{Name: "user_id", Type: Text, Path: user, Doc: "Account id of the user " + what + " (Data Center: user key)."},
		{Name: "name", Type: Text, Path: "displayName", Doc: "Display name of the user " + what + "."},
	}
}
