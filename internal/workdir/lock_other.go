//go:build !(linux || darwin || freebsd || netbsd || openbsd)

package workdir

import "os"

func tryLock(*os.File) (locked bool) { return false }
