package store

import (
	"cmp"
	"context"

	"github.com/musterhq/muster/store/record"
)

// migrations bring a store from a version to the next: migrations[0] from 1 to 2. One that is interrupted begins again at
// the next start, since its version is written last; nothing else uses the store meanwhile.
func migrations() []func(context.Context, *record.DB) error {
	return []func(context.Context, *record.DB) error{
		func(ctx context.Context, db *record.DB) error {
			return cmp.Or(record.Reindex(ctx, db, userGroupsByKind), record.BeginSeals(ctx, db))
		},
		func(ctx context.Context, db *record.DB) error {
			return cmp.Or(record.Recount(ctx, db, assetsInWorkgroup), record.Recount(ctx, db, assetsInBlock))
		},
		moveSecretsToSafes,
	}
}
