package record

import (
	"bytes"
	"cmp"

	"github.com/musterhq/muster/store/kv"
)

// verifyGuards checks that each key of a guarded index has its guard, and no other has one.
func (ix *Index[ID, T]) verifyGuards(v *Verification) error {
	all := kv.Prefix(ix.GuardKey(nil))
	var wanted sum
	err := ix.guards(v, func(guard []byte) error {
		wanted = wanted.plus(v, guard, nil)
		return nil
	})
	if err != nil {
		return err
	}
	if there, err := v.sumOf(all); err != nil || there == wanted {
		return err
	}
	err = ix.guards(v, func(guard []byte) error {
		mark, err := v.tx.Get(guard)
		if mark != nil || err != nil {
			return err
		}
		return v.repairable(ix.c.name, guard, []byte{}, "is missing, and guards "+KeyText(ix.Key(guard[4:])))
	})
	return cmp.Or(err, ix.verifyIdleGuards(v, all))
}

// guards calls do with each guard that has to be there.
func (ix *Index[ID, T]) guards(v *Verification, do func(guard []byte) error) error {
	var last []byte
	for pair, err := range v.tx.Reader.Scan(kv.Prefix(ix.Key(nil))) {
		if err != nil {
			return err
		}
		v.advance(ix.c.name)
		indexed, whole := bytes.CutSuffix(pair.Key[3:], pair.Value)
		if !whole || v.named[string(pair.Key)] || last != nil && bytes.Equal(indexed, last) {
			continue
		}
		last = append(last[:0:0], indexed...)
		if err := do(ix.GuardKey(last)); err != nil {
			return err
		}
	}
	return nil
}

// verifyIdleGuards finds guards of keys without entries.
func (ix *Index[ID, T]) verifyIdleGuards(v *Verification, all kv.Range) error {
	for pair, err := range v.tx.Reader.Scan(all) {
		if err != nil {
			return err
		}
		entries := kv.Prefix(ix.Key(bytes.Clone(pair.Key[4:])))
		if n, err := v.count(entries); err != nil {
			return err
		} else if n > 0 {
			continue
		}
		if err := v.repairable(ix.c.name, pair.Key, nil, "guards what has no entries"); err != nil {
			return err
		}
	}
	return nil
}
