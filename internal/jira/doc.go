// Package jira is the REST client of snowdrift: it knows HTTP, logins and
// paging, and nothing about tables. JQL text is made by its subpackage jql.
//
// # Use
//
// [Dial] asks the site who it is and who we are, and fails when the login
// does not hold: on Jira an expired credential can answer 200 with the view of
// an anonymous visitor, and a loader that takes this for an answer deletes
// everything it no longer sees. After Dial, [Client.Site] gives the deployment,
// the account and the time zone in which Jira will read JQL dates.
//
// [Client.Search] and [Client.BulkFetch] give pages of raw issues, byte for
// byte as Jira sent them. A page owns one pooled buffer: call [Page.Release]
// when its issues are no longer needed, and never touch them afterwards. What
// issues do not show of their children, [Client.Comments], [Client.Worklogs] and
// [Client.Changelogs] give.
//
// # What every call obeys
//
// One retry policy (retry.go), one shared budget of requests in flight and per
// second (governor.go), one reading of throttling headers (throttle.go) and one
// kind of error (errors.go). Transient trouble is retried within
// [Options.RetryBudget]; 400, 401, 403, 404 and 410 never are, except for one
// renewed login after a 401. A call that gave up returns an [*Error]; nothing
// ever turns an error into an empty page.
//
// Jira's messages are in the language of the account, so no decision here
// looks at their text; they are kept for people to read.
//
// All methods may be used by many goroutines at once.
package jira
