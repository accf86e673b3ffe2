//go:build unix

package badgerkv

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestCheckTables flips a bit at places of a table.
func TestCheckTables(t *testing.T) {
	t.Parallel()
	o := Options{Dir: t.TempDir(), Key: masterKey, NoSync: true}
	e := open(t, o)
	for i := range 20 {
		set(t, e, strings.Repeat("key", i+1), strings.Repeat("value", 2_000))
	}
	if _, err := CheckTables(o); !errors.Is(err, ErrLocked) {
		t.Errorf("while it is open: %v", err)
	}
	closeNow(t, e)
	if _, err := CheckTables(Options{Dir: o.Dir, Key: make([]byte, KeySize)}); !errors.Is(err, ErrWrongKey) {
		t.Errorf("with another key: %v", err)
	}
	if damaged, err := CheckTables(o); err != nil || len(damaged) > 0 {
		t.Errorf("before the damage: %v, %v", damaged, err)
	}
	tables, err := filepath.Glob(filepath.Join(o.Dir, "*.sst"))
	if err != nil || len(tables) != 1 {
		t.Fatalf("tables: %v, %v", tables, err)
	}
	content, err := os.ReadFile(tables[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range []int{len(content) / 2, len(content) - 20, 3} {
		content[at] ^= 1
		if err := os.WriteFile(tables[0], content, 0o600); err != nil {
			t.Fatal(err)
		}
		if damaged, err := CheckTables(o); err != nil || len(damaged) != 1 || damaged[0].Name != filepath.Base(tables[0]) || damaged[0].Wrong == "" {
			t.Errorf("damage at %d of %d: %v, %v", at, len(content), damaged, err)
		}
		content[at] ^= 1
	}
	if err := os.Remove(tables[0]); err != nil {
		t.Fatal(err)
	}
	if damaged, err := CheckTables(o); err != nil || len(damaged) != 1 {
		t.Errorf("with the table gone: %v, %v", damaged, err)
	}
}
