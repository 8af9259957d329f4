package engine

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"snowdrift/internal/snowflaketest/sferr"
	"snowdrift/internal/snowflaketest/syntax"
)

// use runs USE DATABASE, SCHEMA, WAREHOUSE, ROLE.
func (x *execution) use(st *syntax.Use) (*Result, error) {
	n := st.Name
	last := n[len(n)-1]
	switch st.Object {
	case "ROLE":
		if last != x.engine.opts.Role {
			return nil, sferr.New("003013", "42501", "SQL access control error:\nRequested role '%s' is not assigned to the executing user. Specify another role to activate.", last)
		}
	case "WAREHOUSE":
		if !x.engine.hasWarehouse(last) {
			return nil, sferr.Missing("Object", last)
		}
		x.set(func() { x.warehouse = last })
	case "DATABASE":
		return x.useSchema(last, "")
	case "SCHEMA":
		if len(n) == 1 {
			return x.useSchema(x.database, last)
		}
		return x.useSchema(n[0], n[1])
	default:
		if len(n) == 1 {
			return x.useSchema(last, "")
		}
		return x.useSchema(n[0], n[1])
	}
	return status(typeUse, succeeded), nil
}

func (x *execution) useSchema(db, schema string) (*Result, error) {
	if !x.engine.hasSchema(db, "") || x.engine.isDenied("USAGE", db) {
		return nil, sferr.Missing("Database", db)
	}
	if schema == "" {
		// A database opens with PUBLIC where there is one.
		if x.engine.hasSchema(db, "PUBLIC") {
			schema = "PUBLIC"
		}
		x.set(func() { x.database, x.schema = db, schema })
		return status(typeUse, succeeded), nil
	}
	if !x.engine.hasSchema(db, schema) || x.engine.isDenied("USAGE", db+"."+schema) {
		return nil, sferr.Missing("Schema", db+"."+schema)
	}
	x.set(func() { x.database, x.schema = db, schema })
	return status(typeUse, succeeded), nil
}

// set changes what others may read meanwhile.
func (s *Session) set(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
}

// alterSession sets session parameters.
func (x *execution) alterSession(st *syntax.AlterSession) (*Result, error) {
	defaults := x.engine.defaultParameters()
	var all []syntax.Parameter
	for _, name := range st.Unset {
		all = append(all, syntax.Parameter{Name: name, Value: defaults[name]})
	}
	all = append(all, st.Set...)
	r := status(typeAlterSess, succeeded)
	for _, p := range all {
		if _, known := defaults[p.Name]; !known {
			return nil, sferr.Compilation("000002", "0A000", "invalid value [%s] for session parameter name", p.Name)
		}
		if err := x.engine.checkParameter(p.Name, p.Value); err != nil {
			return nil, err
		}
		r.Changed = append(r.Changed, Parameter{Name: p.Name, Value: p.Value})
	}
	x.set(func() {
		for _, p := range all {
			x.params[p.Name] = p.Value
		}
	})
	return r, nil
}

// defaultParameters are the session parameters as the account has them.
func (e *Engine) defaultParameters() map[string]string {
	all := e.systemParameters()
	maps.Copy(all, e.opts.Parameters)
	return all
}

// systemParameters are the session parameters that the server acts on, or that
// clients ask for.
func (e *Engine) systemParameters() map[string]string {
	return map[string]string{
		"TIMEZONE": e.opts.Zone, "LOCK_TIMEOUT": "43200", "STATEMENT_TIMEOUT_IN_SECONDS": "172800", "STATEMENT_QUEUED_TIMEOUT_IN_SECONDS": "0",
		"QUERY_TAG": "", "ERROR_ON_NONDETERMINISTIC_MERGE": "true", "JSON_INDENT": "2", "GO_QUERY_RESULT_FORMAT": "ARROW",
		"ABORT_DETACHED_QUERY": "false", "AUTOCOMMIT": "true", "QUOTED_IDENTIFIERS_IGNORE_CASE": "false", "TIMESTAMP_TYPE_MAPPING": "TIMESTAMP_NTZ",
		"TRANSACTION_ABORT_ON_ERROR": "false", "BINARY_OUTPUT_FORMAT": "HEX", "WEEK_START": "0", "CLIENT_STAGE_ARRAY_BINDING_THRESHOLD": "65280",
		"CLIENT_TELEMETRY_ENABLED": "false", "CLIENT_SESSION_KEEP_ALIVE": "false",
		"TIMESTAMP_INPUT_FORMAT": "AUTO", "DATE_INPUT_FORMAT": "AUTO", "TIME_INPUT_FORMAT": "AUTO", "ROWS_PER_RESULTSET": "0", "MULTI_STATEMENT_COUNT": "1",
	}
}

// fixedParameters have one value here; another would mean something else.
var fixedParameters = []string{"AUTOCOMMIT", "QUOTED_IDENTIFIERS_IGNORE_CASE", "TIMESTAMP_TYPE_MAPPING", "TRANSACTION_ABORT_ON_ERROR", "BINARY_OUTPUT_FORMAT", "WEEK_START"}

// numberParameters are whole numbers that are not negative.
var numberParameters = []string{"LOCK_TIMEOUT", "STATEMENT_TIMEOUT_IN_SECONDS", "STATEMENT_QUEUED_TIMEOUT_IN_SECONDS", "JSON_INDENT", "CLIENT_STAGE_ARRAY_BINDING_THRESHOLD",
	"ROWS_PER_RESULTSET", "MULTI_STATEMENT_COUNT"}

// checkParameter refuses values, and parameters whose effect is not known here: a
// setting must not pass for one that works. Parameters of clients are theirs.
func (e *Engine) checkParameter(name, v string) error {
	def, known := e.systemParameters()[name]
	n, err := strconv.Atoi(v)
	switch {
	case !known && strings.HasPrefix(name, "CLIENT_"):
		return nil
	case !known, slices.Contains(fixedParameters, name) && !strings.EqualFold(v, def):
		return sferr.Unsupported("session parameter %s = %s", name, v)
	case slices.Contains(numberParameters, name) && (err != nil || n < 0):
		return sferr.New("001008", "22023", "invalid value [%s] for parameter '%s'", v, name)
	}
	if name == "TIMEZONE" {
		if _, err := time.LoadLocation(v); err != nil || v == "" {
			return sferr.New("391912", "22023", "invalid value [%s] for parameter 'TIMEZONE'", v)
		}
	}
	return nil
}
