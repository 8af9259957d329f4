//go:build !(linux || darwin || freebsd || netbsd || openbsd)

package cli

import "os"

func tryLock(*os.File) (locked bool) { return false }
