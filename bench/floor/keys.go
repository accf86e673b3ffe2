package floor

import (
	"encoding/binary"
	"net/netip"
	"strings"

	"github.com/musterhq/muster/bench/fleet"
)

// The keys are those that muster has for an asset (docs/keys.md), so that as much is written and lies as far apart.
const (
	record      = "as=" // <workgroup><id> → JSON
	pointer     = "as@" // <id> → <workgroup><id>
	nameIn      = "asn" // <workgroup><name> → <workgroup><id>; the indexes below end in <workgroup><id> as well
	byName      = "asa"
	byAddress   = "asi"
	byPlace     = "asp"
	placeGuard  = "as!p"
	byDNS       = "asd"
	byDomain    = "aso"
	byMAC       = "asm"
	byType      = "ast"
	carries     = "aa>" // <asset><attribute>
	carriedBy   = "aa<" // <attribute><asset>
	ruleHas     = "ra>" // <rule><asset> → <workgroup>
	ruleOf      = "ra<" // <asset><rule> → <workgroup>
	sequenceKey = "as+"
)

// tailSize is the length of <workgroup><id>.
const tailSize = 16

func number(key []byte, n int) []byte { return binary.BigEndian.AppendUint64(key, uint64(n)) }

func text(key []byte, s string) []byte { return append(append(key, strings.ToLower(s)...), 0, 0) }

func address(key []byte, a netip.Addr) []byte {
	b := a.As16()
	return append(key, b[:]...)
}

func tailOf(workgroup, id int) []byte {
	return number(number(make([]byte, 0, tailSize), workgroup), id)
}

func recordKey(tail []byte) []byte { return append([]byte(record), tail...) }

// put writes an asset with all its entries by set, which is of a transaction or a batch.
func put(a *fleet.Asset, raw []byte, set func(key, value []byte) error) error {
	tail := tailOf(a.WorkgroupID, a.AssetID)
	addr, err := netip.ParseAddr(a.IPAddress)
	if err != nil {
		return err
	}
	key := func(tag string) []byte { return append(make([]byte, 0, 64), tag...) }
	place := address(number(key(byPlace), a.WorkgroupID), addr)
	for _, e := range []struct{ key, value []byte }{
		{recordKey(tail), raw},
		{number(key(pointer), a.AssetID), tail},
		{text(number(key(nameIn), a.WorkgroupID), a.AssetName), tail},
		{append(text(key(byName), a.AssetName), tail...), tail},
		{append(address(key(byAddress), addr), tail...), tail},
		{append(place, tail...), tail},
		{address(number(key(placeGuard), a.WorkgroupID), addr), nil},
		{append(text(key(byDNS), a.DnsName), tail...), tail},
		{append(text(key(byDomain), a.DomainName), tail...), tail},
		{append(text(key(byMAC), a.MacAddress), tail...), tail},
		{append(text(key(byType), a.AssetType), tail...), tail},
	} {
		if err := set(e.key, e.value); err != nil {
			return err
		}
	}
	return nil
}

// join writes that an asset carries an attribute and is a member of the rule that asks for it.
func join(workgroup, asset, rule int, set func(key, value []byte) error) error {
	for _, e := range []struct {
		key   []byte
		value []byte
	}{
		{number(number([]byte(carries), asset), rule), number(nil, 0)},
		{number(number([]byte(carriedBy), rule), asset), number(nil, 0)},
		{number(number([]byte(ruleHas), rule), asset), number(nil, workgroup)},
		{number(number([]byte(ruleOf), asset), rule), number(nil, workgroup)},
	} {
		if err := set(e.key, e.value); err != nil {
			return err
		}
	}
	return nil
}
