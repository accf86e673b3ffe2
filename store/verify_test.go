package store

import (
	"bytes"
	"fmt"
	"maps"
	"slices"

	"github.com/musterhq/muster/store/kv"
	"github.com/musterhq/muster/store/record"
)

// faults walks all keys of a store and accounts for each: a record must lie where its members say and in the
// spelling in which it would be written, and every other key must follow from a record or a link, with the value that
// follows. It returns what it cannot account for and what is missing, nothing for a sound store.
func faults(tx *Tx) ([]string, error) {
	follows := map[string][]byte{}
	for _, d := range declared {
		if err := d.Expected(tx, follows); err != nil {
			return nil, err
		}
	}
	var found []string
	for pair, err := range tx.Reader.Scan(kv.Range{}) {
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
	if slices.Contains(schema().Keys(), string(pair.Key)) {
		return len(pair.Value) > 0
	}
	if id, unsealed := bytes.CutPrefix(pair.Key, record.UnsealedKey(0)[:3]); unsealed {
		_, rest, err := record.CutInt(id)
		return err == nil && len(rest) == 0 && len(pair.Value) == 0
	}
	if _, rest, err := record.CutInt(pair.Value); err != nil || len(rest) > 0 {
		return false
	}
	if epoch, ok := bytes.CutPrefix(pair.Key, epochKey(0)[:3]); ok {
		_, rest, err := record.CutInt(epoch)
		return err == nil && len(rest) == 0
	}
	tag, isSequence := bytes.CutSuffix(pair.Key, []byte{record.KindSequence})
	return isSequence && (string(tag) == epochTag || string(tag) == ruleIDs || slices.ContainsFunc(declared, func(d record.Declaration) bool {
		return d.Describe().Tag == string(tag) && d.Describe().Leases
	}))
}
