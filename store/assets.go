package store

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"slices"
)

// Asset is something with an address (the document's "Assets"). Its name is unique within its Workgroup.
type Asset struct {
	WorkgroupID     int    // ID of the Workgroup to which the asset belongs.
	AssetID         int    // ID of the asset.
	AssetName       string // Asset name, unique within its Workgroup.
	AssetType       Text   // Asset type.
	DnsName         Text   // Asset DNS name.
	DomainName      Text   // Asset domain name.
	IPAddress       string // Asset IP address.
	MacAddress      Text   // Asset MAC address.
	OperatingSystem Text   // Asset operating system.
	Description     Text   // Asset description.
	CreateDate      Time   // When the asset was created.
	LastUpdateDate  Time   // When a member changed last.
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

// check normalizes the address and fills in the default name.
func (a *Asset) check(tx *Tx) error {
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
	if err := first(
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

func (a *Asset) date(now Time, old *Asset) {
	if old == nil {
		a.CreateDate, a.LastUpdateDate = now, now
		return
	}
	a.CreateDate, a.LastUpdateDate = old.CreateDate, old.LastUpdateDate
	if *a != *old {
		a.LastUpdateDate = now
	}
}

// changed makes the list of operating systems grow with the assets, takes along what a deleted asset had, and tells
// Smart Rules where a moved one lies.
func (a *Asset) changed(tx *Tx, old *Asset) error {
	if a == nil {
		return first(leaveRules(tx, old.AssetID), sweepLater(tx, sweepOfAsset, old.AssetID))
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
	known, err := operatingSystemBy.Has(tx, K(fold(name)))
	if err != nil || known {
		return err
	}
	return OperatingSystems.Insert(tx, &OperatingSystem{Name: name})
}

func (a *Asset) takesAlong(tx *Tx) ([]UserAuditDetail, error) {
	attributes, err := along("Attributes", AssetAttribute.From(tx, a.AssetID))
	if err != nil {
		return nil, err
	}
	databases, err := along("Databases", databasesOf(tx, a.AssetID))
	if err != nil {
		return nil, err
	}
	systems, err := along("ManagedSystems", ManagedSystemsOn(tx, a.AssetID))
	return slices.Concat(attributes, databases, systems), err
}

// clearAsset clears away what a deleted asset had.
func clearAsset(b *batch, id int) error {
	return first(
		cutFrom(b, AssetAttribute, id), remove(b, Databases, databasesOf(b.tx, id)),
		cutTo(b, RuleAsset, id), remove(b, ManagedSystems, ManagedSystemsOn(b.tx, id)),
	)
}

// OperatingSystem is one that an asset carries or carried (the document's "Operating Systems").
type OperatingSystem struct {
	OperatingSystemID int    // ID of the operating system.
	Name              string // Name, as the first asset with it spelled it.
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
		return nil, absent(Assets.name, id)
	}
	return a, err
}

// AssetRow is AssetByID for an asset as it is stored and sent.
func AssetRow(tx *Tx, id int) (json.RawMessage, error) {
	tail, err := tx.get(Assets.key(kindPointer, K(id)))
	if err != nil {
		return nil, err
	}
	if tail == nil {
		return nil, absent(Assets.name, id)
	}
	m, err := spotAt(tail)
	if err != nil {
		return nil, err
	}
	if sees, err := tx.seesWorkgroup(m.workgroup); err != nil || !sees {
		return nil, orElse(err, absent(Assets.name, id))
	}
	return Assets.row(tx, tail)
}

// AssetByName returns the asset of that name in a Workgroup, without regard to case, or ErrNotFound.
func AssetByName(tx *Tx, workgroupID int, name string) (*Asset, error) {
	return assetByName.One(tx, K(workgroupID, fold(name)), name)
}

// Facts are what an importer knows of a host; empty ones are not known.
type Facts struct {
	Address netip.Addr
	AssetName, DnsName, DomainName, MacAddress, AssetType,
	OperatingSystem, Description string
}

// Outcome is what an upsert did.
type Outcome int

// The Outcomes.
const (
	Unchanged Outcome = iota
	Created
	Updated
)

// UpsertAsset brings what an importer knows of a host into a Workgroup. The asset is the one with that address; of
// several, the one with the name, else the one with the lowest id. Known facts replace what is stored, unknown ones
// leave it. A name that another asset holds is not taken: a new asset is called by its address (with a number if even
// that name is taken), an existing one keeps its own. Two upserts of one address side by side make one asset. It
// leaves no audit row: an import is the act.
func UpsertAsset(tx *Tx, workgroupID int, f Facts) (*Asset, Outcome, error) {
	tx = tx.Unaudited()
	asset, err := assetAt(tx, workgroupID, f)
	if err != nil {
		return nil, Unchanged, err
	}
	if asset == nil {
		asset = &Asset{WorkgroupID: workgroupID, IPAddress: f.Address.Unmap().String()}
		if err := first(asset.learn(tx, f), asset.callByAddress(tx, f.Address)); err != nil {
			return nil, Unchanged, err
		}
		return asset, Created, Assets.Insert(tx, asset)
	}
	before := *asset
	if err := asset.learn(tx, f); err != nil || *asset == before {
		return asset, Unchanged, err
	}
	return asset, Updated, Assets.Put(tx, asset)
}

// assetAt finds the asset that an upsert is about, nil for none. A file that is imported again finds its hosts by their names, which are
// read by their keys: a scan of the address looks into every table of the store.
func assetAt(tx *Tx, workgroupID int, f Facts) (*Asset, error) {
	place := K(workgroupID, f.Address)
	if f.AssetName != "" {
		named, err := AssetByName(tx, workgroupID, f.AssetName)
		if err == nil && bytes.Equal(assetsByPlace.keys(named), place) {
			return named, nil
		}
		if err = unless(ErrNotFound, err); err != nil {
			return nil, err
		}
	}
	if any, err := assetsByPlace.Guard(tx, place); err != nil || !any {
		return nil, err
	}
	var first *Asset
	for a, err := range assetsByPlace.Each(tx, place) {
		if err != nil {
			return nil, err
		}
		if first == nil || a.AssetID < first.AssetID {
			first = a
		}
	}
	return first, nil
}

// callByAddress names an asset that has no name yet. Another may have the address as its name: it had the address, too.
func (a *Asset) callByAddress(tx *Tx, addr netip.Addr) error {
	name := PaddedAddress(addr)
	for n := 2; a.AssetName == ""; n++ {
		_, err := AssetByName(tx, a.WorkgroupID, name)
		if errors.Is(err, ErrNotFound) {
			a.AssetName = name
		} else if err != nil {
			return err
		}
		name = fmt.Sprintf("%s (%d)", PaddedAddress(addr), n)
	}
	return nil
}

// learn takes over the known facts.
func (a *Asset) learn(tx *Tx, f Facts) error {
	for _, m := range []struct {
		fact   string
		member *Text
	}{
		{f.DnsName, &a.DnsName}, {f.DomainName, &a.DomainName}, {f.MacAddress, &a.MacAddress}, {f.AssetType, &a.AssetType},
		{f.OperatingSystem, &a.OperatingSystem}, {f.Description, &a.Description},
	} {
		if m.fact != "" {
			*m.member = Text(m.fact)
		}
	}
	if f.AssetName == "" || f.AssetName == a.AssetName {
		return nil
	}
	holder, err := AssetByName(tx, a.WorkgroupID, f.AssetName)
	if errors.Is(err, ErrNotFound) || err == nil && holder.AssetID == a.AssetID {
		a.AssetName = f.AssetName
		return nil
	}
	return err
}
