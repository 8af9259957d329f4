package cli

import (
	"context"
	"errors"

	"snowdrift/internal/config"
	"snowdrift/internal/jira"
	"snowdrift/internal/secret"
	"snowdrift/stages/batch"
	"snowdrift/stages/fetch"
	"snowdrift/stages/load"
	"snowdrift/state"
)

// Exit codes, as README documents them.
const (
	exitDone        = 0   // complete, and proven as far as was asked for
	exitInternal    = 1   // a fault of ours
	exitUsage       = 2   // usage or configuration
	exitLease       = 3   // another run holds the lease, or writes to the file that is to be read
	exitJira        = 4   // Jira refused or unreachable
	exitDestination = 5   // destination refused or unreachable, or no place for files on their way there
	exitUnproven    = 6   // loaded, but completeness not proven
	exitDiffers     = 7   // verification found differences
	exitInterrupted = 130 // interrupted, nothing half-done
	exitNoReader    = 141 // who read standard output has gone; as by SIGPIPE
)

// usageError is a wrong use of the command line.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// unproven is a run that loaded but could not prove that nothing is missing.
type unproven struct{ why string }

func (e unproven) Error() string { return "loaded, but not proven to be complete: " + e.why }

// exitCode is the one place where errors become exit codes.
func exitCode(ctx context.Context, err error) int {
	var (
		usage       usageError
		badConfig   *config.Error
		badSecret   *secret.Error
		unknown     *fetch.Unknown
		badQuery    *fetch.BadQuery
		badTables   *fetch.BadTables
		notProven   unproven
		differs     differing
		cannotTell  undecided
		jiraError   *jira.Error
		destination *load.Error
		noFile      *batch.Error
		full        noRoom
		sites       siteErrors
	)
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &sites):
		return sites.exitCode(ctx)
	case errors.Is(err, context.Canceled) && ctx.Err() != nil:
		return exitInterrupted
	case errors.Is(err, load.ErrLeaseHeld), errors.Is(err, load.ErrBeingWritten), errors.Is(err, load.ErrLeaseLost):
		return exitLease
	case errors.As(err, &notProven), errors.As(err, &cannotTell):
		return exitUnproven
	case errors.As(err, &differs):
		return exitDiffers
	case errors.As(err, &usage), errors.As(err, &badConfig), errors.As(err, &badSecret), errors.As(err, &unknown), errors.As(err, &badQuery), errors.As(err, &badTables),
		errors.Is(err, load.ErrSeveralStatements), errors.Is(err, fetch.ErrOtherSite), errors.Is(err, state.ErrOtherName), errors.Is(err, state.ErrNewer):
		return exitUsage
	case errors.As(err, &jiraError):
		if jiraError.Kind == jira.KindCredential {
			return exitUsage // Jira was not asked
		}
		return exitJira
	case errors.As(err, &destination), errors.As(err, &noFile), errors.As(err, &full):
		return exitDestination
	}
	return exitInternal
}
