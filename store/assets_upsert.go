package store

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"net/netip"

	"github.com/musterhq/muster/store/record"
)

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
// leave it. Two upserts of one address side by side make one asset. It leaves no audit row: an import is the act.
//
// A name that is free is taken by an asset that is new or called by its address. Any other name waits for MoveName, which the caller
// sees by the asset's name: only when all hosts of a file are known is it clear who gets which name, and an asset that
// gets no new one keeps its own.
func UpsertAsset(tx *Tx, workgroupID int, f Facts) (*Asset, Outcome, error) {
	tx = tx.Unaudited()
	asset, free, err := assetAt(tx, workgroupID, f)
	if err != nil {
		return nil, Unchanged, err
	}
	if asset == nil {
		asset = &Asset{WorkgroupID: workgroupID, IPAddress: f.Address.Unmap().String()}
		asset.learn(f, free)
		if err := asset.callByAddress(tx, f.Address); err != nil {
			return nil, Unchanged, err
		}
		return asset, Created, Assets.Insert(tx, asset)
	}
	before := *asset
	if asset.learn(f, free); *asset == before {
		return asset, Unchanged, nil
	}
	return asset, Updated, Assets.Put(tx, asset)
}

// assetAt finds the asset that an upsert is about, nil if it does not exist, and reports whether nobody has the name. A file that is imported again
// finds its hosts by their names, which are read by their keys: a scan of the address looks into every table of the store.
func assetAt(tx *Tx, workgroupID int, f Facts) (asset *Asset, free bool, err error) {
	place := K(workgroupID, f.Address)
	if f.AssetName != "" {
		named, err := AssetByName(tx, workgroupID, f.AssetName)
		if err == nil && bytes.Equal(assetsByPlace.KeyOf(named), place) {
			return named, false, nil
		}
		if free = errors.Is(err, ErrNotFound); err != nil && !free {
			return nil, false, err
		}
	}
	if any, err := assetsByPlace.Guard(tx, place); err != nil || !any {
		return nil, free, err
	}
	asset, err = FirstAssetAt(tx, workgroupID, f.Address)
	return asset, free, err
}

// FirstAssetAt returns the asset of the lowest id with an address in a Workgroup, nil if there is no asset.
func FirstAssetAt(tx *Tx, workgroupID int, address netip.Addr) (first *Asset, err error) {
	for a, err := range assetsByPlace.Each(tx, K(workgroupID, address)) {
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

// learn takes over the known facts, and the name where UpsertAsset says so.
func (a *Asset) learn(f Facts, free bool) {
	replaceIfKnown(&a.DnsName, Text(f.DnsName))
	replaceIfKnown(&a.DomainName, Text(f.DomainName))
	replaceIfKnown(&a.MacAddress, Text(f.MacAddress))
	replaceIfKnown(&a.AssetType, Text(f.AssetType))
	replaceIfKnown(&a.OperatingSystem, Text(f.OperatingSystem))
	replaceIfKnown(&a.Description, Text(f.Description))
	nameless := a.AssetName == "" || a.AssetName == PaddedAddress(f.Address)
	if free && nameless || f.AssetName != "" && a.AssetName != f.AssetName && record.Fold(a.AssetName) == record.Fold(f.AssetName) {
		a.AssetName = f.AssetName
	}
}

// NameClaim is a name that a file gives to an asset, and that UpsertAsset has left to MoveName.
type NameClaim struct {
	AssetID int
	Address netip.Addr // of the host in the file
	Name    string
}

// MoveName gives an asset the name that it is to have. Of the assets of its Workgroup another may have the name: that
// one is called by its address from now on, and is returned. The claim is void, and the asset nil, if somebody has
// deleted the asset meanwhile, has moved it, or has given it another address. It leaves no audit row, as UpsertAsset.
func MoveName(tx *Tx, workgroupID int, c NameClaim) (asset, from *Asset, err error) {
	tx = tx.Unaudited()
	asset, err = Assets.Get(tx, c.AssetID)
	if errors.Is(err, ErrNotFound) || err == nil && (asset.WorkgroupID != workgroupID || asset.address() != c.Address.Unmap()) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	from, err = AssetByName(tx, workgroupID, c.Name)
	switch {
	case errors.Is(err, ErrNotFound) || err == nil && from.AssetID == asset.AssetID:
		from = nil
	case err != nil:
		return nil, nil, err
	default:
		from.AssetName = ""
		if err := cmp.Or(from.callByAddress(tx, from.address()), Assets.Put(tx, from)); err != nil {
			return nil, nil, err
		}
	}
	asset.AssetName = c.Name
	return asset, from, Assets.Put(tx, asset)
}
