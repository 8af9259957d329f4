package duckdb

import (
	"context"

	"snowdrift/stages/load"
)

// MakeViews makes the views that are missing or whose text changed.
func (w *Warehouse) MakeViews(ctx context.Context, views []load.View) error {
	have, comments, err := w.shape(ctx)
	if err != nil {
		return err
	}
	for _, def := range load.Outdated(Dialect, views, have, comments) {
		if err := w.define(ctx, "make view", def.Name, len(def.Columns), Dialect.CreateView(def)); err != nil {
			return load.ViewError(err)
		}
	}
	return nil
}

// shape reads the columns of all tables and views, and the comments of views.
func (w *Warehouse) shape(ctx context.Context) (have load.Shape, comments map[string]string, err error) {
	have, comments = load.Shape{}, map[string]string{}
	read := func(query string, take func(name, value string)) error {
		rows, err := w.conn.QueryContext(ctx, query)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var name, value string
			if err := rows.Scan(&name, &value); err != nil {
				return err
			}
			take(name, value)
		}
		return rows.Err()
	}
	err = read(`SELECT table_name, column_name FROM duckdb_columns()
WHERE database_name = current_database() AND schema_name = current_schema() ORDER BY table_name, column_index`,
		func(name, column string) { have[name] = append(have[name], column) })
	if err == nil {
		err = read(`SELECT view_name, COALESCE(comment, '') FROM duckdb_views()
WHERE database_name = current_database() AND schema_name = current_schema()`,
			func(name, comment string) { comments[name] = comment })
	}
	if err != nil {
		return nil, nil, w.fail("read the columns of", "all tables", "", err)
	}
	return have, comments, nil
}
