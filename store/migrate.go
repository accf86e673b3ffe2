package store

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/musterhq/muster/store/kv"
)

// migrations bring a store from a version to the next: migrations[0] from 1 to 2. One that is interrupted begins anew at
// the next start, since its version is written last; nothing else uses the store meanwhile.
func migrations() []func(context.Context, *DB) error {
	return []func(context.Context, *DB) error{
		func(ctx context.Context, db *DB) error {
			return first(reindex(ctx, db, userGroupsByKind), beginSeals(ctx, db))
		},
		func(ctx context.Context, db *DB) error {
			return first(recount(ctx, db, assetsInWorkgroup), recount(ctx, db, assetsInBlock))
		},
	}
}

// beginSeals has the audits sealed of a store that is older than seals.
func beginSeals(ctx context.Context, db *DB) error {
	ids, err := View(ctx, db, System("store"), func(tx *Tx) (ids []int, err error) {
		if head, err := tx.get(storeKey(auditHead)); head != nil || err != nil {
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
			return tx.w.Set(storeKey(auditHead), new(sealHead).encode(tx))
		}
		return tx.w.Set(unsealedKey(id), nil)
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

// migrate brings the store to SchemaVersion.
func (db *DB) migrate(ctx context.Context, version int) error {
	for _, step := range migrations()[version-1:] {
		version++
		db.log.InfoContext(ctx, "the store is brought to a new version", "schema", version)
		if err := step(ctx, db); err != nil {
			return fmt.Errorf("bring the store to schema %d: %w", version, err)
		}
		if err := Change(ctx, db, System("store"), func(tx *Tx) error { return tx.w.Set(storeKey("schema"), K(version)) }); err != nil {
			return err
		}
	}
	return nil
}

// recount makes a count anew by a walk over the records, in the place of whatever lies there. Nobody may write them meanwhile.
func recount[ID int | string, T any](ctx context.Context, db *DB, n *Count[ID, T]) error {
	written, err := View(ctx, db, System("store"), func(tx *Tx) (map[string]int, error) {
		all, err := n.walk(tx)
		if err != nil {
			return nil, err
		}
		for pair, err := range tx.r.Scan(kv.Prefix(n.key(nil))) {
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
			return tx.w.Delete([]byte(key))
		}
		return tx.w.Set([]byte(key), kv.EncodeSum(int64(written[key])))
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
		totals[string(n.key(key))]++
	}
}

// reindex writes the entries of a new index, which has none yet for records that are older than it. Nobody may write them
// meanwhile.
func reindex[ID int | string, T any](ctx context.Context, db *DB, ix *Index[ID, T]) error {
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
