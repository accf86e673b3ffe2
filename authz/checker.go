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
	now   func() time.Time
	mu    sync.RWMutex
	known map[[sha256.Size]byte]*Claims
	rules map[string]*jwt.Validator // by the audience, of which there are few
}

// maxKnown bounds the memory, some 2 KiB each; forgetting costs no more than checking again.
const maxKnown = 2000

// NewChecker returns a Checker that knows no token yet, with a clock.
func NewChecker(k Keys, now func() time.Time) *Checker {
	return &Checker{Keys: k, now: now, known: map[[sha256.Size]byte]*Claims{}, rules: map[string]*jwt.Validator{}}
}

// Parse is Keys.Parse at the moment of the clock, but the claims may be those that it returned before: nobody may change them.
// The audience is the server's own word, never a client's: what must hold for it is remembered.
func (c *Checker) Parse(token, audience string) (*Claims, error) {
	if len(token) > maxToken {
		return c.Keys.Parse(token, audience, c.now()) // which refuses it
	}
	sum := sha256.Sum256([]byte(token))
	c.mu.RLock()
	claims, hold := c.known[sum], c.rules[audience]
	c.mu.RUnlock()
	if claims != nil && hold != nil {
		if err := hold.Validate(claims); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrToken, err)
		}
		return claims, nil
	}
	claims, err := c.Keys.Parse(token, audience, c.now())
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.known) >= maxKnown {
		clear(c.known)
	}
	c.known[sum], c.rules[audience] = claims, jwt.NewValidator(rules(audience, c.now)...)
	return claims, nil
}

// Remembered is how many tokens the Checker remembers.
func (c *Checker) Remembered() int {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return len(c.known)
}
