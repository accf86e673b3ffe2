package record

import (
	"bytes"
	"fmt"
	"reflect"

	"github.com/musterhq/muster/store/kv"
)

// Description is what can be said of a collection or a link without looking into its functions: docs/keys.md is made of it.
type Description struct {
	Tag, Name string

	// Of a collection.
	Record  reflect.Type
	ID      string // the name of the member that holds it
	Placed  bool
	Leases  bool // the ids are numbers that the store gives out
	Lowest  int
	Audits  string
	Indexes []IndexDescription
	Counts  []byte // the kinds

	// Of a link.
	From, To, Value string
	Sides           [2]reflect.Type
}

// IndexDescription is the part of a Description that an index has.
type IndexDescription struct {
	Kind    byte
	Unique  string
	Guarded bool
}

// Describe implements Declaration.
func (c *Collection[ID, T]) Describe() Description {
	d := Description{
		Tag: c.tag, Name: c.name, Record: reflect.TypeFor[T](), ID: c.idName(), Placed: c.sortPrefix != nil,
		Leases: reflect.TypeFor[ID]().Kind() == reflect.Int, Lowest: max(c.lowest, 1), Audits: "audited",
	}
	switch {
	case c.silent:
		d.Audits = "not audited"
	case c.secret:
		d.Audits = "audited without values"
	}
	for _, ix := range c.indexes {
		d.Indexes = append(d.Indexes, IndexDescription{ix.kind, ix.unique, ix.guarded})
	}
	for _, n := range c.counted {
		d.Counts = append(d.Counts, n.kind)
	}
	return d
}

// Describe implements Declaration.
func (l *Link[A, B]) Describe() Description {
	return Description{
		Tag: l.tag, Name: l.name, From: l.from, To: l.to, Value: l.value,
		Sides: [2]reflect.Type{reflect.TypeFor[A](), reflect.TypeFor[B]()}, Audits: "audited",
	}
}

// Expected implements Declaration.
func (c *Collection[ID, T]) Expected(tx *Tx, all map[string][]byte) error {
	for pair, err := range tx.Reader.Scan(kv.Prefix(c.Key(KindRecord, nil))) {
		if err != nil {
			return err
		}
		record, err := c.Decode(pair.Value)
		if err != nil {
			return fmt.Errorf("%q: %w", pair.Key, err)
		}
		if all[string(c.Key(KindRecord, c.RecordKey(record)))], err = Encode(record); err != nil {
			return err
		}
		for _, f := range c.following(record) {
			all[string(f.key)] = f.value
		}
		for _, ix := range c.indexes {
			if key := ix.keys(record); ix.guarded && key != nil {
				all[string(ix.GuardKey(key))] = nil
			}
		}
	}
	for _, n := range c.counted {
		counts, err := n.walk(tx)
		if err != nil {
			return err
		}
		for key, count := range counts {
			all[key] = kv.EncodeSum(int64(count))
		}
	}
	return nil
}

// Expected implements Declaration.
func (l *Link[A, B]) Expected(tx *Tx, all map[string][]byte) error {
	for pair, err := range tx.Reader.Scan(kv.Prefix(l.Key(KindForth, nil))) {
		if err != nil {
			return err
		}
		back, err := turned[A, B](l.Key(KindBack, nil), pair)
		if err != nil {
			return fmt.Errorf("the link %q with the value %q: %w", pair.Key, pair.Value, err)
		}
		value := bytes.Clone(pair.Value)
		all[string(pair.Key)], all[string(back)] = value, value
	}
	return nil
}
