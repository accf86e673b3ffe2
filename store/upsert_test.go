package store

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/musterhq/muster/store/record"
)

// sketch is an asset as the cases below show it: id, name, address, and what a scanner may know of it.
func sketch(a *Asset) string {
	return fmt.Sprintf("%d %s %s %s/%s/%s/%s/%s/%s", a.AssetID, a.AssetName, a.IPAddress,
		a.DnsName, a.DomainName, a.MacAddress, a.AssetType, a.OperatingSystem, a.Description)
}

func (l *fixture) assets(workgroup int) []string {
	l.t.Helper()
	found := []string{}
	for _, a := range view(l, func(tx *Tx) ([]*Asset, error) { return record.Collect(Assets.All(tx)) }) {
		if a.WorkgroupID == workgroup {
			found = append(found, sketch(a))
		}
	}
	return found
}

func (l *fixture) upsert(workgroup int, address string, f Facts) Outcome {
	l.t.Helper()
	f.Address = netip.MustParseAddr(address)
	return update(l, func(tx *Tx) (Outcome, error) {
		asset, outcome, err := UpsertAsset(tx, workgroup, f)
		if err != nil || f.AssetName == "" || f.AssetName == asset.AssetName {
			return outcome, err
		}
		_, _, err = MoveName(tx, workgroup, NameClaim{asset.AssetID, f.Address, f.AssetName}) // as for a file with this host alone
		return changedToo(outcome), err
	})
}

func TestUpsert(t *testing.T) {
	t.Parallel()
	const ip = "10.0.0.5"
	for name, test := range map[string]struct {
		before  []Asset // their ids are 1, 2, …
		address string
		facts   Facts
		want    Outcome
		after   []string
	}{
		"an unknown address is a new asset": {
			nil, ip, Facts{
				AssetName: "srv01", DnsName: "srv01.example", DomainName: "EXAMPLE", MacAddress: "00:1A:2B:3C:4D:5E",
				AssetType: "Server", OperatingSystem: "Linux", Description: "web",
			},
			Created, []string{"1 srv01 10.0.0.5 srv01.example/EXAMPLE/00:1A:2B:3C:4D:5E/Server/Linux/web"},
		},
		"without a name it is called by its address": {nil, ip, Facts{}, Created, []string{"1 010.000.000.005 10.0.0.5 /////"}},
		"an IPv6 address in full": {
			nil, "2001:db8::5", Facts{}, Created, []string{"1 2001:0db8:0000:0000:0000:0000:0000:0005 2001:db8::5 /////"},
		},
		"IPv4 in IPv6 form is IPv4": {nil, "::ffff:10.0.0.5", Facts{}, Created, []string{"1 010.000.000.005 10.0.0.5 /////"}},
		"and finds the IPv4 asset": {
			[]Asset{{AssetName: "srv01", IPAddress: ip}}, "::ffff:10.0.0.5", Facts{AssetType: "Server"},
			Updated, []string{"1 srv01 10.0.0.5 ///Server//"},
		},
		"known facts replace what is stored, unknown ones leave it": {
			[]Asset{{AssetName: "srv01", IPAddress: ip, DnsName: "old", MacAddress: "old", Description: "mine"}}, ip,
			Facts{AssetName: "srv01", DnsName: "new", AssetType: "Server"},
			Updated, []string{"1 srv01 10.0.0.5 new//old/Server//mine"},
		},
		"what is known already changes nothing": {
			[]Asset{{AssetName: "srv01", IPAddress: ip, DnsName: "srv01.example"}}, ip, Facts{AssetName: "srv01", DnsName: "srv01.example"},
			Unchanged, []string{"1 srv01 10.0.0.5 srv01.example/////"},
		},
		"nothing known changes nothing": {
			[]Asset{{AssetName: "srv01", IPAddress: ip}}, ip, Facts{}, Unchanged, []string{"1 srv01 10.0.0.5 /////"},
		},
		"a name that is free is taken over": {
			[]Asset{{IPAddress: ip}}, ip, Facts{AssetName: "srv01"}, Updated, []string{"1 srv01 10.0.0.5 /////"},
		},
		"as is one that is its own in another letter case": {
			[]Asset{{AssetName: "SRV01", IPAddress: ip}}, ip, Facts{AssetName: "srv01"}, Updated, []string{"1 srv01 10.0.0.5 /////"},
		},
		"a name moves from the asset that has it, which is called by its address": {
			[]Asset{{AssetName: "srv01", IPAddress: "10.0.0.1"}, {AssetName: "srv05", IPAddress: ip}}, ip, Facts{AssetName: "SRV01", AssetType: "Server"},
			Updated, []string{"1 010.000.000.001 10.0.0.1 /////", "2 SRV01 10.0.0.5 ///Server//"},
		},
		"also to a new asset": {
			[]Asset{{AssetName: "srv01", IPAddress: "10.0.0.1"}}, ip, Facts{AssetName: "srv01"},
			Created, []string{"1 010.000.000.001 10.0.0.1 /////", "2 srv01 10.0.0.5 /////"},
		},
		"even if the name is an address": {
			[]Asset{{AssetName: "a", IPAddress: ip}, {AssetName: "010.000.000.005", IPAddress: "10.0.0.7"}, {AssetName: "srv01", IPAddress: "10.0.0.1"}}, ip,
			Facts{AssetName: "010.000.000.005"},
			Updated, []string{"1 010.000.000.005 10.0.0.5 /////", "2 010.000.000.007 10.0.0.7 /////", "3 srv01 10.0.0.1 /////"},
		},
		"of several assets with the address, the one with the name": {
			[]Asset{{AssetName: "a", IPAddress: ip}, {AssetName: "b", IPAddress: ip}}, ip, Facts{AssetName: "B", AssetType: "Server"},
			Updated, []string{"1 a 10.0.0.5 /////", "2 B 10.0.0.5 ///Server//"},
		},
		"or else the one with the lowest id": {
			[]Asset{{AssetName: "z", IPAddress: ip}, {AssetName: "a", IPAddress: ip}}, ip, Facts{AssetName: "c"},
			Updated, []string{"1 c 10.0.0.5 /////", "2 a 10.0.0.5 /////"},
		},
		"a name of another Workgroup is no matter": {
			[]Asset{{WorkgroupID: 2, AssetName: "srv01", IPAddress: ip}}, ip, Facts{AssetName: "srv01"},
			Created, []string{"2 srv01 10.0.0.5 /////"},
		},
		"the name of its address may be another's, too": {
			[]Asset{{AssetName: "010.000.000.005", IPAddress: "10.0.0.6"}}, ip, Facts{},
			Created, []string{"1 010.000.000.005 10.0.0.6 /////", "2 010.000.000.005 (2) 10.0.0.5 /////"},
		},
		"and the next one": {
			[]Asset{{AssetName: "010.000.000.005", IPAddress: "10.0.0.6"}, {AssetName: "010.000.000.005 (2)", IPAddress: "10.0.0.7"}}, ip,
			Facts{AssetName: "010.000.000.005"},
			Created, []string{"1 010.000.000.006 10.0.0.6 /////", "2 010.000.000.005 (2) 10.0.0.7 /////", "3 010.000.000.005 10.0.0.5 /////"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newFixture(t)
			l.workgroup("Floor 1", "")
			for _, a := range test.before {
				l.asset(a)
			}
			dates, were := l.dates(), l.assets(firstWorkgroupID)
			l.clock.step(time.Minute)
			rows := l.audits(func() {
				if got := l.upsert(firstWorkgroupID, test.address, test.facts); got != test.want {
					t.Errorf("the outcome is %d, want %d", got, test.want)
				}
			})
			equal(t, "assets", l.assets(firstWorkgroupID), test.after)
			equal(t, "audits: an import is the act", rows, nil)
			for id, now := range l.dates() {
				was, old := dates[id]
				if created, updated := !old, old && was != now; created != (test.want == Created && id > len(test.before)) ||
					updated && slices.ContainsFunc(were, func(a string) bool {
						return strings.HasPrefix(a, fmt.Sprint(id, " ")) && slices.Contains(test.after, a)
					}) {
					t.Errorf("asset %d was last updated %v, now %v", id, was, now)
				}
			}
			before := l.dates()
			l.clock.step(time.Minute)
			if got := l.upsert(firstWorkgroupID, test.address, test.facts); got != Unchanged {
				t.Errorf("the outcome of the same once more is %d", got)
			}
			for id, now := range l.dates() {
				if before[id] != now {
					t.Errorf("the same once more moved LastUpdateDate of asset %d", id)
				}
			}
		})
	}
}

// dates are the LastUpdateDates of all assets.
func (l *fixture) dates() map[int]Time {
	l.t.Helper()
	dates := map[int]Time{}
	for _, a := range view(l, func(tx *Tx) ([]*Asset, error) { return record.Collect(Assets.All(tx)) }) {
		dates[a.AssetID] = a.LastUpdateDate
	}
	return dates
}

func TestUpsertsOfOneAddressSideBySideMakeOneAsset(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	const rounds, upserts = 10, 4
	for round := range rounds {
		address := netip.AddrFrom4([4]byte{10, 0, 0, byte(round)})
		for _, err := range atOnce(upserts, func(i int) error {
			return Change(l.ctx, l.DB, System("imports"), func(tx *Tx) error {
				_, _, err := UpsertAsset(tx, firstWorkgroupID, Facts{Address: address, AssetName: fmt.Sprintf("srv%d-%d", round, i)})
				return err
			})
		}) {
			if err != nil {
				t.Error(err)
			}
		}
	}
	if got := l.assets(firstWorkgroupID); len(got) != rounds {
		t.Errorf("%d addresses made these assets: %s", rounds, lines(got))
	}
}

// The guard of an address must hold as well against what is no upsert: an insert, a changed address, a delete.
func TestAnUpsertBesideAnotherChange(t *testing.T) {
	t.Parallel()
	address := netip.MustParseAddr("10.0.0.5")
	for name, other := range map[string]struct {
		change func(*Tx) error
		want   []string
	}{
		"insert": {func(tx *Tx) error {
			return Assets.Insert(tx, &Asset{WorkgroupID: 1, AssetName: "new", IPAddress: "10.0.0.5"})
		}, []string{"3 new 10.0.0.5 ///Server//"}},
		"put": {func(tx *Tx) error {
			return Assets.Put(tx, &Asset{WorkgroupID: 1, AssetID: 1, AssetName: "old", IPAddress: "10.0.0.5"})
		}, []string{"1 old 10.0.0.5 ///Server//"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newFixture(t)
			l.asset(Asset{AssetName: "old", IPAddress: "10.0.0.1"})
			runs := 0
			outcome := update(l, func(tx *Tx) (Outcome, error) {
				_, outcome, err := UpsertAsset(tx, 1, Facts{Address: address, AssetType: "Server"})
				if runs++; runs == 1 { // in the middle of it, the other change is committed
					l.change(other.change)
				}
				return outcome, err
			})
			if outcome != Updated || runs != 2 {
				t.Errorf("the outcome is %d after %d runs", outcome, runs)
			}
			found := []string{}
			for _, a := range view(l, func(tx *Tx) ([]*Asset, error) { return record.Collect(assetsByAddress.Each(tx, K(address))) }) {
				found = append(found, sketch(a))
			}
			equal(t, "assets with the address", found, other.want)
		})
	}
	for name, change := range map[string]func(*Tx) error{
		"delete": func(tx *Tx) error { return Assets.Delete(tx, 1) },
		"away":   edit(Assets, 1, func(a *Asset) { a.IPAddress = "10.0.0.6" }),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newFixture(t)
			l.asset(Asset{AssetName: "old", IPAddress: "10.0.0.5"})
			runs := 0
			outcome := update(l, func(tx *Tx) (Outcome, error) {
				_, outcome, err := UpsertAsset(tx, 1, Facts{Address: address, AssetType: "Server"})
				if runs++; runs == 1 {
					l.change(change)
				}
				return outcome, err
			})
			if outcome != Created || runs != 2 {
				t.Errorf("the outcome is %d after %d runs", outcome, runs)
			}
		})
	}
}

func TestTheListOfOperatingSystemsGrowsWithTheAssets(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	names := func() []string {
		found := []string{}
		for _, o := range view(l, func(tx *Tx) ([]*OperatingSystem, error) { return record.Collect(OperatingSystems.All(tx)) }) {
			found = append(found, fmt.Sprint(o.OperatingSystemID, " ", o.Name))
		}
		return found
	}
	id := l.asset(Asset{IPAddress: "10.0.0.1", OperatingSystem: "Linux"})
	l.asset(Asset{IPAddress: "10.0.0.2", OperatingSystem: "LINUX"})
	l.asset(Asset{IPAddress: "10.0.0.3"})
	equal(t, "operating systems", names(), []string{"1 Linux"})
	l.upsert(firstWorkgroupID, "10.0.0.1", Facts{OperatingSystem: "AIX"})
	equal(t, "operating systems", names(), []string{"1 Linux", "2 AIX"})
	l.change(func(tx *Tx) error { return Assets.Delete(tx, id) })
	equal(t, "operating systems once carried stay", names(), []string{"1 Linux", "2 AIX"})
}
