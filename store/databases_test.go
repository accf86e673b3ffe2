package store

import (
	"errors"
	"testing"

	"github.com/musterhq/muster/store/record"
)

func TestADeletedAssetTakesItsDatabasesAlong(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	asset, other := l.laden("192.0.2.1", 2), l.asset(Asset{IPAddress: "192.0.2.2"})
	insert := func(asset int) error {
		return Change(l.ctx, l.DB, System("test"), func(tx *Tx) error {
			return Databases.Insert(tx, &Database{AssetID: asset, PlatformID: 79, InstanceName: "orders", Port: 5432})
		})
	}
	for range 2*record.SweepWrites + 1 {
		if err := insert(asset); err != nil {
			t.Fatal(err)
		}
	}
	if err := insert(other); err != nil {
		t.Fatal(err)
	}
	audits := l.audits(func() { l.change(func(tx *Tx) error { return Assets.Delete(tx, asset) }) })
	if len(audits) != 1 || audits[0][len(audits[0])-len(`Attributes "2" → "", Databases "129" → ""`):] != `Attributes "2" → "", Databases "129" → ""` {
		t.Errorf("the audit is %q", audits)
	}
	seen := func() int {
		return view(l, func(tx *Tx) (int, error) { return VisibleDatabases().Count(tx) })
	}
	if n := seen(); n != 1 {
		t.Errorf("%d databases are seen before the sweep, want 1", n)
	}
	l.refused(ErrNotFound, func(tx *Tx) error { _, err := DatabaseByID(tx, 1); return err })
	if err := insert(asset); !errors.Is(err, ErrInvalid) {
		t.Errorf("a database is inserted on a deleted asset: %v", err)
	}
	l.sweep()
	if n := len(l.keys("db=")); n != 1 || seen() != 1 {
		t.Errorf("%d databases are left, want 1", n)
	}
}
