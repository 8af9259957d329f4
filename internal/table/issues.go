package table

// Names of columns that the load itself works with.
const (
	ID               = "id"
	IssueID          = "issue_id"
	Updated          = "updated"
	Raw              = "_raw"
	Hash             = "_hash"
	Presence         = "_presence"
	PresenceEvidence = "_presence_evidence"
	Pipeline         = "_pipeline"
	RunID            = "_run_id"
	LoadedAt         = "_loaded_at"
	Site             = "_site"
)

// DefaultSite is the name of the site where only one is loaded, and of the rows
// of versions that could load no more than one.
const DefaultSite = "jira"

// site is the last column of every table with rows from Jira, and part of their
// keys: ids of two sites are the same numbers.
var site = Column{Name: Site, Type: Text, Source: FromLoad, Fill: DefaultSite,
	Doc: "Name of the site that the row comes from: jira.site, or the name of the source."}

// systemColumns are the columns of issues that hold Jira's system fields. Ids
// stand beside names, since names change and ids don't.
var systemColumns = []Column{
	{Name: ID, Type: Int, Field: ".id", Doc: "Identity of the issue: stays when the issue moves or its key changes."},
	{Name: "key", Type: Text, Field: ".key", Doc: "Current key, such as PROJ-12."},
	{Name: "project_id", Type: Int, Field: "project", Path: "id", Doc: "Id of the project."},
	{Name: "project_key", Type: Text, Field: "project", Path: "key", Doc: "Key of the project."},
	{Name: "project", Type: Text, Field: "project", Path: "name", Doc: "Name of the project."},
	{Name: "issue_type", Type: Text, Field: "issuetype", Path: "name", Doc: "Issue type: Bug, Story, ..."},
	{Name: "issue_type_id", Type: Int, Field: "issuetype", Path: "id", Doc: "Id of the issue type."},
	{Name: "summary", Type: Text, Field: "summary", Doc: "Summary, one line."},
	{Name: "description", Type: Text, Field: "description", Form: RichText, Doc: "Description as plain text; the original document is in _raw."},
	{Name: "environment", Type: Text, Field: "environment", Form: RichText, Doc: "Environment as plain text; the original document is in _raw."},
	{Name: "status", Type: Text, Field: "status", Path: "name", Doc: "Name of the status."},
	{Name: "status_id", Type: Int, Field: "status", Path: "id", Doc: "Id of the status."},
	{Name: "status_category", Type: Text, Field: "status", Path: "statusCategory.key", Doc: "Category of the status: new, indeterminate or done, in every language."},
	{Name: "priority", Type: Text, Field: "priority", Path: "name", Doc: "Name of the priority."},
	{Name: "priority_id", Type: Int, Field: "priority", Path: "id", Doc: "Id of the priority."},
	{Name: "resolution", Type: Text, Field: "resolution", Path: "name", Doc: "Name of the resolution; NULL while unresolved."},
	{Name: "resolution_id", Type: Int, Field: "resolution", Path: "id", Doc: "Id of the resolution."},
	{Name: "created", Type: Timestamp, Field: "created", Doc: "When the issue was created."},
	{Name: Updated, Type: Timestamp, Field: "updated", Doc: "When Jira last saw the issue change."},
	{Name: "resolved", Type: Timestamp, Field: "resolutiondate", Doc: "When the resolution was set."},
	{Name: "due_date", Type: Date, Field: "duedate", Doc: "Due date."},
	{Name: "status_category_changed", Type: Timestamp, Field: "statuscategorychangedate", Doc: "When the status last changed its category."},
	{Name: "assignee", Type: Text, Field: "assignee", Path: "displayName", Doc: "Display name of the assignee."},
	{Name: "assignee_id", Type: Text, Field: "assignee", Path: "accountId|key|name", Doc: "Account id of the assignee (Data Center: user key)."},
	{Name: "reporter", Type: Text, Field: "reporter", Path: "displayName", Doc: "Display name of the reporter."},
	{Name: "reporter_id", Type: Text, Field: "reporter", Path: "accountId|key|name", Doc: "Account id of the reporter (Data Center: user key)."},
	{Name: "creator", Type: Text, Field: "creator", Path: "displayName", Doc: "Display name of the creator."},
	{Name: "creator_id", Type: Text, Field: "creator", Path: "accountId|key|name", Doc: "Account id of the creator (Data Center: user key)."},
	{Name: "parent_id", Type: Int, Field: "parent", Path: "id", Doc: "Id of the parent issue, on Cloud also of the epic (Data Center has the key of that in its field Epic Link)."},
	{Name: "parent_key", Type: Text, Field: "parent", Path: "key", Doc: "Key of the parent issue, on Cloud also of the epic."},
	{Name: "labels", Type: List, Field: "labels", Path: "[]", Doc: "Labels."},
	{Name: "components", Type: List, Field: "components", Path: "[].name", Doc: "Names of the components."},
	{Name: "fix_versions", Type: List, Field: "fixVersions", Path: "[].name", Doc: "Names of the fix versions."},
	{Name: "affects_versions", Type: List, Field: "versions", Path: "[].name", Doc: "Names of the affected versions."},
	{Name: "security_level", Type: Text, Field: "security", Path: "name", Doc: "Name of the security level; NULL when everybody in the project may see the issue."},
	{Name: "security_level_id", Type: Int, Field: "security", Path: "id", Doc: "Id of the security level."},
	{Name: "original_estimate_seconds", Type: Int, Field: "timeoriginalestimate", Doc: "Original estimate in seconds."},
	{Name: "remaining_estimate_seconds", Type: Int, Field: "timeestimate", Doc: "Remaining estimate in seconds."},
	{Name: "time_spent_seconds", Type: Int, Field: "timespent", Doc: "Logged work in seconds."},
	{Name: "aggregate_original_estimate_seconds", Type: Int, Field: "aggregatetimeoriginalestimate", Doc: "Original estimate with sub-tasks, in seconds."},
	{Name: "aggregate_remaining_estimate_seconds", Type: Int, Field: "aggregatetimeestimate", Doc: "Remaining estimate with sub-tasks, in seconds."},
	{Name: "aggregate_time_spent_seconds", Type: Int, Field: "aggregatetimespent", Doc: "Logged work with sub-tasks, in seconds."},
	{Name: "work_ratio", Type: Int, Field: "workratio", Doc: "Logged work in percent of the original estimate; -1 without an estimate."},
	{Name: "votes", Type: Int, Field: "votes", Path: "votes", Doc: "Number of votes."},
	{Name: "watches", Type: Int, Field: "watches", Path: "watchCount", Doc: "Number of watchers."},
	{Name: "archived", Type: Timestamp, Field: "archiveddate", Doc: "When the issue was archived (Data Center)."},
}

// ownColumns are the columns of issues that are ours.
var ownColumns = []Column{
	{Name: Raw, Type: JSON, Source: FromRaw, Doc: "The whole issue as Jira sent it."},
	{Name: Hash, Type: Int, Source: FromHash, Doc: "Digest of the issue's content, by which an unchanged row is recognised."},
	{Name: Presence, Type: Text, Source: FromLoad, Doc: "live, deleted, no_access, archived or out_of_scope. Unless it is live, the row is as of when the issue was last read."},
	{Name: PresenceEvidence, Type: Text, Source: FromLoad, Doc: "Why the issue is held to be not live, and what else it could be; NULL while it is live."},
	{Name: Pipeline, Type: Text, Source: FromLoad, Doc: "Pipeline that loads the row; pipelines that share a table must not overlap."},
	{Name: RunID, Type: Text, Source: FromLoad, Doc: "Run that last wrote the row, see _snowdrift_runs."},
	{Name: LoadedAt, Type: Timestamp, Source: FromLoad, Doc: "When the row was last written."},
	site,
}

// Issues describes the issues table of a site: the columns of the system fields
// that selected takes, the given custom columns, and our own. A nil selected
// takes all.
func Issues(custom []Column, selected func(field string) bool) *Table {
	cols := make([]Column, 0, len(systemColumns)+len(custom)+len(ownColumns))
	for _, c := range systemColumns {
		if selected == nil || c.Field[0] == '.' || selected(c.Field) {
			cols = append(cols, c)
		}
	}
	cols = append(cols, custom...)
	cols = append(cols, ownColumns...)
	return &Table{
		Name: "issues", Role: Issue, Key: []string{ID, Site}, Columns: cols,
		Doc: "One row for each Jira issue, current values.",
	}
}

// ValueErrors describes the table of values that did not fit their column.
func ValueErrors() *Table {
	return &Table{
		Name: "_snowdrift_value_errors", Role: Child, Key: []string{IssueID, "field_id", "column_name", Site},
		Doc: "Values that did not fit their column: the cell is NULL, the value is in _raw of the issue." + staying,
		Columns: []Column{
			{Name: IssueID, Type: Int, Source: FromErrors, Doc: "Issue that holds the value."},
			{Name: "field_id", Type: Text, Source: FromErrors, Doc: "Jira field that holds the value."},
			{Name: "table_name", Type: Text, Source: FromErrors, Doc: "Table of the column."},
			{Name: "column_name", Type: Text, Source: FromErrors, Doc: "Column that could not take the value; * when no row could be made of it."},
			{Name: "reason", Type: Text, Source: FromErrors, Doc: "What was expected and what was there."},
			site,
		},
	}
}

// NoIssue is the id in the only row of a census that found nothing: a census
// without any file would look like one that was not taken.
const NoIssue = -1

// Census describes the ids that Jira has in scope. Issues that were asked for
// their version have a second row, with updated.
func Census() *Table {
	return &Table{
		Name: "_snowdrift_census", Role: Scratch, Key: []string{ID},
		Doc: "Ids of the issues that Jira has in scope.",
		Columns: []Column{
			{Name: ID, Type: Int, Doc: "Id of the issue."},
			{Name: Updated, Type: Timestamp, Doc: "When Jira last saw the issue change; NULL if that was not asked."},
		},
	}
}

// Findings describes what was found out about issues that are gone.
func Findings() *Table {
	return &Table{
		Name: "_snowdrift_findings", Role: Scratch, Key: []string{ID},
		Doc: "What was found out about rows that the census does not have.",
		Columns: []Column{
			{Name: ID, Type: Int, Doc: "Id of the issue."},
			{Name: Presence, Type: Text, Doc: "What became of the issue."},
			{Name: PresenceEvidence, Type: Text, Doc: "How that is known."},
		},
	}
}
