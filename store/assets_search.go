package store

import (
	"encoding/json"
	"fmt"
	"iter"
	"math"
	"net/netip"

	"go4.org/netipx"

	"github.com/musterhq/muster/store/kv"
	"github.com/musterhq/muster/store/record"
)

// AssetCriteria are what POST Assets/Search looks for: all that are given hold together, compared without regard to
// case; IPAddress is one, a comma list, a range or a CIDR.
type AssetCriteria struct {
	AssetName, DnsName, DomainName, IPAddress, MacAddress, AssetType string
}

// criterion is one that was given, with what finds its assets in its index.
type criterion struct {
	ranges []kv.Range
	holds  func(*Asset) bool
}

// SearchAssets returns the assets that meet the criteria and lie in Workgroups that the actor may see, in the
// order of the index of the first criterion. It returns ErrInvalid when none is given or the address cannot be read.
func SearchAssets(c AssetCriteria) (List, error) {
	var given []criterion
	// The most selective first: its index is walked, the others are looked at.
	for _, m := range []struct {
		index  *record.Index[int, Asset]
		wanted string
		member func(*Asset) string
	}{
		{assetsByName, c.AssetName, func(a *Asset) string { return a.AssetName }},
		{assetsByMac, c.MacAddress, func(a *Asset) string { return string(a.MacAddress) }},
		{assetsByDnsName, c.DnsName, func(a *Asset) string { return string(a.DnsName) }},
		{assetsByAddress, c.IPAddress, nil},
		{assetsByDomain, c.DomainName, func(a *Asset) string { return string(a.DomainName) }},
		{assetsByType, c.AssetType, func(a *Asset) string { return string(a.AssetType) }},
	} {
		switch {
		case m.wanted == "":
		case m.member == nil:
			byAddress, err := addressCriterion(c.IPAddress)
			if err != nil {
				return List{}, err
			}
			given = append(given, byAddress)
		default:
			wanted := record.Fold(m.wanted)
			given = append(given, criterion{
				ranges: []kv.Range{m.index.KeyRange(K(wanted), K(wanted))},
				holds:  func(a *Asset) bool { return record.Fold(m.member(a)) == wanted },
			})
		}
	}
	if len(given) == 0 {
		return List{}, Invalid("at least one of AssetName, DnsName, DomainName, IPAddress, MacAddress and AssetType is required")
	}
	return search(given).list(), nil
}

// mappedIPv4 is how IPv4 addresses look among IPv6 ones.
var mappedIPv4 = netip.MustParsePrefix("::ffff:0:0/96")

func addressCriterion(s string) (criterion, error) {
	ranges, err := ParseRanges(s)
	if err != nil {
		return criterion{}, record.Error(ErrInvalid, "IPAddress: %s", err)
	}
	var set netipx.IPSetBuilder // merges what overlaps, so that no asset is found twice
	for _, r := range ranges {
		set.AddRange(r)
	}
	set.RemovePrefix(mappedIPv4) // where the index keeps IPv4, which an IPv6 range does not mean
	merged, err := set.IPSet()
	if err != nil {
		return criterion{}, err
	}
	c := criterion{holds: func(a *Asset) bool { return merged.Contains(a.address()) }}
	for _, r := range merged.Ranges() {
		c.ranges = append(c.ranges, assetsByAddress.KeyRange(K(r.From()), K(r.To())))
	}
	return c, nil
}

// search is the criteria of one search: the index of the first is walked, the others are looked at.
type search []criterion

// list is what the search finds. With one criterion the index says it all, and an asset that is only counted or skipped is
// not read.
func (s search) list() List {
	if len(s) == 1 {
		return List{
			Count: func(tx *Tx) (int, error) { return record.CountOf(s.places(tx)) },
			Rows: func(tx *Tx, offset, limit int) iter.Seq2[json.RawMessage, error] {
				return assetRows(tx, behind(s.places(tx), offset), limit, errIndexed)
			},
		}
	}
	return List{
		Count: func(tx *Tx) (int, error) { return record.CountOf(s.meeting(tx)) },
		Rows: func(tx *Tx, offset, limit int) iter.Seq2[json.RawMessage, error] {
			return record.Piece(s.meeting(tx), offset, limit)
		},
	}
}

// errIndexed is for an asset that an index names and that is not there.
var errIndexed = fmt.Errorf("an index names it and it is gone: %w", ErrDamaged)

// places yields where the assets that meet the first criterion lie, as far as the actor may see them.
func (s search) places(tx *Tx) iter.Seq2[assetRef, error] {
	return func(yield func(assetRef, error) bool) {
		ranges := s[0].ranges
		if len(ranges) == 0 {
			return
		}
		sees := workgroupSight{tx: tx, seen: map[int]bool{}}
		for pair, err := range tx.Reader.Scan(ranges[0], ranges[1:]...) {
			var m assetRef
			visible := err != nil
			if err == nil {
				m, err = assetRefAt(pair.Value)
			}
			if err == nil {
				visible, err = sees.workgroup(m.workgroup)
			}
			if (visible || err != nil) && !yield(m, err) || err != nil {
				return
			}
		}
	}
}

// meeting yields the assets that meet all criteria.
func (s search) meeting(tx *Tx) iter.Seq2[json.RawMessage, error] {
	return func(yield func(json.RawMessage, error) bool) {
		for row, err := range assetRows(tx, s.places(tx), math.MaxInt, errIndexed) {
			meets := err != nil
			if err == nil {
				meets, err = s.meets(row)
			}
			if (meets || err != nil) && !yield(row, err) || err != nil {
				return
			}
		}
	}
}

// meets reports whether an asset that meets the first criterion meets the others.
func (s search) meets(row json.RawMessage) (bool, error) {
	a, err := Assets.Decode(row)
	if err != nil {
		return false, err
	}
	for _, c := range s[1:] {
		if !c.holds(a) {
			return false, nil
		}
	}
	return true, nil
}

// workgroupSight remembers which Workgroups the actor of a transaction may see.
type workgroupSight struct {
	tx   *Tx
	seen map[int]bool
}

func (s *workgroupSight) workgroup(id int) (bool, error) {
	visible, known := s.seen[id]
	if known {
		return visible, nil
	}
	visible, err := seesWorkgroup(s.tx, id)
	s.seen[id] = visible
	return visible, err
}
