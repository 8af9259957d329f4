package snowflake

import (
	"fmt"
	"slices"
	"strings"

	"snowdrift/internal/table"
	sqlfiles "snowdrift/sql"
	"snowdrift/stages/load"
)

// Dialect is Snowflake's SQL.
var Dialect = load.Dialect{
	Name: "snowflake",
	Fold: strings.ToUpper,
	Types: map[table.Type]string{
		table.Bool: "BOOLEAN", table.Int: "NUMBER(38,0)", table.Float: "FLOAT", table.Text: "VARCHAR", table.Date: "DATE",
		table.Timestamp: "TIMESTAMP_TZ", table.JSON: "VARIANT", table.List: "ARRAY",
	},
	Stored:    stored,
	Compared:  compared,
	Millis:    func(expr string) string { return "DATE_PART(EPOCH_MILLISECOND, " + expr + ")" },
	OwnErrors: `"REASON" LIKE 'Snowflake does not take%'`,
	Wide:      "NUMBER(38,0)",
	Backslash: true,
	Now:       "CURRENT_TIMESTAMP()",
	Comments:  true,
	JSONText:  func(expr string) string { return "TO_JSON(" + expr + ")" },
	ToJSON:    func(expr string) string { return "TO_VARIANT(" + expr + ")" },
	ListOf:    func(expr string) string { return "ARRAY_CONSTRUCT(" + expr + ")" },
}

// stored makes documents of staged texts. A text that Snowflake does not take
// for JSON, such as an object that has a member twice, is kept as it is: a
// VARIANT that is a string (see unparsed).
func stored(t table.Type, expr string) string {
	switch t {
	case table.JSON:
		return "COALESCE(TRY_PARSE_JSON(" + expr + "), TO_VARIANT(" + expr + "))"
	case table.List:
		return "PARSE_JSON(" + expr + ")::ARRAY"
	}
	return expr
}

// compared makes texts of documents: TO_JSON writes equal ones alike.
func compared(t table.Type, expr string) string {
	if t == table.JSON || t == table.List {
		return "TO_JSON(" + expr + ")"
	}
	return expr
}

// stagedText holds any document that Jira can send; VARCHAR without a length
// would end at 16 MB.
const stagedText = "VARCHAR(134217728)"

// createStaged returns the statement that makes the temporary table of the
// staged rows of t. Its keys refuse NULL: COPY fills columns that it does not
// find in a file with NULLs and says nothing.
func createStaged(t *table.Table) string {
	var b strings.Builder
	fmt.Fprintf(&b, "CREATE OR REPLACE TEMPORARY TABLE %s (", Dialect.Quote(load.StageName(t)))
	for _, c := range t.Staged() {
		kind := Dialect.Types[c.Type]
		if c.Type == table.JSON || c.Type == table.List {
			kind = stagedText
		}
		if slices.Contains(t.Key, c.Name) {
			kind += " NOT NULL"
		}
		fmt.Fprintf(&b, "\n  %s %s,", Dialect.Quote(c.Name), kind)
	}
	fmt.Fprintf(&b, "\n  %s %s NOT NULL\n)", Dialect.Quote(table.Seq), Dialect.Types[table.Int])
	return b.String()
}

// maxFiles is how many files one COPY may name (sql/copy-into-table).
const maxFiles = 1000

// copyInto returns the statement that loads files, named relative to the run's
// place on the stage, into the temporary table of t.
func copyInto(t *table.Table, location string, files []string) string {
	var list []string
	for _, f := range files {
		list = append(list, Dialect.Literal(f))
	}
	return fmt.Sprintf(`COPY INTO %s FROM %s FILES=(%s)
FILE_FORMAT=(TYPE=PARQUET USE_LOGICAL_TYPE=TRUE BINARY_AS_TEXT=FALSE NULL_IF=()) MATCH_BY_COLUMN_NAME=CASE_INSENSITIVE ON_ERROR=ABORT_STATEMENT`,
		Dialect.Quote(load.StageName(t)), location, strings.Join(list, ", "))
}

// putFile returns the statement that uploads a file of this machine.
func putFile(path, location string) string {
	return "PUT 'file://" + path + "' " + location + " AUTO_COMPRESS=FALSE SOURCE_COMPRESSION=NONE PARALLEL=4 OVERWRITE=TRUE"
}

// stageOf is the name of a pipeline's stage. Each pipeline has its own, since
// the comment repeats its state.
func stageOf(pipeline string) string { return "_snowdrift_stage_" + pipeline }

// runs is where the files of all runs of a pipeline lie.
func runs(pipeline string) string { return "@" + Dialect.Quote(stageOf(pipeline)) + "/run/" }

// location is where the files of a run lie. It ends with a slash: a path on a
// stage is a prefix of texts, and run/1 would also mean run/12.
func location(pipeline, run string) string { return runs(pipeline) + directory(run) + "/" }

// directory is the name of a run's place on the stage: its id, as far as a path
// that is not quoted can hold it.
func directory(run string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' || r == '-' || r == '.' {
			return r
		}
		return '_'
	}, run)
}

// createStage returns the statement that makes a pipeline's stage.
func createStage(pipeline string) string {
	return "CREATE STAGE IF NOT EXISTS " + Dialect.Quote(stageOf(pipeline))
}

// missing returns the statements that bring a table with the columns have to its
// description.
func missing(t *table.Table, have map[string]column) []string {
	if len(have) == 0 {
		return []string{Dialect.CreateTable(t)}
	}
	var out []string
	for _, c := range t.Columns {
		is, there := have[Dialect.Fold(c.Name)]
		switch {
		case !there:
			out = append(out, Dialect.AddColumn(t, c))
		case is.comment != c.Doc:
			out = append(out, Dialect.CommentOnColumn(t, c))
		}
	}
	return out
}

// DDL returns the statements that make the tables, and the stages of pipelines,
// in an empty schema.
func DDL(tables []*table.Table, pipelines ...string) []string {
	out := sqlfiles.Statements("snowflake/meta.sql")
	for _, p := range pipelines {
		out = append(out, createStage(p))
	}
	for _, t := range tables {
		if t.Role != table.Scratch {
			out = append(out, missing(t, nil)...)
		}
	}
	return out
}

// DDL returns the statements that Prepare would run in an empty schema.
func (w *Warehouse) DDL(tables []*table.Table) []string { return DDL(tables, w.job.Pipeline) }
