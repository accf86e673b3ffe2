package store

import (
	"errors"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/musterhq/muster/store/kv"
	"github.com/musterhq/muster/store/record"
)

// assetModel is what the assets should be, and the actions by which they become it.
type assetModel struct {
	*fixture
	assets     map[int]Asset
	workgroups []int
}

func TestAssetsAgreeWithAModel(t *testing.T) {
	t.Parallel()
	oneIn(8, t, func(t *rapid.T) {
		m := &assetModel{fixture: newFixture(t), assets: map[int]Asset{}}
		m.workgroups = []int{firstWorkgroupID, m.workgroup("Floor 1", ""), m.workgroup("Floor 2", "")}
		t.Repeat(map[string]func(*rapid.T){"": m.agree, "insert": m.insert, "put": m.put, "move": m.move, "delete": m.delete})
	})
}

// Few values, so that they meet; some of them are the same to a reader.
var (
	modelNames     = rapid.SampledFrom([]string{"", "a", "A", "b", "ab", "010.000.000.001", "srv\x00"})
	modelAddresses = rapid.SampledFrom([]string{"10.0.0.1", "::ffff:10.0.0.1", "10.0.0.2", "::1", "0:0::1", "2001:db8::ff"})
	modelTexts     = rapid.SampledFrom([]Text{"", "x", "X", "xy"})
)

// draw draws all members that a caller can set.
func (m *assetModel) draw(t *rapid.T) Asset {
	return Asset{
		WorkgroupID: rapid.SampledFrom(m.workgroups).Draw(t, "Workgroup"),
		AssetName:   modelNames.Draw(t, "name"), IPAddress: modelAddresses.Draw(t, "address"),
		DnsName: modelTexts.Draw(t, "DNS name"), DomainName: modelTexts.Draw(t, "domain"), MacAddress: modelTexts.Draw(t, "MAC address"),
		AssetType: modelTexts.Draw(t, "type"), OperatingSystem: modelTexts.Draw(t, "operating system"), Description: modelTexts.Draw(t, "description"),
	}
}

// any draws one of the assets.
func (m *assetModel) any(t *rapid.T) Asset {
	if len(m.assets) == 0 {
		t.Skip("there is no asset")
	}
	return m.assets[rapid.SampledFrom(slices.Sorted(maps.Keys(m.assets))).Draw(t, "id")]
}

func (m *assetModel) insert(t *rapid.T) {
	a := m.draw(t)
	m.write(t, a, func(tx *Tx, a *Asset) error { return Assets.Insert(tx, a) })
}

func (m *assetModel) put(t *rapid.T) {
	id, a := m.any(t).AssetID, m.draw(t)
	a.AssetID = id
	m.write(t, a, func(tx *Tx, a *Asset) error { return Assets.Put(tx, a) })
}

func (m *assetModel) move(t *rapid.T) {
	a := m.any(t)
	a.WorkgroupID = rapid.SampledFrom(m.workgroups).Draw(t, "Workgroup")
	m.write(t, a, func(tx *Tx, a *Asset) error { return Assets.Put(tx, a) })
}

func (m *assetModel) delete(t *rapid.T) {
	id := m.any(t).AssetID
	m.clock.step(time.Second)
	m.in(t).change(func(tx *Tx) error { return Assets.Delete(tx, id) })
	delete(m.assets, id)
}

// write inserts or puts an asset and says what has to become of it.
func (m *assetModel) write(t *rapid.T, a Asset, write func(*Tx, *Asset) error) {
	m.clock.step(time.Second)
	want := m.normal(a)
	taken := slices.ContainsFunc(slices.Collect(maps.Values(m.assets)), func(other Asset) bool {
		return other.AssetID != a.AssetID && other.WorkgroupID == a.WorkgroupID && strings.EqualFold(other.AssetName, want.AssetName)
	})
	err := Change(m.ctx, m.DB, System("test"), func(tx *Tx) error { return write(tx, &a) })
	if taken != errors.Is(err, ErrExists) || !taken && err != nil {
		t.Fatalf("the name %q is taken: %v, error %v", want.AssetName, taken, err)
	}
	if taken {
		return
	}
	want.AssetID = a.AssetID
	if a != want {
		t.Fatalf("written %+v, want %+v", a, want)
	}
	m.assets[a.AssetID] = a
}

// normal is an asset as it has to be stored.
func (m *assetModel) normal(a Asset) Asset {
	addr := netip.MustParseAddr(a.IPAddress).Unmap()
	a.IPAddress = addr.String()
	if a.AssetName == "" {
		a.AssetName = PaddedAddress(addr)
	}
	now := record.At(m.clock.Now())
	a.CreateDate, a.LastUpdateDate = now, now
	if old, known := m.assets[a.AssetID]; known {
		a.CreateDate, a.LastUpdateDate = old.CreateDate, old.LastUpdateDate
		if a != old {
			a.LastUpdateDate = now
		}
	}
	return a
}

// agree compares every key of the assets with what the model implies, spelled out here once more.
func (m *assetModel) agree(t *rapid.T) {
	want, counts := map[string]string{}, map[string]int64{}
	for id, a := range m.assets {
		addr, tail := netip.MustParseAddr(a.IPAddress), K(a.WorkgroupID, id)
		record, err := record.Encode(a)
		if err != nil {
			t.Fatal(err)
		}
		want["as="+string(tail)] = string(record)
		want["as@"+string(K(id))] = string(tail)
		want["asn"+string(K(a.WorkgroupID, strings.ToLower(a.AssetName)))] = string(tail)
		want["asa"+string(K(strings.ToLower(a.AssetName), tail))] = string(tail)
		want["asi"+string(K(addr, tail))] = string(tail)
		want["asp"+string(K(a.WorkgroupID, addr, tail))] = string(tail)
		want["as!p"+string(K(a.WorkgroupID, addr))] = ""
		counts["as#w"+string(K(a.WorkgroupID))]++
		counts["as#b"+string(K(a.WorkgroupID, id/512*512))]++
		for kind, text := range map[string]Text{"d": a.DnsName, "o": a.DomainName, "m": a.MacAddress, "t": a.AssetType} {
			if text != "" {
				want["as"+kind+string(K(strings.ToLower(string(text)), tail))] = string(tail)
			}
		}
	}
	for key, n := range counts {
		want[key] = string(kv.EncodeSum(n))
	}
	got := map[string]string{}
	err := m.engine.View(m.ctx, func(r kv.Reader) error {
		for pair, err := range r.Scan(kv.Prefix([]byte("as"))) {
			if err != nil {
				return err
			}
			got[string(pair.Key)] = string(pair.Value)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	delete(got, "as+")
	for _, key := range slices.Sorted(maps.Keys(want)) {
		if value, there := got[key]; !there || value != want[key] {
			t.Errorf("%q holds %q, there %v, want %q", key, value, there, want[key])
		}
		delete(got, key)
	}
	for key := range got {
		t.Errorf("%q should not be there", key)
	}
}
