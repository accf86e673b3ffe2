package store

import (
	"encoding/json"
	"iter"
	"math"
	"net/netip"

	"go4.org/netipx"

	"github.com/musterhq/muster/store/kv"
)

// AssetCriteria are what POST Assets/Search looks for: all that are given hold together, compared without regard to
// case; IPAddress is one, a comma list, a range or a CIDR.
type AssetCriteria struct {
	AssetName, DnsName, DomainName, IPAddress, MacAddress, AssetType string
}

// criterion is one that was given, with the index that finds its assets.
type criterion struct {
	index  *Index[int, Asset]
	ranges []kv.Range
	holds  func(*Asset) bool
}

// SearchAssets returns the assets that meet the criteria and lie in Workgroups that the actor may see, in the
// order of the index of the first criterion. It returns ErrInvalid when none is given or the address cannot be read.
func SearchAssets(c AssetCriteria) (List, error) {
	var given []criterion
	// The most selective first: its index is walked, the others are looked at.
	for _, m := range []struct {
		index  *Index[int, Asset]
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
			wanted := fold(m.wanted)
			given = append(given, criterion{
				index: m.index, ranges: []kv.Range{m.index.keyRange(K(wanted), K(wanted))},
				holds: func(a *Asset) bool { return fold(m.member(a)) == wanted },
			})
		}
	}
	if len(given) == 0 {
		return List{}, Invalid("at least one of AssetName, DnsName, DomainName, IPAddress, MacAddress and AssetType is required")
	}
	return List{
		Count: func(tx *Tx) (int, error) {
			n := 0
			for _, err := range meeting(tx, given, 0, math.MaxInt) {
				if err != nil {
					return 0, err
				}
				n++
			}
			return n, nil
		},
		Rows: func(tx *Tx, offset, limit int) iter.Seq2[json.RawMessage, error] {
			return meeting(tx, given, offset, limit)
		},
	}, nil
}

// mappedIPv4 is how IPv4 addresses look among IPv6 ones.
var mappedIPv4 = netip.MustParsePrefix("::ffff:0:0/96")

func addressCriterion(s string) (criterion, error) {
	ranges, err := ParseRanges(s)
	if err != nil {
		return criterion{}, because(ErrInvalid, "IPAddress: %s", err)
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
	c := criterion{index: assetsByAddress, holds: func(a *Asset) bool { return merged.Contains(a.address()) }}
	for _, r := range merged.Ranges() {
		c.ranges = append(c.ranges, assetsByAddress.keyRange(K(r.From()), K(r.To())))
	}
	return c, nil
}

// meeting yields the assets that meet all criteria, without the first offset and at most limit.
func meeting(tx *Tx, given []criterion, offset, limit int) iter.Seq2[json.RawMessage, error] {
	return func(yield func(json.RawMessage, error) bool) {
		sees := workgroupSight{tx: tx, seen: map[int]bool{}}
		for _, r := range given[0].ranges {
			for tail, err := range given[0].index.tails(tx, r) {
				var row json.RawMessage
				if err == nil {
					row, err = meets(tx, tail, given[1:], &sees)
				}
				if err == nil && row == nil {
					continue
				}
				if err == nil && offset > 0 {
					offset--
					continue
				}
				if limit--; limit < 0 || !yield(row, err) || err != nil {
					return
				}
			}
		}
	}
}

// meets returns the asset behind an index entry, nil if it may not be seen or does not meet the other criteria.
func meets(tx *Tx, tail Key, others []criterion, sees *workgroupSight) (json.RawMessage, error) {
	workgroup, _, err := cutInt(tail)
	if err != nil {
		return nil, err
	}
	if visible, err := sees.workgroup(workgroup); err != nil || !visible {
		return nil, err
	}
	row, err := Assets.row(tx, tail)
	if err != nil || len(others) == 0 {
		return row, err
	}
	a, err := Assets.decode(row)
	if err != nil {
		return nil, err
	}
	for _, c := range others {
		if !c.holds(a) {
			return nil, nil
		}
	}
	return row, nil
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
	visible, err := s.tx.seesWorkgroup(id)
	s.seen[id] = visible
	return visible, err
}
