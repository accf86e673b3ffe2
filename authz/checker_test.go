package authz_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/musterhq/muster/authz"
)

// TestACheckerSaysWhatItsKeysSay asks twice each time, so that the second answer is from memory if there is one.
func TestACheckerSaysWhatItsKeysSay(t *testing.T) {
	t.Parallel()
	keys := authz.NewKeys()
	token := mustSign(t, keys, caller())
	for name, c := range map[string]struct {
		token, audience string
		at              time.Duration
	}{
		"at once":                    {token, door, 0},
		"just before its end":        {token, door, time.Hour - time.Second},
		"after its end":              {token, door, time.Hour + time.Minute},
		"before its time":            {token, door, -time.Minute},
		"at another door":            {token, "idaas", 0},
		"another last character":     {token[:len(token)-1] + "!", door, 0},
		"too long":                   {token + strings.Repeat("A", 5000), door, 0},
		"with a line break behind":   {token + "\n", door, 0},
		"with another's signature":   {token[:strings.LastIndex(token, ".")] + "." + strings.Repeat("A", 43), door, 0},
		"without any":                {token[:strings.LastIndex(token, ".")+1], door, 0},
		"with a blank before it all": {" " + token, door, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			clock := now
			checker := authz.NewChecker(keys, func() time.Time { return clock })
			if _, err := checker.Parse(token, door); err != nil { // remembered
				t.Fatal(err)
			}
			clock = now.Add(c.at)
			want, refused := keys.Parse(c.token, c.audience, clock)
			for range 2 {
				got, err := checker.Parse(c.token, c.audience)
				if (err == nil) != (refused == nil) || err != nil && (!errors.Is(err, authz.ErrToken) || got != nil) {
					t.Fatalf("%v, want %v", err, refused)
				}
				if err == nil && (got.ID != want.ID || got.Subject != want.Subject || got.Epochs != want.Epochs) {
					t.Errorf("%+v, want %+v", got, want)
				}
			}
		})
	}
}

// atNow is a clock that stands still.
func atNow() time.Time { return now }

func TestACheckerForgetsWithItsKeys(t *testing.T) {
	t.Parallel()
	keys := authz.NewKeys()
	token := mustSign(t, keys, caller())
	if _, err := authz.NewChecker(keys, atNow).Parse(token, door); err != nil {
		t.Fatal(err)
	}
	if _, err := authz.NewChecker(authz.NewKeys(), atNow).Parse(token, door); !errors.Is(err, authz.ErrToken) {
		t.Errorf("a token of other keys: %v", err)
	}
}

func TestACheckerOfManyTokens(t *testing.T) {
	t.Parallel()
	keys := authz.NewKeys()
	checker := authz.NewChecker(keys, atNow)
	for i := range 4500 {
		c := caller()
		c.ID, c.ExpiresAt = fmt.Sprint("session ", i), jwt.NewNumericDate(now.Add(time.Hour))
		got, err := checker.Parse(mustSign(t, keys, c), door)
		if err != nil || got.ID != c.ID {
			t.Fatalf("token %d: %v", i, err)
		}
		if n := checker.Remembered(); n == 0 || n > 2000 {
			t.Fatalf("%d tokens are remembered", n)
		}
	}
}

func BenchmarkCheckerParse(b *testing.B) {
	keys := authz.NewKeys()
	token, checker := mustSign(b, keys, caller()), authz.NewChecker(keys, atNow)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := checker.Parse(token, door); err != nil {
			b.Fatal(err)
		}
	}
}
