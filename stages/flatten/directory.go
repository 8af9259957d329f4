package flatten

import (
	"github.com/zeebo/xxh3"

	"snowdrift/internal/rawjson"
)

// directory finds by its name what a member is for. Jira sends the members of
// all issues in much the same order, so the one that came next the last time is
// tried first.
type directory struct {
	wanted map[string]*wanted
	byName map[string]*named
	start  named // stands before the first member of an object
	last   *named
	odd    named // the last one that is not remembered
}

// named is what the members of one name are for.
type named struct {
	name     string
	wanted   *wanted // nil if no column wants it
	personal bool    // its value tells of the user who asks, see the list of that name
	part     string  // the member of a personal value that does not
	seed     uint64  // of the digest of a value
	whole    uint64  // seed of the digest of a value that lacks the array that child tables are made of
	next     *named  // came next the last time

	// The last value, if it is worth remembering: issues that follow each other
	// are often of one project, type or status. While there is one, sum is its
	// digest, and the paths of wanted lead into it.
	last []byte
	sum  uint64
}

// What is remembered is bounded: a site has some thousand fields at most, and names
// that are no fields are looked at each time.
const (
	maxNames = 1 << 14
	maxName  = 1 << 8
	maxLast  = 1 << 10
)

func newDirectory(wanted map[string]*wanted) *directory {
	return &directory{wanted: wanted, byName: map[string]*named{}}
}

// begin says that an object begins.
func (d *directory) begin() { d.last = &d.start }

func (d *directory) find(name []byte) *named {
	n := d.last.next
	if n == nil || n.name != string(name) {
		if n = d.byName[string(name)]; n == nil {
			n = d.learn(string(name))
		}
		d.last.next = n
	}
	d.last = n
	return n
}

func (d *directory) learn(name string) *named {
	n := &d.odd
	if len(d.byName) < maxNames && len(name) <= maxName {
		n = &named{}
		d.byName[name] = n
	}
	*n = named{name: name, wanted: d.wanted[name]}
	n.part, n.personal = personal[name]
	var seed uint64
	if n.wanted != nil {
		seed = n.wanted.seed
	}
	n.seed, n.whole = xxh3.HashStringSeed(name, seed), xxh3.HashStringSeed(name, ^seed)
	return n
}

// digest is what a value adds to the digest of the content: a sum, so that
// the order of members doesn't count. null counts as absent: Jira sends either. seed
// tells what is made of the member: when that changes (a field's type changed, a
// table was added), the issues that have the member look changed, and only they.
func (n *named) digest(value []byte, seed uint64) uint64 {
	if n.personal {
		value = rawjson.Lookup(value, n.part)
	}
	if rawjson.IsNull(value) {
		return 0
	}
	return xxh3.HashSeed(value, seed)
}

// remember keeps a value as the last one, if it is worth it, and returns the value
// as it is kept.
func (n *named) remember(value []byte) []byte {
	n.last = n.last[:0]
	if t := rawjson.TypeOf(value); t != rawjson.Object && t != rawjson.Array || len(value) > maxLast {
		return value
	}
	n.last = append(n.last, value...)
	return n.last
}

// personal are the fields that tell of the user who asks, by lastViewed, hasVoted and
// isWatching, and so change without the issue changing, with the member that does not.
var personal = map[string]string{"lastViewed": "", "votes": "votes", "watches": "watchCount"}
