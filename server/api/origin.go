package api

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/musterhq/muster/store"
)

// origin is whence a request comes, for audits and address rules: the address of the connection or, if that is a
// trusted proxy's, the one that it forwards for. Whatever others say in X-Forwarded-For counts for nothing.
func (d *mountedAPI) origin(r *http.Request) store.Actor {
	from := store.Actor{Door: d.Name}
	peer, err := parseHop(r.RemoteAddr)
	if err != nil {
		return from // the unix socket
	}
	from.IPAddress = peer.String() // one spelling for audits, address rules and lockouts
	if !d.TrustedProxies.Contains(peer) {
		return from
	}
	if client, ok := forwardedFor(r.Header.Values("X-Forwarded-For"), d.TrustedProxies); ok {
		from.IPAddress, from.Proxy = client.String(), peer.String()
	}
	return from
}

// forwardedFor returns the last address in the headers that is no trusted proxy's: those before it are only what a
// stranger says. One that cannot be read ends the search.
func forwardedFor(headers []string, trusted store.Ranges) (netip.Addr, bool) {
	for _, hop := range slices.Backward(strings.Split(strings.Join(headers, ","), ",")) {
		addr, err := parseHop(strings.TrimSpace(hop))
		if err != nil {
			return addr, false
		}
		if !trusted.Contains(addr) {
			return addr, true
		}
	}
	return netip.Addr{}, false
}

// parseHop reads an address as proxies write it: alone, or with a port.
func parseHop(hop string) (netip.Addr, error) {
	if withPort, err := netip.ParseAddrPort(hop); err == nil {
		return withPort.Addr().Unmap().WithZone(""), nil
	}
	addr, err := netip.ParseAddr(strings.Trim(hop, "[]"))
	return addr.Unmap().WithZone(""), err
}
