package cli

import "runtime/debug"

// boundMemory makes the garbage collector run often enough that a load stays
// within what docs/PERFORMANCE.md promises. What is alive are a few large
// buffers without pointers, which cost the collector next to nothing.
func boundMemory() { debug.SetGCPercent(30) }
