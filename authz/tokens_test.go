package authz_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/musterhq/muster/authz"
)

const door = "insight"

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// caller returns claims as a sign-in makes them.
func caller() *authz.Claims {
	return &authz.Claims{
		RegisteredClaims: jwt.RegisteredClaims{
			ID: "5b1f0a52", Subject: "17", Audience: jwt.ClaimStrings{door},
			IssuedAt: jwt.NewNumericDate(now), NotBefore: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(now.Add(time.Hour)),
		},
		Name: "reader", Groups: []int{2, 5}, Registration: 3, Epochs: [2]int{40, 7},
		Grants: map[authz.Permission]authz.Level{authz.AssetManagement: authz.Read, authz.ScanManagement: authz.ReadWrite},
	}
}

func mustSign(tb testing.TB, keys authz.Keys, c *authz.Claims) string {
	tb.Helper()
	token, err := keys.Sign(c)
	if err != nil {
		tb.Fatal(err)
	}
	return token
}

// current returns the id and the secret of the key that signs, as storage sees them.
func current(tb testing.TB, keys authz.Keys) (string, []byte) {
	tb.Helper()
	text, err := json.Marshal(keys)
	if err != nil {
		tb.Fatal(err)
	}
	var set []struct {
		Kid    string
		Secret []byte
	}
	if err := json.Unmarshal(text, &set); err != nil {
		tb.Fatal(err)
	}
	return set[0].Kid, set[0].Secret
}

func TestATokenSaysWhatWasSigned(t *testing.T) {
	t.Parallel()
	keys := authz.NewKeys()
	want := caller()
	got, err := keys.Parse(mustSign(t, keys, want), door, now.Add(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	if want.Issuer != "" {
		t.Error("Sign changed the claims it was given")
	}
	want.Issuer = authz.Issuer
	for _, date := range []*jwt.NumericDate{got.IssuedAt, got.NotBefore, got.ExpiresAt} {
		date.Time = date.UTC()
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestSignRefusesWhatParseWould(t *testing.T) {
	t.Parallel()
	keys := authz.NewKeys()
	for name, spoil := range map[string]func(*authz.Claims){
		"no expiry":           func(c *authz.Claims) { c.ExpiresAt = nil },
		"no id":               func(c *authz.Claims) { c.ID = "" },
		"no subject":          func(c *authz.Claims) { c.Subject = "" },
		"subject is a name":   func(c *authz.Claims) { c.Subject = "administrator" },
		"no issue date":       func(c *authz.Claims) { c.IssuedAt = nil },
		"beyond a day":        func(c *authz.Claims) { c.ExpiresAt = jwt.NewNumericDate(now.Add(authz.MaxLifetime + time.Second)) },
		"no audience":         func(c *authz.Claims) { c.Audience = nil },
		"empty audience":      func(c *authz.Claims) { c.Audience = jwt.ClaimStrings{""} },
		"two audiences":       func(c *authz.Claims) { c.Audience = jwt.ClaimStrings{door, "idaas"} },
		"thousands of groups": func(c *authz.Claims) { c.Groups = make([]int, 2000) },
	} {
		c := caller()
		spoil(c)
		if token, err := keys.Sign(c); err == nil {
			t.Errorf("%s: signed %q", name, token)
		}
	}
	if _, err := (authz.Keys{}).Sign(caller()); err == nil {
		t.Error("signed without a key")
	}
}

func TestATokenOfFourHundredGroupsFits(t *testing.T) {
	t.Parallel()
	keys := authz.NewKeys()
	c := caller()
	for i := range 400 {
		c.Groups = append(c.Groups, 10000+i)
	}
	for _, p := range authz.Permissions() {
		c.Grants[p] = authz.ReadWrite
	}
	if _, err := keys.Parse(mustSign(t, keys, c), door, now); err != nil {
		t.Error(err)
	}
}

func TestTokensLiveBetweenTheirDates(t *testing.T) {
	t.Parallel()
	keys := authz.NewKeys()
	token := mustSign(t, keys, caller())
	for _, test := range []struct {
		name string
		at   time.Time
		fine bool
	}{
		{"at once", now, true},
		{"just before its end", now.Add(time.Hour - time.Second), true},
		{"after its end", now.Add(time.Hour + 31*time.Second), false},
		{"the clock was set back a little", now.Add(-5 * time.Second), true},
		{"the clock was set back", now.Add(-31 * time.Second), false},
	} {
		if _, err := keys.Parse(token, door, test.at); (err == nil) != test.fine {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}

// rotated returns a set with another current key.
func rotated(tb testing.TB, keys authz.Keys, at time.Time) authz.Keys {
	tb.Helper()
	after, err := keys.Rotate(at)
	if err != nil {
		tb.Fatal(err)
	}
	if after.ID() == keys.ID() {
		tb.Fatal("the current key did not change")
	}
	return after
}

func TestOldKeysVerifyForAsLongAsTheirTokensLive(t *testing.T) {
	t.Parallel()
	c := caller()
	c.ExpiresAt = jwt.NewNumericDate(now.Add(authz.MaxLifetime))
	for name, rotations := range map[string]int{"one rotation": 1, "thirty": 30} {
		keys := authz.NewKeys()
		token := mustSign(t, keys, c)
		for i := range rotations {
			keys = rotated(t, keys, now.Add(time.Duration(i)*time.Minute))
		}
		for _, at := range []time.Duration{0, time.Hour, authz.MaxLifetime - time.Second} {
			if _, err := keys.Parse(token, door, now.Add(at)); err != nil {
				t.Errorf("%s, %v later: %v", name, at, err)
			}
		}
		if _, err := keys.Parse(mustSign(t, keys, caller()), door, now); err != nil {
			t.Errorf("%s: a new token: %v", name, err)
		}
	}
}

func TestAnOldKeyEndsWithTheLastTokenItSigned(t *testing.T) {
	t.Parallel()
	old := authz.NewKeys()
	kept := rotated(t, old, now)
	// Whoever has the old key can still sign with it what he likes.
	late := now.Add(authz.MaxLifetime + time.Minute)
	c := caller()
	c.IssuedAt, c.NotBefore, c.ExpiresAt = jwt.NewNumericDate(late), nil, jwt.NewNumericDate(late.Add(time.Hour))
	forged := mustSign(t, old, c)
	for name, keys := range map[string]authz.Keys{"kept": kept, "dropped": rotated(t, kept, late)} {
		if _, err := keys.Parse(forged, door, late); !errors.Is(err, authz.ErrToken) {
			t.Errorf("the old key is %s: %v", name, err)
		}
	}
}

func TestRotationsAreRefusedBeforeTheyEndSessions(t *testing.T) {
	t.Parallel()
	keys := authz.NewKeys()
	token := mustSign(t, keys, caller())
	for range 31 {
		keys = rotated(t, keys, now)
	}
	after, err := keys.Rotate(now)
	if err == nil || after.ID() != keys.ID() {
		t.Errorf("the 32nd rotation: %v", err)
	}
	if _, err := after.Parse(token, door, now); err != nil {
		t.Error(err)
	}
	rotated(t, keys, now.Add(authz.MaxLifetime+time.Minute))
}

func TestRotateLeavesTheOldSetAlone(t *testing.T) {
	t.Parallel()
	old := rotated(t, authz.NewKeys(), now)
	kid, _ := current(t, old)
	one, two := rotated(t, old, now), rotated(t, old, now)
	if again, _ := current(t, old); again != kid || old.ID() != kid {
		t.Error("the old set signs with another key")
	}
	if _, err := one.Parse(mustSign(t, two, caller()), door, now); !errors.Is(err, authz.ErrToken) {
		t.Errorf("two rotations of one set share a key: %v", err)
	}
}

func TestKeysAreStored(t *testing.T) {
	t.Parallel()
	keys := authz.NewKeys()
	old := mustSign(t, keys, caller())
	keys = rotated(t, keys, now)
	text, err := json.Marshal(keys)
	if err != nil {
		t.Fatal(err)
	}
	var read authz.Keys
	if err := json.Unmarshal(text, &read); err != nil {
		t.Fatal(err)
	}
	for _, token := range []string{old, mustSign(t, keys, caller())} {
		if _, err := read.Parse(token, door, now); err != nil {
			t.Error(err)
		}
	}
	secret := base64.StdEncoding.EncodeToString(make([]byte, 32))
	list := func(kids ...string) string {
		keys := make([]string, len(kids))
		for i, kid := range kids {
			keys[i] = `{"kid":"` + kid + `","secret":"` + secret + `"}`
		}
		return "[" + strings.Join(keys, ",") + "]"
	}
	if err := json.Unmarshal([]byte(list("a", "b", "c")), new(authz.Keys)); err != nil {
		t.Errorf("three keys: %v", err)
	}
	for name, text := range map[string]string{
		"no list":      `{}`,
		"no keys":      `[]`,
		"null":         `null`,
		"no id":        `[{"secret":"` + secret + `"}]`,
		"short secret": `[{"kid":"a","secret":"c2hvcnQ="}]`,
		"no secret":    `[{"kid":"a"}]`,
		"twice":        list("a", "a"),
		"too many":     list(strings.Split("abcdefghijklmnopqrstuvwxyzABCDEFG", "")...),
	} {
		if err := json.Unmarshal([]byte(text), new(authz.Keys)); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func BenchmarkSign(b *testing.B) {
	keys, claims := authz.NewKeys(), caller()
	b.ReportAllocs()
	for b.Loop() {
		mustSign(b, keys, claims)
	}
}

func BenchmarkParse(b *testing.B) {
	keys := authz.NewKeys()
	token := mustSign(b, keys, caller())
	b.ReportAllocs()
	for b.Loop() {
		if _, err := keys.Parse(token, door, now); err != nil {
			b.Fatal(err)
		}
	}
}
