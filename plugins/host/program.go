package host

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// maxProgram is how many bytes an external importer may have: its copy lies in memory while it runs.
const maxProgram = 512 << 20

// errChanged says that a file is not the one that was pinned.
var errChanged = errors.New("it has changed since it was pinned; if you know why, pin it again")

// openProgram opens the file of an external importer for one look at it, or one start. Whatever is checked is checked on
// the open file, so that nothing can be put in its place afterwards. Its folder is not looked at.
func openProgram(path string, anyMode bool) (*os.File, error) {
	// Without O_NONBLOCK a named pipe would keep us waiting.
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	switch {
	case errors.Is(err, syscall.ELOOP):
		return nil, errors.New("it is a symbolic link")
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("its file is missing: %w", fs.ErrNotExist)
	case err != nil:
		return nil, errors.Unwrap(err) // the path is the caller's to name
	}
	info, err := f.Stat()
	if err == nil {
		err = checkProgram(info, anyMode)
	}
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	return f, nil
}

func checkProgram(info fs.FileInfo, anyMode bool) error {
	switch {
	case !info.Mode().IsRegular():
		return errors.New("it is not a regular file")
	case info.Mode().Perm()&0o111 == 0:
		return fmt.Errorf("it is not executable (its mode is %s)", info.Mode())
	case info.Size() > maxProgram:
		return fmt.Errorf("it is larger than %d MiB", maxProgram>>20)
	case anyMode:
		return nil
	}
	return ownedAlone(info)
}

// checkFolder checks the folder of external importers: who may write there decides what a name means.
func checkFolder(path string) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("its folder is missing: %w", fs.ErrNotExist)
	case err != nil:
		return err
	case info.Mode()&fs.ModeSymlink != 0:
		return errors.New("its folder is a symbolic link")
	case !info.IsDir():
		return errors.New("its folder is no folder")
	}
	if err := ownedAlone(info); err != nil {
		return fmt.Errorf("its folder: %w", err)
	}
	return nil
}

// ownedAlone checks that nobody but us and root may write.
func ownedAlone(info fs.FileInfo) error {
	if info.Mode().Perm()&0o022 != 0 {
		return fmt.Errorf("others may write to it (its mode is %s)", info.Mode())
	}
	if s, ok := info.Sys().(*syscall.Stat_t); ok && s.Uid != 0 && int(s.Uid) != os.Geteuid() {
		return fmt.Errorf("it belongs to user %d, neither to this one nor to root", s.Uid)
	}
	return nil
}

// openPinned is openProgram for a file in a folder that is checked too.
func openPinned(path string, anyMode bool) (*os.File, error) {
	if !anyMode {
		if err := checkFolder(filepath.Dir(path)); err != nil {
			return nil, err
		}
	}
	return openProgram(path, anyMode)
}

// sha256Of returns the SHA-256 of a file from its beginning to its end, in hex.
func sha256Of(f *os.File) (string, error) {
	sum := sha256.New()
	n, err := io.Copy(sum, io.NewSectionReader(f, 0, maxProgram+1))
	if err == nil && n > maxProgram {
		err = fmt.Errorf("it is larger than %d MiB", maxProgram>>20)
	}
	return hex.EncodeToString(sum.Sum(nil)), err
}

// privateCopy copies a program into a private directory and opens the copy. It is executable, and open for writing nowhere.
func privateCopy(f *os.File, directory string) (*os.File, error) {
	path := filepath.Join(directory, filepath.Base(f.Name()))
	if err := writeProgram(path, f); err != nil {
		return nil, err
	}
	return os.Open(path)
}

// writeProgram writes a program that only we can read, and nobody can write to.
func writeProgram(path string, content *os.File) error {
	// A process that is started meanwhile would hold the file open for writing until it is another program, and the
	// kernel starts no such file: "text file busy".
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	out, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o500)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, io.NewSectionReader(content, 0, maxProgram+1))
	return errors.Join(err, out.Close())
}
