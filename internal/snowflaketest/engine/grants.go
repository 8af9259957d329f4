package engine

import (
	"strings"

	"snowdrift/internal/snowflaketest/sferr"
	"snowdrift/internal/snowflaketest/syntax"
)

// grant is a privilege on an object, by full name.
type grant struct{ privilege, object string }

// Revoke takes a privilege away from the role, which has all at the start:
// SELECT, INSERT, UPDATE, DELETE, TRUNCATE, OWNERSHIP on "DB.SCHEMA.TABLE"; SELECT,
// OWNERSHIP on "DB.SCHEMA.VIEW", which together hide it; READ,
// WRITE on "DB.SCHEMA.STAGE"; USAGE, CREATE TABLE, CREATE VIEW, CREATE STAGE on
// "DB.SCHEMA"; USAGE, CREATE SCHEMA on "DB"; USAGE on a warehouse.
func (e *Engine) Revoke(privilege, object string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.denied[grant{privilege, object}] = true
}

// Grant gives a revoked privilege back.
func (e *Engine) Grant(privilege, object string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.denied, grant{privilege, object})
}

func (e *Engine) isDenied(privilege, object string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.denied[grant{privilege, object}]
}

// hidden reports whether the role has no privilege on a view, such as on one that
// another role made: SHOW does not list it. e.mu must be held.
func (e *Engine) hidden(view syntax.Name) bool {
	object := strings.Join(view, ".")
	return e.denied[grant{"OWNERSHIP", object}] && e.denied[grant{"SELECT", object}]
}

// require checks a privilege. An object that the role may not even see is
// reported as missing, as Snowflake does.
func (s *Session) require(privilege string, n syntax.Name) error {
	e := s.engine
	for i := 1; i < len(n); i++ {
		if e.isDenied("USAGE", strings.Join(n[:i], ".")) {
			return sferr.Missing([]string{"Database", "Schema"}[i-1], display(n[:i]))
		}
	}
	object := strings.Join(n, ".")
	if !e.isDenied(privilege, object) {
		return nil
	}
	switch privilege {
	case "SELECT":
		return sferr.Missing("Object", display(n))
	case "READ", "WRITE":
		return sferr.Denied("stage", display(n[len(n)-1:]))
	case "CREATE SCHEMA":
		return sferr.Denied("database", display(n))
	case "CREATE TABLE", "CREATE VIEW", "CREATE STAGE":
		return sferr.Denied("schema", display(n[len(n)-1:]))
	case "USAGE":
		return sferr.Missing([]string{"Database", "Schema"}[len(n)-1], display(n))
	}
	return sferr.Denied("table", display(n[len(n)-1:]))
}

// needWarehouse checks that the session has a warehouse and resumes it.
func (s *Session) needWarehouse() error {
	if s.warehouse == "" || s.engine.isDenied("USAGE", s.warehouse) {
		return sferr.New("000606", "57P03", "No active warehouse selected in the current session.  Select an active warehouse with the 'use warehouse' command.")
	}
	s.engine.wake()
	return nil
}
