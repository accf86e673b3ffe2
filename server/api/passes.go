package api

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"sync"
	"time"

	"github.com/musterhq/muster/store"
)

// passes remembers credentials that were checked a moment ago, so that clients that send one with every request
// neither pay for a password hash nor leave an audit row each time. What is kept is no secret: an HMAC under a key of this process.
type passes struct {
	secret []byte
	mu     sync.Mutex
	until  map[credentialSum]pass
	agreed map[string]credentialSum // by the id of the session in the cookie that the credential came with
}

// credentialSum stands for a credential and the address that it came from.
type credentialSum [sha256.Size]byte

type pass struct {
	in  *store.SignedIn
	end time.Time
}

const (
	passLifetime = time.Minute
	maxPasses    = 10_000 // of each kind; forgetting all costs no more than checking again
)

func newPasses() *passes {
	secret := make([]byte, sha256.Size)
	rand.Read(secret)
	return &passes{secret: secret, until: map[credentialSum]pass{}, agreed: map[string]credentialSum{}}
}

func (p *passes) sum(from store.Actor, parts ...string) credentialSum {
	mac := hmac.New(sha256.New, p.secret)
	for _, part := range append(parts, from.IPAddress, from.Proxy) {
		mac.Write([]byte(part))
		mac.Write([]byte{0})
	}
	return credentialSum(mac.Sum(nil))
}

// get returns a sign-in that is remembered. An end further away than a lifetime is from before the clock was set back.
func (p *passes) get(sum credentialSum, now time.Time) *store.SignedIn {
	p.mu.Lock()
	defer p.mu.Unlock()
	if known, ok := p.until[sum]; ok && now.Before(known.end) && known.end.Sub(now) <= passLifetime {
		return known.in
	}
	return nil
}

func (p *passes) put(sum credentialSum, in *store.SignedIn, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.until) >= maxPasses {
		clear(p.until)
	}
	p.until[sum] = pass{in, now.Add(passLifetime)}
}

// forget is for a credential that is worth nothing any more, or not what it was: the next request checks it again.
func (p *passes) forget(sum credentialSum) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.until, sum)
}

// agree remembers that a session and a credential belong together, for as long as the session counts.
func (p *passes) agree(session string, sum credentialSum) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.agreed) >= maxPasses {
		clear(p.agreed)
	}
	p.agreed[session] = sum
}

func (p *passes) agrees(session string, sum credentialSum) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	known, ok := p.agreed[session]
	return ok && known == sum
}
