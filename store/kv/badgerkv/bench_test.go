package badgerkv

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/musterhq/muster/store/kv"
)

const (
	benchRecords = 20_000
	recordSize   = 350
)

func benchKey(i int) []byte { return fmt.Appendf(nil, "as=%08d", i) }

// benchStore is an encrypted store whose records lie in tables, as they do in a server that has run for a while.
func benchStore(b *testing.B) *Engine {
	b.Helper()
	return open(b, benchFiles(b))
}

// benchFiles makes the files of such a store and returns how it is opened.
func benchFiles(b *testing.B) Options {
	b.Helper()
	o := Options{Dir: b.TempDir(), Key: masterKey, NoSync: true}
	e := open(b, o)
	for first := 0; first < benchRecords; first += kv.MaxWrites {
		err := e.Update(b.Context(), func(tx kv.Txn) error {
			for i := range kv.MaxWrites {
				if err := tx.Set(benchKey(first+i), make([]byte, recordSize)); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	closeNow(b, e)
	return o
}

// BenchmarkExamine is what a start does before Badger's: with tables that were verified before, and with tables that are verified.
func BenchmarkExamine(b *testing.B) {
	for _, known := range []bool{true, false} {
		b.Run(fmt.Sprintf("known=%t", known), func(b *testing.B) {
			o := benchFiles(b)
			for b.Loop() {
				if !known {
					if err := os.Remove(filepath.Join(o.Dir, sumsName)); err != nil {
						b.Fatal(err)
					}
				}
				_, tables, err := examine(o)
				if err != nil {
					b.Fatal(err)
				}
				size := int64(0)
				for _, t := range tables {
					size += t.size
				}
				b.SetBytes(size)
			}
		})
	}
}

// BenchmarkGet reads one record in a View of its own.
func BenchmarkGet(b *testing.B) {
	e := benchStore(b)
	b.ReportAllocs()
	for b.Loop() {
		key := benchKey(rand.IntN(benchRecords))
		err := e.View(b.Context(), func(r kv.Reader) error {
			_, err := r.Get(key)
			return err
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkScan reads all records in one View; ns/pair is the figure to look at.
func BenchmarkScan(b *testing.B) {
	for name, rg := range map[string]kv.Range{
		"forward":   {},
		"reverse":   {Reverse: true},
		"keys only": {KeysOnly: true},
	} {
		b.Run(name, func(b *testing.B) {
			e := benchStore(b)
			b.ReportAllocs()
			pairs := 0
			for b.Loop() {
				err := e.View(b.Context(), func(r kv.Reader) error {
					for _, err := range r.Scan(rg) {
						if err != nil {
							return err
						}
						pairs++
					}
					return nil
				})
				if err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(pairs), "ns/pair")
		})
	}
}

// BenchmarkUpdateSynced commits one record with six index keys durably, by one writer and by many at once, who share
// commits.
func BenchmarkUpdateSynced(b *testing.B) {
	write := func(e *Engine) error {
		id := rand.Uint64()
		return e.Update(b.Context(), func(tx kv.Txn) error {
			for i := range 6 {
				if err := tx.Set(fmt.Appendf(nil, "i%d%016x", i, id), nil); err != nil {
					return err
				}
			}
			return tx.Set(fmt.Appendf(nil, "r%016x", id), make([]byte, recordSize))
		})
	}
	b.Run("one after the other", func(b *testing.B) {
		e := open(b, Options{Dir: b.TempDir(), Key: masterKey})
		b.ReportAllocs()
		for b.Loop() {
			if err := write(e); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("many at once", func(b *testing.B) {
		e := open(b, Options{Dir: b.TempDir(), Key: masterKey})
		b.ReportAllocs()
		b.SetParallelism(16)
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if err := write(e); err != nil {
					b.Error(err)
				}
			}
		})
	})
}
