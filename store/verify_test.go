package store

import (
	"bytes"
	"fmt"
	"maps"
	"slices"

	"github.com/musterhq/muster/store/kv"
)

// faults walks all keys of a store and accounts for each: a record must lie where its members say and in the
// spelling in which it would be written, and every other key must follow from a record or a link, with the value that
// follows. It returns what it cannot account for and what is missing, nothing for a sound store.
func faults(r kv.Reader) ([]string, error) {
	follows := map[string][]byte{}
	for _, d := range schema {
		if err := d.follows(r, follows); err != nil {
			return nil, err
		}
	}
	var found []string
	for pair, err := range r.Scan(kv.Range{}) {
		if err != nil {
			return nil, err
		}
		want, known := follows[string(pair.Key)]
		switch {
		case !known && !ofTheStore(pair):
			found = append(found, fmt.Sprintf("nothing accounts for the key %q", pair.Key))
		case known && !bytes.Equal(want, pair.Value):
			found = append(found, fmt.Sprintf("the key %q holds %q, and %q follows from the records", pair.Key, pair.Value, want))
		}
		delete(follows, string(pair.Key))
	}
	for _, key := range slices.Sorted(maps.Keys(follows)) {
		found = append(found, fmt.Sprintf("the key %q is missing", key))
	}
	return found, nil
}

// ofTheStore reports whether a pair follows from no record: what the store knows of itself, epochs and sequences.
func ofTheStore(pair kv.Pair) bool {
	if slices.Contains(storeKeys(), string(pair.Key)) {
		return len(pair.Value) > 0
	}
	if id, unsealed := bytes.CutPrefix(pair.Key, unsealedKey(0)[:3]); unsealed {
		_, rest, err := cutInt(id)
		return err == nil && len(rest) == 0 && len(pair.Value) == 0
	}
	if _, rest, err := cutInt(pair.Value); err != nil || len(rest) > 0 {
		return false
	}
	if epoch, ok := bytes.CutPrefix(pair.Key, epochKey(0)[:3]); ok {
		_, rest, err := cutInt(epoch)
		return err == nil && len(rest) == 0
	}
	tag, isSequence := bytes.CutSuffix(pair.Key, []byte{kindSequence})
	return isSequence && (string(tag) == epochTag || string(tag) == ruleIDs || slices.ContainsFunc(schema, func(d described) bool {
		return d.describe().tag == string(tag) && d.describe().leases
	}))
}

// follows adds every key that follows from the records of the collection.
func (c *Collection[ID, T]) follows(r kv.Reader, all map[string][]byte) error {
	for pair, err := range r.Scan(kv.Prefix(c.key(kindRecord, nil))) {
		if err != nil {
			return err
		}
		record, err := c.decode(pair.Value)
		if err != nil {
			return fmt.Errorf("%q: %w", pair.Key, err)
		}
		tail := c.tail(record)
		if all[string(c.key(kindRecord, tail))], err = encode(record); err != nil {
			return err
		}
		if c.place != nil {
			all[string(c.key(kindPointer, K(*c.id(record))))] = tail
		}
		for _, ix := range c.indexes {
			key, value := ix.entry(record)
			if key == nil {
				continue
			}
			all[string(key)] = value
			if ix.guarded {
				all[string(ix.guardKey(ix.keys(record)))] = nil
			}
		}
	}
	for _, n := range c.counted {
		counts, err := n.walk(&Tx{r: r})
		if err != nil {
			return err
		}
		for key, count := range counts {
			all[key] = kv.EncodeSum(int64(count))
		}
	}
	return nil
}

// follows adds both directions of every link.
func (l *Link[A, B]) follows(r kv.Reader, all map[string][]byte) error {
	for pair, err := range r.Scan(kv.Prefix(l.key(kindForth, nil))) {
		if err != nil {
			return err
		}
		a, rest, err := cutID[A](bytes.Clone(pair.Key[len(l.key(kindForth, nil)):]))
		if err != nil {
			return err
		}
		b, rest, err := cutID[B](rest)
		if err != nil || len(rest) > 0 {
			return fmt.Errorf("the link %q is no pair of ids: %v", pair.Key, err)
		}
		value := bytes.Clone(pair.Value)
		if _, rest, err := cutInt(value); err != nil || len(rest) > 0 {
			return fmt.Errorf("the link %q has the value %q: %v", pair.Key, value, err)
		}
		all[string(l.key(kindForth, K(a, b)))] = value
		all[string(l.key(kindBack, K(b, a)))] = value
	}
	return nil
}
