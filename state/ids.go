package state

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
)

// IDs is a set of issues: ids in their order, each once. As text it is the distances
// between them as varints in base64, two or three characters for an id where there are
// many.
type IDs []int64

// NewIDs returns the set of some ids, which it puts in order.
func NewIDs(ids ...int64) IDs {
	if len(ids) == 0 {
		return nil
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// In returns those that are among other ids, which are in order.
func (s IDs) In(others []int64) (found []int64) {
	for _, id := range s {
		at, in := slices.BinarySearch(others, id)
		if others = others[at:]; in {
			found = append(found, id)
		}
	}
	return found
}

// MarshalText writes the set.
func (s IDs) MarshalText() ([]byte, error) {
	var b []byte
	last := int64(0)
	for _, id := range s {
		b = binary.AppendVarint(b, id-last)
		last = id
	}
	return base64.RawStdEncoding.AppendEncode(nil, b), nil
}

var errDamagedIDs = errors.New("a list of ids is damaged")

// UnmarshalText reads what MarshalText wrote.
func (s *IDs) UnmarshalText(text []byte) error {
	b, err := base64.RawStdEncoding.AppendDecode(nil, text)
	if err != nil {
		return fmt.Errorf("%w: %w", errDamagedIDs, err)
	}
	*s = nil
	for last := int64(0); len(b) > 0; {
		distance, n := binary.Varint(b)
		if n <= 0 || len(*s) > 0 && distance <= 0 {
			return errDamagedIDs
		}
		last, b = last+distance, b[n:]
		*s = append(*s, last)
	}
	return nil
}
