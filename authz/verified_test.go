package authz

import (
	"errors"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// TestVerified asks the memory of tokens what Keys.Parse would say at the same moment.
func TestVerified(t *testing.T) {
	t.Parallel()
	keys, begin := NewKeys(), time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	token, err := keys.Sign(&Claims{RegisteredClaims: jwt.RegisteredClaims{
		Subject: "7", ID: "session", Audience: jwt.ClaimStrings{"insight"},
		IssuedAt: jwt.NewNumericDate(begin), ExpiresAt: jwt.NewNumericDate(begin.Add(time.Hour)),
	}})
	if err != nil {
		t.Fatal(err)
	}
	memory := NewVerified(keys)
	if _, err := memory.Parse(token, "insight", begin.Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, token, audience string
		after                 time.Duration
		want                  bool
	}{
		{"again", token, "insight", 2 * time.Minute, true},
		{"another door", token, "idaas", 2 * time.Minute, false},
		{"again, after another door was asked", token, "insight", 2 * time.Minute, true},
		{"a changed signature", token[:len(token)-2] + "AA", "insight", 2 * time.Minute, false},
		{"no token", "", "insight", 2 * time.Minute, false},
		{"expired, within the tolerance", token, "insight", time.Hour + 5*time.Second, true},
		{"expired", token, "insight", time.Hour + time.Minute, false},
		{"the clock was set back a little", token, "insight", -5 * time.Second, true},
		{"the clock was set back", token, "insight", -time.Minute, false},
	} {
		now := begin.Add(c.after)
		claims, err := memory.Parse(c.token, c.audience, now)
		if (err == nil) != c.want || err != nil && !errors.Is(err, ErrToken) || err == nil && claims.UserID() != 7 {
			t.Errorf("%s: %v", c.name, err)
		}
		if _, err := keys.Parse(c.token, c.audience, now); (err == nil) != c.want {
			t.Errorf("%s: the keys say %v", c.name, err)
		}
	}
}

// TestVerifiedIsBounded shows more tokens than are remembered.
func TestVerifiedIsBounded(t *testing.T) {
	t.Parallel()
	memory := NewVerified(NewKeys())
	for i := range maxVerified {
		memory.known[[32]byte{byte(i), byte(i >> 8)}] = verified{}
	}
	now := time.Now()
	token, err := memory.keys.Sign(&Claims{RegisteredClaims: jwt.RegisteredClaims{
		Subject: "7", ID: "session", Audience: jwt.ClaimStrings{"insight"}, ExpiresAt: jwt.NewNumericDate(now.Add(time.Hour)),
	}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := memory.Parse(token, "insight", now); err != nil || len(memory.known) != 1 {
		t.Errorf("%d remembered, error %v", len(memory.known), err)
	}
}

// BenchmarkVerified is what a token costs that was seen before.
func BenchmarkVerified(b *testing.B) {
	memory, now := NewVerified(NewKeys()), time.Now()
	token, err := memory.keys.Sign(&Claims{RegisteredClaims: jwt.RegisteredClaims{
		Subject: "7", ID: "session", Audience: jwt.ClaimStrings{"insight"}, ExpiresAt: jwt.NewNumericDate(now.Add(time.Hour)),
	}, Name: "administrator", Admin: true, Groups: []int{1, 2, 3}})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := memory.Parse(token, "insight", now); err != nil {
			b.Fatal(err)
		}
	}
}
