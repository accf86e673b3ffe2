package store

import (
	"fmt"
	"math"
	"net/netip"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/musterhq/muster/store/kv/badgerkv"
	"github.com/musterhq/muster/store/record"
)

const benchAssets = 10_000

func benchAddress(i int) netip.Addr {
	return netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)})
}

func benchFacts(i int) Facts {
	return Facts{
		Address: benchAddress(i), AssetName: fmt.Sprintf("srv%05d", i), DnsName: fmt.Sprintf("srv%05d.example", i), DomainName: "EXAMPLE",
		MacAddress: fmt.Sprintf("00:1A:2B:3C:%02X:%02X", i>>8, i&255), AssetType: "Server", OperatingSystem: "Linux", Description: "made for measuring",
	}
}

// upsertBatch brings batch hosts into the first Workgroup in one transaction, as an import does.
func upsertBatch(b *testing.B, l *fixture, from, batch int) {
	err := Change(l.ctx, l.DB, System("imports"), func(tx *Tx) error {
		for i := from; i < from+batch; i++ {
			if _, _, err := UpsertAsset(tx, firstWorkgroupID, benchFacts(i)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
}

// benchLab is a store with benchAssets assets.
func benchLab(b *testing.B) *fixture {
	b.Helper()
	l := newFixture(b)
	const batch = 50
	for i := 0; i < benchAssets; i += batch {
		upsertBatch(b, l, i, batch)
	}
	b.ReportAllocs()
	return l
}

// BenchmarkKey makes the key of an asset's entry by name.
func BenchmarkKey(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		K(firstWorkgroupID, record.Fold("SRV01.example"))
	}
}

// BenchmarkInsert inserts an audited asset in a transaction of its own.
func BenchmarkInsert(b *testing.B) {
	l := newFixture(b)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		l.asset(Asset{IPAddress: benchAddress(i).String(), AssetName: fmt.Sprint("srv", i), AssetType: "Server", OperatingSystem: "Linux"})
	}
}

// BenchmarkInsertSynced inserts audited assets durably, each in a transaction of its own, by one writer and by many at once.
func BenchmarkInsertSynced(b *testing.B) {
	for _, writers := range []int{1, 16} {
		b.Run(fmt.Sprint("writers=", writers), func(b *testing.B) {
			l := newFixtureIn(b, badgerkv.Options{Dir: b.TempDir(), Key: make([]byte, badgerkv.KeySize)})
			var made atomic.Int32
			insert := func() error {
				i := int(made.Add(1))
				return Change(l.ctx, l.DB, System("bench"), func(tx *Tx) error {
					return Assets.Insert(tx, &Asset{
						WorkgroupID: firstWorkgroupID, IPAddress: benchAddress(i).String(), AssetName: fmt.Sprint("srv", i),
						AssetType: "Server", OperatingSystem: "Linux",
					})
				})
			}
			b.ReportAllocs()
			b.SetParallelism(max(1, writers/runtime.GOMAXPROCS(0)))
			if writers == 1 {
				for b.Loop() {
					if err := insert(); err != nil {
						b.Fatal(err)
					}
				}
				return
			}
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if err := insert(); err != nil {
						b.Error(err)
					}
				}
			})
		})
	}
}

// BenchmarkUpsert brings 50 hosts in by one transaction: new ones, and those of a file that is imported again.
func BenchmarkUpsert(b *testing.B) {
	const batch = 50
	b.Run("created", func(b *testing.B) {
		l := newFixture(b)
		b.ReportAllocs()
		for i := 0; b.Loop(); i += batch {
			upsertBatch(b, l, i, batch)
		}
	})
	b.Run("unchanged", func(b *testing.B) {
		l := benchLab(b)
		for i := 0; b.Loop(); i += batch {
			upsertBatch(b, l, i%benchAssets, batch)
		}
	})
}

// benchRows reads all rows of a list in a View of its own.
func benchRows(b *testing.B, l *fixture, want int, list func() (List, error)) {
	n := 0
	_, err := View(l.ctx, l.DB, System("bench"), func(tx *Tx) (int, error) {
		list, err := list()
		if err != nil {
			return 0, err
		}
		for _, err := range list.Rows(tx, 0, math.MaxInt) {
			if err != nil {
				return 0, err
			}
			n++
		}
		return n, nil
	})
	if n != want || err != nil {
		b.Fatalf("%d rows, error %v", n, err)
	}
}

// BenchmarkList lists 10,000 assets of a Workgroup.
func BenchmarkList(b *testing.B) {
	l := benchLab(b)
	for b.Loop() {
		benchRows(b, l, benchAssets, func() (List, error) { return AssetsIn(firstWorkgroupID), nil })
	}
}

// BenchmarkSearch finds the 256 assets of a /24 among 10,000.
func BenchmarkSearch(b *testing.B) {
	l := benchLab(b)
	for b.Loop() {
		benchRows(b, l, 256, func() (List, error) { return SearchAssets(AssetCriteria{IPAddress: "10.0.7.0/24"}) })
	}
}

// BenchmarkResume is what each request with a token costs: nothing has moved, or a right has since it was signed.
func BenchmarkResume(b *testing.B) {
	for name, move := range map[string]bool{"own claims": false, "remembered claims": true} {
		b.Run(name, func(b *testing.B) {
			l := newFixture(b)
			token := l.session("administrator", time.Hour, 0)
			if move {
				l.group("Operators", nil)
				l.change(func(tx *Tx) error { return bump(tx, everyone) })
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := resumeToken(l, token); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
