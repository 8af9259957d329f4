package table

import "slices"

// The words of Presence in a dimension. What is no longer listed may be deleted
// or only hidden from the account: Jira does not say which.
const (
	Live = "live"
	Gone = "gone"
)

// Dimensions describes the tables of what issues refer to, in their order. Field
// names the resource that their rows are read from; an answer of Jira, put
// beside what it was asked for, is the value that Each leads into.
//
// They are as the account sees the site, whatever the pipeline's query. Names
// change and things are deleted without any issue changing, so these tables are
// read by themselves, as whole sets: a row that Jira no longer lists stays, for
// old issues still refer to it, and is marked as gone.
func Dimensions() []*Table {
	return []*Table{
		projects(), components(), versions(),
		users(), groups(), groupMembers(),
		fields(), fieldOptions(),
		issueTypes(), priorities(), resolutions(), statuses(), statusCategories(), issueLinkTypes(), securityLevels(),
		boards(), boardColumns(), sprints(),
	}
}

// ownDimension are the columns of dimensions that are ours.
var ownDimension = []Column{
	{Name: Hash, Type: Int, Source: FromHash, Doc: "Digest of the row, by which an unchanged one is recognised."},
	{Name: Presence, Type: Text, Source: FromLoad, Doc: "live while Jira lists it; gone when it is deleted or hidden from the account."},
	{Name: RunID, Type: Text, Source: FromLoad, Doc: "Run that last wrote the row, see _snowdrift_runs."},
	{Name: LoadedAt, Type: Timestamp, Source: FromLoad, Doc: "When the row was last written."},
	site,
}

func dimension(name, resource string, each Path, key []string, doc, price string, columns ...[]Column) *Table {
	return &Table{Name: name, Role: Dimension, Field: resource, Each: each, Key: slices.Concat(key, []string{Site}), Doc: doc, Price: price,
		Columns: slices.Concat(slices.Concat(columns...), ownDimension)}
}

// onRequest takes a table out of what Default stands for.
func onRequest(t *Table) *Table {
	t.OnRequest = true
	return t
}

// hiding notes the permission without which Jira shows no row.
func hiding(permission string, t *Table) *Table {
	t.Hides = permission
	return t
}

// OneRequest is the Price of most dimensions.
const (
	OneRequest = "one request"
	perProject = "one request for every project"
	perBoard   = "one request or more for every board"
)

// numbered are the columns of nearly every dimension.
func numbered(what string) []Column {
	return []Column{
		{Name: ID, Type: Int, Path: "id", Doc: "Id of the " + what + "; it stays when the name changes."},
		{Name: "name", Type: Text, Path: "name", Doc: "Name of the " + what + "."},
	}
}

func description(what string) Column {
	return Column{Name: "description", Type: Text, Path: "description", Doc: "Description of the " + what + "."}
}

// ofProject is where things of a team-managed project say so.
func ofProject(what string) Column {
	return Column{Name: "project_id", Type: Int, Path: "scope.project.id", Doc: "Team-managed project that alone has the " + what + "; NULL where it is the site's, and on Data Center."}
}

var byID = []string{ID}

func projects() *Table {
	return dimension("projects", "projects", "[]", byID, "One row for each project that the account can browse, archived ones included.",
		"one request for every 100 projects (Data Center: one)",
		numbered("project"),
		[]Column{
			{Name: "key", Type: Text, Path: "key", Doc: "Current key, such as PROJ."},
			{Name: "keys", Type: List, Path: "projectKeys.[]", Doc: "All keys that the project has or had."},
			description("project"),
			{Name: "project_type", Type: Text, Path: "projectTypeKey", Doc: "software, service_desk, business, product_discovery, ..."},
			{Name: "style", Type: Text, Path: "style", Doc: "classic or next-gen, which is team-managed; NULL on Data Center."},
			{Name: "category", Type: Text, Path: "projectCategory.name", Doc: "Name of the project's category."},
			{Name: "category_id", Type: Int, Path: "projectCategory.id", Doc: "Id of the project's category."},
		},
		person("lead", "lead", "who leads the project"),
		[]Column{
			{Name: "url", Type: Text, Path: "url", Doc: "Address that people gave the project, not that of its page in Jira."},
			{Name: "private", Type: Bool, Path: "isPrivate", Doc: "Whether only members see the project; NULL on Data Center."},
			{Name: "archived", Type: Bool, Path: "archived", Doc: "Whether the project is archived; NULL where Jira does not say, which means that it is not."},
		})
}

func components() *Table {
	return dimension("components", "components", "[].components.[]", byID, "One row for each component of a project.", perProject,
		numbered("component"),
		[]Column{
			{Name: "project_id", Type: Int, Path: "^id", Doc: "Project that the component belongs to, projects.id."},
			description("component"),
		},
		person("lead", "lead", "who leads the component"),
		[]Column{{Name: "assignee_type", Type: Text, Path: "assigneeType", Doc: "Who gets new issues: PROJECT_DEFAULT, COMPONENT_LEAD, PROJECT_LEAD or UNASSIGNED."}})
}

func versions() *Table {
	return dimension("versions", "versions", "[].versions.[]", byID, "One row for each version of a project.", perProject,
		numbered("version"),
		[]Column{
			{Name: "project_id", Type: Int, Path: "^id", Doc: "Project that the version belongs to, projects.id."},
			{Name: "position", Type: Int, Source: FromIndex, Doc: "Place among the versions of the project, in Jira's order, from 0."},
			description("version"),
			{Name: "released", Type: Bool, Path: "released", Doc: "Whether the version is released."},
			{Name: "archived", Type: Bool, Path: "archived", Doc: "Whether the version is archived."},
			{Name: "start_date", Type: Date, Path: "startDate", Doc: "Day on which work on the version begins."},
			{Name: "release_date", Type: Date, Path: "releaseDate", Doc: "Day of the release, planned or real."},
		})
}

func users() *Table {
	return hiding("Browse users and groups", dimension("users", "users", "[]", byID, "One row for each user that the account can find, inactive ones, apps and portal customers included.",
		"one request for every 1,000 users, and one",
		[]Column{
			{Name: ID, Type: Text, Path: user, Doc: "Account id (Data Center: user key), as in issues.assignee_id."},
			{Name: "name", Type: Text, Path: "displayName", Doc: "Display name."},
			{Name: "username", Type: Text, Path: "name", Doc: "Login name (Data Center); NULL on Cloud."},
			{Name: "email", Type: Text, Path: "emailAddress", Doc: "E-mail address; NULL where the user or the site hides it."},
			{Name: "account_type", Type: Text, Path: "accountType", Doc: "atlassian, app or customer; NULL on Data Center."},
			{Name: "active", Type: Bool, Path: "active", Doc: "Whether the user can log in."},
			{Name: "time_zone", Type: Text, Path: "timeZone", Doc: "Time zone of the user's profile; NULL where it is hidden."},
			{Name: "locale", Type: Text, Path: "locale", Doc: "Language of the user's profile; NULL where it is hidden."},
		}))
}

func groups() *Table {
	return hiding("Browse users and groups", dimension("groups", "groups", "[]", byID, "One row for each group of users.", "one request for every 50 groups (Data Center: one)",
		[]Column{
			{Name: ID, Type: Text, Path: "groupId|name", Doc: "Id of the group (Data Center: its name)."},
			{Name: "name", Type: Text, Path: "name", Doc: "Name of the group."},
		}))
}

func groupMembers() *Table {
	return onRequest(dimension("group_members", "group_members", "[].members.[]", []string{"group_id", "user_id"}, "One row for each member of a group, inactive ones included.",
		"one request for every group, and for every 50 members of one",
		[]Column{
			{Name: "group_id", Type: Text, Path: "^groupId|name", Doc: "Group, groups.id."},
			{Name: "user_id", Type: Text, Path: user, Doc: "Member, users.id."},
		}))
}

func fields() *Table {
	return dimension("fields", "fields", "[]", byID, "One row for each field that the account can see, with its current name; columns of issues keep the name that they got first, see _snowdrift_columns.", OneRequest,
		[]Column{
			{Name: ID, Type: Text, Path: "id", Doc: "Id of the field, such as status or customfield_10016."},
			{Name: "name", Type: Text, Path: "name", Doc: "Current name, in the language of the account; several fields may have the same."},
			{Name: "custom", Type: Bool, Path: "custom", Doc: "Whether the field is a custom field."},
			{Name: "type", Type: Text, Path: "schema.type", Doc: "Type of the values: string, number, option, array, ..."},
			{Name: "items", Type: Text, Path: "schema.items", Doc: "Type of the elements where the type is array."},
			{Name: "plugin", Type: Text, Path: "schema.custom", Doc: "Key of the plugin that made the custom field, which tells its kind."},
			{Name: "clause_names", Type: List, Path: "clauseNames.[]", Doc: "Names of the field in JQL."},
			{Name: "navigable", Type: Bool, Path: "navigable", Doc: "Whether Jira shows the field as a column of searches."},
			{Name: "searchable", Type: Bool, Path: "searchable", Doc: "Whether JQL can ask for the field."},
			ofProject("field"),
		})
}

func fieldOptions() *Table {
	return onRequest(dimension("field_options", "field_options", "[].options.[]", []string{"field_id", ID}, "One row for each option of a custom field with options.",
		"one request or more for every context of every field with options (Data Center: for every field)",
		[]Column{
			{Name: "field_id", Type: Text, Path: "^field", Doc: "Field that has the option, fields.id."},
			{Name: ID, Type: Int, Path: "id", Doc: "Id of the option, as in the columns of issues that end in _id."},
			{Name: "context_id", Type: Int, Path: "^context.id", Doc: "Context of the field that has the option; NULL on Data Center."},
			{Name: "context", Type: Text, Path: "^context.name", Doc: "Name of the context; NULL on Data Center."},
			{Name: "value", Type: Text, Path: "value", Doc: "Text of the option."},
			{Name: "parent_id", Type: Int, Path: "optionId", Doc: "Option that this one is a choice below, in cascading fields; NULL on Data Center."},
			{Name: "disabled", Type: Bool, Path: "disabled", Doc: "Whether the option can no longer be chosen."},
		}))
}

func issueTypes() *Table {
	return dimension("issue_types", "issue_types", "[]", byID, "One row for each issue type; several projects may have one of the same name.", OneRequest,
		numbered("issue type"),
		[]Column{
			description("issue type"),
			{Name: "subtask", Type: Bool, Path: "subtask", Doc: "Whether issues of the type are sub-tasks."},
			{Name: "hierarchy_level", Type: Int, Path: "hierarchyLevel", Doc: "-1 for sub-tasks, 0 for stories and the like, 1 for epics and up; NULL on Data Center."},
			ofProject("issue type"),
		})
}

func priorities() *Table {
	return dimension("priorities", "priorities", "[]", byID, "One row for each priority.", OneRequest,
		numbered("priority"),
		[]Column{
			{Name: "position", Type: Int, Source: FromIndex, Doc: "Place in Jira's order, 0 being the highest priority."},
			description("priority"),
			{Name: "color", Type: Text, Path: "statusColor", Doc: "Colour of the priority, such as #d04437."},
		})
}

func resolutions() *Table {
	return dimension("resolutions", "resolutions", "[]", byID, "One row for each resolution.", OneRequest,
		numbered("resolution"), []Column{description("resolution")})
}

func statuses() *Table {
	return dimension("statuses", "statuses", "[]", byID, "One row for each status; several projects may have one of the same name.", OneRequest,
		numbered("status"),
		[]Column{
			description("status"),
			{Name: "category_id", Type: Int, Path: "statusCategory.id", Doc: "Category of the status, status_categories.id."},
			{Name: "category", Type: Text, Path: "statusCategory.key", Doc: "Category of the status: new, indeterminate or done, in every language."},
			ofProject("status"),
		})
}

func statusCategories() *Table {
	return dimension("status_categories", "status_categories", "[]", byID, "One row for each category of statuses.", OneRequest,
		numbered("category"),
		[]Column{
			{Name: "key", Type: Text, Path: "key", Doc: "undefined, new, indeterminate or done, in every language; as in issues.status_category."},
			{Name: "color", Type: Text, Path: "colorName", Doc: "Name of the colour in which Jira shows the category."},
		})
}

func issueLinkTypes() *Table {
	return dimension("issue_link_types", "issue_link_types", "[]", byID, "One row for each type of links between issues.", OneRequest,
		numbered("type"),
		[]Column{
			{Name: "outward", Type: Text, Path: "outward", Doc: "What the type says from source to target, such as blocks."},
			{Name: "inward", Type: Text, Path: "inward", Doc: "What the type says from target to source, such as is blocked by."},
		})
}

func securityLevels() *Table {
	return hiding("Set Issue Security", onRequest(dimension("security_levels", "security_levels", "[].levels.[]", byID, "One row for each security level that the account may set.", perProject,
		numbered("security level"), []Column{description("security level")})))
}

func boards() *Table {
	return dimension("boards", "boards", "[]", byID, "One row for each board that the account can see.", "one request for every 50 boards, and "+perBoard,
		numbered("board"),
		[]Column{
			{Name: "board_type", Type: Text, Path: "type", Doc: "scrum, kanban or simple."},
			{Name: "project_id", Type: Int, Path: "location.projectId", Doc: "Project in which the board is shown; NULL where it is a person's, and on older Data Center."},
			{Name: "filter_id", Type: Int, Path: "configuration.filter.id", Doc: "Filter that says which issues are on the board."},
			{Name: "estimation_field_id", Type: Text, Path: "configuration.estimation.field.fieldId", Doc: "Field in which the board's issues are estimated, mostly story points, fields.id; NULL where they are only counted."},
		})
}

func boardColumns() *Table {
	return dimension("board_columns", "boards", "[].configuration.columnConfig.columns.[].statuses.[]", []string{"board_id", "status_id"},
		"One row for each status that a board shows, with the column in which it does; a column without a status shows no issue and has no row.", "nothing beside boards",
		[]Column{
			{Name: "board_id", Type: Int, Path: "^^id", Doc: "Board, boards.id."},
			{Name: "status_id", Type: Int, Path: "id", Doc: "Status that the column shows, statuses.id."},
			{Name: "position", Type: Int, Source: FromIndex, Path: "^", Doc: "Place of the column on the board, from 0 on the left."},
			{Name: "name", Type: Text, Path: "^name", Doc: "Name of the column."},
			{Name: "min_issues", Type: Int, Path: "^min", Doc: "Least number of issues that the column should hold; NULL without a limit."},
			{Name: "max_issues", Type: Int, Path: "^max", Doc: "Greatest number of issues that the column should hold; NULL without a limit."},
		})
}

func sprints() *Table {
	return dimension("sprints", "sprints", "[]", byID, "One row for each sprint of the boards that the account can see; sprints of other boards are in issue_sprints alone.", perBoard,
		numbered("sprint"),
		[]Column{
			{Name: "board_id", Type: Int, Path: "originBoardId", Doc: "Board that the sprint was made on, boards.id; other boards may show it too."},
			{Name: "state", Type: Text, Path: "state", Doc: "future, active or closed."},
			{Name: "goal", Type: Text, Path: "goal", Doc: "Goal of the sprint."},
			{Name: "created", Type: Timestamp, Path: "createdDate", Doc: "When the sprint was made; NULL on Data Center."},
			{Name: "start_date", Type: Timestamp, Path: "startDate", Doc: "When the sprint begins or began."},
			{Name: "end_date", Type: Timestamp, Path: "endDate", Doc: "When the sprint is or was to end."},
			{Name: "complete_date", Type: Timestamp, Path: "completeDate", Doc: "When the sprint was completed; NULL before."},
		})
}
