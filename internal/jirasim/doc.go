// Package jirasim is a test double that tells the truth about Jira.
//
// A [Sim] serves the REST interfaces of Jira Cloud (v3, and v2 with wiki text)
// or of Jira Data Center (v2) over HTTP: logins, both ways of paging, JQL with
// real time-zone and minute semantics, inline caps, error envelopes, rate
// limits, an index that lags behind the database. It can be changed while it
// serves, and it can be asked for the truth.
//
//	sim, err := jirasim.New(jirasim.Options{Issues: 2000, TimeZone: "Europe/Berlin"})
//	url, stop, err := sim.Listen("127.0.0.1:0")
//	…load from url…
//	sim.Edit(sim.IDs()[0])              // while it serves
//	sim.Each(func(id int64, key string, raw []byte) bool { … }) // the oracle
//
// # Where issues come from
//
// Generated issues are a function of (seed, id): an untouched issue costs some
// 60 bytes and is rendered on demand, so a site of more than a million fits
// in memory. What an edit changes lies over the generated issue. Alternatively
// [Options.Data] names files with one raw issue per line, which are served as
// they are.
//
// # What is simplified
//
// What an issue tells about another one (summary and status inside issuelinks,
// parent and subtasks) is what it was when the site was generated; on a real
// site it follows the other issue, without a change of updated. JQL covers the
// clauses that a loader needs (see [Options] for dialect switches); history
// predicates (WAS, CHANGED) and unknown functions are refused with 400.
// The package imports nothing of this module, so that it can bear witness
// against it.
package jirasim
