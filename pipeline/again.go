package pipeline

import (
	"context"
	"fmt"

	"snowdrift/stages/load"
)

// A row that is not live is in no census, so whatever becomes of its issue later
// would never be seen: that it was hidden alone for a while and not deleted, is
// archived now, or deleted after it had left the scope. The deep census therefore
// asks about such rows by id when it has compared the versions of those in
// scope, with what is left of its budget. One lap through them begins with the
// end of each round, and takes as many runs as it needs.

const (
	// firstID is where a lap begins: no issue has a smaller id.
	firstID = 1
	// goneAtOnce is the number of rows that are not live that are in memory at
	// once.
	goneAtOnce = 10_000
)

// lapDue reports whether a lap is under way and to be gone on with.
func (r *run) lapDue() bool { return r.Deep > 0 && r.Deleted != Keep && r.state.Deep.Gone > 0 }

// doubtful asks for issues whose rows are not live, as many as the census has
// requests left for, and returns the rows that seem to bear the wrong mark, and
// where the lap goes on.
func (r *run) doubtful(ctx context.Context, census *census) (doubted []load.Absent, lap int64, err error) {
	lap = r.state.Deep.Gone
	if census.deep == nil {
		return nil, lap, nil
	}
	for before := r.source.Stats().Total(); lap > 0; {
		rows, err := r.warehouse.Gone(ctx, lap, goneAtOnce)
		if err != nil {
			return nil, 0, err
		}
		if len(rows) == 0 {
			break
		}
		// Where Jira refuses a list for an id that it does not know, an answer took
		// many requests; so those that were sent are counted.
		spent := int(r.source.Stats().Total() - before)
		if spent >= census.left {
			return doubted, lap, nil
		}
		some, through, err := r.askAgain(ctx, rows, census.left-spent)
		if err != nil {
			return nil, 0, err
		}
		doubted, lap = append(doubted, some...), through+1
	}
	return doubted, 0, nil
}

// askAgain asks for the issues of some rows and returns the rows that Jira
// contradicts, and the greatest id that it came to ask for.
func (r *run) askAgain(ctx context.Context, rows []load.Absent, left int) (doubted []load.Absent, through int64, err error) {
	known, before := fates{}, r.source.Stats().Total()
	for versions, err := range r.source.Versions(ctx, idsOf(rows), left) {
		if err != nil {
			return nil, 0, fmt.Errorf("deep census of rows that are not live: %w", err)
		}
		known.add(versions)
		if through = versions.Through; int(r.source.Stats().Total()-before) > left {
			break
		}
	}
	projects := r.source.Projects()
	for _, a := range rows {
		if a.ID > through {
			break
		}
		r.report.Proof.Again++
		if f := known[a.ID]; judge(a, f, projects).presence != a.Presence {
			doubted = append(doubted, a)
		}
	}
	return doubted, through, nil
}

// countUnwritten counts, of the issues that came by id, those whose rows are not live
// all the same: they are of a later version than what came. No older version overwrites
// them, though Jira lists the issue now: it may be what a node shows that lags behind.
func (r *run) countUnwritten(ctx context.Context, census *census) error {
	for from, left := int64(firstID), len(census.came); left > 0; {
		rows, err := r.warehouse.Gone(ctx, from, goneAtOnce)
		if err != nil || len(rows) == 0 {
			return err
		}
		for _, a := range rows {
			if census.came[a.ID] {
				r.report.Proof.Newer++
				left--
			}
		}
		from = rows[len(rows)-1].ID + 1
	}
	return nil
}
