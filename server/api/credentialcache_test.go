package api

import (
	"strconv"
	"testing"
	"time"

	"github.com/musterhq/muster/store"
)

// TestRememberedSignInsAreBounded fills the memory to exactly its limit, and one beyond.
func TestRememberedSignInsAreBounded(t *testing.T) {
	t.Parallel()
	p, now := newCredentialCache(), time.Unix(0, 0)
	sum := func(i int) credentialSum { return p.sum(store.Actor{}, strconv.Itoa(i)) }
	in := &store.SignedIn{}
	for i := range maxCredentials {
		p.put(sum(i), in, now)
		p.agree(strconv.Itoa(i), sum(i))
	}
	if p.get(sum(0), now) != in || !p.agrees("0", sum(0)) || len(p.until) != maxCredentials || len(p.agreed) != maxCredentials {
		t.Errorf("%d and %d are remembered, want %d of each", len(p.until), len(p.agreed), maxCredentials)
	}
	p.put(sum(maxCredentials), in, now)
	p.agree("one more", sum(maxCredentials))
	if p.get(sum(maxCredentials), now) != in || !p.agrees("one more", sum(maxCredentials)) || len(p.until) > maxCredentials || len(p.agreed) > maxCredentials {
		t.Errorf("%d and %d are remembered, want at most %d of each, the last among them", len(p.until), len(p.agreed), maxCredentials)
	}
}

// TestRememberedSignInsStandForOneCredential under the secret of one process, from one address, for a minute.
func TestRememberedSignInsStandForOneCredential(t *testing.T) {
	t.Parallel()
	p, from := newCredentialCache(), store.Actor{IPAddress: "192.0.2.1", Proxy: "203.0.113.1"}
	sum := p.sum(from, "PS-Auth", "key", "user")
	if p.sum(from, "PS-Auth", "key", "user") != sum {
		t.Error("the same credential has another sum")
	}
	for name, other := range map[string]credentialSum{
		"another process":      newCredentialCache().sum(from, "PS-Auth", "key", "user"),
		"another user":         p.sum(from, "PS-Auth", "key", "users"),
		"parts cut elsewhere":  p.sum(from, "PS-Auth", "keyu", "ser"),
		"another address":      p.sum(store.Actor{IPAddress: "192.0.2.2", Proxy: from.Proxy}, "PS-Auth", "key", "user"),
		"another proxy":        p.sum(store.Actor{IPAddress: from.IPAddress}, "PS-Auth", "key", "user"),
		"no secret of its own": (&credentialCache{}).sum(from, "PS-Auth", "key", "user"),
	} {
		if other == sum {
			t.Errorf("%s: the same sum", name)
		}
	}
	now := time.Unix(0, 0)
	p.put(sum, &store.SignedIn{}, now)
	for after, known := range map[time.Duration]bool{0: true, credentialLifetime - 1: true, credentialLifetime: false, -1: false} {
		if got := p.get(sum, now.Add(after)) != nil; got != known {
			t.Errorf("after %v: %t, want %t", after, got, known)
		}
	}
}
