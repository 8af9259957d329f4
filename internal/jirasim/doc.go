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
// # What it offers
//
//   - The oracle: [Sim.Each], [Sim.Raw], [Sim.FieldValue], [Sim.Count],
//     [Sim.IDs], [Sim.Presence], [Sim.Comments], [Sim.Worklogs].
//   - Changes that people make: [Sim.Create], [Sim.Edit], [Sim.EditField],
//     [Sim.SilentEdit], [Sim.Move], [Sim.Delete], [Sim.AddComment],
//     [Sim.AddWorklog], [Sim.AddToSprint] and their kin.
//   - Changes that administrators make: [Sim.Hide], [Sim.HideProject],
//     [Sim.Archive], [Sim.ArchiveProject], [Sim.RenameField],
//     [Sim.RetypeField], [Sim.AddField], [Sim.RemoveField],
//     [Sim.RenameSprint], [Sim.SetLogin].
//   - What goes wrong: [Sim.Fault], and the options of the site.
//   - What was asked: [Sim.Requests], [Sim.Counts], [Sim.Endpoints].
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
// site it follows the other issue, without a change of updated. While the
// index lags, search shows the older version whole. JQL covers the clauses
// that a loader needs; history predicates (WAS, CHANGED), unknown functions
// and unusual orders are refused with 400 rather than answered wrongly. Issues
// of data files keep their inline children: the endpoints of comments,
// worklogs and changelogs serve what the line holds and no more.
//
// The package imports nothing of this module, so that it can bear witness
// against it.
package jirasim
