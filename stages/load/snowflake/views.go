package snowflake

import (
	"cmp"
	"context"
	"strings"

	"snowdrift/internal/table"
	"snowdrift/stages/load"
)

// MakeViews makes the views that are missing or whose text changed. When there
// are some, it takes the lease first. Views that Snowflake refuses end no load:
// an administrator may have replaced one in a role whose views ours does not see.
func (w *Warehouse) MakeViews(ctx context.Context, views []load.View) error {
	return w.with(ctx, func(ctx context.Context, s *session) error {
		have, comments, err := w.shape(ctx, s)
		if err != nil {
			return err
		}
		if have == nil {
			w.opts.Log.Warn("the schema has so many columns that Snowflake does not list all of them: views are left as they are", "limit", shownColumns)
			return nil
		}
		var refused []string
		var first error
		for _, def := range load.Outdated(Dialect, views, have, comments) {
			if err := w.lead(ctx, s); err != nil {
				return err
			}
			for _, statement := range Dialect.CreateView(def) {
				err := s.run(ctx, "make view", def.Name, statement)
				if err != nil && (number(err) == 0 || lost(err)) {
					return err
				}
				if err != nil {
					refused, first = append(refused, def.Name), cmp.Or(first, err)
				}
			}
		}
		if first != nil {
			w.opts.Log.Warn("views were not made, the load goes on without them", "views", refused, "error", first, "hint", w.viewHint())
		}
		return nil
	})
}

// viewHint says what to do about views that Snowflake refused.
func (w *Warehouse) viewHint() string {
	role := cmp.Or(w.opts.Role, "…")
	return "a view of your own that another role made: GRANT SELECT ON VIEW … TO ROLE " + role + ", or make it after USE ROLE " + role +
		"; something else of that name: move it away; no right to make views: GRANT CREATE VIEW ON SCHEMA … TO ROLE " + role +
		"; or set views: false. Until then each run tries again, and wakes the warehouse to do so"
}

// shape reads the columns of all tables and views of the schema, those of issues in
// their order, and the comments of views; nil when there are more columns than
// Snowflake shows. None of it needs a warehouse.
func (w *Warehouse) shape(ctx context.Context, s *session) (have load.Shape, comments map[string]string, err error) {
	columns := w.shown
	if w.shown = nil; columns == nil {
		columns, err = showColumns(ctx, s)
	}
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
	// SHOW promises no order, and the older of two columns is told by it.
	if issues := table.Issues(nil, nil).Name; have[issues] != nil {
		described, err := s.named(ctx, "read the columns of", issues, "DESCRIBE TABLE "+Dialect.Quote(issues))
		if err != nil {
			return nil, nil, err
		}
		have[issues] = nil
		for _, c := range described {
			have[issues] = append(have[issues], strings.ToLower(c["name"]))
		}
	}
	for _, v := range views {
		comments[strings.ToLower(v["name"])] = v["comment"]
	}
	return have, comments, nil
}
