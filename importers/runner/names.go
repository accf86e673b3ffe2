package runner

import (
	"cmp"
	"errors"
	"maps"
	"net/netip"
	"slices"

	"github.com/musterhq/muster/plugins"
	"github.com/musterhq/muster/store"
	"github.com/musterhq/muster/store/record"
)

// names finds out which host of a file gets which name. A name that several hosts claim is that of the lowest address, wherever
// they stand in the file. So it can be told only at the end, and until then an asset with a name of its own keeps it.
type names struct {
	first  map[string]netip.Addr   // by name, the lowest address that claims it
	rivals map[string][]netip.Addr // by name, the other addresses, if there are any
	late   []late
}

// late is a name that an asset has not got at once.
type late struct {
	store.NameClaim
	from netip.Addr // of the asset that had the name, if one had it
}

// naming is a name that moves, or one that several hosts claim.
type naming struct {
	late
	rivals int // how many other hosts claim it
}

// claim notes the name of a host that becomes an asset.
func (i *running) claim(r plugins.Record) {
	if a := address(r); a.IsValid() && r.AssetName != "" && i.lets(r, a) {
		i.names.claim(r.AssetName, a)
	}
}

// address is that of a host, not valid if it has no address.
func address(r plugins.Record) netip.Addr {
	a, err := netip.ParseAddr(r.IPAddress)
	if err != nil {
		return netip.Addr{}
	}
	return a
}

// learn keeps what the names need to know of a batch that is in the store.
func (i *running) learn(came *progress) {
	i.names.late = append(i.names.late, came.late...)
	for _, id := range came.unchanged {
		i.unchanged[id] = struct{}{}
	}
	for _, id := range came.renamed {
		delete(i.unchanged, id)
	}
}

// claim notes that a host of the file has a name.
func (n *names) claim(name string, by netip.Addr) {
	if n.first == nil {
		n.first, n.rivals = map[string]netip.Addr{}, map[string][]netip.Addr{}
	}
	name = record.Fold(name)
	first, claimed := n.first[name]
	switch {
	case !claimed:
		n.first[name] = by
	case by.Less(first):
		n.first[name] = by
		n.rivals[name] = append(n.rivals[name], first)
	case by != first:
		n.rivals[name] = append(n.rivals[name], by)
	}
}

// claims reports whether a host of the file has a name.
func (n *names) claims(name string, address netip.Addr) bool {
	name = record.Fold(name)
	first, claimed := n.first[name]
	return claimed && (first == address || slices.Contains(n.rivals[name], address))
}

// parts are the names that move, by the addresses that they move to, and then the names that several hosts claim, as far as
// they can be warned of.
func (n *names) parts() (all []part) {
	for _, l := range n.late {
		if n.first[record.Fold(l.Name)] == l.Address {
			all = append(all, part{name: &naming{late: l}})
		}
	}
	slices.SortFunc(all, func(a, b part) int {
		return cmp.Or(a.name.Address.Compare(b.name.Address), cmp.Compare(a.name.Name, b.name.Name))
	})
	contested := slices.Sorted(maps.Keys(n.rivals))
	for _, name := range contested[:min(len(contested), store.MaxWarnings)] {
		rivals := n.rivals[name]
		slices.SortFunc(rivals, netip.Addr.Compare)
		claim := store.NameClaim{Address: n.first[name], Name: name}
		all = append(all, part{name: &naming{late: late{NameClaim: claim}, rivals: len(slices.Compact(rivals))}})
	}
	return all
}

// miss notes the name that a host has in the file, if its asset has another one.
func (p *progress) miss(tx *store.Tx, asset *store.Asset, name string, address netip.Addr) error {
	if name == "" || name == asset.AssetName {
		return nil
	}
	l := late{NameClaim: store.NameClaim{AssetID: asset.AssetID, Address: address, Name: name}}
	holder, err := store.AssetByName(tx, p.workgroup, name)
	if err == nil {
		l.from, _ = netip.ParseAddr(holder.IPAddress)
	} else if !errors.Is(err, store.ErrNotFound) {
		return err
	}
	p.late = append(p.late, l)
	return nil
}

// settleName gives a name to the asset that is to have it, and warns of what somebody may not expect.
func (i *running) settleName(tx *store.Tx, p *progress, n *naming) error {
	if n.rivals > 0 {
		holder, err := store.AssetByName(tx, p.workgroup, n.Name)
		if err == nil {
			p.warn("%d hosts of the file are called %s: %s keeps the name, the others do not get it", n.rivals+1, holder.AssetName, holder.IPAddress)
		}
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		return err
	}
	if stays, err := i.stays(tx, p, n); err != nil || stays {
		return err
	}
	asset, from, err := store.MoveName(tx, p.workgroup, n.NameClaim)
	if err != nil || asset == nil {
		return err
	}
	for _, a := range []*store.Asset{asset, from} {
		if a == nil {
			continue
		}
		if _, unchanged := i.unchanged[a.AssetID]; unchanged && !slices.Contains(p.renamed, a.AssetID) {
			p.renamed = append(p.renamed, a.AssetID)
			p.Unchanged, p.Updated = p.Unchanged-1, p.Updated+1
		}
	}
	if n.from.IsValid() && !i.names.claims(n.Name, n.from) {
		p.warn("the name %s has moved from %s to %s", n.Name, n.from, n.Address)
	}
	return nil
}

// stays reports whether a name does not move, because a host would not be found by its name next time, or because the file has two names
// for one address and the asset has one of them.
func (i *running) stays(tx *store.Tx, p *progress, n *naming) (bool, error) {
	asset, err := store.Assets.Get(tx, n.AssetID)
	if err == nil && i.names.first[record.Fold(asset.AssetName)] == n.Address {
		return true, nil
	}
	holder, err := store.AssetByName(tx, p.workgroup, n.Name)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	address, err := netip.ParseAddr(holder.IPAddress)
	if err != nil || !i.names.claims(n.Name, address) {
		return false, err
	}
	// One of several assets with its address, and the name is how the file's host finds it.
	first, err := store.FirstAssetAt(tx, p.workgroup, address)
	return err == nil && first != nil && first.AssetID != holder.AssetID, err
}
