package duckdb

import (
	"context"
	"database/sql"

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
	if err := w.eachColumn(ctx, "", func(relation, name string, _ column) { have[relation] = append(have[relation], name) }); err != nil {
		return nil, nil, err
	}
	const query = `SELECT view_name, COALESCE(comment, '') FROM duckdb_views()
WHERE database_name = current_database() AND schema_name = current_schema()`
	err = w.each(ctx, query, nil, func(rows *sql.Rows) error {
		var name, comment string
		err := rows.Scan(&name, &comment)
		comments[name] = comment
		return err
	})
	if err != nil {
		return nil, nil, w.fail("read the comments of", "all views", query, err)
	}
	return have, comments, nil
}
