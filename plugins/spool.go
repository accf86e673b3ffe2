package plugins

import (
	"errors"
	"fmt"
	"io"
	"os"
)

// ErrTooLarge is returned by Spool for a file above its limit.
var ErrTooLarge = errors.New("the file is too large")

// Spooled is a file on disk, for formats whose content lies all over it: an io.ReaderAt with a Name to give to a library. The
// import closes it.
type Spooled struct {
	*os.File
	Size int64
}

// Spool stores what is left of f in the working directory, which is private to an importer and removed behind it. It fails
// above limit bytes.
func (f File) Spool(limit int64) (*Spooled, error) {
	disk, err := os.CreateTemp(".", "spooled-") // the host leaves no TMPDIR to go to
	if err != nil {
		return nil, fmt.Errorf("storing the file: %w", err)
	}
	s := &Spooled{File: disk}
	s.Size, err = io.Copy(disk, io.LimitReader(f, limit+1))
	if err == nil && s.Size > limit {
		err = fmt.Errorf("%w: more than %d bytes", ErrTooLarge, limit)
	}
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// Close removes the file.
func (s *Spooled) Close() error {
	return errors.Join(s.File.Close(), os.Remove(s.Name()))
}
