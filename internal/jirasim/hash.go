package jirasim

// rng draws numbers that depend on nothing but what it was seeded with
// (splitmix64): the same issue draws the same values for ever.
type rng uint64

// A purpose keeps the draws for one thing apart from those for all others.
type purpose int64

const (
	forID purpose = iota + 1
	forProject
	forType
	forParent
	forIssue
	forProse
	forPresence // whether a custom field has a value
	forValue
	forRank
	forOddity
	forCreator
	forReporter
	forResolution
	forSummary
	forDescription
	forWatchers
	forVoters
	forEstimate
	forPlan
	forChange
	forChain
	forOldSummary
	forComments
	forWorklogs
	forRemark
	forLink
	forRemoteLinks
	forRemoteLink
	forCreate
	forEdit
	forOptions
)

// draw starts the sequence for a purpose and a thing.
func draw(seed uint64, what purpose, parts ...int64) rng {
	h := mix(seed ^ uint64(what)*0x9e3779b97f4a7c15)
	for _, p := range parts {
		h = mix(h ^ uint64(p)*0x9e3779b97f4a7c15)
	}
	return rng(h)
}

func mix(x uint64) uint64 {
	x ^= x >> 30
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 27
	x *= 0x94d049bb133111eb
	return x ^ x>>31
}

func (r *rng) next() uint64 {
	*r += 0x9e3779b97f4a7c15
	return mix(uint64(*r))
}

// n draws from [0, limit).
func (r *rng) n(limit int) int { return int(r.next() >> 1 % uint64(limit)) }

// n64 draws from [0, limit).
func (r *rng) n64(limit int64) int64 { return int64(r.next() >> 1 % uint64(limit)) }

// one draws true once in so many times.
func (r *rng) one(in int) bool { return r.n(in) == 0 }

// draw starts a sequence of the site.
func (v *view) draw(what purpose, parts ...int64) rng { return draw(v.s.opt.Seed, what, parts...) }
