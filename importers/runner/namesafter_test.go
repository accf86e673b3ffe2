package runner_test

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/musterhq/muster/plugins"
	"github.com/musterhq/muster/store"
	"github.com/musterhq/muster/store/record"
)

// unnumbered is a name without the number that it has if it is an address, and another asset has that name.
func unnumbered(name string) string {
	name, _, _ = strings.Cut(name, " (")
	return name
}

// namesAfter says which names there are at each address after an import, in the words of docs/quirks.md: an asset gets the name
// that the file gives to its address, unless a lower address has it as well, or unless the name is how one of several assets with a
// higher address is found. An asset whose name another one gets is called by its address.
func namesAfter(assets []store.Asset, file []plugins.Record) map[string][]string {
	file = slices.Clone(file)
	slices.SortFunc(file, func(a, b plugins.Record) int {
		return netip.MustParseAddr(a.IPAddress).Compare(netip.MustParseAddr(b.IPAddress))
	})
	assets = slices.Clone(assets)
	gets := map[int]string{}     // by the position of the asset
	taken := map[string]int{}    // by the name
	matches := map[string]int{}  // by the address
	named := map[string]string{} // by the address, the name in the file
	for _, host := range file {
		first, matched := -1, -1
		for i, a := range assets {
			if a.IPAddress == host.IPAddress && first < 0 {
				first = i
			}
			if a.IPAddress == host.IPAddress && host.AssetName != "" && record.Fold(a.AssetName) == record.Fold(host.AssetName) {
				matched = i
			}
		}
		if matched < 0 {
			matched = first
		}
		if matched < 0 {
			matched = len(assets)
			assets = append(assets, store.Asset{IPAddress: host.IPAddress, AssetName: padded(host.IPAddress)})
		}
		if matches[host.IPAddress] = matched; host.AssetName != "" {
			named[host.IPAddress] = host.AssetName
		}
		if matched != first && first >= 0 { // found by its name alone
			gets[matched], taken[record.Fold(host.AssetName)] = host.AssetName, matched
		}
	}
	for _, host := range file {
		name := record.Fold(host.AssetName)
		if _, isTaken := taken[name]; !isTaken && name != "" {
			gets[matches[host.IPAddress]], taken[name] = host.AssetName, matches[host.IPAddress]
		}
	}
	after := map[string][]string{}
	for i, a := range assets {
		name := a.AssetName
		if by, isTaken := taken[record.Fold(name)]; isTaken && by != i {
			name = padded(a.IPAddress)
		}
		if got, ok := gets[i]; ok {
			name = got
		}
		after[a.IPAddress] = append(after[a.IPAddress], unnumbered(name))
	}
	for _, names := range after {
		slices.Sort(names)
	}
	return after
}
