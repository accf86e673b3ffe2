package store

import (
	"cmp"
	"errors"
)

// DeviceGroup is a Workgroup as a group of devices, which is how another door shows it: what it has beyond its name. Every
// Workgroup has one, under its id; only the lab file changes it.
type DeviceGroup struct {
	WorkgroupID  int
	PolicyID     int // ID of an EPM policy; 0: the default policy
	Description  Text
	DomainName   Text // of the domain controller that the group is synchronized with
	AutoJoin     bool // whether a device may join when it registers
	CreatedDate  Time
	LastModified Time
}

func (g *DeviceGroup) Validate(tx *Tx) error {
	if err := cmp.Or(short("Description", string(g.Description), maxPurpose), short("DomainName", string(g.DomainName), maxDomain)); err != nil || g.PolicyID == 0 {
		return err
	}
	known, err := EPMPolicies.Has(tx, g.PolicyID)
	if err == nil && !known {
		err = Invalid("PolicyID: there is no EPM Policy %d", g.PolicyID)
	}
	return err
}

// SetDates sets the dates that nobody has chosen.
func (g *DeviceGroup) SetDates(now Time, old *DeviceGroup) {
	switch {
	case old == nil:
		if g.CreatedDate.IsZero() {
			g.CreatedDate = now
		}
		if g.LastModified.IsZero() {
			g.LastModified = g.CreatedDate
		}
	case *g != *old && g.LastModified == old.LastModified && g.CreatedDate == old.CreatedDate:
		g.LastModified = now
	}
}

// DeviceGroupOf returns the device group that a Workgroup is; one that is older than device groups has an empty one, without dates.
func DeviceGroupOf(tx *Tx, workgroupID int) (*DeviceGroup, error) {
	g, err := DeviceGroups.Get(tx, workgroupID)
	if errors.Is(err, ErrNotFound) {
		return &DeviceGroup{WorkgroupID: workgroupID}, nil
	}
	return g, err
}

// PutDeviceGroup stores the device group that a Workgroup is.
func PutDeviceGroup(tx *Tx, g *DeviceGroup) error { return replace(tx, DeviceGroups, g) }
