// Package backup is the form of a backup: the pairs of a store as one snapshot, and the files that belong to it. It is
// independent of the engine, so that a backup of one can be restored into another. It begins with a line that says what it
// is and ends with a hash of everything before, so that a reader knows whether all of it is there and nothing else.
//
// Behind the first line everything is compressed with zstd: a JSON text About with its length, then pieces, each a letter
// and what it stands for, all lengths as unsigned varints:
//
//	P  key, value                  a pair of the store
//	F  name                        a file begins
//	C  content                     a part of it, 64 KiB at most
//	E  pairs, files, SHA-256       the end: how many there were, and the hash of all pieces until here
package backup

import (
	"errors"
	"time"

	"github.com/musterhq/muster/store/kv"
)

// Format is the version of this form. A reader refuses a higher one.
const Format = 1

// magic is the first line of a backup.
const magic = "muster backup\n"

const (
	maxAbout = 4 << 10
	maxName  = 255
	maxChunk = 64 << 10
)

var (
	// ErrNotBackup is returned for what does not begin like a backup.
	ErrNotBackup = errors.New("not a backup of muster")
	// ErrDamaged is returned for a backup that was cut off or altered.
	ErrDamaged = errors.New("the backup is damaged")
	// ErrNewer is returned for a backup of a muster that this one does not understand.
	ErrNewer = errors.New("the backup was written by a newer muster")
)

// About is what a backup says of itself.
type About struct {
	Format int
	Schema int       // of the store
	Muster string    // the version that wrote it
	Date   time.Time // of the snapshot
}

// Visitor takes in what a backup holds, in its order. A nil member passes over it.
type Visitor struct {
	Pair func(kv.Pair) error                 // the slices are valid until it returns
	File func(name string) (FileSink, error) // a plain name, without a folder
}

// FileSink takes the content of a file.
type FileSink interface {
	Write([]byte) (int, error)
	Close() error
}
