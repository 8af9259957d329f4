package table

// Records describes the tables of snowdrift's own records. Their DDL is in package
// sql, for administrators to read; the comments on them are from here.
func Records() []*Table {
	record := func(name, doc string, key []string, columns ...Column) *Table {
		for i := range columns {
			columns[i].Source = FromLoad
		}
		return &Table{Name: name, Role: Record, Key: key, Doc: doc, Columns: columns}
	}
	pipeline := Column{Name: "pipeline", Type: Text, Doc: "Name of the pipeline."}
	return []*Table{
		record("_snowdrift_runs", "Runs of pipelines, verifications of what can be written to, and commands that changed a state. "+
			"In DuckDB each run has a row that got as far as the tables, in Snowflake each that wrote something; one that ended before, since a login or the lease was refused, or was killed before its first commit, has none.",
			[]string{"run_id"},
			Column{Name: "run_id", Type: Text, Doc: "Id of the run, as in _run_id of the rows that it wrote. It begins with its start in UTC."},
			pipeline,
			Column{Name: "started", Type: Timestamp, Doc: "When the run began."},
			Column{Name: "ended", Type: Timestamp, Doc: "When the run ended; NULL while it is under way, and for ever if it was killed."},
			Column{Name: "outcome", Type: Text, Doc: "running; complete: loaded, and proven as far as was asked for; unproven: loaded, but report says what is not proven; failed; " +
				"interrupted by a signal; killed: ended without a word, which the next run notes. Of a verification clean, differing or undecided; " +
				"of a command state clear or state import."},
			Column{Name: "report", Type: JSON, Doc: "What the run did, as run --json prints it: rows, commits, what the census found, the error; while it is under way as of its last commit."},
		),
		record("_snowdrift_columns", "Which column of issues belongs to which custom field of which site. A column keeps its field, whatever the field is called later.",
			[]string{"site", "column_name"},
			Column{Name: "table_name", Type: Text, Doc: "Table of the column: issues."},
			Column{Name: "column_name", Type: Text, Doc: "Column, in lower case."},
			Column{Name: "field_id", Type: Text, Doc: "Id of the field: customfield_10016."},
			Column{Name: "part", Type: Text, Doc: "Part of the value that the column holds, such as its id; empty for the value itself."},
			Column{Name: "type", Type: Text, Doc: "Type of the column, as named in docs/TABLES.md."},
			Column{Name: "field_name", Type: Text, Doc: "Name that the field had when the column was made."},
			Column{Name: "site", Type: Text, Doc: "Site of the field; NULL is the site jira."},
		),
		record("_snowdrift_state", "How far each pipeline has read. It changes in one transaction with the rows.",
			[]string{"pipeline"},
			pipeline,
			Column{Name: "commit_id", Type: Text, Doc: "Commit that wrote the state: id of the run and number of the commit in it."},
			Column{Name: "document", Type: JSON, Doc: "The state, as snowdrift state export prints it, without the columns, which are in _snowdrift_columns."},
			Column{Name: "updated_at", Type: Timestamp, Doc: "When the state was written."},
		),
		record("_snowdrift_lease", "Which run may write to the tables of a pipeline.",
			[]string{"pipeline"},
			pipeline,
			Column{Name: "run_id", Type: Text, Doc: "Run that took the lease last; in Snowflake empty once it was given up. In DuckDB who has the file locked has the lease."},
			Column{Name: "fence", Type: Int, Doc: "Number that grows with every owner: a commit that brings an older one is refused."},
			Column{Name: "acquired", Type: Timestamp, Doc: "When the lease was taken; in Snowflake it moves with every commit, and one that is too old may be taken over."},
		),
	}
}
