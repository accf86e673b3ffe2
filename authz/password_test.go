package authz

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// decoy says what a hash costs: 19 MiB and two passes.
const decoy = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

func TestPasswords(t *testing.T) {
	t.Parallel()
	h := NewHasher(1)
	if got := h.Decoy(); got != decoy {
		t.Errorf("the decoy is %s, want %s", got, decoy)
	}
	hash, err := h.Hash(t.Context(), "correct horse")
	if err != nil {
		t.Fatal(err)
	}
	if prefix, _, _ := strings.Cut(decoy, "AAAA"); !strings.HasPrefix(hash, prefix) || len(hash) != len(decoy) {
		t.Errorf("hash %s costs another effort than the decoy %s", hash, decoy)
	}
	for password, want := range map[string]bool{"correct horse": true, "correct horse ": false, "Correct horse": false, "": false} {
		if got, err := h.Check(t.Context(), hash, password); err != nil || got != want {
			t.Errorf("%q: %v, %v", password, got, err)
		}
	}
	again, err := h.Hash(t.Context(), "correct horse")
	if err != nil || again == hash {
		t.Errorf("two hashes of one password are the same: %s, %v", again, err)
	}
	if got, err := h.Check(t.Context(), decoy, "correct horse"); err != nil || got {
		t.Errorf("the decoy: %v, %v", got, err)
	}
}

// The vector is one of the tests of the reference implementation of argon2: two passes over 256 KiB.
func TestCheckUnderstandsAnotherCost(t *testing.T) {
	t.Parallel()
	const hash = "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"
	if got, err := NewHasher(1).Check(t.Context(), hash, "password"); err != nil || !got {
		t.Errorf("%v, %v", got, err)
	}
}

func TestPasswordsAreLimitedNotCut(t *testing.T) {
	t.Parallel()
	h := NewHasher(1)
	long := strings.Repeat("p", MaxPassword)
	hash, err := h.Hash(t.Context(), long)
	if err != nil {
		t.Fatalf("a password of %d bytes: %v", len(long), err)
	}
	if ok, err := h.Check(t.Context(), hash, long[1:]+"q"); ok || err != nil {
		t.Errorf("another last byte: %v, %v", ok, err)
	}
	if _, err := h.Hash(t.Context(), long+"x"); !errors.Is(err, ErrPassword) || strings.Contains(err.Error(), "pp") {
		t.Errorf("hash of a long one: %v", err)
	}
	if ok, err := h.Check(t.Context(), hash, long+"x"); ok || !errors.Is(err, ErrPassword) {
		t.Errorf("check of a long one: %v, %v", ok, err)
	}
	if _, err := h.Hash(t.Context(), ""); !errors.Is(err, ErrPassword) {
		t.Errorf("hash of an empty one: %v", err)
	}
}

func TestCheckRefusesMalformedHashes(t *testing.T) {
	t.Parallel()
	h := NewHasher(1)
	for name, change := range map[string][2]string{
		"empty":              {decoy, ""},
		"in clear":           {decoy, "correct horse"},
		"argon2i":            {"argon2id", "argon2i"},
		"another version":    {"v=19", "v=16"},
		"no version":         {"v=19$", ""},
		"too much memory":    {"m=19456", "m=4194304"},
		"no memory":          {"m=19456", "m=0"},
		"memory overflows":   {"m=19456", "m=4294986752"},
		"negative memory":    {"m=19456", "m=-1"},
		"no passes":          {"t=2", "t=0"},
		"too many passes":    {"t=2", "t=1000"},
		"no lanes":           {"p=1", "p=0"},
		"too many lanes":     {"p=1", "p=255"},
		"leading zero":       {"t=2", "t=02"},
		"plus":               {"t=2", "t=+2"},
		"blank":              {"t=2", "t= 2"},
		"more parameters":    {"p=1", "p=1,x=1"},
		"another order":      {"m=19456,t=2", "t=2,m=19456"},
		"short salt":         {"$" + strings.Repeat("A", 22), "$AAAA"},
		"no key":             {"$" + strings.Repeat("A", 43), "$"},
		"key in base64url":   {strings.Repeat("A", 43), strings.Repeat("_", 42) + "w"},
		"malleable last":     {strings.Repeat("A", 43), strings.Repeat("A", 42) + "B"},
		"line break":         {strings.Repeat("A", 43), "\n" + strings.Repeat("A", 43)},
		"one part more":      {"$v=19", "$v=19$"},
		"without the dollar": {"$argon2id", "argon2id"},
		"far too long":       {strings.Repeat("A", 43), strings.Repeat("A", 4000)},
	} {
		hash := strings.Replace(decoy, change[0], change[1], 1)
		if name != "empty" && hash == decoy {
			t.Errorf("%s: the change does nothing", name)
		}
		if ok, err := h.Check(t.Context(), hash, "x"); ok || !errors.Is(err, ErrHash) {
			t.Errorf("%s: %v, %v", name, ok, err)
		}
	}
}

func TestAHasherIsPatientForTwoSeconds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := NewHasher(1)
		h.slots <- struct{}{} // one computation that does not end

		start := time.Now()
		_, err := h.Check(t.Context(), decoy, "x")
		if !errors.Is(err, ErrTooMany) || time.Since(start) != 2*time.Second {
			t.Errorf("%v after %v", err, time.Since(start))
		}

		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start = time.Now()
		_, err = h.Hash(ctx, "x")
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Second {
			t.Errorf("%v after %v", err, time.Since(start))
		}

		time.AfterFunc(time.Second, func() { <-h.slots })
		if ok, err := h.Check(t.Context(), decoy, "x"); ok || err != nil {
			t.Errorf("once it was its turn: %v, %v", ok, err)
		}
		if len(h.slots) != 0 {
			t.Error("a computation that ended still holds its place")
		}
	})
}

func TestAHasherDoesNotBeginForACallerWhoLeft(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancelCause(t.Context())
	gone := errors.New("gone")
	cancel(gone)
	h := NewHasher(1)
	for range 20 { // a select alone would choose at random
		if _, err := h.Hash(ctx, "x"); !errors.Is(err, gone) {
			t.Fatal(err)
		}
	}
}

func TestAHasherBoundsItsComputations(t *testing.T) {
	t.Parallel()
	for asked, want := range map[int]int{-1: 1, 0: 1, 1: 1, 3: 3} {
		if got := cap(NewHasher(asked).slots); got != want {
			t.Errorf("NewHasher(%d) computes %d at once", asked, got)
		}
	}
	synctest.Test(t, func(t *testing.T) {
		h := NewHasher(2)
		h.slots <- struct{}{}
		h.slots <- struct{}{}
		var ended atomic.Int32
		for range 3 {
			go func() {
				if _, err := h.Hash(t.Context(), "x"); err == nil {
					ended.Add(1)
				}
			}()
		}
		synctest.Wait()
		if got := ended.Load(); got != 0 {
			t.Errorf("%d of 3 went ahead of their turn", got)
		}
		<-h.slots
		synctest.Wait()
		if got := ended.Load(); got != 3 {
			t.Errorf("%d of 3 had their turn", got)
		}
	})
}

func BenchmarkPassword(b *testing.B) {
	h := NewHasher(1)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := h.Check(b.Context(), decoy, "correct horse"); err != nil {
			b.Fatal(err)
		}
	}
}
