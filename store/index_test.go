package store

import (
	"cmp"
	"net/netip"
	"testing"

	"github.com/musterhq/muster/store/record"
)

// A transaction that has asked the guard of a key runs again when another adds to what is found under the key or takes
// from it, even though it has read nothing else.
func TestAGuardProtectsWhatIsFoundUnderAKey(t *testing.T) {
	t.Parallel()
	here := K(firstWorkgroupID, netip.MustParseAddr("10.0.0.5"))
	insert := func(name, address string) func(*Tx) error {
		return func(tx *Tx) error {
			return Assets.Insert(tx, &Asset{WorkgroupID: firstWorkgroupID, AssetName: name, IPAddress: address})
		}
	}
	address := func(ip string) func(*Asset) { return func(a *Asset) { a.IPAddress = ip } }
	for name, test := range map[string]struct {
		before []string // the addresses of the assets 1, 2, …
		change func(*Tx) error
		found  [2]bool // before the change and after it
		again  bool
	}{
		"the first comes":         {nil, insert("new", "10.0.0.5"), [2]bool{false, true}, true},
		"another comes":           {[]string{"10.0.0.5"}, insert("new", "10.0.0.5"), [2]bool{true, true}, true},
		"one gets the address":    {[]string{"10.0.0.1"}, edit(Assets, 1, address("10.0.0.5")), [2]bool{false, true}, true},
		"one of two goes":         {[]string{"10.0.0.5", "10.0.0.5"}, func(tx *Tx) error { return Assets.Delete(tx, 1) }, [2]bool{true, true}, true},
		"one of two gets another": {[]string{"10.0.0.5", "10.0.0.5"}, edit(Assets, 2, address("10.0.0.1")), [2]bool{true, true}, true},
		"the last goes":           {[]string{"10.0.0.5"}, func(tx *Tx) error { return Assets.Delete(tx, 1) }, [2]bool{true, false}, true},
		"something else changes":  {[]string{"10.0.0.5"}, edit(Assets, 1, func(a *Asset) { a.AssetType = "Server" }), [2]bool{true, true}, false},
		"one comes elsewhere":     {nil, insert("new", "10.0.0.6"), [2]bool{false, false}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newFixture(t)
			for i, ip := range test.before {
				l.asset(Asset{AssetName: string(rune('a' + i)), IPAddress: ip})
			}
			found := []bool{}
			l.change(func(tx *Tx) error {
				there, err := assetsByPlace.Guard(tx, here)
				if found = append(found, there); len(found) == 1 {
					l.change(test.change)
				}
				return cmp.Or(err, record.Enqueue(tx, work, 1))
			})
			want := test.found[:]
			if !test.again {
				want = want[:1]
			}
			equal(t, "found in each run", found, want)
			now := view(l, func(tx *Tx) (bool, error) { return assetsByPlace.Guard(tx, here) })
			if now != test.found[1] {
				t.Errorf("found at last: %v", now)
			}
		})
	}
}
