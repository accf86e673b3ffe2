package columns

import (
	"net/netip"
	"strings"

	"github.com/musterhq/muster/plugins"
)

// addressOf returns the first IPv4 address of a row, else its first IPv6 address, and notes what is in place of one.
func (t *table) addressOf(row []string) (ip netip.Addr, ok bool) {
	ip, t.refused = t.addressIn(row)
	return ip, ip.IsValid()
}

func (t *table) addressIn(row []string) (first netip.Addr, refused string) {
	for _, i := range t.layout.address {
		if i >= len(row) {
			continue
		}
		ip, ok := plugins.Address(row[i])
		switch {
		case ok && ip.Is4():
			return ip, refused
		case ok && !first.IsValid():
			first = ip
		case !ok && refused == "":
			refused = plugins.Text(row[i])
		}
	}
	if first.IsValid() {
		return first, refused
	}
	for _, place := range t.layout.host {
		if i := place[0]; i < len(row) {
			if ip, ok := plugins.Address(row[i]); ok {
				return ip, refused
			}
			if refused == "" && hostName(row[i]) == "" {
				refused = plugins.Text(row[i])
			}
		}
	}
	return first, refused
}

// hostOf returns the host that a row is about, nil if it names none.
func (t *table) hostOf(row []string, ip netip.Addr) (*plugins.Record, error) {
	if id := t.layout.id.pick(row, identifier); id != "" {
		return t.hosts.Identified(id, ip)
	}
	if ip.IsValid() {
		return t.hosts.At(ip)
	}
	name := t.layout.host.pick(row, hostName)
	if name == "" {
		name = t.layout.dns.pick(row, plugins.DNSName)
	}
	if name == "" {
		name = t.layout.name.pick(row, hostName)
	}
	if name == "" {
		return nil, nil
	}
	return t.hosts.Named(name)
}

// notAlive returns why the host of a row is skipped, if the row says that it is not alive.
func (t *table) notAlive(row []string) string {
	if status := t.layout.status.pick(row, plugins.Text); status != "" && t.NotAlive != nil && t.NotAlive.MatchString(status) {
		return "its status is " + strings.ToLower(status)
	}
	return ""
}
