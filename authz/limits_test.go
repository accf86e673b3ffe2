package authz_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/musterhq/muster/authz"
)

// TestAFullSetOfKeysIsReadBack: 32 keys, the most that Rotate makes.
func TestAFullSetOfKeysIsReadBack(t *testing.T) {
	t.Parallel()
	keys := authz.NewKeys()
	first := mustSign(t, keys, caller())
	var err error
	for range 31 {
		if keys, err = keys.Rotate(now); err != nil {
			t.Fatal(err)
		}
	}
	stored, err := json.Marshal(keys)
	if err != nil {
		t.Fatal(err)
	}
	var read authz.Keys
	if err := json.Unmarshal(stored, &read); err != nil {
		t.Fatal(err)
	}
	for _, token := range []string{first, mustSign(t, keys, caller())} {
		if _, err := read.Parse(token, door, now.Add(time.Minute)); err != nil {
			t.Errorf("a token of a key in the set: %v", err)
		}
	}
}

// TestAMACDependsOnAllOfIt: the master key, the purpose, each part and where it ends.
func TestAMACDependsOnAllOfIt(t *testing.T) {
	t.Parallel()
	a, b := []byte("12345678901"), []byte("b")
	seen := map[string]string{}
	for name, mac := range map[string][]byte{
		"it":                 newVault(t, master).MAC("row", a, b),
		"another master key": newVault(t, another).MAC("row", a, b),
		"another purpose":    newVault(t, master).MAC("rov", a, b),
		"a part changed":     newVault(t, master).MAC("row", []byte("12345678902"), b),
		"the other changed":  newVault(t, master).MAC("row", a, []byte("c")),
		"cut elsewhere":      newVault(t, master).MAC("row", []byte("1234567890"), []byte("1b")),
		"a part less":        newVault(t, master).MAC("row", a),
		"no part":            newVault(t, master).MAC("row"),
	} {
		if other, same := seen[string(mac)]; same || len(mac) != 32 {
			t.Errorf("%s and %s have the MAC %x", name, other, mac)
		}
		seen[string(mac)] = name
	}
	if !bytes.Equal(newVault(t, master).MAC("row", a, b), newVault(t, master).MAC("row", a, b)) {
		t.Error("it differs from itself")
	}
}

// TestHeadersOf8KiBAreRead, and none of a byte more.
func TestHeadersOf8KiBAreRead(t *testing.T) {
	t.Parallel()
	const around = "PS-Auth key=k; runas=u; pwd=[]"
	for size, want := range map[int]bool{8192: true, 8193: false} {
		password := strings.Repeat("x", size-len(around))
		c, err := authz.ParsePSAuth(strings.TrimSuffix(around, "]") + password + "]")
		if (err == nil) != want || err == nil && c.Password != password {
			t.Errorf("%d bytes: %v", size, err)
		}
	}
}

// TestTokensOf4KiBAreRead: the longest that Sign makes is as long as a token may be, but for what base64 leaves out, and is read.
func TestTokensOf4KiBAreRead(t *testing.T) {
	t.Parallel()
	keys, longest := authz.NewKeys(), ""
	for n := range 4096 {
		c := caller()
		c.Name = strings.Repeat("x", n+1)
		token, err := keys.Sign(c)
		if err != nil {
			if !strings.Contains(err.Error(), "too large") {
				t.Fatal(fmt.Errorf("a name of %d bytes: %w", n+1, err))
			}
			break
		}
		longest = token
	}
	if len(longest) < 4095 || len(longest) > 4096 {
		t.Errorf("the longest token has %d bytes", len(longest))
	}
	if _, err := keys.Parse(longest, door, now); err != nil {
		t.Error(err)
	}
}
