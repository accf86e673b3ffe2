package authz

import (
	"crypto/sha256"
	"fmt"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// Checker parses tokens as its Keys do, and remembers by their hash which ones had a right signature, so that a caller who sends
// the same token with every request pays for it once. Nothing else is remembered: dates, issuer and audience are looked at each time.
// It may be used concurrently. Other keys are another Checker, which has forgotten everything.
type Checker struct {
	Keys
	mu    sync.RWMutex
	known map[[sha256.Size]byte]*Claims
}

// maxKnown bounds the memory, some 2 KiB each; forgetting costs no more than checking again.
const maxKnown = 2000

// NewChecker returns a Checker that knows no token yet.
func NewChecker(k Keys) *Checker {
	return &Checker{Keys: k, known: map[[sha256.Size]byte]*Claims{}}
}

// Parse is Keys.Parse, but the claims may be those that it returned before: nobody may change them.
func (c *Checker) Parse(token, audience string, now time.Time) (*Claims, error) {
	if len(token) > maxToken {
		return c.Keys.Parse(token, audience, now) // which refuses it
	}
	sum := sha256.Sum256([]byte(token))
	c.mu.RLock()
	claims := c.known[sum]
	c.mu.RUnlock()
	if claims != nil {
		if err := jwt.NewValidator(rules(audience, now)...).Validate(claims); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrToken, err)
		}
		return claims, nil
	}
	claims, err := c.Keys.Parse(token, audience, now)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.known) >= maxKnown {
		clear(c.known)
	}
	c.known[sum] = claims
	return claims, nil
}

// Remembered is how many tokens the Checker remembers.
func (c *Checker) Remembered() int {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return len(c.known)
}
