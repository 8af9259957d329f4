// Package jql writes JQL that means what was meant: quoting, the two search
// types of the configuration, time windows that lose nothing whatever the
// account's time zone, and safe combination with a user's own query. It sends
// nothing.
//
// The unit is a [Clause]. Clauses come from [Simple], [ParseUser], [Dates] and
// [Everything]; [And] combines them so that no OR inside one reaches the
// others, and [OrderBy] ends the query:
//
//	user, err := jql.ParseUser(`labels = a OR labels = b`)
//	…
//	window := jql.Minutes(site.Location).Since("updated", cursor)
//	query := jql.And(user, window).String() + " " + jql.OrderBy("updated", "key")
//
// which is
//
//	(labels = a OR labels = b) AND (updated >= "2026-11-21 09:30") ORDER BY updated ASC, key ASC
package jql
