//go:build unix

package badgerkv

import (
	"errors"
	"path/filepath"
)

// DamagedFile is a file of a store that cannot be read as it was written.
type DamagedFile struct {
	Name  string // within the directory
	Wrong string
}

// CheckTables verifies the checksums within every table of a store that nobody has open, those that Open knows too, and does not stop at
// the first that is damaged. It changes nothing. Its own errors are ErrLocked and ErrWrongKey.
func CheckTables(o Options) (all []DamagedFile, err error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	unlock, err := Lock(o.Dir)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	x := &examination{dir: o.Dir}
	if err = x.readRegistry(o.Key); err == nil {
		err = x.readList()
	}
	var failed []error
	if err == nil {
		failed, err = x.checkTables(nil)
	} else if errors.Is(err, ErrDamaged) {
		failed, err = []error{err}, nil
	}
	for _, one := range failed {
		if f, ok := errors.AsType[fault](one); ok {
			all = append(all, DamagedFile{filepath.Base(f.file), f.wrong})
		}
	}
	return all, err
}
