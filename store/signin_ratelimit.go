package store

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"time"
)

// requestWindow holds when a user's requests were counted, oldest first. It lies in the store so that a restart forgives
// nothing, and so that several servers over one engine would count together.
type requestWindow struct {
	UserID int
	Times  []Time
}

// Allowance is what a user may ask after a request was counted, or was one too many.
type Allowance struct {
	Allowed   bool
	Limit     int           // requests in any window
	Remaining int           // requests that may follow at once
	Reset     time.Duration // until one request more may follow than may now
}

// CountRequest counts a request of a user, unless limit others were counted within the window that ends now: then it is
// one too many, and counts for nothing. The window slides: a request counts for as long as the window is, to the
// millisecond. What is counted is on disk when CountRequest returns; it is no act, and no audit tells of it. ErrSignIn is
// for a user who is gone.
func CountRequest(ctx context.Context, db *DB, userID, limit int, window time.Duration) (Allowance, error) {
	// Requests that come together take turns here, so that only another server can make the transaction run again.
	turn := db.turns.of(userID)
	turn.Lock()
	defer turn.Unlock()
	return Update(ctx, db, System("store"), func(tx *Tx) (a Allowance, err error) {
		if known, err := Users.Has(tx, userID); err != nil || !known {
			return a, cmp.Or(err, ErrSignIn)
		}
		counted, err := requestWindows.Get(tx, userID)
		if errors.Is(err, ErrNotFound) {
			counted, err = &requestWindow{UserID: userID}, nil
		}
		if err != nil {
			return a, err
		}
		counted.slide(tx.Now, window)
		if a = (Allowance{Limit: limit, Allowed: len(counted.Times) < limit}); a.Allowed {
			counted.add(tx.Now)
			err = replace(tx, requestWindows, counted)
		}
		if n := len(counted.Times); n > 0 {
			a.Remaining = max(0, limit-n)
			a.Reset = counted.Times[max(0, n-limit)].Add(window).Sub(tx.Now)
		}
		return a, err
	})
}

// slide forgets the requests that do not count at a moment: those a window ago, and those a window ahead, which a clock has
// left that was set back since. Those less far ahead are of another server.
func (w *requestWindow) slide(now Time, window time.Duration) {
	w.Times = slices.DeleteFunc(w.Times, func(t Time) bool { return now.Sub(t) >= window || t.Sub(now) >= window })
}

func (w *requestWindow) add(now Time) {
	w.Times = append(w.Times, now)
	slices.SortFunc(w.Times, func(a, b Time) int { return time.Time(a).Compare(time.Time(b)) })
}

// turns are locks for what is done for one user at a time. Users who share one wait a little longer.
type turns [64]sync.Mutex

func (t *turns) of(userID int) *sync.Mutex { return &t[uint(userID)%uint(len(t))] }
