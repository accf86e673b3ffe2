package store

import (
	"errors"
	"fmt"
	"maps"
	"runtime/debug"
	"slices"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/musterhq/muster/store/kv/badgerkv"
	"github.com/musterhq/muster/store/record"
)

func TestDeletedAddressesLeaveOneAudit(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	g := l.addressGroup("Lab", "")
	clear := func() { l.change(func(tx *Tx) error { return DeleteAddresses(tx, g) }) }
	l.addresses(g, 3)
	equal(t, "audits", l.audits(clear), []string{`Delete Address: AddressGroupID "1" → "", Addresses "3" → ""`})
	equal(t, "audits where there is none left", l.audits(clear), []string{})
	l.addresses(g, 2)
	equal(t, "audits of a group", l.audits(func() {
		l.change(func(tx *Tx) error { return AddressGroups.Delete(tx, g) })
		l.sweep()
	}), []string{`Delete Address Group: AddressGroupID "1" → "", Name "Lab" → "", Addresses "2" → ""`})
}

func TestADeletedAddressMakesWayBeforeItIsSwept(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	g := l.addressGroup("Lab", "")
	l.addresses(g, 3)
	l.change(func(tx *Tx) error { return DeleteAddresses(tx, g) })
	if _, err := l.address(g, numbered(1)); err != nil {
		t.Fatal(err)
	}
	equal(t, "addresses", l.listed(g), []string{numbered(1)})
	if _, err := l.address(g, numbered(1)); !errors.Is(err, ErrExists) {
		t.Errorf("the same again: %v", err)
	}
	l.sweep()
	equal(t, "addresses after the sweep", l.listed(g), []string{numbered(1)})
	if left := len(l.keys("ad=")); left != 1 {
		t.Errorf("%d records are left, want 1", left)
	}
}

func TestAddressesStayDeletedAfterACrash(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	g, other := l.addressGroup("Lab", ""), l.addressGroup("Other", "")
	l.addresses(g, 3*record.SweepWrites)
	l.addresses(other, 2)
	l.change(func(tx *Tx) error { return AddressGroups.Delete(tx, g) })
	l.under.Engine = &mortal{Engine: l.under.Engine, lives: 1}
	if err := l.DB.Sweep(l.ctx); !errors.Is(err, errKilled) {
		t.Errorf("Sweep: %v", err)
	}
	l.reopen()
	if left := len(l.keys("ad=")); left != 2*record.SweepWrites+2 {
		t.Fatalf("%d records are left after a transaction, want %d", left, 2*record.SweepWrites+2)
	}
	for a, err := range view(l, func(tx *Tx) (map[*Address]error, error) {
		found := map[*Address]error{}
		for a, err := range Addresses.All(tx) {
			if err != nil {
				return nil, err
			}
			_, found[a] = AddressByID(tx, a.AddressID)
		}
		return found, nil
	}) {
		if a.AddressGroupID == g && !errors.Is(err, ErrNotFound) || a.AddressGroupID == other && err != nil {
			t.Errorf("address %d of group %d: %v", a.AddressID, a.AddressGroupID, err)
		}
	}
	l.sweep()
	if left := len(l.keys("ad=")); left != 2 {
		t.Errorf("%d records are left, want the 2 of the other group", left)
	}
	if left := l.keys("ac="); len(left) > 0 {
		t.Errorf("clearings are left: %q", left)
	}
}

func TestReadersSeeAllAddressesOrNone(t *testing.T) {
	t.Parallel()
	const n = 600
	for name, act := range map[string]func(*Tx, int) error{"the addresses of a group": DeleteAddresses, "a group": AddressGroups.Delete} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newFixture(t)
			g := l.addressGroup("Lab", "")
			l.addresses(g, n)
			done := make(chan struct{})
			var readers sync.WaitGroup
			for range 2 {
				readers.Go(func() {
					for {
						select {
						case <-done:
							return
						default:
						}
						if err := l.allOrNone(g, n); err != nil {
							t.Error(err)
							return
						}
					}
				})
			}
			l.change(func(tx *Tx) error { return act(tx, g) })
			l.sweep()
			close(done)
			readers.Wait()
		})
	}
}

// allOrNone reads a group, and each of the n addresses that it had at first, in one transaction.
func (l *fixture) allOrNone(group, n int) error {
	_, err := View(l.ctx, l.DB, System("test"), func(tx *Tx) (struct{}, error) {
		listed := 0
		if _, err := AddressGroupByID(tx, group); err == nil {
			if listed, err = countAddresses(tx, group); err != nil {
				return struct{}{}, err
			}
		} else if !errors.Is(err, ErrNotFound) {
			return struct{}{}, err
		}
		found := 0
		for id := range n {
			switch _, err := AddressByID(tx, id+1); {
			case err == nil:
				found++
			case !errors.Is(err, ErrNotFound):
				return struct{}{}, err
			}
		}
		if listed != found || listed != 0 && listed != n {
			return struct{}{}, fmt.Errorf("of %d addresses %d are listed and %d found", n, listed, found)
		}
		return struct{}{}, nil
	})
	return err
}

func TestNothingIsAddedToADeletedAddressGroup(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	g := l.addressGroup("Lab", "")
	errs := atOnce(8, func(i int) error {
		if i == 4 {
			return Change(l.ctx, l.DB, System("test"), func(tx *Tx) error { return AddressGroups.Delete(tx, g) })
		}
		for j := range 20 {
			if _, err := l.address(g, numbered(100*i+j)); err != nil {
				return record.Ignore(ErrNotFound, err)
			}
		}
		return nil
	})
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	l.sweep()
	if left := l.keys("ad="); len(left) > 0 {
		t.Errorf("%d addresses outlived their group", len(left))
	}
}

func TestWhatIsAddedAfterAClearingStays(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	g := l.addressGroup("Lab", "")
	l.addresses(g, 50)
	cleared := make(chan struct{})
	errs := atOnce(4, func(i int) error {
		if i == 0 {
			defer close(cleared)
			return Change(l.ctx, l.DB, System("test"), func(tx *Tx) error { return DeleteAddresses(tx, g) })
		}
		for j := range 20 { // whatever happens to those that are added meanwhile
			if _, err := l.address(g, numbered(1000*i+j)); err != nil {
				return err
			}
		}
		<-cleared
		_, err := l.address(g, numbered(1000*i+999))
		return err
	})
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	before := l.listed(g)
	l.sweep()
	equal(t, "addresses after the sweep", l.listed(g), before)
	for i := range 3 {
		if late := numbered(1000*(i+1) + 999); !slices.Contains(before, late) {
			t.Errorf("%s was added after the clearing and is gone", late)
		}
	}
	if first := numbered(0); slices.Contains(before, first) {
		t.Errorf("%s outlived the clearing", first)
	}
}

func TestTwoHundredThousandAddressesDie(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	n := 200_000
	if underRaceDetector() {
		n /= 10
	}
	l := newFixtureIn(t, badgerkv.Options{InMemory: true}) // which takes large transactions
	g := l.addressGroup("Large", "")
	l.addresses(g, n)
	equal(t, "audits", l.audits(func() { l.change(func(tx *Tx) error { return DeleteAddresses(tx, g) }) }),
		[]string{fmt.Sprintf(`Delete Address: AddressGroupID "1" → "", Addresses "%d" → ""`, n)})
	if left := l.listed(g); len(left) > 0 {
		t.Errorf("%d addresses are listed", len(left))
	}
	if _, err := l.address(g, numbered(n-1)); err != nil {
		t.Error(err)
	}
	l.change(func(tx *Tx) error { return AddressGroups.Delete(tx, g) })
	l.sweep()
	if left := l.keys("ad"); len(left) != 1 {
		t.Errorf("%d keys are left, want the sequence alone", len(left))
	}
}

// underRaceDetector reports whether everything takes ten times as long.
func underRaceDetector() bool {
	info, _ := debug.ReadBuildInfo()
	return slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"})
}

// A model that knows nothing of clearings and sweeps: what is deleted is gone.
func TestAddressGroupsBehaveLikeAModel(t *testing.T) {
	t.Parallel()
	l, made := newFixture(t), 0
	defer func() { l.t = t }()
	rapid.Check(t, func(t *rapid.T) {
		l.t = t
		model := map[int]map[string]bool{}
		add := func() {
			made++
			model[l.addressGroup(fmt.Sprint("group ", made), "")] = map[string]bool{}
		}
		add()
		group := func(t *rapid.T) int {
			if len(model) == 0 {
				t.Skip("no group")
			}
			return rapid.SampledFrom(slices.Sorted(maps.Keys(model))).Draw(t, "group")
		}
		t.Repeat(map[string]func(*rapid.T){
			"": func(*rapid.T) {
				for g, want := range model {
					got := l.listed(g)
					slices.Sort(got)
					equal(t, fmt.Sprintf("addresses of group %d", g), got, slices.Sorted(maps.Keys(want)))
				}
			},
			"add a group": func(*rapid.T) { add() },
			"add": func(t *rapid.T) {
				g, value := group(t), numbered(rapid.IntRange(0, 9).Draw(t, "address"))
				if _, err := l.address(g, value); errors.Is(err, ErrExists) != model[g][value] {
					t.Fatalf("%v, but the group has it: %v", err, model[g][value])
				}
				model[g][value] = true
			},
			"clear": func(t *rapid.T) {
				g := group(t)
				l.change(func(tx *Tx) error { return DeleteAddresses(tx, g) })
				model[g] = map[string]bool{}
			},
			"delete a group": func(t *rapid.T) {
				g := group(t)
				l.change(func(tx *Tx) error { return AddressGroups.Delete(tx, g) })
				delete(model, g)
			},
			"sweep": func(*rapid.T) { l.sweep() },
			"crash": func(*rapid.T) { l.reopen() },
		})
	})
}
