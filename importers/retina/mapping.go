package retina

import (
	"slices"
	"strings"
)

// role is what a column says of a host.
type role int

const (
	address role = iota // and nothing else
	target              // an address or a name, or perhaps something else altogether: only the content tells
	netBIOS
	domain
	dns
	mac
	system
	roles
)

// aliases are the names of the columns for each role, the best first, as fold leaves them.
var aliases = [roles][]string{
	address: {
		"ip", "ipaddress", "ipaddr", "hostip", "hostipaddress", "ipv4", "ipv4address", "ipnumber", "assetip", "targetip", "machineip",
		"computerip", "deviceip", "ipv6", "ipv6address",
	},
	target:  {"host", "address", "hostaddress", "target", "targetaddress", "networkaddress"},
	netBIOS: {"netbiosname", "nbname", "netbios", "hostname", "computername", "machinename", "systemname", "assetname", "devicename", "computer", "machine"},
	domain:  {"netbiosdomain", "nbdomain", "domain", "domainname", "workgroup", "domainworkgroup"},
	dns:     {"dnsname", "dns", "fqdn", "dnshostname", "dnsnames", "fullyqualifieddomainname"},
	mac:     {"mac", "macaddress", "macaddr", "hardwareaddress", "hwaddress", "physicaladdress", "ethernetaddress"},
	system:  {"os", "osname", "operatingsystem", "osdescription", "ostype", "platform"},
}

// mapping has for each role the columns of a table, by their places.
type mapping [roles][]int

func mapColumns(columns []string) (m mapping) {
	folded := make([]string, len(columns))
	for i, name := range columns {
		folded[i] = fold(name)
	}
	for r, names := range aliases {
		for _, name := range names {
			for i, column := range folded {
				if column == name {
					m[r] = append(m[r], i)
				}
			}
		}
	}
	return m
}

// fold makes the spellings of a name equal: "IP_Address", "ip address".
func fold(name string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case 'A' <= r && r <= 'Z':
			return r - 'A' + 'a'
		case 'a' <= r && r <= 'z', '0' <= r && r <= '9', r > '\u00a0':
			return r
		}
		return -1
	}, name)
}

// facts returns how many things the table says of a host beside its address.
func (m *mapping) facts() (n int) {
	for _, columns := range m[netBIOS:] {
		n += min(1, len(columns))
	}
	return n
}

// all returns the columns that have a role, upwards.
func (m *mapping) all() []int {
	return slices.Compact(slices.Sorted(slices.Values(slices.Concat(m[:]...))))
}

// holdsHosts reports whether a table is called as if it had hosts.
func holdsHosts(name string) bool {
	name = fold(name)
	return slices.ContainsFunc([]string{"host", "asset", "machine", "computer", "device", "target", "system"}, func(word string) bool {
		return strings.Contains(name, word)
	})
}
