package store

import (
	"cmp"
	"fmt"
	"net/netip"
	"testing"

	"github.com/musterhq/muster/store/record"
)

// TestHostDetailsSideBySide brings the same host in several times at once.
func TestHostDetailsSideBySide(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	const rounds, imports = 5, 4
	for round := range rounds {
		for _, err := range atOnce(imports, func(int) error {
			return Change(l.ctx, l.DB, System("imports"), func(tx *Tx) error {
				asset, _, err := UpsertAsset(tx, firstWorkgroupID, Facts{Address: netip.AddrFrom4([4]byte{192, 0, 2, byte(round)})})
				if err != nil {
					return err
				}
				if _, err := UpsertDatabase(tx, asset, DatabaseFacts{PlatformID: 10, IsDefaultInstance: new(true), Port: 3306}); err != nil {
					return err
				}
				s, _, err := UpsertManagedSystem(tx, asset, SystemFacts{PlatformID: 2})
				if err != nil {
					return err
				}
				_, err = UpsertManagedAccount(tx, s.ManagedSystemID, AccountFacts{AccountName: "root", Password: "one"})
				return cmp.Or(err, func() error {
					_, err := UpsertFunctionalAccount(tx, FunctionalFacts{PlatformID: 2, AccountName: fmt.Sprint("svc", round)}, nil)
					return err
				}())
			})
		}) {
			if err != nil {
				t.Error(err)
			}
		}
	}
	counts := view(l, func(tx *Tx) (n [4]int, err error) {
		var errs [4]error
		n[0], errs[0] = record.CountOf(Databases.All(tx))
		n[1], errs[1] = record.CountOf(ManagedSystems.All(tx))
		n[2], errs[2] = record.CountOf(ManagedAccounts.All(tx))
		n[3], errs[3] = record.CountOf(FunctionalAccounts.All(tx))
		return n, cmp.Or(errs[:]...)
	})
	if counts != [4]int{rounds, rounds, rounds, rounds} {
		t.Errorf("%d hosts have these databases, systems, accounts and functional accounts: %v", rounds, counts)
	}
}

// TestASystemBesideAnotherImport shows that one import sees what another commits in its middle, although it knows the asset.
func TestASystemBesideAnotherImport(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	l.asset(Asset{AssetName: "srv01", IPAddress: "192.0.2.1"})
	for name, p := range map[string]brought{
		"system":   system(SystemFacts{PlatformID: 2}),
		"database": database(DatabaseFacts{PlatformID: 79, InstanceName: "main", Port: 5432}),
	} {
		runs := 0
		outcome := update(l, func(tx *Tx) (Outcome, error) {
			outcome, err := p(tx)
			if runs++; runs == 1 {
				update(l, p)
			}
			return outcome, err
		})
		if outcome != Unchanged || runs != 2 {
			t.Errorf("%s: the outcome is %d after %d runs", name, outcome, runs)
		}
	}
}
