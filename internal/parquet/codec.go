package parquet

import (
	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go/format"
)

// Codec compresses pages.
type Codec struct {
	id format.CompressionCodec
	// compress returns src compressed, in dst's memory if there is enough.
	compress func(dst, src []byte) []byte
}

// Snappy returns the codec that costs next to nothing.
func Snappy() Codec {
	return Codec{format.Snappy, func(dst, src []byte) []byte { return s2.EncodeSnappy(dst[:cap(dst)], src) }}
}

// NewZstd returns the codec that saves the most, at its fastest level. window is how
// many bytes of a page it looks back; files may share the codec.
func NewZstd(window int) (Codec, error) {
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1),
		zstd.WithWindowSize(window), zstd.WithLowerEncoderMem(true), zstd.WithEncoderCRC(false))
	if err != nil {
		return Codec{}, err
	}
	return Codec{format.Zstd, func(dst, src []byte) []byte { return encoder.EncodeAll(src, dst[:0]) }}, nil
}
