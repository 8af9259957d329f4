package jirasim

import "time"

// bucket is a token bucket that holds one second's worth.
type bucket struct {
	rate   float64 // per second; 0: no limit
	tokens float64
	last   time.Time
}

// take spends a token; without one it tells how long to wait for it.
func (b *bucket) take(now time.Time) (ok bool, wait time.Duration) {
	if b.rate <= 0 {
		return true, 0
	}
	b.tokens = min(max(b.rate, 1), b.tokens+max(now.Sub(b.last).Seconds(), 0)*b.rate)
	b.last = now
	if b.tokens >= 1 {
		b.tokens--
		return true, 0
	}
	return false, time.Duration((1 - b.tokens) / b.rate * float64(time.Second))
}
