package host

import (
	"io"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// freeze returns an open copy of a program that nothing can change any more: what is hashed through it is what is executed
// through it. A write to the original, or another file in its place, comes too late.
//
// A program lies in sealed memory, which also starts where the file system of temporary files is mounted noexec. A script is a file
// in the private directory, because interpreters want to know the folder that it is in.
func freeze(f *os.File, directory string) (*os.File, error) {
	var magic [2]byte
	if _, err := f.ReadAt(magic[:], 0); err == nil && string(magic[:]) == "#!" {
		return privateCopy(f, directory)
	}
	const flags = unix.MFD_CLOEXEC | unix.MFD_ALLOW_SEALING
	fd, err := unix.MemfdCreate(filepath.Base(f.Name()), flags|unix.MFD_EXEC)
	if err == unix.EINVAL { // a kernel before 6.3, where all such memory may be executed
		fd, err = unix.MemfdCreate(filepath.Base(f.Name()), flags)
	}
	if err != nil {
		return privateCopy(f, directory) // where the system forbids it
	}
	copied := os.NewFile(uintptr(fd), f.Name())
	_, err = io.Copy(copied, io.NewSectionReader(f, 0, maxProgram+1))
	if err == nil {
		_, err = unix.FcntlInt(uintptr(fd), unix.F_ADD_SEALS, unix.F_SEAL_WRITE|unix.F_SEAL_GROW|unix.F_SEAL_SHRINK|unix.F_SEAL_SEAL)
	}
	if err != nil {
		_ = copied.Close()
		return nil, err
	}
	return copied, nil
}

// startPath is what a child executes to execute the open file itself, which it has as its descriptor 3. An interpreter
// opens the same path, so the descriptor stays open.
func startPath(*os.File) string { return "/proc/self/fd/3" }
