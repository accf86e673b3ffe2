package record

import (
	"bytes"
	"fmt"
	"maps"
	"slices"

	"github.com/musterhq/muster/store/kv"
)

// counts compares the counts that collections declare with their records.
func (v *Verification) counts() error {
	for _, d := range v.schema.Declared() {
		if c, ok := d.(interface{ verifyCounts(*Verification) error }); ok {
			if err := c.verifyCounts(v); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *Collection[ID, T]) verifyCounts(v *Verification) error {
	for _, n := range c.counted {
		want, known := v.totals[n]
		if !known {
			return nil // a record cannot be read, which is reported already
		}
		for pair, err := range v.tx.Reader.Scan(kv.Prefix(n.Key(nil))) {
			if err != nil {
				return err
			}
			records := want[string(pair.Key)]
			delete(want, string(pair.Key))
			if err := n.verify(v, pair.Key, pair.Value, records); err != nil {
				return err
			}
		}
		for _, key := range slices.Sorted(maps.Keys(want)) {
			if err := n.verify(v, []byte(key), nil, want[key]); err != nil {
				return err
			}
		}
	}
	return nil
}

// verify compares what is kept under a key with how many records have what it counts.
func (n *Count[ID, T]) verify(v *Verification, key, value []byte, records int) error {
	right := kv.EncodeSum(int64(records))
	if right != nil && bytes.Equal(right, value) {
		return nil
	}
	says := "missing"
	if value != nil {
		says = "unreadable"
		if sum, err := kv.Sum(value); err == nil {
			says = fmt.Sprint(sum)
		}
	}
	return v.repairable(n.c.name, key, right, fmt.Sprintf("the count is %s, and %d records have what it counts", says, records))
}
