// Package kv is the seam between the store and the engine that keeps its bytes: an ordered key-value engine with
// serializable point reads. It is as narrow as the engines that we want to be able to use allow, and promises no
// more than all of them give; package kvtest holds every sentence below as a test.
package kv

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
)

// Limits that a caller keeps so that its keys and transactions fit every engine. An engine may refuse what
// exceeds them and must accept what does not.
const (
	MaxKey    = 2560      // bytes in a key, which has at least one; PostgreSQL refuses longer B-tree keys
	MaxValue  = 512 << 10 // bytes in a value
	MaxWrites = 500       // records, with their index entries, that a transaction should write at most
	MaxBytes  = 2 << 20   // bytes that a transaction should write at most; larger work goes in batches
)

var (
	// ErrBusy is returned by Update when other transactions won every one of its tries.
	ErrBusy = errors.New("too many concurrent changes")
	// ErrNoSpace is returned by Update while the disk is too full to write; reads go on.
	ErrNoSpace = errors.New("no space on the disk")
	// ErrClosed is returned by every call after Close.
	ErrClosed = errors.New("the store is closed")
	// ErrTooLarge is returned for a key or a value above the limits and for a transaction above the engine's own.
	ErrTooLarge = errors.New("too large")
)

// Engine keeps pairs of keys and values in byte order of the keys. It may be used concurrently; one transaction may
// not. An ended context ends reads and tries with its error, and then nothing is committed.
type Engine interface {
	// View runs fn on a snapshot: all its reads are of one moment, and none of them waits for a writer.
	// Whatever fn keeps of its Reader answers with an error once fn has returned.
	View(ctx context.Context, fn func(Reader) error) error

	// Update runs fn and commits what it wrote, all or nothing, durably before it returns. A key that fn read
	// with Get, present or absent, and that another transaction changed before the commit makes fn run again on a
	// newer snapshot, after a growing, jittered pause; so fn must touch nothing but its Txn. After ten tries
	// the error is ErrBusy. An error of fn rolls back and is returned as it is. Keys seen by Scan only are not
	// protected, although an engine may protect them: uniqueness and parents are checked by Get. fn may call Update for
	// another transaction, which must not change what fn has read or scanned.
	Update(ctx context.Context, fn func(Txn) error) error

	// Close waits for the running transactions, within which it must not be called, and releases the files.
	Close() error
}

// Reader reads from one snapshot and, within an Update, sees the transaction's own writes.
type Reader interface {
	// Get returns the values of the keys in their order, nil for an absent one. A present empty value is not nil.
	// The slices are the caller's. Within a View, many keys at once may be read side by side.
	Get(keys ...[]byte) ([][]byte, error)

	// Scan yields the pairs of a range in order. A pair's slices are valid until the next step; to keep them,
	// copy them. An error is the last thing yielded. Scans may nest, and Get may be called within. Within an Update read first and write afterwards: a scan
	// over pending writes is allowed and sees them, but may cost as much as there are pending writes. Several ranges, all of
	// the same direction, are scanned one after the other, which costs less than a scan each.
	Scan(r Range, more ...Range) iter.Seq2[Pair, error]
}

// Txn is a Reader that writes. Its slices must not be changed by the caller afterwards.
type Txn interface {
	Reader
	Set(key, value []byte) error
	Delete(key []byte) error // deleting an absent key is no error

	// Add adds to the sum (see Sum) that is kept under a key, with the commit: no read of its own transaction sees it. It
	// reads nothing, and additions commute, so those of any number of transactions never make each other run again. For
	// another transaction that has read the key with Get, an addition is a change like any other. Update returns an error
	// for a transaction that both adds to a key and Sets or Deletes it. What comes of a value that is no sum is the engine's affair.
	//
	// FoundationDB has ADD, and COMPARE_AND_CLEAR for a sum of zero; PostgreSQL an upsert of v + by, made last, in the order
	// of the keys; an engine that commits one after the other reads the last sum when it commits.
	Add(key []byte, by int64) error
}

// SumSize is the length of a sum that is kept, in bytes.
const SumSize = 8

// Sum returns the sum that a value of Get or Scan is: 0 for an absent key, since a sum of zero is not kept.
func Sum(value []byte) (int64, error) {
	switch len(value) {
	case 0:
		if value == nil {
			return 0, nil
		}
	case SumSize:
		return int64(binary.LittleEndian.Uint64(value)), nil
	}
	return 0, fmt.Errorf("%d bytes are no sum", len(value))
}

// EncodeSum returns the value that a sum is kept as: 8 bytes, little-endian, in two's complement; nil for zero, whose key has to
// be absent.
func EncodeSum(sum int64) []byte {
	if sum == 0 {
		return nil
	}
	return binary.LittleEndian.AppendUint64(make([]byte, 0, SumSize), uint64(sum))
}

// Pair is one key and its value; the value is nil in a scan of keys only.
type Pair struct{ Key, Value []byte }

// Range names the keys From ≤ key < To; an empty To has no upper end.
type Range struct {
	From, To []byte
	Reverse  bool // from the last key of the range to the first
	KeysOnly bool // leave the values unread
}

// Prefix returns the range of all keys that begin with p.
func Prefix(p []byte) Range {
	to := append([]byte(nil), p...)
	for i := len(to) - 1; i >= 0; i-- {
		if to[i]++; to[i] != 0 {
			return Range{From: p, To: to[:i+1]}
		}
	}
	return Range{From: p}
}
