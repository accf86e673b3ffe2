package store

import (
	"errors"

	"github.com/musterhq/muster/store/record"
)

// ImportCounts say how far an import is. They count hosts, not rows.
type ImportCounts struct {
	Read      int `example:"5"`    // Hosts read so far.
	Created   int `example:"5"`    // Hosts that are new assets.
	Updated   int `example:"0"`    // Hosts that changed an asset.
	Unchanged int `example:"0"`    // Hosts that changed nothing.
	Skipped   int `example:"0"`    // Hosts that could not be imported; the warnings say why.
	Filtered  int `example:"0"`    // Hosts outside the filter.
	BytesRead int `example:"7070"` // Bytes of the file read so far.
}

// Add adds what another part of the same import has come to.
func (c *ImportCounts) Add(more ImportCounts) {
	c.Read += more.Read
	c.Created += more.Created
	c.Updated += more.Updated
	c.Unchanged += more.Unchanged
	c.Skipped += more.Skipped
	c.Filtered += more.Filtered
	c.BytesRead += more.BytesRead
}

// ImportWriters is how many transactions of one import may be under way at a time.
const ImportWriters = 2

// importTally is what one writer of an import that has not ended has come to. The import itself has the counts when it has ended:
// if its writers all wrote them there, each would make the other run again.
type importTally struct {
	ID int // see tallyID
	ImportCounts
}

func tallyID(importID, writer int) int { return importID*ImportWriters + writer }

// Tally adds to the counts of an import what a transaction of its writer, from 0 to ImportWriters-1, has made of some hosts. A
// writer has one transaction at a time.
func Tally(tx *Tx, importID, writer int, counts ImportCounts) error {
	tally, err := importTallies.Get(tx, tallyID(importID, writer))
	switch {
	case errors.Is(err, ErrNotFound):
		return importTallies.Insert(tx, &importTally{tallyID(importID, writer), counts})
	case err != nil:
		return err
	}
	tally.Add(counts)
	return importTallies.Put(tx, tally)
}

// count fills in what the writers of an import have come to.
func (i *Import) count(tx *Tx) error {
	if !i.EndDate.IsZero() {
		return nil
	}
	for writer := range ImportWriters {
		tally, err := importTallies.Get(tx, tallyID(i.ImportID, writer))
		if err == nil {
			i.Add(tally.ImportCounts)
		} else if !errors.Is(err, ErrNotFound) {
			return err
		}
	}
	return nil
}

// clearTallies removes what the writers of an import have written down.
func clearTallies(tx *Tx, importID int) error {
	for writer := range ImportWriters {
		if err := record.Ignore(ErrNotFound, importTallies.Delete(tx, tallyID(importID, writer))); err != nil {
			return err
		}
	}
	return nil
}
