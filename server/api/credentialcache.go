package api

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"sync"
	"time"

	"github.com/musterhq/muster/store"
)

// credentialCache remembers credentials that were checked a moment ago, so that clients that send one with every request
// neither pay for a password hash nor leave an audit row each time. What is kept is no secret: an HMAC under a key of this process.
type credentialCache struct {
	secret []byte
	mu     sync.Mutex
	until  map[credentialSum]cachedCredential
	agreed map[string]credentialSum // by the id of the session in the cookie that the credential came with
}

// credentialSum stands for a credential and the address that it came from.
type credentialSum [sha256.Size]byte

type cachedCredential struct {
	in  *store.SignedIn
	end time.Time
}

const (
	credentialLifetime = time.Minute
	maxCredentials     = 10_000 // of each kind; forgetting all costs no more than checking again
)

func newCredentialCache() *credentialCache {
	secret := make([]byte, sha256.Size)
	rand.Read(secret)
	return &credentialCache{secret: secret, until: map[credentialSum]cachedCredential{}, agreed: map[string]credentialSum{}}
}

func (p *credentialCache) sum(from store.Actor, parts ...string) credentialSum {
	mac := hmac.New(sha256.New, p.secret)
	for _, part := range append(parts, from.IPAddress, from.Proxy) {
		mac.Write([]byte(part))
		mac.Write([]byte{0})
	}
	return credentialSum(mac.Sum(nil))
}

// get returns a sign-in that is remembered. An end further away than a lifetime is from before the clock was set back.
func (p *credentialCache) get(sum credentialSum, now time.Time) *store.SignedIn {
	p.mu.Lock()
	defer p.mu.Unlock()
	if known, ok := p.until[sum]; ok && now.Before(known.end) && known.end.Sub(now) <= credentialLifetime {
		return known.in
	}
	return nil
}

func (p *credentialCache) put(sum credentialSum, in *store.SignedIn, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.until) >= maxCredentials {
		clear(p.until)
	}
	p.until[sum] = cachedCredential{in, now.Add(credentialLifetime)}
}

// forget is for a credential that is worth nothing any more, or not what it was: the next request checks it again.
func (p *credentialCache) forget(sum credentialSum) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.until, sum)
}

// agree remembers that a session and a credential belong together, for as long as the session counts.
func (p *credentialCache) agree(session string, sum credentialSum) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.agreed) >= maxCredentials {
		clear(p.agreed)
	}
	p.agreed[session] = sum
}

func (p *credentialCache) agrees(session string, sum credentialSum) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	known, ok := p.agreed[session]
	return ok && known == sum
}
