package badgerkv

import (
	"os"
	"syscall"
)

// syncData syncs a file without its times, which would take a commit of the file system's journal.
func syncData(f *os.File) error { return syscall.Fdatasync(int(f.Fd())) }
