package engine

import (
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
		x.role = last
	case "WAREHOUSE":
		if !x.engine.hasWarehouse(last) {
			return nil, sferr.Missing("Object", last)
		}
		x.warehouse = last
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
		x.database, x.schema = db, ""
		if x.engine.hasSchema(db, "PUBLIC") {
			x.schema = "PUBLIC"
		}
		return status(typeUse, succeeded), nil
	}
	if !x.engine.hasSchema(db, schema) || x.engine.isDenied("USAGE", db+"."+schema) {
		return nil, sferr.Missing("Schema", db+"."+schema)
	}
	x.database, x.schema = db, schema
	return status(typeUse, succeeded), nil
}

// alterSession sets session parameters. Unknown ones are errors: a typing mistake
// must not pass for a setting.
func (x *execution) alterSession(st *syntax.AlterSession) (*Result, error) {
	defaults := x.engine.defaultParameters()
	set := map[string]string{}
	for _, name := range st.Unset {
		set[name] = defaults[name]
	}
	for _, p := range st.Set {
		set[p.Name] = p.Value
	}
	r := status(typeAlterSess, succeeded)
	for name, v := range set {
		if _, known := defaults[name]; !known {
			return nil, sferr.Compilation("000002", "0A000", "invalid value [%s] for session parameter name", name)
		}
		if name == "TIMEZONE" {
			if _, err := time.LoadLocation(v); err != nil || v == "" {
				return nil, sferr.New("391912", "22023", "invalid value [%s] for parameter 'TIMEZONE'", v)
			}
		}
		if name == "AUTOCOMMIT" && !strings.EqualFold(v, "true") {
			return nil, sferr.Unsupported("AUTOCOMMIT = FALSE")
		}
		r.Changed = append(r.Changed, Parameter{Name: name, Value: v})
	}
	for name, v := range set {
		x.params[name] = v
	}
	return r, nil
}
