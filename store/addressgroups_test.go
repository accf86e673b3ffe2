package store

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"
)

func TestTheValueOfAnAddressIsKeptInOneSpelling(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind        int
		value, want string
	}{
		{SingleAddress, " 10.0.0.5 ", "10.0.0.5"},
		{SingleAddress, "::ffff:10.0.0.5", "10.0.0.5"},
		{SingleAddress, "2001:DB8:0:0::1", "2001:db8::1"},
		{AddressRange, "10.0.0.1-10.0.0.9", "10.0.0.1-10.0.0.9"},
		{AddressRange, "10.0.0.1 - ::ffff:10.0.0.9", "10.0.0.1-10.0.0.9"},
		{AddressRange, "10.0.0.1-10.0.0.1", "10.0.0.1-10.0.0.1"},
		{AddressCIDR, "10.0.0.77/24", "10.0.0.0/24"},
		{AddressCIDR, "::ffff:10.0.0.77/120", "10.0.0.0/24"},
		{AddressCIDR, "2001:DB8::1/32", "2001:db8::/32"},
		{AddressCIDR, "0.0.0.0/0", "0.0.0.0/0"},
		{NamedHost, "Srv_01.Lab.example", "Srv_01.Lab.example"},
		{NamedHost, "drucker-büro", "drucker-büro"},
		{NamedHost, "srv01.lab.example.", "srv01.lab.example."},
		{NamedHost, "10.0.0.5a", "10.0.0.5a"},
	} {
		if got, err := canonicalValue(c.kind, c.value); got != c.want || err != nil {
			t.Errorf("type %d, value %q: %q and the error %v, want %q", c.kind, c.value, got, err, c.want)
		}
	}
}

func TestTheValueOfAnAddressFitsItsType(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind  int
		value string
	}{
		{SingleAddress, ""}, {SingleAddress, "10.0.0.256"}, {SingleAddress, "10.0.0.0/24"}, {SingleAddress, "10.0.0.1,10.0.0.2"},
		{SingleAddress, "srv01"}, {SingleAddress, "fe80::1%eth0"},
		{AddressRange, ""}, {AddressRange, "-"}, {AddressRange, "10.0.0.1"}, {AddressRange, "10.0.0.1-9"}, {AddressRange, "10.0.0.9-10.0.0.1"},
		{AddressRange, "10.0.0.1-2001:db8::1"}, {AddressRange, "10.0.0.1-10.0.0.2-10.0.0.3"},
		{AddressCIDR, ""}, {AddressCIDR, "10.0.0.0"}, {AddressCIDR, "10.0.0.0/33"}, {AddressCIDR, "10.0.0.0/255.255.255.0"},
		{NamedHost, ""}, {NamedHost, "."}, {NamedHost, "10.0.0.1"}, {NamedHost, "10.0.0.300"}, {NamedHost, "2001:db8::1"}, {NamedHost, "a b"},
		{NamedHost, "a..b"}, {NamedHost, "-a"}, {NamedHost, "a-"}, {NamedHost, strings.Repeat("a", 64)}, {NamedHost, "*.lab.example"},
		{0, "10.0.0.1"}, {5, "10.0.0.1"}, {-1, "srv01"},
	} {
		if got, err := canonicalValue(c.kind, c.value); !errors.Is(err, ErrInvalid) {
			t.Errorf("type %d, value %q: %q and the error %v, want one that is: %v", c.kind, c.value, got, err, ErrInvalid)
		}
	}
}

func FuzzAddressValue(f *testing.F) {
	f.Add(SingleAddress, "::ffff:10.0.0.5")
	f.Add(AddressRange, "10.0.0.1 - 10.0.0.9")
	f.Add(AddressCIDR, "2001:db8::1/32")
	f.Add(NamedHost, "srv_01.lab.example.")
	f.Add(NamedHost, "-")
	f.Fuzz(func(t *testing.T, kind int, value string) {
		once, err := canonicalValue(kind, value)
		if err != nil {
			if !errors.Is(err, ErrInvalid) {
				t.Fatalf("the error is %v", err)
			}
			return
		}
		if twice, err := canonicalValue(kind, once); twice != once || err != nil {
			t.Errorf("%q is %q at first, then %q and the error %v", value, once, twice, err)
		}
		if kind == NamedHost {
			return
		}
		if _, err := ParseRanges(once); err != nil {
			t.Errorf("%q cannot be searched for: %v", once, err)
		}
	})
}

// addressGroup makes an address group in an Organization, or in none, and returns its id.
func (l *lab) addressGroup(name, organization string) int {
	l.t.Helper()
	g := &AddressGroup{Name: name, OrganizationID: Text(organization)}
	l.change(func(tx *Tx) error { return AddressGroups.Insert(tx, g) })
	return g.AddressGroupID
}

func TestANameMeansEverybodysAddressGroupFirst(t *testing.T) {
	t.Parallel()
	l := newLab(t)
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
func (l *lab) address(group int, value string) (int, error) {
	return Update(l.ctx, l.DB, System("test"), func(tx *Tx) (int, error) {
		a := &Address{AddressGroupID: group, Type: SingleAddress, Value: value}
		err := Addresses.Insert(tx.Unaudited(), a)
		return a.AddressID, err
	})
}

// addresses fills a group with n addresses, in large steps and without the checks: they are what takes time.
func (l *lab) addresses(group, n int) {
	l.t.Helper()
	for from := 0; from < n; from += 4000 {
		l.change(func(tx *Tx) error {
			for i := from; i < min(from+4000, n); i++ {
				id, err := l.nextID(l.ctx, Addresses.tag, Addresses.lowest)
				a := &Address{AddressID: id, AddressGroupID: group, Type: SingleAddress, Value: numbered(i), LastUpdatedDate: tx.Now, LastUpdateDate: tx.Now}
				_, written := Addresses.writeRecord(tx, nil, a)
				if err := first(err, written, tx.w.Set(addressByValue.entry(a))); err != nil {
					return err
				}
			}
			return nil
		})
	}
}

func numbered(i int) string { return fmt.Sprintf("10.%d.%d.%d", i>>16, i>>8&255, i&255) }

// listed returns the values of a group's addresses in the order of their ids.
func (l *lab) listed(group int) []string {
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
			a, err := Addresses.decode(row)
			if err != nil {
				return nil, err
			}
			values = append(values, a.Value)
		}
		return values, nil
	})
}

func TestDeletedAddressesLeaveOneAudit(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	g := l.addressGroup("Lab", "")
	clear := func() { l.change(func(tx *Tx) error { return DeleteAddresses(tx, g) }) }
	l.addresses(g, 3)
	equal(t, "audits", l.audits(clear), []string{`Delete Address: AddressGroupID "1" → "", Addresses "3" → ""`})
	equal(t, "audits where there is none left", l.audits(clear), []string{})
	l.addresses(g, 2)
	equal(t, "audits of a group", l.audits(func() {
		l.change(func(tx *Tx) error { return DeleteAddressGroup(tx, g) })
		l.sweep()
	}), []string{`Delete Address Group: AddressGroupID "1" → "", Name "Lab" → "", Addresses "2" → ""`})
}

func TestADeletedAddressMakesWayBeforeItIsSwept(t *testing.T) {
	t.Parallel()
	l := newLab(t)
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
	l := newLab(t)
	g, other := l.addressGroup("Lab", ""), l.addressGroup("Other", "")
	l.addresses(g, 3*sweepWrites)
	l.addresses(other, 2)
	l.change(func(tx *Tx) error { return DeleteAddressGroup(tx, g) })
	l.DB.engine = &mortal{Engine: l.DB.engine, lives: 1}
	if err := Sweep(l.ctx, l.DB); !errors.Is(err, errKilled) {
		t.Errorf("Sweep: %v", err)
	}
	l.reopen()
	if left := len(l.keys("ad=")); left != 2*sweepWrites+2 {
		t.Fatalf("%d records are left after a batch, want %d", left, 2*sweepWrites+2)
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
	for name, act := range map[string]func(*Tx, int) error{"the addresses of a group": DeleteAddresses, "a group": DeleteAddressGroup} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLab(t)
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
func (l *lab) allOrNone(group, n int) error {
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
	l := newLab(t)
	g := l.addressGroup("Lab", "")
	errs := atOnce(8, func(i int) error {
		if i == 4 {
			return Change(l.ctx, l.DB, System("test"), func(tx *Tx) error { return DeleteAddressGroup(tx, g) })
		}
		for j := range 20 {
			if _, err := l.address(g, numbered(100*i+j)); err != nil {
				return unless(ErrNotFound, err)
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
	l := newLab(t)
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

// A sweep whose batches each began at the beginning would take a hundred times as long.
func TestTwoHundredThousandAddressesDie(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	l := newLab(t)
	g := l.addressGroup("Large", "")
	const n = 200_000
	l.addresses(g, n)
	equal(t, "audits", l.audits(func() { l.change(func(tx *Tx) error { return DeleteAddresses(tx, g) }) }),
		[]string{`Delete Address: AddressGroupID "1" → "", Addresses "200000" → ""`})
	if left := l.listed(g); len(left) > 0 {
		t.Errorf("%d addresses are listed", len(left))
	}
	if _, err := l.address(g, numbered(n-1)); err != nil {
		t.Error(err)
	}
	l.change(func(tx *Tx) error { return DeleteAddressGroup(tx, g) })
	l.sweep()
	if left := l.keys("ad"); len(left) != 1 {
		t.Errorf("%d keys are left, want the sequence alone", len(left))
	}
}

// A model that knows nothing of clearings and sweeps: what is deleted is gone.
func TestAddressGroupsBehaveLikeAModel(t *testing.T) {
	t.Parallel()
	l, made := newLab(t), 0
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
				l.change(func(tx *Tx) error { return DeleteAddressGroup(tx, g) })
				delete(model, g)
			},
			"sweep": func(*rapid.T) { l.sweep() },
			"crash": func(*rapid.T) { l.reopen() },
		})
	})
}
