package store

import (
	"context"

	"github.com/musterhq/muster/store/record"
)

// SweepLockouts removes what no longer counts, some hundred at a time, and reports how many.
func SweepLockouts(ctx context.Context, db *DB) (int, error) {
	return Update(ctx, db, System("store"), func(tx *Tx) (int, error) {
		var over []string
		for l, err := range lockoutsByEnd.Between(tx, lockoutsByEnd.KeyRange(K(record.MinTime), K(tx.Now))) {
			if err != nil {
				return 0, err
			}
			if over = append(over, l.Of); len(over) == 200 {
				break
			}
		}
		for _, key := range over {
			if err := Lockouts.Delete(tx, key); err != nil {
				return 0, err
			}
		}
		return len(over), nil
	})
}
