package authz_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/musterhq/muster/authz"
	"pgregory.net/rapid"
)

func newVault(tb testing.TB, master string) *authz.Vault {
	tb.Helper()
	vault, err := authz.NewVault([]byte(master))
	if err != nil {
		tb.Fatal(err)
	}
	return vault
}

const (
	master  = "0123456789abcdef0123456789abcdef"
	another = "0123456789abcdef0123456789abcdeF"
)

func TestAVaultGivesBackWhatWasSealed(t *testing.T) {
	t.Parallel()
	vault, reopened := newVault(t, master), newVault(t, master)
	rapid.Check(t, func(t *rapid.T) {
		plain := rapid.SliceOf(rapid.Byte()).Draw(t, "plain")
		context := rapid.StringN(1, -1, -1).Draw(t, "context")
		sealed, err := vault.Seal(plain, context)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := reopened.Open(sealed, context); err != nil || !bytes.Equal(got, plain) {
			t.Errorf("%x, %v", got, err)
		}
	})
}

func TestAVaultOpensNothingElse(t *testing.T) {
	t.Parallel()
	vault := newVault(t, master)
	plain := []byte("hunter2")
	sealed, err := vault.Seal(plain, "account 7")
	if err != nil {
		t.Fatal(err)
	}
	refused := func(name string, vault *authz.Vault, sealed []byte, context string) {
		t.Helper()
		if got, err := vault.Open(sealed, context); !errors.Is(err, authz.ErrSealed) || got != nil {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	refused("another record", vault, sealed, "account 8")
	refused("no context", vault, sealed, "")
	refused("another master key", newVault(t, another), sealed, "account 7")
	for i := range sealed {
		for bit := range 8 {
			changed := bytes.Clone(sealed)
			changed[i] ^= 1 << bit
			refused("a changed bit", vault, changed, "account 7")
		}
		refused("cut short", vault, sealed[:i], "account 7")
	}
	refused("nothing", vault, nil, "account 7")
	refused("one byte more", vault, append(bytes.Clone(sealed), 0), "account 7")

	if again, err := vault.Seal(plain, "account 7"); err != nil || bytes.Equal(again, sealed) {
		t.Errorf("sealed twice alike: %x, %v", again, err)
	}
	if bytes.Contains(sealed, plain) {
		t.Error("sealed in clear")
	}
	if _, err := vault.Seal(plain, ""); err == nil {
		t.Error("sealed without a context")
	}
}

func TestMasterKeysHave32Bytes(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 16, 31, 33, 64} {
		if _, err := authz.NewVault(make([]byte, n)); err == nil {
			t.Errorf("a master key of %d bytes", n)
		}
	}
}

func TestFingerprintsDifferByEverything(t *testing.T) {
	t.Parallel()
	vault := newVault(t, master)
	seen := make(map[string]string)
	for name, print := range map[string]string{
		"api key":            vault.Fingerprint("api key", "secret"),
		"another secret":     vault.Fingerprint("api key", "Secret"),
		"another purpose":    vault.Fingerprint("ps-auth", "secret"),
		"another border":     vault.Fingerprint("api keys", "ecret"),
		"all in the secret":  vault.Fingerprint("", "api keysecret"),
		"a length in it":     vault.Fingerprint("", "7 api keysecret"),
		"another master key": newVault(t, another).Fingerprint("api key", "secret"),
	} {
		if other, twice := seen[print]; twice {
			t.Errorf("%s and %s have one fingerprint", name, other)
		}
		if seen[print] = name; len(print) != 64 || strings.Trim(print, "0123456789abcdef") != "" {
			t.Errorf("%s: %q", name, print)
		}
	}
	if seen[newVault(t, master).Fingerprint("api key", "secret")] != "api key" {
		t.Error("a fingerprint changes from one start to the next")
	}
}

func TestAPIKeys(t *testing.T) {
	t.Parallel()
	key := authz.NewAPIKey()
	if key == authz.NewAPIKey() {
		t.Error("two keys are the same")
	}
	if authz.FoldAPIKey(key) != key || authz.FoldAPIKey(strings.ToUpper(key)) != key {
		t.Errorf("%s is not in small letters", key)
	}
	for _, test := range []struct {
		name, key string
		want      bool
	}{
		{"as made", key, true},
		{"in capitals", strings.ToUpper(key), true},
		{"empty", "", false},
		{"one short", key[1:], false},
		{"one long", key + "0", false},
		{"two short", key[2:], false},
		{"a letter beyond f", key[1:] + "g", false},
		{"a blank", key[1:] + " ", false},
		{"not ASCII", key[2:] + "é", false},
	} {
		if got := authz.ValidAPIKey(test.key); got != test.want {
			t.Errorf("%s: %v", test.name, got)
		}
	}
}

// Published clients check these lengths.
func TestClientCredentialsHaveTheLengthThatClientsExpect(t *testing.T) {
	t.Parallel()
	id, secret := authz.NewClientID(), authz.NewClientSecret()
	if _, err := uuid.Parse(id); err != nil || len(id) != 36 || id == authz.NewClientID() {
		t.Errorf("client id %q: %v", id, err)
	}
	if len(secret) != 43 || secret == authz.NewClientSecret() {
		t.Errorf("client secret %q", secret)
	}
}

func TestClientSecrets(t *testing.T) {
	t.Parallel()
	secret := authz.NewClientSecret()
	hash := authz.HashClientSecret(secret)
	if strings.Contains(hash, secret) || hash == authz.HashClientSecret(secret) {
		t.Errorf("hash %q", hash)
	}
	for _, test := range []struct {
		name, hash, secret string
		want               bool
	}{
		{"the secret", hash, secret, true},
		{"another secret", hash, authz.NewClientSecret(), false},
		{"cut short", hash, secret[1:], false},
		{"one more", hash, secret + "A", false},
		{"no secret", hash, "", false},
		{"the hash itself", hash, hash, false},
		{"no hash", "", secret, false},
		{"no hash, no secret", "", "", false},
		{"the secret in clear", secret, secret, false},
		{"a cut hash", hash[:len(hash)-1], secret, false},
		{"another scheme", strings.Replace(hash, "sha256", "sha512", 1), secret, false},
		{"a salt that is none", "$sha256$?$AAAA", secret, false},
	} {
		if got := authz.CheckClientSecret(test.hash, test.secret); got != test.want {
			t.Errorf("%s: %v", test.name, got)
		}
	}
}
