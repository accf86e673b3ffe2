package record

import (
	"encoding/binary"
	"hash/maphash"

	"github.com/musterhq/muster/store/kv"
)

// sum tells two sets of pairs apart in whatever order they come: how many there are, and the sum of their hashes. The hash has a
// seed of each run, so that sets which differ have the same sum by a chance of 1 in 2⁶⁴, which nobody can bring about.
type sum struct {
	pairs  int
	hashes uint64
}

// plus is the sum with one more pair.
func (s sum) plus(v *Verification, key, value []byte) sum {
	v.scratch = binary.BigEndian.AppendUint16(v.scratch[:0], uint16(len(key))) // kv.MaxKey fits
	v.scratch = append(append(v.scratch, key...), value...)
	return sum{s.pairs + 1, s.hashes + maphash.Bytes(v.seed, v.scratch)}
}

// sumOf is the sum of the pairs of a range.
func (v *Verification) sumOf(r kv.Range) (s sum, err error) {
	for pair, err := range v.tx.Reader.Scan(r) {
		if err != nil {
			return s, err
		}
		v.advance("")
		s = s.plus(v, pair.Key, pair.Value)
	}
	return s, nil
}

// ProgressEvery is how many keys are looked at between two calls of VerifyOptions.Progress.
const ProgressEvery = 10_000

// advance notes that one more key is looked at; an empty name stands for the one before.
func (v *Verification) advance(what string) {
	if what != "" {
		v.at = what
	}
	if v.keys++; v.keys%ProgressEvery == 0 && v.progress != nil {
		v.progress(v.at, v.keys)
	}
}
