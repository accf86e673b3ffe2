// Package jet reads the tables of Microsoft Access databases: Jet 3 (Access 97), Jet 4 (Access 2000 to 2003) and ACE
// (Access 2007 and later), which keeps its tables as Jet 4 does. It reads whole tables from the first page to the last,
// and nothing else: no indexes, queries, relations or attachments.
//
// A file is taken for hostile. Whatever it holds, no call panics, follows a circle of links or keeps more than a few hundred
// KiB; and what can belong to one table or row only is not read again and again for others, which bounds the time.
package jet

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

// The errors of this package are one of these, with the place in the text, or an error of the file's ReadAt.
var (
	ErrFormat    = errors.New("not a Jet or ACE database")
	ErrEncrypted = errors.New("the database is encrypted")
	ErrPassword  = errors.New("the database is protected by a password")
	ErrDamaged   = errors.New("the database is damaged")
)

// Version tells the three layouts of pages apart.
type Version byte

// Jet4 and ACE differ in the first page only.
const (
	Jet3 Version = iota + 1
	Jet4
	ACE
)

func (v Version) String() string {
	switch v {
	case Jet3:
		return "Jet 3"
	case Jet4:
		return "Jet 4"
	case ACE:
		return "ACE"
	}
	return fmt.Sprintf("version %d", byte(v))
}

// Database is an open database. It is for one goroutine, as are its tables.
type Database struct {
	Version  Version
	pages    pages
	layout   *layout
	codePage uint16 // of texts whose column names none; only Jet 3 has such
	spare    int64  // pages that may still be read without being data of the table that names them
}

// spend counts a page of a definition, or one that a table owns but has no rows on. Both are one table's, so that a file
// has only so many of them, unless tables share them; there is room for going through all tables several times.
func (db *Database) spend() error {
	if db.spare--; db.spare < 0 {
		return fmt.Errorf("%w: tables share their pages with others", ErrDamaged)
	}
	return nil
}

// newestVersion is that of Access 2019, the last that is known.
const newestVersion = 6

// Open reads the header of a database of size bytes. The error is ErrFormat for anything else, and ErrEncrypted or
// ErrPassword for a database that Access would not open without being asked.
func Open(file io.ReaderAt, size int64) (*Database, error) {
	var start [headerBytes]byte
	if n, err := file.ReadAt(start[:], 0); n < len(start) {
		if err == io.EOF {
			err = fmt.Errorf("%w: the header is cut off", ErrFormat)
		}
		return nil, err
	}
	db := &Database{}
	switch number := start[offsetVersion]; {
	case bytes.HasPrefix(start[4:], []byte("Standard Jet DB\x00")) && number == 0:
		db.Version, db.layout = Jet3, &jet3
	case bytes.HasPrefix(start[4:], []byte("Standard Jet DB\x00")) && number == 1:
		db.Version, db.layout = Jet4, &jet4
	case bytes.HasPrefix(start[4:], []byte("Standard ACE DB\x00")) && 1 < number && number <= newestVersion:
		db.Version, db.layout = ACE, &jet4
	case bytes.HasPrefix(start[4:], []byte("Standard ")) && number > newestVersion:
		return nil, fmt.Errorf("%w of a known version: version %d", ErrFormat, number)
	default:
		return nil, ErrFormat
	}
	unmask(&start, db.Version)
	if key := order.Uint32(start[offsetKey:]); key != 0 {
		return nil, ErrEncrypted
	}
	if hasPassword(&start, db.Version) {
		return nil, ErrPassword
	}
	db.codePage = order.Uint16(start[offsetCodePage:])
	db.pages = newPages(file, size, db.layout.pageSize)
	db.spare = 8*int64(db.pages.count) + 1024
	return db, nil
}
