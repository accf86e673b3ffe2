//go:build unix

package badgerkv

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/dgraph-io/badger/v4/table"
	"pgregory.net/rapid"
)

// stopped makes a store of so many tables, two of them of the same size, as an orderly end leaves it.
func stopped(t *testing.T, name string, tables int) (dir, holds string) {
	t.Helper()
	dir = t.TempDir()
	for round := range tables {
		e := open(t, Options{Dir: dir, Key: masterKey, NoSync: true})
		for i := range 40 {
			set(t, e, fmt.Sprintf("key-%d-%02d", round, i), strings.Repeat(fmt.Sprint(name, round), 200))
		}
		holds = sum(e)
		closeNow(t, e)
	}
	return dir, holds
}

// tablesBySize returns the tables of a store, those of the most frequent size first.
func tablesBySize(t *testing.T, dir string) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*.sst"))
	if err != nil {
		t.Fatal(err)
	}
	sizes := map[int64][]string{}
	for _, name := range names {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		sizes[info.Size()] = append(sizes[info.Size()], name)
	}
	return slices.Concat(slices.SortedFunc(maps.Values(sizes), func(a, b []string) int { return len(b) - len(a) })...)
}

// change rewrites a file.
func change(t *testing.T, name string, how func(content []byte) []byte) {
	t.Helper()
	content, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, how(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// flip turns a bit around: at a place from the beginning or, if it is negative, from the end.
func flip(at int) func([]byte) []byte {
	return func(content []byte) []byte {
		content[(at+len(content))%len(content)] ^= 4
		return content
	}
}

func cut(content []byte) []byte { return content[:len(content)-1] }

func exchange(t *testing.T, one, other string) {
	t.Helper()
	for _, move := range [][2]string{{one, one + ".away"}, {other, one}, {one + ".away", other}} {
		if err := os.Rename(move[0], move[1]); err != nil {
			t.Fatal(err)
		}
	}
}

// TestDamageToKnownTables damages stores whose tables were verified before.
func TestDamageToKnownTables(t *testing.T) {
	t.Parallel()
	const tables = 4
	store, holds := stopped(t, "value", tables)
	other, _ := stopped(t, "other", 2)
	if sums, err := readSums(store); err != nil || len(sums) != tables {
		t.Fatalf("%s says %v, %v, want %d tables", sumsName, sums, err, tables)
	}
	bySize := tablesBySize(t, store)
	first, second := filepath.Base(bySize[0]), filepath.Base(bySize[1]) // the table that is damaged, and one of its size
	type damager func(t *testing.T, dir string)
	in := func(name string, how func([]byte) []byte) damager {
		return func(t *testing.T, dir string) { change(t, filepath.Join(dir, name), how) }
	}
	foreign := func(name string) damager { return in(name, func([]byte) []byte { return files(t, other)[name] }) }
	gone := func(name string) damager {
		return func(t *testing.T, dir string) {
			if err := os.Remove(filepath.Join(dir, name)); err != nil {
				t.Fatal(err)
			}
		}
	}
	exchanged := func(t *testing.T, dir string) {
		exchange(t, filepath.Join(dir, first), filepath.Join(dir, second))
	}
	older := in(sumsName, func(content []byte) []byte { // from before the first table was written
		sums := parseSums(content)
		id, _ := table.ParseFileID(first)
		delete(sums, id)
		return sums.encode()
	})
	nothing := func([]byte) []byte { return nil }
	zeros := func(content []byte) []byte { return make([]byte, len(content)) }
	for name, c := range map[string]struct {
		damage  []damager
		refused string // by the name of which file
	}{
		"none":                            {},
		"data flipped":                    {[]damager{in(first, flip(100))}, first},
		"the index flipped":               {[]damager{in(first, flip(-60))}, first},
		"the footer flipped":              {[]damager{in(first, flip(-1))}, first},
		"a byte short":                    {[]damager{in(first, cut)}, first},
		"empty":                           {[]damager{in(first, nothing)}, first},
		"zeros":                           {[]damager{in(first, zeros)}, first},
		"gone":                            {[]damager{gone(first)}, first},
		"another store's table":           {[]damager{foreign("000001.sst")}, "000001.sst"},
		"another store's keys":            {[]damager{foreign("KEYREGISTRY")}, ".sst"},
		"two tables exchanged":            {[]damager{exchanged}, ""}, // together they hold what they held
		"the sums gone":                   {[]damager{gone(sumsName)}, ""},
		"the sums flipped":                {[]damager{in(sumsName, flip(20))}, ""},
		"the sums cut":                    {[]damager{in(sumsName, cut)}, ""},
		"the sums empty":                  {[]damager{in(sumsName, nothing)}, ""},
		"the sums and a table flipped":    {[]damager{in(sumsName, flip(20)), in(first, flip(100))}, first},
		"another store's sums":            {[]damager{foreign(sumsName)}, ""},
		"another store's sums and a flip": {[]damager{foreign(sumsName), in(first, flip(100))}, first},
		"older sums":                      {[]damager{older}, ""},
		"older sums and a flip":           {[]damager{older, in(first, flip(100))}, first},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "store")
			if err := os.CopyFS(dir, os.DirFS(store)); err != nil {
				t.Fatal(err)
			}
			for _, damage := range c.damage {
				damage(t, dir)
			}
			said, err := openElsewhere(t, dir)
			if err != nil {
				t.Fatalf("the process ends with %v:\n%s", err, said)
			}
			if c.refused != "" {
				if !strings.Contains(said, ErrDamaged.Error()) || !strings.Contains(said, c.refused) {
					t.Errorf("opening says %q, want %s and %v", said, c.refused, ErrDamaged)
				}
				return
			}
			if said != holds+"\n<nil>\n" {
				t.Errorf("opening says %q, want %q", said, holds)
			}
			if sums, err := readSums(dir); err != nil || len(sums) != tables {
				t.Errorf("afterwards %s says %v, %v", sumsName, sums, err)
			}
		})
	}
}

// knownTables is a store that was closed, and what is remembered of its tables.
func knownTables(t *testing.T) (Options, tableSums) {
	t.Helper()
	dir, _ := stopped(t, "value", 2)
	sums, err := readSums(dir)
	if err != nil {
		t.Fatal(err)
	}
	return Options{Dir: dir, Key: masterKey}, sums
}

// TestKnownTablesAreNotVerified has sums that say something of a table that only they could know, which is believed.
func TestKnownTablesAreNotVerified(t *testing.T) {
	t.Parallel()
	o, sums := knownTables(t)
	for id, s := range sums {
		s.last += 1_000
		sums[id] = s
	}
	if err := replaceFile(o.Dir, sumsName, sums.encode()); err != nil {
		t.Fatal(err)
	}
	if _, tables, err := examine(o); err != nil || !maps.Equal(tables, sums) {
		t.Errorf("with known tables: %v, %v, want %v", tables, err, sums)
	}
	for id, s := range sums {
		s.sum++ // it differs from the table, so nothing it says counts
		sums[id] = s
	}
	if err := replaceFile(o.Dir, sumsName, sums.encode()); err != nil {
		t.Fatal(err)
	}
	_, tables, err := examine(o)
	if err != nil || len(tables) != len(sums) {
		t.Fatalf("with other sums: %v, %v", tables, err)
	}
	for id, s := range tables {
		if s.last+1_000 != sums[id].last || s.sum+1 != sums[id].sum {
			t.Errorf("table %d is %+v, and was said to be %+v", id, s, sums[id])
		}
	}
	if now, err := readSums(o.Dir); err != nil || !maps.Equal(now, tables) {
		t.Errorf("what was verified is remembered as %v, %v", now, err)
	}
}

// TestRememberTables has what an orderly end does with tables that are new.
func TestRememberTables(t *testing.T) {
	t.Parallel()
	o, sums := knownTables(t)
	name := filepath.Join(o.Dir, sumsName)
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
	x := &examination{dir: o.Dir}
	if err := errors.Join(x.readRegistry(masterKey), x.readList()); err != nil {
		t.Fatal(err)
	}
	if failed, err := x.checkTables(func() bool { return true }); err != nil || len(failed)+len(x.sums) > 0 {
		t.Errorf("without time: %v, %v, %v", x.sums, failed, err)
	}
	damaged := tablesBySize(t, o.Dir)[0]
	change(t, damaged, flip(100))
	if err := rememberTables(o, nil); !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), damaged) {
		t.Errorf("a table that is damaged already: %v, want ErrDamaged and its name", err)
	}
	if _, err := os.Stat(name); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a damaged table is remembered: %v", err)
	}
	change(t, damaged, flip(100))
	if err := rememberTables(o, nil); err != nil {
		t.Error(err)
	}
	if now, err := readSums(o.Dir); err != nil || !maps.Equal(now, sums) {
		t.Errorf("remembered is %v, %v, want %v", now, err, sums)
	}
}

// TestTableSums cuts and flips what is remembered at each place.
func TestTableSums(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		sums := tableSums{}
		for _, id := range rapid.SliceOf(rapid.Uint64()).Draw(t, "tables") {
			sums[id] = tableSum{size: rapid.Int64Min(0).Draw(t, "size"), last: rapid.Uint64().Draw(t, "last"), sum: rapid.Uint32().Draw(t, "sum")}
		}
		content := sums.encode()
		if back := parseSums(content); back == nil || !maps.Equal(back, sums) {
			t.Fatalf("%v comes back as %v", sums, back)
		}
		at := rapid.IntRange(0, len(content)-1).Draw(t, "at")
		if parseSums(content[:at]) != nil {
			t.Fatalf("cut at %d it is whole", at)
		}
		content[at] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		if parseSums(content) != nil {
			t.Fatalf("flipped at %d it is whole", at)
		}
	})
}

// FuzzTableSums looks for a file that is right by its checksum and is read as what it is not.
func FuzzTableSums(f *testing.F) {
	f.Add([]byte(sumsMagic))
	f.Add(tableSums{1: {2, 3, 4}, 5: {6, 7, 8}}.encode()[:len(sumsMagic)+2*sumSize])
	f.Fuzz(func(t *testing.T, body []byte) {
		sums := parseSums(binary.BigEndian.AppendUint32(body, crc32.Checksum(body, castagnoli)))
		if sums != nil && (len(body)-len(sumsMagic))/sumSize < len(sums) {
			t.Errorf("%d bytes are %d tables", len(body), len(sums))
		}
		if sums != nil && !maps.Equal(parseSums(sums.encode()), sums) {
			t.Errorf("%v does not come back", sums)
		}
	})
}
