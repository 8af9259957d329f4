package engine

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"snowdrift/internal/snowflaketest/sferr"
	"snowdrift/internal/snowflaketest/syntax"
	"snowdrift/internal/snowflaketest/translate"
)

// execution is one statement on its way.
type execution struct {
	*Session
	Request
	env    *translate.Env
	tables int // tables read
}

func (x *execution) catalog() names { return names{session: x.Session, tables: &x.tables} }

// run dispatches on the statement.
func (x *execution) run(ctx context.Context) (*Result, error) {
	if x.DescribeOnly {
		return x.describeOnly()
	}
	switch st := x.Statement.(type) {
	case *syntax.SelectStatement:
		return x.query(ctx, st)
	case *syntax.Insert:
		return x.insert(ctx, st)
	case *syntax.Update:
		return x.update(ctx, st)
	case *syntax.Delete:
		return x.delete(ctx, st)
	case *syntax.Merge:
		return x.merge(ctx, st)
	case *syntax.Truncate:
		return x.truncate(ctx, st)
	case *syntax.Copy:
		return x.copy(ctx, st)
	case *syntax.Put:
		return x.put(ctx, st)
	case *syntax.List:
		return x.list(ctx, st)
	case *syntax.Remove:
		return x.remove(ctx, st)
	case syntax.Begin, syntax.Commit, syntax.Rollback:
		return x.transactionControl(ctx, st)
	case *syntax.Use:
		return x.use(st)
	case *syntax.AlterSession:
		return x.alterSession(st)
	case *syntax.Show:
		return x.show(ctx, st)
	case *syntax.Describe:
		return x.describe(st)
	}
	if !syntax.IsDDL(x.Statement) {
		return nil, sferr.Unsupported("%s", x.Statement.Kind())
	}
	return x.ddl(ctx)
}

// describeOnly types a statement without running it.
func (x *execution) describeOnly() (*Result, error) {
	st, ok := x.Statement.(*syntax.SelectStatement)
	if !ok {
		return status(typeDDL, "Statement described."), nil
	}
	q, err := translate.Select(x.env, x.catalog(), st.Query)
	if err != nil {
		return nil, err
	}
	return &Result{TypeID: typeSelect, Columns: q.Columns}, nil
}

func (x *execution) query(ctx context.Context, st *syntax.SelectStatement) (*Result, error) {
	if res, ok, err := x.abortTransaction(ctx, st.Query); ok {
		return res, err
	}
	q, err := translate.Select(x.env, x.catalog(), st.Query)
	if err != nil {
		return nil, err
	}
	res := &Result{TypeID: typeSelect, Columns: q.Columns, Warehouse: x.tables > 0}
	if res.Warehouse {
		if err := x.needWarehouse(); err != nil {
			return nil, err
		}
	}
	res.Rows, err = x.cells(ctx, q)
	return res, err
}

// changing checks the right to change t and that there is a warehouse.
func (x *execution) changing(n syntax.Name, privilege string) (*table, error) {
	t, err := x.findTable(n)
	if err != nil {
		return nil, err
	}
	if err := x.require(privilege, t.name); err != nil {
		return nil, err
	}
	return t, x.needWarehouse()
}

func (x *execution) insert(ctx context.Context, st *syntax.Insert) (*Result, error) {
	t, err := x.changing(st.Table, "INSERT")
	if err != nil {
		return nil, err
	}
	// The target is made writable first: what the statement reads from the same
	// table goes through the overlay.
	target, err := x.writable(ctx, t, false)
	if err != nil {
		return nil, err
	}
	source, err := translate.Insert(x.env, x.catalog(), x.translated(t), st)
	if err != nil {
		return nil, err
	}
	counts, err := x.execAll(ctx, []string{"INSERT INTO " + target + " " + source})
	if err != nil {
		return nil, err
	}
	return counted(typeInsert, count{"number of rows inserted", counts[0]}), nil
}

// target prepares a table for UPDATE, DELETE or MERGE.
func (x *execution) target(ctx context.Context, n syntax.Name, alias string, privileges ...string) (translate.Target, error) {
	t, err := x.findTable(n)
	if err != nil {
		return translate.Target{}, err
	}
	for _, p := range privileges {
		if err := x.require(p, t.name); err != nil {
			return translate.Target{}, err
		}
	}
	if err := x.needWarehouse(); err != nil {
		return translate.Target{}, err
	}
	physical, err := x.writable(ctx, t, true)
	return translate.Target{SQL: physical, Name: t.name, Alias: alias, Columns: x.translated(t)}, err
}

func (x *execution) update(ctx context.Context, st *syntax.Update) (*Result, error) {
	t, err := x.target(ctx, st.Table, st.Alias, "UPDATE")
	if err != nil {
		return nil, err
	}
	c, err := translate.Update(x.env, x.catalog(), t, st)
	if err != nil {
		return nil, err
	}
	done, err := x.apply(ctx, t, c, false)
	if err != nil {
		return nil, err
	}
	return counted(typeUpdate, count{"number of rows updated", done.updated}, count{"number of multi-joined rows updated", done.ambiguous}), nil
}

func (x *execution) delete(ctx context.Context, st *syntax.Delete) (*Result, error) {
	t, err := x.target(ctx, st.Table, st.Alias, "DELETE")
	if err != nil {
		return nil, err
	}
	c, err := translate.Delete(x.env, x.catalog(), t, st)
	if err != nil {
		return nil, err
	}
	done, err := x.apply(ctx, t, c, false)
	if err != nil {
		return nil, err
	}
	return counted(typeDelete, count{"number of rows deleted", done.deleted}), nil
}

func (x *execution) merge(ctx context.Context, st *syntax.Merge) (*Result, error) {
	var privileges []string
	for _, w := range st.Whens {
		privileges = append(privileges, w.Action)
	}
	t, err := x.target(ctx, st.Table, st.Alias, privileges...)
	if err != nil {
		return nil, err
	}
	c, err := translate.Merge(x.env, x.catalog(), t, st)
	if err != nil {
		return nil, err
	}
	done, err := x.apply(ctx, t, c, strings.EqualFold(x.params["ERROR_ON_NONDETERMINISTIC_MERGE"], "true"))
	if err != nil {
		return nil, err
	}
	// The answer has a column for each thing that the clauses can do.
	var counts []count
	for _, k := range []struct {
		action string
		count  count
	}{
		{"INSERT", count{"number of rows inserted", done.inserted}},
		{"UPDATE", count{"number of rows updated", done.updated}},
		{"DELETE", count{"number of rows deleted", done.deleted}},
	} {
		if slices.Contains(c.Actions, k.action) {
			counts = append(counts, k.count)
		}
	}
	return counted(typeMerge, counts...), nil
}

// changed counts what apply did. ambiguous are updated rows that several source
// rows matched.
type changed struct{ inserted, updated, deleted, ambiguous int64 }

// apply works out all changes first, so that an error in any row changes nothing,
// and then makes them in one DuckDB transaction. With deterministic, a target row
// that is updated and has another change is error 100090 (docs: sql/merge,
// "Nondeterministic results"); two deletes of one row are harmless.
func (x *execution) apply(ctx context.Context, t translate.Target, c translate.Changes, deterministic bool) (done changed, err error) {
	const changes = "temp.main.snowflaketest_changes"
	if _, err := x.conn.ExecContext(ctx, "CREATE OR REPLACE TEMP TABLE "+changes+" AS "+c.SQL); err != nil {
		return done, err
	}
	defer func() {
		if _, dropErr := x.conn.ExecContext(context.WithoutCancel(ctx), "DROP TABLE "+changes); err == nil && dropErr != nil {
			err = dropErr
		}
	}()
	done.ambiguous, err = x.queryInt(ctx, "SELECT count(*) FROM (SELECT rid FROM "+changes+
		" WHERE action <> 'I' GROUP BY rid HAVING count(*) > 1 AND bool_or(action = 'U'))")
	if err != nil {
		return done, err
	}
	if done.ambiguous > 0 && deterministic {
		return done, sferr.New("100090", "42P18", "Duplicate row detected during DML action\nRow Values: %d target rows match more than one source row", done.ambiguous)
	}
	counts, err := x.execAll(ctx, changeStatements(t, c, changes))
	if err != nil {
		return done, err
	}
	done.deleted, done.updated, done.inserted = counts[0], counts[1], counts[2]
	return done, nil
}

// changeStatements are always three: DELETE, UPDATE, INSERT.
func changeStatements(t translate.Target, c translate.Changes, changes string) []string {
	var set, all, values []string
	for i, col := range t.Columns {
		name := quoted(col.Name)
		all, values = append(all, name), append(values, fmt.Sprintf("c%d", i+1))
		if slices.Contains(c.Set, i) {
			set = append(set, fmt.Sprintf("%s = s.c%d", name, i+1))
		}
	}
	update := "UPDATE " + t.SQL + " SET " + strings.Join(set, ", ") + " FROM (SELECT DISTINCT ON (rid) * FROM " + changes +
		" WHERE action = 'U') AS s WHERE " + t.SQL + ".rowid = s.rid"
	if len(set) == 0 {
		update = "DELETE FROM " + t.SQL + " WHERE FALSE"
	}
	return []string{
		"DELETE FROM " + t.SQL + " WHERE rowid IN (SELECT rid FROM " + changes + " WHERE action = 'D')",
		update,
		"INSERT INTO " + t.SQL + " (" + strings.Join(all, ", ") + ") SELECT " + strings.Join(values, ", ") + " FROM " + changes + " WHERE action = 'I'",
	}
}

func (x *execution) truncate(ctx context.Context, st *syntax.Truncate) (*Result, error) {
	t, err := x.changing(st.Name, "TRUNCATE")
	if err != nil {
		if st.IfExists && sferr.As(err).Code == "002003" {
			return status(typeDDL, "Statement executed successfully."), nil
		}
		return nil, err
	}
	target, err := x.writable(ctx, t, true)
	if err != nil {
		return nil, err
	}
	if err := x.exec(ctx, "DELETE FROM "+target); err != nil {
		return nil, err
	}
	x.setLoads(t, map[string]string{})
	return status(typeDDL, "Statement executed successfully."), nil
}

func (x *execution) transactionControl(ctx context.Context, st syntax.Statement) (*Result, error) {
	switch st.(type) {
	case syntax.Begin:
		if x.tx != nil {
			x.engine.violation("BEGIN inside a transaction")
			break
		}
		x.begin()
	case syntax.Commit:
		if err := x.commit(ctx); err != nil {
			return nil, err
		}
	case syntax.Rollback:
		if err := x.rollback(ctx); err != nil {
			return nil, err
		}
	}
	return status(typeTransaction, "Statement executed successfully."), nil
}
