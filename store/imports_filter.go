package store

import (
	"cmp"
	"errors"
	"math"
	"net/netip"
	"strings"

	"go4.org/netipx"

	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/store/record"
)

// ImportFilter says which hosts an import brings in: those that are added and not omitted. nil lets all through.
type ImportFilter struct{ added, omitted hosts }

// hosts are some hosts by their addresses, and by their names in the spelling of hostKey.
type hosts struct {
	set       netipx.IPSetBuilder
	addresses *netipx.IPSet
	names     map[string]bool
}

// ImportFilterOf reads the Filter of an import: AllAssets, what ParseRanges reads, or the name of an address group that the actor may
// read. It returns an ErrInvalid that names what is expected, and an ErrDenied if the actor may not read address groups.
func ImportFilterOf(tx *Tx, filter string) (*ImportFilter, error) {
	if filter == AllAssets {
		return nil, nil
	}
	f := new(ImportFilter)
	ranges, unread := ParseRanges(filter)
	for _, r := range ranges {
		f.added.set.AddRange(r)
	}
	if unread != nil {
		g, err := AddressGroupByName(tx, filter)
		if errors.Is(err, ErrNotFound) {
			return nil, Invalid("Filter: %v; it may also be %q or the name of an address group", unread, AllAssets)
		}
		if err := cmp.Or(err, mayReadAddresses(tx), f.learn(tx, g)); err != nil {
			return nil, err
		}
	}
	return f, cmp.Or(f.added.settle(), f.omitted.settle())
}

// mayReadAddresses returns an ErrDenied unless the actor may read address groups.
func mayReadAddresses(tx *Tx) error {
	level, err := PermissionLevel(tx, authz.AssetManagement)
	if err == nil && !level.Includes(authz.Read) {
		err = Denied("Filter: of an address group, " + authz.Reads(authz.AssetManagement).Required())
	}
	return err
}

// learn takes over what an address group says.
func (f *ImportFilter) learn(tx *Tx, g *AddressGroup) error {
	if g == nil {
		return nil
	}
	last, err := lastCleared(tx, g.AddressGroupID)
	if err != nil {
		return err
	}
	for a, err := range Addresses.Records(tx, addressRange(g.AddressGroupID, last+1, math.MaxInt)) {
		if err != nil {
			return err
		}
		side := &f.added
		if a.Omit {
			side = &f.omitted
		}
		if err := side.take(a); err != nil {
			return err
		}
	}
	return nil
}

func (h *hosts) take(a *Address) error {
	if a.Type == NamedHost {
		if h.names == nil {
			h.names = map[string]bool{}
		}
		h.names[hostKey(a.Value)] = true
		return nil
	}
	r, err := parseRange(a.Value)
	if err == nil {
		h.set.AddRange(r)
	}
	return err
}

func (h *hosts) settle() (err error) {
	h.addresses, err = h.set.IPSet()
	return err
}

// hostKey is a name of a host without what does not tell hosts apart.
func hostKey(name string) string { return record.Fold(strings.TrimSuffix(name, ".")) }

// Lets reports whether a host may be brought in, by its address or, where a group has named hosts, by any of its names.
func (f *ImportFilter) Lets(address netip.Addr, names ...string) bool {
	return f == nil || f.added.have(address, names) && !f.omitted.have(address, names)
}

func (h *hosts) have(address netip.Addr, names []string) bool {
	if h.addresses.Contains(address.Unmap()) {
		return true
	}
	for _, name := range names {
		if h.names != nil && name != "" && h.names[hostKey(name)] {
			return true
		}
	}
	return false
}
