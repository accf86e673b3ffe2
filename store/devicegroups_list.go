package store

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/musterhq/muster/store/record"
)

// DefaultPolicy is the name of the policy of a device group that has no other. It is built in and has the id 0.
const DefaultPolicy = "Default Policy"

// DeviceGroupOrder is what a list of device groups is ordered by.
type DeviceGroupOrder int

// The orders. Device groups that are equal in theirs are in the order of their ids.
const (
	ByGroupName DeviceGroupOrder = iota
	ByDomainName
	ByPolicyName
	ByDevices
	ByLastModified
)

// DeviceGroupQuery asks for one page of the device groups that the actor may see.
type DeviceGroupQuery struct {
	Search      string // a part of the group's or the policy's name, without regard to case; empty: all
	Order       DeviceGroupOrder
	Descending  bool
	Page, Limit int // both from 1
}

// ListedDeviceGroup is a device group with what lies elsewhere: its name, that of its policy, and how many assets it has.
type ListedDeviceGroup struct {
	DeviceGroup
	Name, PolicyName string
	Devices          int
}

// FindDeviceGroups returns a page of device groups, and how many there are on all pages. What it costs grows with how
// many Workgroups there are, and not with their assets: all Workgroups are read, since their order is made again each time.
func FindDeviceGroups(tx *Tx, q DeviceGroupQuery) (page []ListedDeviceGroup, total int, err error) {
	found, err := q.matching(tx)
	if err != nil {
		return nil, 0, err
	}
	if q.Order == ByDevices {
		if err := countDevices(tx, found); err != nil {
			return nil, 0, err
		}
	}
	q.sort(found)
	from := min((q.Page-1)*q.Limit, len(found))
	page = found[from:min(from+q.Limit, len(found))]
	if q.Order == ByDevices {
		return page, len(found), nil
	}
	for i := range page {
		if page[i].Devices, err = assetsInWorkgroup.Of(tx, K(page[i].WorkgroupID)); err != nil {
			return nil, 0, err
		}
	}
	return page, len(found), nil
}

// matching finds the device groups that the query is about, in the order of their ids, without their devices.
func (q DeviceGroupQuery) matching(tx *Tx) (found []ListedDeviceGroup, err error) {
	policies := map[int]string{0: DefaultPolicy}
	for p, err := range EPMPolicies.All(tx) {
		if err != nil {
			return nil, err
		}
		policies[p.PolicyID] = p.Name
	}
	groups := map[int]*DeviceGroup{}
	for g, err := range DeviceGroups.All(tx) {
		if err != nil {
			return nil, err
		}
		groups[g.WorkgroupID] = g
	}
	sought := record.Fold(q.Search)
	for w, err := range Visible(tx, Workgroups, func(w *Workgroup) string { return w.OrganizationID }) {
		if err != nil {
			return nil, err
		}
		listed := ListedDeviceGroup{DeviceGroup: DeviceGroup{WorkgroupID: w.ID}, Name: w.Name}
		if g := groups[w.ID]; g != nil {
			listed.DeviceGroup = *g
		}
		listed.PolicyName = policies[listed.PolicyID]
		if strings.Contains(record.Fold(listed.Name), sought) || strings.Contains(record.Fold(listed.PolicyName), sought) {
			found = append(found, listed)
		}
	}
	return found, nil
}

// countDevices fills in the devices of all groups, which are in the order of their ids as the counts are.
func countDevices(tx *Tx, groups []ListedDeviceGroup) error {
	left := groups
	for c, err := range assetsInWorkgroup.All(tx) {
		if err != nil {
			return err
		}
		id, _, err := record.CutInt(c.Key)
		if err != nil {
			return err
		}
		for len(left) > 0 && left[0].WorkgroupID < id {
			left = left[1:]
		}
		if len(left) > 0 && left[0].WorkgroupID == id {
			left[0].Devices = c.Count
		}
	}
	return nil
}

// sort orders groups that are in the order of their ids.
func (q DeviceGroupQuery) sort(groups []ListedDeviceGroup) {
	if q.Order == ByGroupName || q.Order == ByDomainName || q.Order == ByPolicyName {
		sortBy(groups, q.Descending, func(g *ListedDeviceGroup) string { return record.Fold(q.text(g)) })
		return
	}
	sortBy(groups, q.Descending, q.number)
}

func (q DeviceGroupQuery) text(g *ListedDeviceGroup) string {
	switch q.Order {
	case ByDomainName:
		return string(g.DomainName)
	case ByPolicyName:
		return g.PolicyName
	}
	return g.Name
}

func (q DeviceGroupQuery) number(g *ListedDeviceGroup) int64 {
	if q.Order == ByDevices {
		return int64(g.Devices)
	}
	return time.Time(g.LastModified).UnixMilli()
}

// sortBy sorts records by a key that is made once for each; equal ones keep their order in either direction.
func sortBy[T any, K cmp.Ordered](records []T, descending bool, key func(*T) K) {
	type keyed struct {
		key    K
		record T
	}
	all := make([]keyed, len(records))
	for i := range records {
		all[i] = keyed{key(&records[i]), records[i]}
	}
	slices.SortStableFunc(all, func(a, b keyed) int {
		if descending {
			a, b = b, a
		}
		return cmp.Compare(a.key, b.key)
	})
	for i := range all {
		records[i] = all[i].record
	}
}
