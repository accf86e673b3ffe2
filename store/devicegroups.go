package store

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

func (g *DeviceGroup) check(tx *Tx) error {
	if err := first(short("Description", string(g.Description), maxPurpose), short("DomainName", string(g.DomainName), maxDomain)); err != nil || g.PolicyID == 0 {
		return err
	}
	known, err := EPMPolicies.Has(tx, g.PolicyID)
	if err == nil && !known {
		err = Invalid("PolicyID: there is no EPM Policy %d", g.PolicyID)
	}
	return err
}

// date sets the dates that nobody has chosen.
func (g *DeviceGroup) date(now Time, old *DeviceGroup) {
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
