package authz

import (
	"crypto/sha256"
	"sync"
	"time"
)

// Verified remembers which tokens Parse has accepted, so that a client which sends one with every request pays for its
// signature once. A token is known again by its SHA-256, never kept. What is remembered is only that the text is ours and
// what it says; whether its session still counts is asked of the store each time, remembered or not.
type Verified struct {
	keys Keys

	mu    sync.RWMutex
	known map[[sha256.Size]byte]verified
}

type verified struct {
	audience    string
	claims      *Claims
	from, until time.Time // when it was accepted, and when it expires
}

// maxVerified bounds the memory; forgetting costs no more than checking again.
const maxVerified = 10_000

// NewVerified returns the memory of one set of keys.
func NewVerified(keys Keys) *Verified {
	return &Verified{keys: keys, known: map[[sha256.Size]byte]verified{}}
}

// Parse is Keys.Parse. The claims are shared with whoever asks for the same token, and must not be changed.
func (v *Verified) Parse(token, audience string, now time.Time) (*Claims, error) {
	if len(token) > maxToken {
		return v.keys.Parse(token, audience, now)
	}
	sum := sha256.Sum256([]byte(token))
	v.mu.RLock()
	known, ok := v.known[sum]
	v.mu.RUnlock()
	// Before it was accepted and after it expired, the clock's tolerance counts, which is Parse's to know.
	if ok && known.audience == audience && !now.Before(known.from) && now.Before(known.until) {
		return known.claims, nil
	}
	claims, err := v.keys.Parse(token, audience, now)
	if err != nil {
		return nil, err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.known) >= maxVerified {
		clear(v.known)
	}
	v.known[sum] = verified{audience, claims, now, claims.ExpiresAt.Time}
	return claims, nil
}
