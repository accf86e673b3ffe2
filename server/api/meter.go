package api

import (
	"context"
	"maps"
	"net/http"

	"github.com/musterhq/muster/store"
)

// Meter counts a request of a user. What it returns stands in the answer, whatever that is; its error, which is ErrTooMany
// for a request too many, is the answer.
type Meter func(ctx context.Context, db *store.DB, userID int) (http.Header, error)

// meter has a request counted where the door does so: once it is known whose it is, and before it is known whether they may
// and what they want.
func (c *call) meter(ctx context.Context) error {
	if c.api.Meter == nil || c.row.open {
		return nil
	}
	userID, err := store.View(ctx, c.api.DB, c.from, func(tx *store.Tx) (int, error) {
		if err := c.resume(tx); err != nil {
			return 0, err
		}
		return c.by.claims.UserID(), nil
	})
	if err != nil {
		return err
	}
	header, err := c.api.Meter(ctx, c.api.DB, userID)
	maps.Copy(c.Writer.Header(), header)
	return err
}
