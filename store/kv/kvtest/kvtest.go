// Package kvtest holds the contract of package kv as tests. An engine's own test opens it and calls Run:
//
//	func TestContract(t *testing.T) {
//		kvtest.Run(t, func(t *testing.T) kv.Engine { … })
//	}
//
// Left to the engine is what cannot be seen from here: that a commit is durable takes opening the same place again,
// and that the pauses between tries grow takes a clock. That keys seen by Scan only are not protected is no promise
// to test: an engine may protect them, and a caller must not count on either.
package kvtest

import (
	"context"
	"slices"
	"testing"

	"github.com/musterhq/muster/store/kv"
)

// sentence is one promise of the contract. Its test gets an empty engine of its own, which Run closes.
type sentence struct {
	says string
	test func(t *testing.T, e kv.Engine)
}

// Run checks that an engine keeps the contract. Each call of open returns a new, empty engine.
func Run(t *testing.T, open func(t *testing.T) kv.Engine) {
	for _, chapter := range []struct {
		name      string
		sentences []sentence
	}{
		{"Get", gets},
		{"Scan", scans},
		{"View", views},
		{"Update", updates},
		{"Conflict", conflicts},
		{"Add", adds},
		{"Context", contexts},
		{"Limits", limits},
		{"Close", closes},
		{"Model", models},
	} {
		t.Run(chapter.name, func(t *testing.T) {
			t.Parallel()
			for _, s := range chapter.sentences {
				t.Run(s.says, func(t *testing.T) {
					t.Parallel()
					e := open(t)
					t.Cleanup(func() {
						if err := e.Close(); err != nil {
							t.Errorf("Close: %v", err)
						}
					})
					s.test(t, e)
				})
			}
		})
	}
}

// b is short for a key or a value.
func b(s string) []byte { return []byte(s) }

// view runs fn in a View that must succeed.
func view(t *testing.T, e kv.Engine, fn func(kv.Reader) error) {
	t.Helper()
	if err := e.View(t.Context(), fn); err != nil {
		t.Fatalf("View: %v", err)
	}
}

// update runs fn in an Update that must succeed.
func update(t *testing.T, e kv.Engine, fn func(kv.Txn) error) {
	t.Helper()
	if err := e.Update(t.Context(), fn); err != nil {
		t.Fatalf("Update: %v", err)
	}
}

// put stores pairs of keys and values in one transaction: put(t, e, "a", "1", "b", "2").
func put(t *testing.T, e kv.Engine, pairs ...string) {
	t.Helper()
	update(t, e, func(tx kv.Txn) error { return set(tx, pairs...) })
}

func set(tx kv.Txn, pairs ...string) error {
	for pair := range slices.Chunk(pairs, 2) {
		if err := tx.Set(b(pair[0]), b(pair[1])); err != nil {
			return err
		}
	}
	return nil
}

// absent is what get answers for a key that is not there; no test stores it.
const absent = "(absent)"

// get reads one key.
func get(r kv.Reader, key string) (string, error) {
	values, err := r.Get(b(key))
	if err != nil {
		return "", err
	}
	if values[0] == nil {
		return absent, nil
	}
	return string(values[0]), nil
}

// stored reads one key in a transaction of its own.
func stored(t *testing.T, e kv.Engine, key string) (value string) {
	t.Helper()
	view(t, e, func(r kv.Reader) (err error) {
		value, err = get(r, key)
		return err
	})
	return value
}

// scan lists a range as "key=value", or as "key" for a scan of keys only.
func scan(r kv.Reader, rg kv.Range) ([]string, error) {
	found := []string{}
	for pair, err := range r.Scan(rg) {
		if err != nil {
			return found, err
		}
		line := string(pair.Key)
		if pair.Value != nil {
			line += "=" + string(pair.Value)
		}
		found = append(found, line)
	}
	return found, nil
}

// wantStored checks the whole content of an engine, as scan lists it.
func wantStored(t *testing.T, e kv.Engine, want ...string) {
	t.Helper()
	view(t, e, func(r kv.Reader) error { return wantScan(t, r, kv.Range{}, want...) })
}

// wantScan checks what a scan of a range lists.
func wantScan(t *testing.T, r kv.Reader, rg kv.Range, want ...string) error {
	t.Helper()
	got, err := scan(r, rg)
	if err == nil && !slices.Equal(got, want) {
		t.Errorf("scan of %s:\n got %q\nwant %q", describe(rg), got, want)
	}
	return err
}

// wantGet checks the value of one key.
func wantGet(t *testing.T, r kv.Reader, key, want string) error {
	t.Helper()
	got, err := get(r, key)
	if err == nil && got != want {
		t.Errorf("Get(%q) = %q, want %q", key, got, want)
	}
	return err
}

// cancelled returns a context that is over.
func cancelled() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}
