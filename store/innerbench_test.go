package store

import (
	"testing"

	"github.com/musterhq/muster/store/kv"
	"github.com/musterhq/muster/store/record"
)

// BenchmarkCutKey reads a record's place out of an index entry.
func BenchmarkCutKey(b *testing.B) {
	key := K(firstWorkgroupID, 4711)
	b.ReportAllocs()
	for b.Loop() {
		if _, rest, err := record.CutInt(key); err != nil || len(rest) != 8 {
			b.Fatal(err)
		}
	}
}

// BenchmarkPut changes an asset in a transaction of its own: the record, an index entry and the audit row.
func BenchmarkPut(b *testing.B) {
	l := newFixture(b)
	id := l.asset(Asset{IPAddress: benchAddress(1).String(), AssetName: "srv", DnsName: "a.example", AssetType: "Server", OperatingSystem: "Linux"})
	names := [2]Text{"a.example", "b.example"}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		l.change(func(tx *Tx) error {
			a, err := Assets.Get(tx, id)
			if err != nil {
				return err
			}
			a.DnsName = names[(i+1)%2]
			return Assets.Put(tx, a)
		})
	}
}

// BenchmarkAddressRange walks the entries of a range of addresses and leaves the records alone.
func BenchmarkAddressRange(b *testing.B) {
	for name, hits := range map[string]int{"hits=256": 256, "hits=4096": 4096} {
		b.Run(name, func(b *testing.B) {
			l := benchLab(b)
			for b.Loop() {
				n := 0
				err := l.engine.View(l.ctx, func(r kv.Reader) error {
					for _, err := range r.Scan(assetsByAddress.KeyRange(K(benchAddress(0)), K(benchAddress(hits-1)))) {
						if err != nil {
							return err
						}
						n++
					}
					return nil
				})
				if n != hits || err != nil {
					b.Fatalf("%d entries, error %v", n, err)
				}
			}
		})
	}
}
