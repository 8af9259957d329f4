package cli

import "runtime/debug"

// boundMemory makes the garbage collector run often enough that a load stays
// within what docs/PERFORMANCE.md promises. What is alive are a few large
// buffers without pointers, which cost the collector little. The limit is soft:
// a site with huge pages takes what it needs.
func boundMemory() {
	debug.SetGCPercent(60)
	debug.SetMemoryLimit(200 << 20)
}
