package lab

import (
	"bytes"
	"context"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/store"
	"github.com/musterhq/muster/store/kv/badgerkv"
)

// tb is what testing.TB and *rapid.T have in common.
type tb interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
	Cleanup(func())
	Context() context.Context
}

var system = store.System("test")

// began is the moment at which every test happens.
var began = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// newStore opens an empty store in memory.
func newStore(t tb) *store.DB {
	t.Helper()
	_, measured := t.(*testing.B)
	engine, err := badgerkv.Open(badgerkv.Options{InMemory: true, Small: !measured})
	check(t, err)
	vault, err := authz.NewVault(bytes.Repeat([]byte{7}, authz.MasterKey))
	check(t, err)
	o := store.Options{Vault: vault, Hasher: authz.CheapHasher(2), Now: func() time.Time { return began }}
	db, err := store.Open(t.Context(), engine, o, func() (store.FirstStart, error) {
		return store.FirstStart{
			User: "administrator", Password: "correct horse", ApiKey: strings.Repeat("fedcba9876543210", 8),
			ClientID: "11111111-2222-4333-8444-555555555555", ClientSecret: strings.Repeat("s3cr", 10),
		}, nil
	})
	check(t, err)
	t.Cleanup(func() { check(t, db.Close()) })
	return db
}

func check(t tb, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%v", err)
	}
}

// load loads a text and returns the changes as they are printed.
func load(t tb, db *store.DB, text string) (lines []string) {
	t.Helper()
	f, err := Parse("lab.yaml", []byte(text))
	check(t, err)
	changes, err := Load(t.Context(), db, f, LoadOptions{})
	check(t, err)
	for _, c := range changes {
		lines = append(lines, c.Text())
	}
	return lines
}

// dump dumps a store.
func dump(t tb, db *store.DB, secrets bool) string {
	t.Helper()
	var b bytes.Buffer
	check(t, Dump(t.Context(), db, &b, DumpOptions{Secrets: secrets}))
	return b.String()
}

// read returns a file of testdata.
func read(t tb, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	check(t, err)
	return string(text)
}

// is fails the test unless two texts are the same, and shows where they differ.
func is(t tb, what, got, want string) {
	t.Helper()
	if got == want {
		return
	}
	a, b := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range max(len(a), len(b)) {
		if i >= len(a) || i >= len(b) || a[i] != b[i] {
			t.Fatalf("%s differs in line %d:\n got %s\nwant %s", what, i+1, slices.Concat(a, []string{"(the end)"})[min(i, len(a))], slices.Concat(b, []string{"(the end)"})[min(i, len(b))])
		}
	}
}

var _ tb = testing.TB(nil)
