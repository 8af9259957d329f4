//go:build !purego

package rawjson

import "golang.org/x/sys/cpu"

// byBlocks says that the processor has what skipBlocks needs.
var byBlocks = cpu.X86.HasAVX2 && cpu.X86.HasPCLMULQDQ && cpu.X86.HasPOPCNT

// skipBlocks goes over as many blocks of 64 of the n bytes at b as lie before the end
// of an object or array of which depth brackets are open, and returns where it got
// to and how many are open there: none right behind the end. If it got not that far,
// quoted says that a string goes on there, and escaped that its next byte is behind a
// backslash. Where strings are is told by how many quotes come before, as simdjson
// does it.
//
//go:noescape
func skipBlocks(b *byte, n, depth int) (at, left int, quoted, escaped bool)

// asciiBlocks goes over as many blocks of 32 of the n bytes at b as are ASCII and have
// no \u that begins in them, and returns where it got to.
//
//go:noescape
func asciiBlocks(b *byte, n int) (at int)
