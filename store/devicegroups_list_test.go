package store

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/musterhq/muster/store/record"
)

// deviceGroups is a lab with four Workgroups, one of them of another Organization, whose ids are 1 to 4:
//
//	1  BeyondTrust Workgroup   Default Policy    —                 1 asset    changed first
//	2  alpha                   Antivirus         corp.example      3 assets   changed last
//	3  Älpha                   Antivirus         Branch.example    0 assets
//	4  Foreign                 Default Policy    —                 1 asset
func deviceGroups(t tb) *fixture {
	l := newFixture(t)
	policy := &EPMPolicy{Name: "Antivirus"}
	l.change(func(tx *Tx) error {
		return cmp.Or(
			EPMPolicies.Insert(tx, policy),
			Organizations.Insert(tx, &Organization{OrganizationID: anotherOrganization, Name: "Other", IsActive: true}),
		)
	})
	l.clock.step(time.Second)
	alpha, aelpha, foreign := l.workgroup("alpha", ""), l.workgroup("Älpha", ""), l.workgroup("Foreign", anotherOrganization)
	l.clock.step(time.Second)
	l.change(func(tx *Tx) error {
		return cmp.Or(
			PutDeviceGroup(tx, &DeviceGroup{WorkgroupID: aelpha, PolicyID: policy.PolicyID, DomainName: "Branch.example", CreatedDate: record.At(begin), LastModified: record.At(begin.Add(time.Minute))}),
			PutDeviceGroup(tx, &DeviceGroup{WorkgroupID: alpha, PolicyID: policy.PolicyID, DomainName: "corp.example", CreatedDate: record.At(begin), LastModified: record.At(begin.Add(time.Hour))}),
		)
	})
	for i, w := range []int{firstWorkgroupID, alpha, alpha, alpha, foreign} {
		l.asset(Asset{WorkgroupID: w, IPAddress: benchAddress(i).String()})
	}
	return l
}

// found is what an actor finds, one group a word: "2:alpha/Antivirus=3".
func (l *fixture) found(by Actor, q DeviceGroupQuery) (groups []string, total int) {
	l.t.Helper()
	_, err := View(l.ctx, l.DB, by, func(tx *Tx) (int, error) {
		page, n, err := FindDeviceGroups(tx, q)
		for _, g := range page {
			groups = append(groups, fmt.Sprintf("%d:%s/%s=%d", g.WorkgroupID, g.Name, g.PolicyName, g.Devices))
		}
		total = n
		return n, err
	})
	if err != nil {
		l.t.Fatalf("%v", err)
	}
	return groups, total
}

func TestDeviceGroupsAreFoundAndOrdered(t *testing.T) {
	t.Parallel()
	l := deviceGroups(t)
	const first, alpha, aelpha, foreign = "1:BeyondTrust Workgroup/Default Policy=1", "2:alpha/Antivirus=3", "3:Älpha/Antivirus=0", "4:Foreign/Default Policy=1"
	for name, test := range map[string]struct {
		q    DeviceGroupQuery
		want []string
	}{
		"by name":                          {DeviceGroupQuery{}, []string{alpha, first, foreign, aelpha}},
		"by name, from behind":             {DeviceGroupQuery{Descending: true}, []string{aelpha, foreign, first, alpha}},
		"by domain, ties by id":            {DeviceGroupQuery{Order: ByDomainName}, []string{first, foreign, aelpha, alpha}},
		"by policy, ties by id":            {DeviceGroupQuery{Order: ByPolicyName}, []string{alpha, aelpha, first, foreign}},
		"by policy, from behind":           {DeviceGroupQuery{Order: ByPolicyName, Descending: true}, []string{first, foreign, alpha, aelpha}},
		"by devices, ties by id":           {DeviceGroupQuery{Order: ByDevices}, []string{aelpha, first, foreign, alpha}},
		"by devices, most first":           {DeviceGroupQuery{Order: ByDevices, Descending: true}, []string{alpha, first, foreign, aelpha}},
		"by change":                        {DeviceGroupQuery{Order: ByLastModified}, []string{first, foreign, aelpha, alpha}},
		"a part of the name":               {DeviceGroupQuery{Search: "TRUST"}, []string{first}},
		"a part of the policy":             {DeviceGroupQuery{Search: "virus"}, []string{alpha, aelpha}},
		"a part of the built-in policy":    {DeviceGroupQuery{Search: "default p"}, []string{first, foreign}},
		"another case, another accent":     {DeviceGroupQuery{Search: "a\u0308LP"}, []string{aelpha}},
		"nothing":                          {DeviceGroupQuery{Search: "%"}, nil},
		"among those found, most first":    {DeviceGroupQuery{Search: "virus", Order: ByDevices, Descending: true}, []string{alpha, aelpha}},
		"among those found, fewest first":  {DeviceGroupQuery{Search: "o", Order: ByDevices}, []string{first, foreign}},
		"a domain is not what is searched": {DeviceGroupQuery{Search: "branch"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			test.q.Page, test.q.Limit = 1, 10
			got, total := l.in(t).found(System("test"), test.q)
			equal(t, "groups", got, test.want)
			if total != len(test.want) {
				t.Errorf("%d in all", total)
			}
			var paged []string
			for test.q.Page, test.q.Limit = 1, 1; test.q.Page <= total; test.q.Page++ {
				one, _ := l.in(t).found(System("test"), test.q)
				paged = append(paged, one...)
			}
			equal(t, "groups, one a page", paged, test.want)
			test.q.Page, test.q.Limit = 1<<31, 50
			if got, n := l.in(t).found(System("test"), test.q); len(got) > 0 || n != total {
				t.Errorf("behind the last page: %v of %d", got, n)
			}
		})
	}
}

// A device group of an Organization that the actor may not see is not listed, not counted and not found.
func TestDeviceGroupsOfOtherOrganizationsAreHidden(t *testing.T) {
	t.Parallel()
	l := deviceGroups(t)
	group := l.group("Operators")
	user := l.user("olga", group)
	l.change(func(tx *Tx) error {
		return GroupOrganization.Set(tx, group, anotherOrganization, 0)
	})
	organization := view(l, DefaultOrganization)
	l.change(func(tx *Tx) error { _, err := GroupOrganization.Cut(tx, group, organization); return err })
	for _, q := range []DeviceGroupQuery{{}, {Order: ByDevices}, {Search: "o"}} {
		q.Page, q.Limit = 1, 10
		got, total := l.found(l.as(user), q)
		equal(t, "groups", got, []string{"4:Foreign/Default Policy=1"})
		if total != 1 {
			t.Errorf("%d in all", total)
		}
	}
}

// A Workgroup that changes has changed as a device group, too.
func TestARenamedWorkgroupHasChanged(t *testing.T) {
	t.Parallel()
	l := deviceGroups(t)
	l.clock.step(24 * time.Hour)
	l.change(edit(Workgroups, 2, func(w *Workgroup) { w.Name = "beta" }))
	got, _ := l.found(System("test"), DeviceGroupQuery{Order: ByLastModified, Descending: true, Page: 1, Limit: 1})
	equal(t, "the group changed last", got, []string{"2:beta/Antivirus=3"})
	if g := get(l, DeviceGroups, 2); g.LastModified != record.At(l.clock.Now()) || g.CreatedDate != record.At(begin) {
		t.Errorf("the group is of %v, changed %v", g.CreatedDate, g.LastModified)
	}
}

// benchWorkgroups makes Workgroups with a policy each tenth and, in all, as many assets as there are Workgroups.
func benchWorkgroups(b *testing.B, l *fixture, n int) {
	b.Helper()
	for some := range slices.Chunk(slices.Collect(func(yield func(int) bool) {
		for i := range n {
			if !yield(i) {
				return
			}
		}
	}), 50) {
		l.change(func(tx *Tx) error {
			tx = tx.Unaudited()
			for _, i := range some {
				w := &Workgroup{Name: fmt.Sprintf("Floor %05d", i), OrganizationID: ""}
				if w.OrganizationID, _ = DefaultOrganization(tx); w.OrganizationID == "" {
					return ErrDamaged
				}
				if err := Workgroups.Insert(tx, w); err != nil {
					return err
				}
				for k := range i % 3 {
					if err := Assets.Insert(tx, &Asset{WorkgroupID: w.ID, IPAddress: benchAddress(k).String()}); err != nil {
						return err
					}
				}
			}
			return nil
		})
	}
}

// BenchmarkDeviceGroups lists a page of 50 device groups, for each order and for a search.
func BenchmarkDeviceGroups(b *testing.B) {
	for _, n := range []int{1_000, 10_000} {
		l := newFixture(b)
		benchWorkgroups(b, l, n)
		for name, q := range map[string]DeviceGroupQuery{
			"by name": {}, "by devices": {Order: ByDevices, Descending: true}, "by devices, searched": {Order: ByDevices, Search: "99"},
			"last page by devices": {Order: ByDevices, Page: n / 50},
		} {
			b.Run(fmt.Sprintf("%d/%s", n, strings.ReplaceAll(name, " ", "-")), func(b *testing.B) {
				q.Page, q.Limit = max(1, q.Page), 50
				b.ReportAllocs()
				for b.Loop() {
					if _, _, err := findDeviceGroups(l, q); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

func findDeviceGroups(l *fixture, q DeviceGroupQuery) (page []ListedDeviceGroup, total int, err error) {
	page, err = View(l.ctx, l.DB, System("bench"), func(tx *Tx) (page []ListedDeviceGroup, err error) {
		page, total, err = FindDeviceGroups(tx, q)
		return page, err
	})
	return page, total, err
}
