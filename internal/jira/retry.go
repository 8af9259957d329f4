package jira

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// The retry policy. Delays double from firstDelay to maxDelay with ±30 % of
// jitter, and are never below what Jira asks for. An answer that cannot be
// read is tried a few times only: if it is no accident of the wire, then it will
// come again for ever.
const (
	firstDelay       = time.Second
	maxDelay         = 30 * time.Second
	jitter           = 0.3
	protocolAttempts = 8
	// maxQuotaWait is how long a quota's reset may be away: they are hourly.
	maxQuotaWait = 2 * time.Hour
	// maxQuotaWaits bounds how often in a row one call is told to wait for one.
	maxQuotaWaits = 4
)

type budgetKey struct{}

// WithRetryBudget returns a context whose calls are retried for no longer than budget each,
// if that is less than Options.RetryBudget.
func WithRetryBudget(ctx context.Context, budget time.Duration) context.Context {
	return context.WithValue(ctx, budgetKey{}, budget)
}

// retrier follows one call through its attempts.
type retrier struct {
	client     *Client
	call       *call
	budget     time.Duration
	delays     backoff.ExponentialBackOff
	failing    time.Time // when the first attempt had failed
	attempts   int
	quotaWaits int
	pardoned   time.Duration // time spent waiting for what all calls wait for
	refusal    *Error        // the 401 after which the login was renewed
	refused    string        // its Authorization
}

// do sends a call until it succeeds, fails for good or exhausts its budget.
// Its error is an *Error, or the context's.
func (c *Client) do(ctx context.Context, call *call) error {
	r := retrier{
		client: c, call: call, budget: c.options.RetryBudget,
		delays: backoff.ExponentialBackOff{InitialInterval: firstDelay, Multiplier: 2, MaxInterval: maxDelay},
	}
	if call.budget > 0 {
		r.budget = min(r.budget, call.budget)
	}
	if less, ok := ctx.Value(budgetKey{}).(time.Duration); ok {
		r.budget = min(r.budget, less)
	}
	for {
		try, err := c.send(ctx, call, r.refused)
		if errors.Is(err, errSameCredential) {
			return r.refusal
		}
		if err != nil {
			return fmt.Errorf("%s: %w", call.op, err)
		}
		if try.err == nil {
			return nil
		}
		if r.attempts++; r.attempts == 1 {
			r.failing = c.options.Now()
		} else {
			r.pardoned += try.queued
		}
		try.err.Attempts = r.attempts
		if err := r.again(ctx, try); err != nil {
			return err
		}
	}
}

// again returns nil when the call is to be sent once more, after waiting as
// long as it takes.
func (r *retrier) again(ctx context.Context, try attempt) error {
	if try.err.Kind == KindAuth && try.authorization != "" && r.refusal == nil {
		refusal := try.err
		err := r.client.session.renew(ctx, try.generation)
		if err == nil {
			r.refusal, r.refused = refusal, try.authorization
			return nil
		}
		try.noLogin(r.call, err)
		try.err.Status, try.err.Message, try.err.Attempts = refusal.Status, refusal.Message, r.attempts
	}
	if !try.retryable || try.err.Kind == KindProtocol && r.attempts >= protocolAttempts {
		return try.err
	}
	if try.err.Kind == KindThrottled && try.throttle.scope == scopeQuota {
		return r.awaitQuota(try)
	}
	wait := r.delay(try.throttle.wait)
	spent := r.client.options.Now().Sub(r.failing) - r.pardoned
	if spent+wait > r.budget {
		if try.throttle.wait > r.budget {
			try.err.Hint = fmt.Sprintf("the site asks to wait %s, longer than we may retry (%s); run again later", try.throttle.wait, r.budget)
		}
		return try.err
	}
	r.client.stats.retries.Add(1)
	r.client.options.Log.Warn("jira call is retried", "op", r.call.op, "endpoint", r.call.endpoint, "status", try.err.Status,
		"kind", try.err.Kind, "attempt", r.attempts, "wait", wait, "error", try.err)
	if err := r.client.options.Sleep(ctx, wait); err != nil {
		return fmt.Errorf("%s: %w", r.call.op, err)
	}
	return nil
}

// awaitQuota lets the call queue again: the governor, which all calls pass,
// holds it until the reset.
func (r *retrier) awaitQuota(try attempt) error {
	r.quotaWaits++
	if try.throttle.wait > maxQuotaWait || r.quotaWaits > maxQuotaWaits {
		try.err.Hint = fmt.Sprintf("the request quota is used up (%s) and is reset in %s; run again then", try.throttle.reason, try.throttle.wait)
		return try.err
	}
	r.client.stats.retries.Add(1)
	return nil
}

// delay is the next wait: the longer of our own and the site's, spread out,
// and never below the site's.
func (r *retrier) delay(asked time.Duration) time.Duration {
	own := max(r.delays.NextBackOff(), asked)
	spread := 1 - jitter + 2*jitter*r.client.options.Rand()
	return max(time.Duration(float64(own)*spread), asked)
}
