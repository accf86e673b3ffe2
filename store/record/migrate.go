package record

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/musterhq/muster/store/kv"
)

// BeginSeals has the audits sealed of a store that is older than seals.
func BeginSeals(ctx context.Context, db *DB) error {
	ids, err := View(ctx, db, System("store"), func(tx *Tx) (ids []int, err error) {
		if head, err := tx.Get(StoreKey(AuditHead)); head != nil || err != nil {
			return nil, err
		}
		for a, err := range Audits.All(tx) {
			if err != nil {
				return nil, err
			}
			ids = append(ids, a.AuditID)
		}
		return append(ids, 0), nil // 0 stands for the end
	})
	if err != nil {
		return err
	}
	return writeAll(ctx, db, ids, func(tx *Tx, id int) error {
		if id == 0 {
			return tx.Writer.Set(StoreKey(AuditHead), new(sealHead).encode(tx))
		}
		return tx.Writer.Set(UnsealedKey(id), nil)
	})
}

// writeAll writes something for each item, in order, in as many transactions as it takes.
func writeAll[E any](ctx context.Context, db *DB, items []E, write func(*Tx, E) error) error {
	for some := range slices.Chunk(items, kv.MaxWrites) {
		err := Change(ctx, db, System("store"), func(tx *Tx) error {
			for _, item := range some {
				if err := write(tx, item); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// migrate brings the store to the version of its schema.
func (db *DB) migrate(ctx context.Context, version int) error {
	for _, step := range db.schema.Migrations[version-1:] {
		version++
		db.log.InfoContext(ctx, "the store is brought to a new version", "schema", version)
		if err := step(ctx, db); err != nil {
			return fmt.Errorf("bring the store to schema %d: %w", version, err)
		}
		if err := Change(ctx, db, System("store"), func(tx *Tx) error { return tx.Writer.Set(StoreKey("schema"), K(version)) }); err != nil {
			return err
		}
	}
	return nil
}

// Recount makes a count again by a walk over the records, in the place of whatever lies there. Nobody may write them meanwhile.
func Recount[ID int | string, T any](ctx context.Context, db *DB, n *Count[ID, T]) error {
	written, err := View(ctx, db, System("store"), func(tx *Tx) (map[string]int, error) {
		all, err := n.walk(tx)
		if err != nil {
			return nil, err
		}
		for pair, err := range tx.Reader.Scan(kv.Prefix(n.Key(nil))) {
			if err != nil {
				return nil, err
			}
			all[string(pair.Key)] += 0
		}
		return all, nil
	})
	if err != nil {
		return err
	}
	return writeAll(ctx, db, slices.Sorted(maps.Keys(written)), func(tx *Tx, key string) error {
		if written[key] == 0 {
			return tx.Writer.Delete([]byte(key))
		}
		return tx.Writer.Set([]byte(key), kv.EncodeSum(int64(written[key])))
	})
}

// walk counts the records one by one. It returns the counts by the keys that they are to be kept under.
func (n *Count[ID, T]) walk(tx *Tx) (map[string]int, error) {
	totals := map[string]int{}
	for record, err := range n.c.All(tx) {
		if err != nil {
			return nil, err
		}
		n.tally(totals, record)
	}
	return totals, nil
}

// tally counts a record among the totals.
func (n *Count[ID, T]) tally(totals map[string]int, record *T) {
	if key := n.keys(record); key != nil {
		totals[string(n.Key(key))]++
	}
}

// Reindex writes the entries of a new index, which has none yet for records that are older than it. Nobody may write them
// meanwhile.
func Reindex[ID int | string, T any](ctx context.Context, db *DB, ix *Index[ID, T]) error {
	records, err := View(ctx, db, System("store"), func(tx *Tx) (all []*T, err error) {
		for record, err := range ix.c.All(tx) {
			if err != nil {
				return nil, err
			}
			all = append(all, record)
		}
		return all, nil
	})
	if err != nil {
		return err
	}
	return writeAll(ctx, db, records, func(tx *Tx, record *T) error { return ix.write(tx, nil, record) })
}
