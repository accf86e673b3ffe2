package store

import (
	"bytes"
	"fmt"

	"github.com/musterhq/muster/store/kv"
)

// What follows from records and links is derived from their declarations, as it is written. Each key that has to be there is
// read by a point read. Whether there are others is a matter of counting; only if there are, each is looked at.

func (c *Collection[ID, T]) prefixes() []string {
	kinds := []string{string(kindRecord), string(kindSequence)}
	if c.place != nil {
		kinds = append(kinds, string(kindPointer))
	}
	for _, ix := range c.indexes {
		kinds = append(kinds, string(ix.kind))
		if ix.guarded {
			kinds = append(kinds, string([]byte{kindGuard, ix.kind}))
		}
	}
	for _, n := range c.counted {
		kinds = append(kinds, string([]byte{kindCount, n.kind}))
	}
	for i := range kinds {
		kinds[i] = c.tag + kinds[i]
	}
	return kinds
}

// following is one key that has to be there because of a record or a link.
type following struct {
	kind       byte
	key, value []byte
	unique     bool // of two records that have the key, one is too many
}

// verify checks the records of the collection, and all that follows from them.
func (c *Collection[ID, T]) verify(v *verification) error {
	found := map[byte]int{} // of each kind, how many keys follow from records
	prefix := c.key(kindRecord, nil)
	for pair, err := range v.tx.r.Scan(kv.Prefix(prefix)) {
		if err != nil {
			return err
		}
		v.Records++
		record, err := c.decode(pair.Value)
		if err != nil {
			if err := v.wrong(c.name, pair.Key, "the record cannot be read"); err != nil {
				return err
			}
			continue
		}
		if tail := c.tail(record); !bytes.Equal(pair.Key[len(prefix):], tail) {
			if err := v.wrong(c.name, pair.Key, "by what it says, the record belongs under %s", keyText(c.key(kindRecord, tail))); err != nil {
				return err
			}
			continue
		}
		if err := c.expect(v, record, found); err != nil {
			return err
		}
	}
	return c.verifyOthers(v, found)
}

// following lists the keys that follow from a record, but for guards.
func (c *Collection[ID, T]) following(record *T) (keys []following) {
	if c.place != nil {
		keys = append(keys, following{kindPointer, c.key(kindPointer, K(*c.id(record))), c.tail(record), true})
	}
	for _, ix := range c.indexes {
		if key, value := ix.entry(record); key != nil {
			keys = append(keys, following{ix.kind, key, value, ix.unique != ""})
		}
	}
	return keys
}

// has reports whether the record at a tail is there and can be read, and whether the key follows from it.
func (c *Collection[ID, T]) has(v *verification, tail Key, key []byte) (has, readable bool, err error) {
	raw, err := v.tx.get(c.key(kindRecord, tail))
	if err != nil || raw == nil {
		return false, true, err
	}
	record, err := c.decode(raw)
	if err != nil || !bytes.Equal(c.tail(record), tail) {
		return false, false, nil // reported already
	}
	for _, f := range c.following(record) {
		if bytes.Equal(f.key, key) {
			return true, true, nil
		}
	}
	return false, true, nil
}

// expect checks that all keys are there that follow from a record, and counts them by their kind.
func (c *Collection[ID, T]) expect(v *verification, record *T, found map[byte]int) error {
	keys, from := c.following(record), fmt.Sprintf("%s %v", c.name, *c.id(record))
	asked := make([][]byte, len(keys))
	for i, f := range keys {
		asked[i] = f.key
	}
	values, err := v.tx.r.Get(asked...)
	if err != nil {
		return err
	}
	for i, f := range keys {
		value := values[i]
		if value != nil {
			found[f.kind]++
		}
		switch {
		case bytes.Equal(value, f.value) && value != nil:
			continue
		case value == nil:
			err = v.repairable(c.name, f.key, f.value, "is missing, and follows from "+from)
		default:
			err = c.other(v, f, value, from, found)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// other reports a key that leads to something else than it should.
func (c *Collection[ID, T]) other(v *verification, f following, value []byte, from string, found map[byte]int) error {
	if f.unique {
		has, _, err := c.has(v, value, f.key)
		if err != nil {
			return err
		}
		if has {
			found[f.kind]-- // it is counted with the one that it leads to
			return v.wrong(c.name, f.key, "%s has it too, and only one can", from)
		}
	}
	return v.repairable(c.name, f.key, f.value, "does not lead to "+from+", from which it follows")
}

// verifyOthers finds the keys that follow from no record.
func (c *Collection[ID, T]) verifyOthers(v *verification, found map[byte]int) error {
	if c.place != nil {
		if err := c.verifyKind(v, kindPointer, found[kindPointer]); err != nil {
			return err
		}
	}
	for _, ix := range c.indexes {
		if err := c.verifyKind(v, ix.kind, found[ix.kind]); err != nil {
			return err
		}
		if ix.guarded {
			if err := ix.verifyGuards(v); err != nil {
				return err
			}
		}
	}
	return c.verifySequence(v)
}

// verifyKind finds the keys of a kind that follow from no record, if there are more of them than do.
func (c *Collection[ID, T]) verifyKind(v *verification, kind byte, follow int) error {
	all := kv.Prefix(c.key(kind, nil))
	if n, err := v.count(all); err != nil || n == follow {
		return err
	}
	for pair, err := range v.tx.r.Scan(all) {
		if err != nil {
			return err
		}
		if v.named[string(pair.Key)] {
			continue
		}
		has, readable, err := c.has(v, bytes.Clone(pair.Value), pair.Key)
		if err != nil {
			return err
		}
		if !has && readable {
			if err := v.repairable(c.name, pair.Key, nil, "follows from no record"); err != nil {
				return err
			}
		}
	}
	return nil
}

// verifyGuards checks that each key of a guarded index has its guard, and no other has one.
func (ix *Index[ID, T]) verifyGuards(v *verification) error {
	guards, last := 0, []byte(nil)
	for pair, err := range v.tx.r.Scan(kv.Prefix(ix.c.key(ix.kind, nil))) {
		if err != nil {
			return err
		}
		indexed, whole := bytes.CutSuffix(pair.Key[3:], pair.Value)
		if !whole || v.named[string(pair.Key)] || last != nil && bytes.Equal(indexed, last) {
			continue
		}
		last = append(last[:0:0], indexed...)
		guard := ix.guardKey(last)
		mark, err := v.tx.get(guard)
		if err != nil {
			return err
		}
		if mark != nil {
			guards++
		} else if err := v.repairable(ix.c.name, guard, []byte{}, "is missing, and guards "+keyText(ix.c.key(ix.kind, last))); err != nil {
			return err
		}
	}
	all := kv.Prefix(ix.guardKey(nil))
	if n, err := v.count(all); err != nil || n == guards {
		return err
	}
	return ix.verifyIdleGuards(v, all)
}

// verifyIdleGuards finds guards of keys without entries.
func (ix *Index[ID, T]) verifyIdleGuards(v *verification, all kv.Range) error {
	for pair, err := range v.tx.r.Scan(all) {
		if err != nil {
			return err
		}
		entries := kv.Prefix(ix.c.key(ix.kind, bytes.Clone(pair.Key[4:])))
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

// verifySequence checks that the number can be read at which the next ids begin.
func (c *Collection[ID, T]) verifySequence(v *verification) error {
	raw, err := v.tx.get(sequenceKey(c.tag))
	if raw == nil || err != nil {
		return err
	}
	if _, rest, err := cutInt(raw); err != nil || len(rest) > 0 {
		return v.wrong(c.name, sequenceKey(c.tag), "is no number, from which the next ids would begin")
	}
	return nil
}
