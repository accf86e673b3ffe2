package store

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"github.com/musterhq/muster/store/record"
)

// Asset is something with an address (the document's "Assets"). Its name is unique within its Workgroup.
type Asset struct {
	WorkgroupID     int    `example:"2"`                          // ID of the Workgroup to which the asset belongs.
	AssetID         int    `example:"1"`                          // ID of the asset.
	AssetName       string `example:"web01"`                      // Asset name, unique within its Workgroup.
	AssetType       Text   `example:"Server"`                     // Asset type.
	DnsName         Text   `example:"web01.meridian.lab.example"` // Asset DNS name.
	DomainName      Text   `example:"ad.meridian.lab.example"`    // Asset domain name.
	IPAddress       string `example:"10.20.1.16"`                 // Asset IP address.
	MacAddress      Text   `example:"00:50:56:00:00:10"`          // Asset MAC address.
	OperatingSystem Text   `example:"Ubuntu 24.04"`               // Asset operating system.
	Description     Text   `example:"Serves the tracking page"`   // Asset description.
	CreateDate      Time   `example:"2026-05-04T08:15:30.123Z"`   // When the asset was created.
	LastUpdateDate  Time   `example:"2026-05-04T08:15:30.123Z"`   // When a member changed last.
}

// The longest members of an asset, in code points (the document's POST Workgroups/{id}/Assets).
const (
	MaxIPAddress       = 45
	MaxAssetName       = 128
	MaxDnsName         = 255
	MaxDomainName      = 64
	MaxMacAddress      = 128
	MaxAssetType       = 64
	MaxDescription     = 255
	MaxOperatingSystem = 255
)

func (a *Asset) address() netip.Addr {
	addr, err := netip.ParseAddr(a.IPAddress)
	if err != nil {
		return netip.Addr{} // check has refused it; only a damaged record gets here
	}
	return addr.WithZone("")
}

// Validate normalizes the address and fills in the default name.
func (a *Asset) Validate(tx *Tx) error {
	if err := required("IPAddress", a.IPAddress, MaxIPAddress); err != nil {
		return err
	}
	addr, err := netip.ParseAddr(a.IPAddress)
	if err != nil || addr.Zone() != "" {
		return Invalid("IPAddress: %q is not an IP address", a.IPAddress)
	}
	a.IPAddress = addr.Unmap().String()
	if a.AssetName == "" {
		a.AssetName = PaddedAddress(addr)
	}
	if err := cmp.Or(
		short("AssetName", a.AssetName, MaxAssetName), short("DnsName", string(a.DnsName), MaxDnsName),
		short("DomainName", string(a.DomainName), MaxDomainName), short("MacAddress", string(a.MacAddress), MaxMacAddress),
		short("AssetType", string(a.AssetType), MaxAssetType), short("Description", string(a.Description), MaxDescription),
		short("OperatingSystem", string(a.OperatingSystem), MaxOperatingSystem),
	); err != nil {
		return err
	}
	known, err := Workgroups.Has(tx, a.WorkgroupID)
	if err == nil && !known {
		err = Invalid("WorkgroupID: there is no Workgroup %d", a.WorkgroupID)
	}
	return err
}

func (a *Asset) SetDates(now Time, old *Asset) {
	if old == nil {
		a.CreateDate, a.LastUpdateDate = now, now
		return
	}
	a.CreateDate, a.LastUpdateDate = old.CreateDate, old.LastUpdateDate
	if *a != *old {
		a.LastUpdateDate = now
	}
}

// AfterWrite makes the list of operating systems grow with the assets, deletes what a deleted asset had, and tells
// Smart Rules where a moved one lies.
func (a *Asset) AfterWrite(tx *Tx, old *Asset) error {
	if a == nil {
		return cmp.Or(leaveRules(tx, old.AssetID), record.SweepLater(tx, sweepOfAsset, old.AssetID))
	}
	if old != nil && old.WorkgroupID != a.WorkgroupID {
		if err := moveInRules(tx, a.AssetID, a.WorkgroupID); err != nil {
			return err
		}
	}
	if a.OperatingSystem == "" || old != nil && old.OperatingSystem == a.OperatingSystem {
		return nil
	}
	name := string(a.OperatingSystem)
	known, err := operatingSystemBy.Has(tx, K(record.Fold(name)))
	if err != nil || known {
		return err
	}
	return OperatingSystems.Insert(tx, &OperatingSystem{Name: name})
}

func (a *Asset) CascadeSummary(tx *Tx) ([]UserAuditDetail, error) {
	attributes, err := record.CascadeDetail("Attributes", AssetAttribute.From(tx, a.AssetID))
	if err != nil {
		return nil, err
	}
	databases, err := record.CascadeDetail("Databases", DatabasesOf(tx, a.AssetID))
	if err != nil {
		return nil, err
	}
	systems, err := record.CascadeDetail("ManagedSystems", ManagedSystemsOn(tx, a.AssetID))
	return slices.Concat(attributes, databases, systems), err
}

// clearAsset clears away what a deleted asset had.
func clearAsset(b *record.SweepBatch, id int) error {
	return cmp.Or(
		record.CutFrom(b, AssetAttribute, id), record.Remove(b, Databases, DatabasesOf(b.Tx, id)),
		record.CutTo(b, RuleAsset, id), record.Remove(b, ManagedSystems, ManagedSystemsOn(b.Tx, id)),
	)
}

// OperatingSystem is one that an asset carries or carried (the document's "Operating Systems").
type OperatingSystem struct {
	OperatingSystemID int    `example:"1"`            // ID of the operating system.
	Name              string `example:"Ubuntu 24.04"` // Name, as the first asset with it spelled it.
}

// PaddedAddress is the name of an asset that has no other: 010.000.000.005, or an IPv6 address in full.
func PaddedAddress(addr netip.Addr) string {
	addr = addr.Unmap()
	if addr.Is4() {
		b := addr.As4()
		return fmt.Sprintf("%03d.%03d.%03d.%03d", b[0], b[1], b[2], b[3])
	}
	return addr.StringExpanded()
}

// AssetByID returns an asset in a Workgroup that the actor may see, or ErrNotFound.
func AssetByID(tx *Tx, id int) (*Asset, error) {
	a, err := Assets.Get(tx, id)
	if err != nil {
		return nil, err
	}
	_, err = WorkgroupByID(tx, a.WorkgroupID)
	if errors.Is(err, ErrNotFound) {
		return nil, record.NotFound(Assets.Name(), id)
	}
	return a, err
}

// AssetRow is AssetByID for an asset as it is stored and sent.
func AssetRow(tx *Tx, id int) (json.RawMessage, error) {
	at, exists, err := locate(tx, id)
	if err != nil {
		return nil, err
	}
	if !exists {
		return nil, record.NotFound(Assets.Name(), id)
	}
	if sees, err := seesWorkgroup(tx, at.workgroup); err != nil || !sees {
		return nil, cmp.Or(err, record.NotFound(Assets.Name(), id))
	}
	return Assets.Row(tx, K(at.workgroup, at.asset))
}

// AssetByName returns the asset of that name in a Workgroup, without regard to case, or ErrNotFound.
func AssetByName(tx *Tx, workgroupID int, name string) (*Asset, error) {
	return assetByName.One(tx, K(workgroupID, record.Fold(name)), name)
}
