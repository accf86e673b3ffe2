package store

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/musterhq/muster/store/record"
)

// sights is a store with two Organizations, each with a Workgroup, an asset and an import of its own, and a visitor who
// may see what is here and not what is there.
type sights struct {
	*fixture
	visitor                       Actor
	here, there                   string // ids of the Organizations
	workgroupHere, workgroupThere int
	assetHere, assetThere         int
	importHere, importThere       int
}

// The names of what is there, and ids and names of what is nowhere.
const (
	organizationThere   = "Other Organization"
	workgroupNameThere  = "Floor There"
	nobodysOrganization = "abcdef00-1111-4222-8333-444444444444"
	nobodysName         = "Nowhere"
)

func newSights(t tb) *sights {
	t.Helper()
	s := &sights{
		fixture: newFixture(t), there: anotherOrganization, workgroupHere: firstWorkgroupID,
		visitor: Actor{UserID: 7, UserName: "olga", Groups: []int{6, 7}},
	}
	s.here = view(s.fixture, DefaultOrganization)
	s.change(func(tx *Tx) error {
		return cmp.Or(
			Organizations.Insert(tx, &Organization{OrganizationID: s.there, Name: organizationThere, IsActive: true}),
			GroupOrganization.Set(tx, 7, s.here, 0), GroupOrganization.Set(tx, 8, s.there, 0),
		)
	})
	s.workgroupThere = s.workgroup(workgroupNameThere, s.there)
	s.assetHere = s.asset(Asset{WorkgroupID: s.workgroupHere, IPAddress: "10.0.0.1", AssetName: "srv"})
	s.assetThere = s.asset(Asset{WorkgroupID: s.workgroupThere, IPAddress: "10.0.0.1", AssetName: "srv"})
	s.importHere, s.importThere = s.queue(s.workgroupHere), s.queue(s.workgroupThere)
	return s
}

// queue queues an import into a Workgroup.
func (l *fixture) queue(workgroup int) int {
	l.t.Helper()
	return update(l, func(tx *Tx) (int, error) {
		i := &Import{WorkgroupID: workgroup, ImportType: "NESSUS", FileName: "scan.csv", Filter: AllAssets, BytesTotal: 17}
		err := QueueImport(tx, i, fmt.Sprint("spooled-", workgroup))
		return i.ImportID, err
	})
}

// What may not be seen is not told from what is not there, by no word and whatever spelling was asked for.
func TestWhatMayNotBeSeenIsNotThere(t *testing.T) {
	t.Parallel()
	s := newSights(t)
	for name, test := range map[string]struct {
		find                       func(tx *Tx, asked any) error
		visible, invisible, absent any
		says                       string
	}{
		"Organization by id": {
			func(tx *Tx, asked any) error { _, err := OrganizationByID(tx, asked.(string)); return err },
			s.here, s.there, nobodysOrganization, "Organization %q not found"},
		"Organization by id in capitals": {
			func(tx *Tx, asked any) error { _, err := OrganizationByID(tx, asked.(string)); return err },
			strings.ToUpper(s.here), strings.ToUpper(s.there), strings.ToUpper(nobodysOrganization), "Organization %q not found"},
		"Organization by name": {
			func(tx *Tx, asked any) error { _, err := OrganizationByName(tx, asked.(string)); return err },
			"default ORGANIZATION", "other ORGANIZATION", nobodysName, "Organization %q not found"},
		"Workgroup by id": {
			func(tx *Tx, asked any) error { _, err := WorkgroupByID(tx, asked.(int)); return err },
			s.workgroupHere, s.workgroupThere, 17, "Workgroup %d not found"},
		"Workgroup by name": {
			func(tx *Tx, asked any) error { _, err := WorkgroupByName(tx, asked.(string)); return err },
			"BEYONDTRUST workgroup", "floor THERE", nobodysName, "Workgroup %q not found"},
		"asset": {
			func(tx *Tx, asked any) error { _, err := AssetByID(tx, asked.(int)); return err },
			s.assetHere, s.assetThere, 17, "Asset %d not found"},
		"import": {
			func(tx *Tx, asked any) error { _, err := ImportByID(tx, asked.(int)); return err },
			s.importHere, s.importThere, 17, "Import %d not found"},
		"Workgroup in an Organization": {
			func(tx *Tx, asked any) error {
				return Workgroups.Insert(tx, &Workgroup{OrganizationID: asked.(string), Name: fmt.Sprint("Floor ", asked)})
			},
			strings.ToUpper(s.here), s.there, nobodysOrganization, "OrganizationID: there is no Organization %q"},
	} {
		t.Run(name, func(t *testing.T) {
			try := func(by Actor, asked any) error {
				return Change(s.ctx, s.DB, by, func(tx *Tx) error { return test.find(tx, asked) })
			}
			if err := try(s.visitor, test.visible); err != nil {
				t.Errorf("what he may see: %v", err)
			}
			for _, asked := range []any{test.invisible, test.absent} {
				err := try(s.visitor, asked)
				if want := fmt.Sprintf(test.says, asked); err == nil || err.Error() != want {
					t.Errorf("the error for %v is %v, want %s", asked, err, want)
				}
				if !errors.Is(err, ErrNotFound) && !errors.Is(err, ErrInvalid) {
					t.Errorf("the error for %v is of no kind that a caller is told", asked)
				}
			}
			for who, by := range map[string]Actor{"an administrator": {Admin: true}, "a member of its group": {Groups: []int{8}}, "muster": System("test")} {
				if err := try(by, test.invisible); err != nil && !errors.Is(err, ErrExists) {
					t.Errorf("%s may see it: %v", who, err)
				}
			}
		})
	}
}

func TestListsHoldWhatMayBeSeen(t *testing.T) {
	t.Parallel()
	s := newSights(t)
	for name, list := range map[string]func(tx *Tx) (string, error){
		"Organizations": func(tx *Tx) (string, error) {
			all, err := record.Collect(Visible(tx, Organizations, func(o *Organization) string { return o.OrganizationID }))
			return joined(all, func(o *Organization) any { return o.Name == organizationThere }), err
		},
		"Workgroups": func(tx *Tx) (string, error) {
			all, err := record.Collect(Visible(tx, Workgroups, func(w *Workgroup) string { return w.OrganizationID }))
			return joined(all, func(w *Workgroup) any { return w.Name == workgroupNameThere }), err
		},
		"imports, newest first": func(tx *Tx) (string, error) {
			all, err := rows[Import](tx, ListImports(), 0, 10)
			return joined(all, func(i Import) any { return i.WorkgroupID == s.workgroupThere }), err
		},
	} {
		t.Run(name, func(t *testing.T) {
			both := "false true"
			if strings.Contains(name, "newest") {
				both = "true false"
			} else if name == "Organizations" && s.there < s.here {
				both = "true false" // in the order of their ids
			}
			for who, test := range map[string]struct {
				by   Actor
				want string
			}{
				"nobody":               {Actor{}, ""},
				"a member of no group": {Actor{Groups: []int{17}}, ""},
				"the visitor":          {s.visitor, "false"},
				"a member of both":     {Actor{Groups: []int{7, 8}}, both},
				"an administrator":     {Actor{Admin: true}, both},
			} {
				got, err := View(s.ctx, s.DB, test.by, list)
				if got != test.want || err != nil {
					t.Errorf("%s sees those of there: %q, error %v; want %q", who, got, err, test.want)
				}
			}
		})
	}
}

func joined[T any](all []T, print func(T) any) string {
	texts := []string{}
	for _, item := range all {
		texts = append(texts, fmt.Sprint(print(item)))
	}
	return strings.Join(texts, " ")
}

func TestAWorkgroupIsFoundByItsNameInEachOrganization(t *testing.T) {
	t.Parallel()
	s := newSights(t)
	const lowest = "00000000-0000-4000-8000-000000000000"
	s.change(func(tx *Tx) error {
		return cmp.Or(Organizations.Insert(tx, &Organization{OrganizationID: lowest, Name: "Third Organization"}), GroupOrganization.Set(tx, 9, lowest, 0))
	})
	older, newer := s.workgroup("Floor 1", s.there), s.workgroup("floor 1", lowest)
	for who, test := range map[string]struct {
		by   Actor
		want int
	}{
		"who may see the one":         {Actor{Groups: []int{8}}, older},
		"who may see the other":       {Actor{Groups: []int{9}}, newer},
		"who may see both, the older": {Actor{Groups: []int{8, 9}}, older},
		"an administrator, the older": {Actor{Admin: true}, older},
	} {
		w, err := View(s.ctx, s.DB, test.by, func(tx *Tx) (*Workgroup, error) { return WorkgroupByName(tx, "FLOOR 1") })
		if err != nil || w.ID != test.want {
			t.Errorf("%s: %v, error %v; want %d", who, w, err, test.want)
		}
	}
}

func TestWhatHasNoOrganizationIsEverybodys(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	sees, err := View(l.ctx, l.DB, Actor{}, func(tx *Tx) (bool, error) { return Sees(tx, "") })
	if !sees || err != nil {
		t.Errorf("seen: %v, error %v", sees, err)
	}
}

func TestAnErrorIsNotTakenForAbsence(t *testing.T) {
	t.Parallel()
	s := newSights(t)
	s.unsound = true
	s.change(func(tx *Tx) error {
		return tx.Writer.Set(Workgroups.Key(record.KindRecord, K(s.workgroupHere)), []byte("{"))
	})
	s.refused(ErrDamaged, func(tx *Tx) error { _, err := AssetByID(tx, s.assetHere); return err })
	_, err := View(s.ctx, s.DB, s.visitor, func(tx *Tx) (*Import, error) { return ImportByID(tx, s.importHere) })
	if !errors.Is(err, ErrDamaged) {
		t.Errorf("the error is %v", err)
	}
}

func TestTheLimitsOfMembers(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	organization := view(l, DefaultOrganization)
	asset := func(set func(*Asset)) func(*Tx) error {
		return func(tx *Tx) error {
			a := &Asset{WorkgroupID: firstWorkgroupID, IPAddress: "10.0.0.1"}
			set(a)
			return Assets.Insert(tx, a)
		}
	}
	long := func(n int) string { return strings.Repeat("ä", n) }
	for name, test := range map[string]struct {
		insert func(*Tx) error
		says   string // empty: it is taken
	}{
		"the longest": {asset(func(a *Asset) { a.AssetName, a.DnsName, a.DomainName = long(128), Text(long(255)), Text(long(64)) }), ""},
		"the longest, too": {asset(func(a *Asset) {
			a.MacAddress, a.AssetType, a.Description, a.OperatingSystem = Text(long(128)), Text(long(64)), Text(long(255)), Text(long(255))
		}), ""},
		"asset name":          {asset(func(a *Asset) { a.AssetName = long(129) }), "AssetName is longer than 128 characters"},
		"DNS name":            {asset(func(a *Asset) { a.DnsName = Text(long(256)) }), "DnsName is longer than 255 characters"},
		"domain":              {asset(func(a *Asset) { a.DomainName = Text(long(65)) }), "DomainName is longer than 64 characters"},
		"MAC address":         {asset(func(a *Asset) { a.MacAddress = Text(long(129)) }), "MacAddress is longer than 128 characters"},
		"type":                {asset(func(a *Asset) { a.AssetType = Text(long(65)) }), "AssetType is longer than 64 characters"},
		"description":         {asset(func(a *Asset) { a.Description = Text(long(256)) }), "Description is longer than 255 characters"},
		"operating system":    {asset(func(a *Asset) { a.OperatingSystem = Text(long(256)) }), "OperatingSystem is longer than 255 characters"},
		"no address":          {asset(func(a *Asset) { a.IPAddress = "" }), "IPAddress is required"},
		"long address":        {asset(func(a *Asset) { a.IPAddress = long(46) }), "IPAddress is longer than 45 characters"},
		"no such address":     {asset(func(a *Asset) { a.IPAddress = "10.0.0.256" }), `IPAddress: "10.0.0.256" is not an IP address`},
		"address with a zone": {asset(func(a *Asset) { a.IPAddress = "fe80::1%eth0" }), `IPAddress: "fe80::1%eth0" is not an IP address`},
		"no such Workgroup":   {asset(func(a *Asset) { a.WorkgroupID = 17 }), "WorkgroupID: there is no Workgroup 17"},
		"no text":             {asset(func(a *Asset) { a.DnsName = "a\xff" }), "DnsName is not UTF-8"},
		"a Workgroup without a name": {
			func(tx *Tx) error { return Workgroups.Insert(tx, &Workgroup{OrganizationID: organization}) }, "Name is required"},
		"a long name": {
			func(tx *Tx) error {
				return Workgroups.Insert(tx, &Workgroup{OrganizationID: organization, Name: long(257)})
			},
			"Name is longer than 256 characters"},
		"a name that takes more room than a key has": {
			func(tx *Tx) error {
				return Workgroups.Insert(tx, &Workgroup{OrganizationID: organization, Name: strings.Repeat("\U0001D160", 256)})
			}, "the name of a Workgroup takes more room than an index has"},
		"a Workgroup without an Organization": {
			func(tx *Tx) error { return Workgroups.Insert(tx, &Workgroup{Name: "x"}) }, `OrganizationID: there is no Organization ""`},
		"an Organization without a GUID": {
			func(tx *Tx) error { return Organizations.Insert(tx, &Organization{OrganizationID: "x", Name: "x"}) },
			"OrganizationID: a GUID in small letters is expected"},
		"an Organization with one in capitals, which nobody would find": {
			func(tx *Tx) error {
				return Organizations.Insert(tx, &Organization{OrganizationID: strings.ToUpper(anotherOrganization), Name: "x"})
			}, "OrganizationID: a GUID in small letters is expected"},
		"a user without a name": {func(tx *Tx) error { return Users.Insert(tx, &User{UserType: BeyondInsightType}) }, "UserName is required"},
		"a group without a name": {
			func(tx *Tx) error { return UserGroups.Insert(tx, &UserGroup{GroupType: BeyondInsightType}) }, "GroupName is required"},
		"a group of many words": {
			func(tx *Tx) error {
				return UserGroups.Insert(tx, &UserGroup{GroupType: BeyondInsightType, Name: "x", Description: Text(long(256))})
			},
			"Description is longer than 255 characters"},
		"an API registration without a name": {
			func(tx *Tx) error { return ApiRegistrations.Insert(tx, &ApiRegistration{}) }, "Name is required"},
	} {
		t.Run(name, func(t *testing.T) {
			l := l.in(t)
			if test.says == "" {
				l.change(test.insert)
			} else if got := l.refused(ErrInvalid, test.insert); got != test.says {
				t.Errorf("the error is %q, want %q", got, test.says)
			}
		})
	}
}
