package cli

import (
	"crypto/rand"
	"encoding/hex"
	"time"
)

// newRunID returns a name for a run that sorts by time and is nobody else's:
// 20261122T014500Z-1f2e3d4c.
func newRunID() string {
	var b [4]byte
	rand.Read(b[:]) // never fails, see crypto/rand
	return time.Now().UTC().Format("20060102T150405Z") + "-" + hex.EncodeToString(b[:])
}
