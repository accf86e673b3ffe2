package record

import (
	"bytes"
	"fmt"
	"maps"
	"slices"

	"github.com/musterhq/muster/store/kv"
)

// What follows from records and links is derived from their declarations, as it is written. Whether it is what is there is told
// by sums, of one walk over the records and one over each kind of key. Only where two sums differ is each key looked at, by
// point reads.

func (c *Collection[ID, T]) prefixes() []string {
	kinds := []string{string(KindRecord), string(KindSequence)}
	if c.sortPrefix != nil {
		kinds = append(kinds, string(KindPointer))
	}
	for _, ix := range c.indexes {
		kinds = append(kinds, string(ix.kind))
		if ix.guarded {
			kinds = append(kinds, string([]byte{KindGuard, ix.kind}))
		}
	}
	for _, n := range c.counted {
		kinds = append(kinds, string([]byte{KindCount, n.kind}))
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
func (c *Collection[ID, T]) verify(v *Verification) error {
	wanted, err := c.verifyRecords(v)
	if err != nil {
		return err
	}
	uneven := map[byte]bool{}
	for _, kind := range c.followingKinds() {
		there, err := v.sumOf(kv.Prefix(c.Key(kind, nil)))
		if err != nil {
			return err
		}
		uneven[kind] = there != wanted[kind]
	}
	if slices.Contains(slices.Collect(maps.Values(uneven)), true) {
		if err := c.verifyEach(v, uneven); err != nil {
			return err
		}
	}
	for _, ix := range c.indexes {
		if ix.guarded {
			if err := ix.verifyGuards(v); err != nil {
				return err
			}
		}
	}
	return c.verifySequence(v)
}

// verifyRecords checks each record by itself, and sums up what follows from all of them, by kind. It decodes them but once, so
// it also counts what is counted of them, and looks whether their owners are there.
func (c *Collection[ID, T]) verifyRecords(v *Verification) (wanted map[byte]sum, err error) {
	wanted = map[byte]sum{}
	totals, owners, readable := make([]map[string]int, len(c.counted)), v.ownersOf(c), true
	for i := range totals {
		totals[i] = map[string]int{}
	}
	prefix := c.Key(KindRecord, nil)
	for pair, err := range v.tx.Reader.Scan(kv.Prefix(prefix)) {
		if err != nil {
			return nil, err
		}
		v.Records++
		v.advance(c.name)
		record, err := c.Decode(pair.Value)
		if err != nil {
			readable = false
			if err := v.Wrong(c.name, pair.Key, "the record cannot be read"); err != nil {
				return nil, err
			}
			continue
		}
		for i, n := range c.counted {
			n.tally(totals[i], record)
		}
		if err := v.owns(owners, record); err != nil {
			return nil, err
		}
		if recordKey := c.RecordKey(record); !bytes.Equal(pair.Key[len(prefix):], recordKey) {
			if err := v.Wrong(c.name, pair.Key, "by what it says, the record belongs under %s", KeyText(c.Key(KindRecord, recordKey))); err != nil {
				return nil, err
			}
			continue
		}
		for _, f := range c.following(record) {
			wanted[f.kind] = wanted[f.kind].plus(v, f.key, f.value)
		}
	}
	for i, n := range c.counted {
		if readable {
			v.totals[n] = totals[i]
		}
	}
	return wanted, nil
}

// followingKinds are the kinds of the keys that following lists.
func (c *Collection[ID, T]) followingKinds() (kinds []byte) {
	if c.sortPrefix != nil {
		kinds = append(kinds, KindPointer)
	}
	for _, ix := range c.indexes {
		kinds = append(kinds, ix.kind)
	}
	return kinds
}

// verifyEach looks at every key of the uneven kinds.
func (c *Collection[ID, T]) verifyEach(v *Verification, uneven map[byte]bool) error {
	found := map[byte]int{} // of each kind, how many keys follow from records
	prefix := c.Key(KindRecord, nil)
	for pair, err := range v.tx.Reader.Scan(kv.Prefix(prefix)) {
		if err != nil {
			return err
		}
		v.advance(c.name)
		record, err := c.Decode(pair.Value)
		if err != nil || !bytes.Equal(pair.Key[len(prefix):], c.RecordKey(record)) {
			continue // reported already
		}
		if err := c.expect(v, record, uneven, found); err != nil {
			return err
		}
	}
	for _, kind := range c.followingKinds() {
		if uneven[kind] {
			if err := c.verifyKind(v, kind, found[kind]); err != nil {
				return err
			}
		}
	}
	return nil
}

// following lists the keys that follow from a record, but for guards.
func (c *Collection[ID, T]) following(record *T) (keys []following) {
	if c.sortPrefix != nil {
		keys = append(keys, following{KindPointer, c.Key(KindPointer, K(*c.id(record))), c.RecordKey(record), true})
	}
	for _, ix := range c.indexes {
		if key, value := ix.Entry(record); key != nil {
			keys = append(keys, following{ix.kind, key, value, ix.unique != ""})
		}
	}
	return keys
}

// has reports whether the record at a record key is there and can be read, and whether the key follows from it.
func (c *Collection[ID, T]) has(v *Verification, recordKey Key, key []byte) (has, readable bool, err error) {
	raw, err := v.tx.Get(c.Key(KindRecord, recordKey))
	if err != nil || raw == nil {
		return false, true, err
	}
	record, err := c.Decode(raw)
	if err != nil || !bytes.Equal(c.RecordKey(record), recordKey) {
		return false, false, nil // reported already
	}
	for _, f := range c.following(record) {
		if bytes.Equal(f.key, key) {
			return true, true, nil
		}
	}
	return false, true, nil
}

// expect checks that the keys of some kinds are there that follow from a record, and counts them by their kind.
func (c *Collection[ID, T]) expect(v *Verification, record *T, kinds map[byte]bool, found map[byte]int) error {
	keys := slices.DeleteFunc(c.following(record), func(f following) bool { return !kinds[f.kind] })
	asked := make([][]byte, len(keys))
	for i, f := range keys {
		asked[i] = f.key
	}
	values, err := v.tx.Reader.Get(asked...)
	if err != nil {
		return err
	}
	for i, f := range keys {
		value := values[i]
		if value != nil {
			found[f.kind]++
			if bytes.Equal(value, f.value) {
				continue
			}
		}
		from := fmt.Sprintf("%s %v", c.name, *c.id(record))
		switch {
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
func (c *Collection[ID, T]) other(v *Verification, f following, value []byte, from string, found map[byte]int) error {
	if f.unique {
		has, _, err := c.has(v, value, f.key)
		if err != nil {
			return err
		}
		if has {
			found[f.kind]-- // it is counted with the one that it leads to
			return v.Wrong(c.name, f.key, "%s has it too, and only one can", from)
		}
	}
	return v.repairable(c.name, f.key, f.value, "does not lead to "+from+", from which it follows")
}

// verifyKind finds the keys of a kind that follow from no record, if there are more of them than do.
func (c *Collection[ID, T]) verifyKind(v *Verification, kind byte, follow int) error {
	all := kv.Prefix(c.Key(kind, nil))
	if n, err := v.count(all); err != nil || n == follow {
		return err
	}
	for pair, err := range v.tx.Reader.Scan(all) {
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

// verifySequence checks that the number can be read at which the next ids begin.
func (c *Collection[ID, T]) verifySequence(v *Verification) error {
	raw, err := v.tx.Get(SequenceKey(c.tag))
	if raw == nil || err != nil {
		return err
	}
	if _, rest, err := CutInt(raw); err != nil || len(rest) > 0 {
		return v.Wrong(c.name, SequenceKey(c.tag), "is no number, from which the next ids would begin")
	}
	return nil
}
