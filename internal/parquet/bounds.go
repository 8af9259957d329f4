package parquet

import (
	"encoding/binary"
	"math"

	"github.com/parquet-go/parquet-go/format"
)

// bounds are the least and the greatest cell of a column, of integers or of floats.
type bounds struct {
	known       bool
	least, most int64
	low, high   float64
}

func (b *bounds) int(n int64) {
	if !b.known {
		b.known, b.least, b.most = true, n, n
	}
	b.least, b.most = min(b.least, n), max(b.most, n)
}

// float leaves out NaN, which has no place in the order of numbers.
func (b *bounds) float(x float64) {
	if math.IsNaN(x) {
		return
	}
	if !b.known {
		b.known, b.low, b.high = true, x, x
	}
	b.low, b.high = min(b.low, x), max(b.high, x)
}

// encoded returns the bounds as a footer has them; nothing if there are none.
func (b *bounds) encoded(t format.Type) (least, most []byte) {
	if !b.known {
		return nil, nil
	}
	le := binary.LittleEndian
	switch t {
	case format.Int64:
		return le.AppendUint64(nil, uint64(b.least)), le.AppendUint64(nil, uint64(b.most))
	case format.Int32:
		return le.AppendUint32(nil, uint32(b.least)), le.AppendUint32(nil, uint32(b.most))
	case format.Double: // readers may take the two zeros for different, so bounds have both between them
		low, high := b.low, b.high
		if low == 0 {
			low = math.Copysign(0, -1)
		}
		if high == 0 {
			high = 0
		}
		return le.AppendUint64(nil, math.Float64bits(low)), le.AppendUint64(nil, math.Float64bits(high))
	}
	return nil, nil
}
