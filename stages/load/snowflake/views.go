package snowflake

import (
	"context"
	"strings"

	"snowdrift/stages/load"
)

// shownColumns is the number of columns beyond which SHOW COLUMNS is silent
// (sql-reference/sql/show-columns).
const shownColumns = 10_000

// MakeViews makes the views that are missing or whose text changed. When there
// are some, it takes the lease first.
func (w *Warehouse) MakeViews(ctx context.Context, views []load.View) error {
	return w.with(ctx, func(ctx context.Context, s *session) error {
		have, comments, err := shape(ctx, s)
		if err != nil {
			return err
		}
		if have == nil {
			w.opts.Log.Warn("the schema has so many columns that Snowflake does not list all of them: views are left as they are", "limit", shownColumns)
			return nil
		}
		for _, def := range load.Outdated(Dialect, views, have, comments) {
			if err := w.lead(ctx, s); err != nil {
				return err
			}
			for _, statement := range Dialect.CreateView(def) {
				if err := s.run(ctx, "make view", def.Name, statement); err != nil {
					return load.ViewError(err)
				}
			}
		}
		return nil
	})
}

// shape reads the columns of all tables and views of the schema, and the comments
// of views; nil when there are more columns than Snowflake shows. Neither needs a
// warehouse.
func shape(ctx context.Context, s *session) (have load.Shape, comments map[string]string, err error) {
	columns, err := s.named(ctx, "read the columns of", "all tables", "SHOW COLUMNS IN SCHEMA")
	if err != nil || len(columns) >= shownColumns {
		return nil, nil, err
	}
	views, err := s.named(ctx, "read", "views", "SHOW VIEWS IN SCHEMA")
	if err != nil {
		return nil, nil, err
	}
	have, comments = load.Shape{}, map[string]string{}
	for _, c := range columns {
		name := strings.ToLower(c["table_name"])
		have[name] = append(have[name], strings.ToLower(c["column_name"]))
	}
	for _, v := range views {
		comments[strings.ToLower(v["name"])] = v["comment"]
	}
	return have, comments, nil
}
