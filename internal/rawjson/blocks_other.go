//go:build !amd64 || purego

package rawjson

const byBlocks = false

// skipBlocks is not called.
func skipBlocks(_ *byte, _, depth int) (at, left int, quoted, escaped bool) {
	return 0, depth, false, false
}

// asciiBlocks is not called either.
func asciiBlocks(*byte, int) int { return 0 }
