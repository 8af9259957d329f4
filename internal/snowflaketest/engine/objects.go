package engine

import (
	"context"
	"fmt"

	"snowdrift/internal/snowflaketest/sferr"
	"snowdrift/internal/snowflaketest/syntax"
)

func (x *execution) createStage(ctx context.Context, st *syntax.CreateStage) (string, error) {
	full, err := x.qualify(st.Name)
	if err != nil {
		return "", err
	}
	if err := x.require("CREATE STAGE", full[:2]); err != nil {
		return "", err
	}
	x.engine.mu.Lock()
	sc, err := x.engine.schemaOf(full)
	var old *stageObject
	if err == nil {
		old = sc.stages[full[2]]
	}
	x.engine.mu.Unlock()
	if err != nil {
		return "", err
	}
	if st.Temporary {
		old = x.tempStages[display(full)]
	}
	if old != nil {
		if done, err := exists(full[2], st.Replace, st.IfNotExists); done != "" || err != nil {
			return done, err
		}
		if err := x.dropStage(ctx, old); err != nil {
			return "", err
		}
	}
	s := &stageObject{name: full, id: fmt.Sprintf("stage-%d", x.engine.next()), comment: st.Comment, created: x.env.Now, temporary: st.Temporary}
	x.engine.mu.Lock()
	defer x.engine.mu.Unlock()
	x.engine.stages[s.id] = s
	if st.Temporary {
		x.tempStages[display(full)] = s
	} else {
		sc.stages[full[2]] = s
	}
	return fmt.Sprintf("Stage area %s successfully created.", full[2]), nil
}

func (x *execution) createNamespace(ctx context.Context, st *syntax.CreateNamespace) (string, error) {
	if st.Replace {
		return "", sferr.Unsupported("CREATE OR REPLACE %s", st.Object)
	}
	if st.Object == "DATABASE" {
		if len(st.Name) != 1 {
			return "", sferr.Unsupported("qualified database name")
		}
		x.engine.mu.Lock()
		old := x.engine.databases[st.Name[0]]
		if old == nil {
			d := newDatabase(st.Name[0], x.env.Now)
			d.comment = st.Comment
			x.engine.databases[st.Name[0]] = d
		}
		x.engine.mu.Unlock()
		if old != nil {
			return exists(st.Name[0], false, st.IfNotExists)
		}
		x.set(func() { x.database, x.schema = st.Name[0], "PUBLIC" })
		return fmt.Sprintf("Database %s successfully created.", st.Name[0]), x.engine.addSchema(ctx, st.Name[0], "PUBLIC", "")
	}
	n := st.Name
	if len(n) == 1 {
		if x.database == "" {
			return "", noCurrentDatabase()
		}
		n = syntax.Name{x.database, n[0]}
	}
	if !x.engine.hasSchema(n[0], "") {
		return "", sferr.Missing("Database", display(n[:1]))
	}
	if err := x.require("CREATE SCHEMA", n[:1]); err != nil {
		return "", err
	}
	if x.engine.hasSchema(n[0], n[1]) {
		return exists(n[1], false, st.IfNotExists)
	}
	x.set(func() { x.database, x.schema = n[0], n[1] })
	return fmt.Sprintf("Schema %s successfully created.", n[1]), x.engine.addSchema(ctx, n[0], n[1], st.Comment)
}

func (x *execution) drop(ctx context.Context, st *syntax.Drop) (string, error) {
	full, err := x.qualify(st.Name)
	if err != nil {
		return "", err
	}
	gone := func(err error) (string, error) {
		if code := sferr.As(err).Code; st.IfExists && (code == "002003" || code == "002043") {
			return fmt.Sprintf("Drop statement executed successfully (%s already dropped).", full[2]), nil
		}
		return "", err
	}
	switch st.Object {
	case "TABLE":
		t, err := x.findTable(full)
		if err != nil {
			return gone(err)
		}
		if err := x.require("OWNERSHIP", t.name); err != nil {
			return "", err
		}
		if err := x.lock(ctx, t, exclusive); err != nil {
			return "", err
		}
		if err := x.exec(ctx, "DROP TABLE "+t.physical); err != nil {
			return "", err
		}
		x.leave(t)
	case "VIEW":
		v, err := x.findView(full)
		if err != nil {
			return gone(err)
		}
		x.engine.mu.Lock()
		delete(x.engine.databases[v.name[0]].schemas[v.name[1]].views, v.name[2])
		x.engine.mu.Unlock()
	case "STAGE":
		s, err := x.findStage(full)
		if err != nil {
			return gone(err)
		}
		if err := x.dropStage(ctx, s); err != nil {
			return "", err
		}
	default:
		return "", sferr.Unsupported("DROP %s", st.Object)
	}
	return fmt.Sprintf("%s successfully dropped.", full[2]), nil
}

// dropStage deletes a stage and its files.
func (s *Session) dropStage(ctx context.Context, st *stageObject) error {
	e := s.engine
	e.mu.Lock()
	delete(e.stages, st.id)
	if st.temporary {
		delete(s.tempStages, display(st.name))
	} else {
		delete(e.databases[st.name[0]].schemas[st.name[1]].stages, st.name[2])
	}
	e.mu.Unlock()
	return e.opts.Stages.Drop(ctx, st.id)
}
