// Package fleet makes the assets that every server of a benchmark is filled with: the same ones, in the same order,
// whenever there are as many of them. Addresses lie so that a search finds as much in a large fleet as in a small one:
// a /24 holds 200 assets and a /20 3,200.
package fleet

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
)

// How many assets there are in a network, as long as the fleet has that many.
const (
	PerNet24 = 200
	PerNet20 = 16 * PerNet24
)

// Max is the most assets a fleet has: 10.0.0.0/8 is full then.
const Max = PerNet24 << 16

// Asset is one asset with the members and their order of the API.
type Asset struct {
	WorkgroupID     int
	AssetID         int
	AssetName       string
	AssetType       string
	DnsName         string
	DomainName      string
	IPAddress       string
	MacAddress      string
	OperatingSystem string
	Description     string
	CreateDate      string
	LastUpdateDate  string
}

// Fleet is a number of assets, which are told apart by an index from 0 to N-1.
type Fleet struct{ N int }

var (
	systems = []string{"Microsoft Windows Server 2022 Datacenter", "Red Hat Enterprise Linux 9.4 (Plow)", "Debian GNU/Linux 12 (bookworm)", "Microsoft Windows 11 Enterprise"}
	types   = []string{"Server", "Server", "Server", "Workstation"}
)

// Asset returns the asset with an index; what a server gives it, ids and dates, is missing.
func (f Fleet) Asset(i int) Asset {
	name := f.Name(i)
	return Asset{
		AssetName: name, AssetType: types[i%len(types)], DnsName: name + ".north.bench.example", DomainName: "NORTH",
		IPAddress: Address(i).String(), MacAddress: fmt.Sprintf("02:00:%02X:%02X:%02X:%02X", byte(i>>24), byte(i>>16), byte(i>>8), byte(i)),
		OperatingSystem: systems[i%len(systems)], Description: fmt.Sprintf("Rack %d, unit %d", i/PerNet24, i%42+1),
	}
}

// Name returns the name of an asset.
func (f Fleet) Name(i int) string { return fmt.Sprintf("srv-%07d", i) }

// Address returns the address of an asset.
func Address(i int) netip.Addr {
	net := i / PerNet24
	return netip.AddrFrom4([4]byte{10, byte(net >> 8), byte(net), byte(i%PerNet24 + 1)})
}

// Index is Address the other way round. It returns -1 for an address that no asset of a fleet has.
func Index(addr netip.Addr) int {
	if !addr.Is4() {
		return -1
	}
	b := addr.As4()
	if b[0] != 10 || b[3] < 1 || b[3] > PerNet24 {
		return -1
	}
	return (int(b[1])<<8|int(b[2]))*PerNet24 + int(b[3]) - 1
}

// Order returns the indexes in the order in which the assets are created, so that neither ids nor dates run along
// with names and addresses.
func (f Fleet) Order() []int {
	return rand.New(rand.NewPCG(2, uint64(f.N))).Perm(f.N)
}

// The Smart Rules of a fleet, each over an attribute of its own.
const (
	SmallRule = iota
	LargeRule
	Rules
)

// Members returns how many assets a rule has: 20,000 and 100,000, or what a small fleet has of that.
func (f Fleet) Members(rule int) int {
	if rule == SmallRule {
		return min(20_000, f.N/10)
	}
	return min(100_000, f.N/2)
}

// Carries reports whether an asset carries the attribute of a rule. Those that do lie evenly among all.
func (f Fleet) Carries(i, rule int) bool {
	members := f.Members(rule)
	return members > 0 && i%(f.N/members) == 0 && i/(f.N/members) < members
}

// Attribute is the ShortName of a rule's attribute.
func Attribute(rule int) string { return []string{"small", "large"}[rule] }

// AttributeType is the name of the type of both.
const AttributeType = "bench"

// Newcomer is an asset that a benchmark creates besides the fleet, and Imported one that it imports. Their addresses and
// names are none of the fleet's.
func Newcomer(i int) Asset { return stranger("new", [4]byte{172, 16}, i) }

// Imported is described with Newcomer.
func Imported(i int) Asset { return stranger("imp", [4]byte{100, 64}, i) }

func stranger(prefix string, net [4]byte, i int) Asset {
	b := [4]byte{net[0], net[1] + byte(i>>16), byte(i >> 8), byte(i)}
	name := fmt.Sprintf("%s-%07d", prefix, i)
	return Asset{
		AssetName: name, AssetType: types[0], DnsName: name + ".north.bench.example", DomainName: "SOUTH",
		IPAddress: netip.AddrFrom4(b).String(), MacAddress: fmt.Sprintf("02:01:%02X:%02X:%02X:%02X", byte(i>>24), byte(i>>16), byte(i>>8), byte(i)),
		OperatingSystem: systems[0], Description: "made while measuring",
	}
}
