package store

import (
	"cmp"
	"fmt"
	"math"
	"testing"

	"github.com/musterhq/muster/store/record"
)

// addressGroup makes an address group in an Organization, or in none, and returns its id.
func (l *fixture) addressGroup(name, organization string) int {
	l.t.Helper()
	g := &AddressGroup{Name: name, OrganizationID: Text(organization)}
	l.change(func(tx *Tx) error { return AddressGroups.Insert(tx, g) })
	return g.AddressGroupID
}

func TestANameMeansEverybodysAddressGroupFirst(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	const elsewhere = "8c6f1d0e-2f0b-4c59-9d2e-5d7c3b1a9f43"
	l.change(func(tx *Tx) error {
		return Organizations.Insert(tx, &Organization{OrganizationID: elsewhere, Name: "Elsewhere"})
	})
	here := view(l, DefaultOrganization)
	byName := func(by Actor) int {
		t.Helper()
		g, err := View(l.ctx, l.DB, by, func(tx *Tx) (*AddressGroup, error) { return AddressGroupByName(tx, "BRANCH") })
		if err != nil {
			return 0
		}
		return g.AddressGroupID
	}
	outsider := Actor{UserID: administratorID}
	there, own := l.addressGroup("Branch", elsewhere), l.addressGroup("branch", here)
	if got := byName(System("test")); got != there {
		t.Errorf("without one that is everybody's it is %d, want the oldest, %d", got, there)
	}
	if got := byName(outsider); got != 0 {
		t.Errorf("who sees no Organization finds %d", got)
	}
	everybodys := l.addressGroup("Branch", "")
	for _, by := range []Actor{System("test"), outsider} {
		if got := byName(by); got != everybodys {
			t.Errorf("%q finds %d, want everybody's, %d", by.UserName, got, everybodys)
		}
	}
	l.refused(ErrExists, func(tx *Tx) error { return AddressGroups.Insert(tx, &AddressGroup{Name: "BRANCH"}) })
	l.refused(ErrInvalid, func(tx *Tx) error {
		return AddressGroups.Insert(tx, &AddressGroup{Name: "Nowhere's", OrganizationID: "8c6f1d0e-2f0b-4c59-9d2e-5d7c3b1a9f44"})
	})
	listed := view(l, func(tx *Tx) (ids []int, err error) {
		for g, err := range AddressGroupsOf(tx, here) {
			if err != nil {
				return nil, err
			}
			ids = append(ids, g.AddressGroupID)
		}
		return ids, nil
	})
	equal(t, "groups of the default Organization", listed, []int{own, everybodys})
}

// address adds an address to a group and returns its id, or 0 and why not.
func (l *fixture) address(group int, value string) (int, error) {
	return Update(l.ctx, l.DB, System("test"), func(tx *Tx) (int, error) {
		a := &Address{AddressGroupID: group, Type: SingleAddress, Value: value}
		err := Addresses.Insert(tx.Unaudited(), a)
		return a.AddressID, err
	})
}

// addresses fills a group with n addresses, in large steps and without the checks: they are what takes time.
func (l *fixture) addresses(group, n int) {
	l.t.Helper()
	for from := 0; from < n; from += 4000 {
		l.change(func(tx *Tx) error {
			for i := from; i < min(from+4000, n); i++ {
				id, err := Addresses.NextID(tx)
				a := &Address{AddressID: id, AddressGroupID: group, Type: SingleAddress, Value: numbered(i), LastUpdatedDate: tx.Now, LastUpdateDate: tx.Now}
				raw, unwritable := record.Encode(a)
				key := Addresses.RecordKey(a)
				if err := cmp.Or(err, unwritable, tx.Writer.Set(Addresses.Key(record.KindRecord, key), raw), tx.Writer.Set(Addresses.Key(record.KindPointer, K(id)), key), tx.Writer.Set(addressByValue.Entry(a))); err != nil {
					return err
				}
			}
			return nil
		})
	}
}

func numbered(i int) string { return fmt.Sprintf("10.%d.%d.%d", i>>16, i>>8&255, i&255) }

// listed returns the values of a group's addresses in the order of their ids.
func (l *fixture) listed(group int) []string {
	l.t.Helper()
	return view(l, func(tx *Tx) ([]string, error) {
		list, err := AddressesIn(tx, group)
		if err != nil {
			return nil, err
		}
		values := []string{}
		for row, err := range list.Rows(tx, 0, math.MaxInt) {
			if err != nil {
				return nil, err
			}
			a, err := Addresses.Decode(row)
			if err != nil {
				return nil, err
			}
			values = append(values, a.Value)
		}
		return values, nil
	})
}
