// Package hosts gathers the hosts of a file of which a scanner tells in many places.
package hosts

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/musterhq/muster/plugins"
)

// Max is how many hosts a List holds, at some 400 bytes each.
const Max = 1_000_000

// List holds the hosts of a file in the order in which they appeared. What is said of a host is merged by address and by
// nothing else: two addresses with one name, or with one MAC address, are two hosts. Hosts with the same name and no address
// are one only because all that is done with them is to count them. The zero List is empty.
type List struct {
	records   []plugins.Record
	byAddress map[netip.Addr]int
	byName    map[string]int
	byID      map[string]int
	located   bool // a host got its address later than its place in records
}

// At returns the host with an address, a new one if there is none, to be filled before the next call. The error is that
// there are too many hosts; nothing more can be added then.
func (l *List) At(ip netip.Addr) (*plugins.Record, error) {
	if i, ok := l.byAddress[ip]; ok {
		return &l.records[i], nil
	}
	if l.byAddress == nil {
		l.byAddress = map[netip.Addr]int{}
	}
	l.byAddress[ip] = len(l.records)
	return l.add(plugins.Record{IPAddress: ip.String()})
}

// Named is At for a host of which only a name is known.
func (l *List) Named(name string) (*plugins.Record, error) {
	name = strings.ToLower(name)
	if i, ok := l.byName[name]; ok {
		return &l.records[i], nil
	}
	if l.byName == nil {
		l.byName = map[string]int{}
	}
	l.byName[strings.Clone(name)] = len(l.records)
	return l.add(plugins.Record{})
}

// Identified is At for a host that the scanner knows by an id of its own, whatever its addresses, of which it keeps the first
// IPv4 address, else the first IPv6 address. The address may be the zero Addr. Hosts that are found under several ids and
// have one address are one when they are emitted.
func (l *List) Identified(id string, ip netip.Addr) (*plugins.Record, error) {
	i, ok := l.byID[id]
	if !ok {
		if l.byID == nil {
			l.byID = map[string]int{}
		}
		i = len(l.records)
		if _, err := l.add(plugins.Record{}); err != nil {
			return nil, err
		}
		l.byID[strings.Clone(id)] = i
	}
	l.Locate(&l.records[i], ip)
	return &l.records[i], nil
}

// Locate tells of another address of a host that is not known by its address: the first IPv4 address is kept, else the first IPv6
// address. The address may be the zero Addr.
func (l *List) Locate(host *plugins.Record, ip netip.Addr) {
	if ip.IsValid() && (host.IPAddress == "" || ip.Is4() && strings.Contains(host.IPAddress, ":")) {
		host.IPAddress, l.located = ip.String(), true
	}
}

func (l *List) add(r plugins.Record) (*plugins.Record, error) {
	if len(l.records) == Max {
		return nil, fmt.Errorf("more than %d hosts", Max)
	}
	l.records = append(l.records, r)
	return &l.records[len(l.records)-1], nil
}

// Add merges a record, which it normalises. The error is that of At.
func (l *List) Add(r plugins.Record) error {
	r = r.Normalized()
	host, known, err := l.of(r)
	if err == nil {
		merge(host, r, known)
	}
	return err
}

// merge adds to a host what a record says. What is known already stays. A host that is not alive in one place and is in another
// is alive, and what was said of the one that is not counts no more.
func merge(host *plugins.Record, r plugins.Record, known bool) {
	switch {
	case known && host.Skip == "" && r.Skip != "":
		return
	case known && host.Skip != "" && r.Skip == "":
		*host = plugins.Record{}
	}
	host.Fill(r)
}

// Revive makes a host of one that was not alive in another place, of which only the address is kept.
func Revive(host *plugins.Record) { *host = plugins.Record{IPAddress: host.IPAddress} }

// of returns the host that a record is about, and whether it is known.
func (l *List) of(r plugins.Record) (host *plugins.Record, known bool, err error) {
	before := len(l.records)
	if ip, err := netip.ParseAddr(r.IPAddress); err == nil {
		host, err = l.At(ip)
		return host, len(l.records) == before, err
	}
	for _, name := range []string{r.DnsName, r.AssetName} {
		if name != "" {
			host, err = l.Named(name)
			return host, len(l.records) == before, err
		}
	}
	host, err = l.add(plugins.Record{})
	return host, false, err
}

// Has reports whether there is a host with an address.
func (l *List) Has(ip netip.Addr) bool {
	_, found := l.byAddress[ip]
	return found
}

// Reachable reports whether there is a host with an address.
func (l *List) Reachable() bool {
	return slices.ContainsFunc(l.records, func(r plugins.Record) bool { return r.IPAddress != "" })
}

// Len returns how many hosts there are.
func (l *List) Len() int { return len(l.records) }

// Emit gives the hosts to emit and returns its first error.
func (l *List) Emit(emit func(plugins.Record) error) error {
	if l.located {
		l.mergeLocated()
	}
	for _, host := range l.records {
		if err := emit(host); err != nil {
			return err
		}
	}
	return nil
}

// mergeLocated makes one host of those with one address.
func (l *List) mergeLocated() {
	kept, at := l.records[:0], make(map[string]int, len(l.records))
	for _, host := range l.records {
		if i, known := at[host.IPAddress]; known && host.IPAddress != "" {
			merge(&kept[i], host, true)
			continue
		}
		at[host.IPAddress] = len(kept)
		kept = append(kept, host)
	}
	*l = List{records: kept}
}
