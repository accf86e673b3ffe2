package directory

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"syscall"
)

// Allow is where connections may go: hosts that are trusted by their name, and addresses. The zero value allows nothing.
type Allow struct {
	names    []destination
	networks []network
}

// destination is a name as it is written, with a port of its own or 0 for any.
type destination struct {
	host string
	port int
}

type network struct {
	prefix netip.Prefix
	port   int
}

// ParseAllow reads hosts, host:port, addresses, address:port and networks in CIDR notation. The error names the one that is
// none of them.
func ParseAllow(list []string) (Allow, error) {
	var a Allow
	for _, text := range list {
		text = strings.TrimSpace(text)
		if prefix, err := netip.ParsePrefix(text); err == nil {
			a.networks = append(a.networks, network{prefix: prefix.Masked()})
			continue
		}
		host, port, err := splitPort(text)
		if err != nil || host == "" || strings.ContainsAny(host, "/*@ ") {
			return Allow{}, fmt.Errorf("%q is no host, host:port, address or network such as 10.0.0.0/8", text)
		}
		if address, err := netip.ParseAddr(host); err == nil {
			address = address.Unmap().WithZone("")
			a.networks = append(a.networks, network{netip.PrefixFrom(address, address.BitLen()), port})
			continue
		}
		a.names = append(a.names, destination{foldHost(host), port})
	}
	return a, nil
}

// splitPort reads a host with or without a port behind it, 0 for none.
func splitPort(text string) (host string, port int, err error) {
	if _, err := netip.ParseAddr(text); err == nil || !strings.Contains(text, ":") {
		return text, 0, nil
	}
	host, digits, err := net.SplitHostPort(text)
	if err != nil {
		return "", 0, err
	}
	port, err = strconv.Atoi(digits)
	if err == nil && (port < 1 || port > 65535) {
		err = errors.New("no port")
	}
	return host, port, err
}

// foldHost is the spelling by which host names are compared.
func foldHost(host string) string { return strings.ToLower(strings.TrimSuffix(host, ".")) }

// name reports whether a host is trusted by its name at a port.
func (a Allow) name(host string, port int) bool {
	for _, n := range a.names {
		if n.host == foldHost(host) && (n.port == 0 || n.port == port) {
			return true
		}
	}
	return false
}

// address reports whether an address is trusted.
func (a Allow) address(to netip.AddrPort) bool {
	for _, n := range a.networks {
		if n.prefix.Contains(to.Addr().Unmap().WithZone("")) && (n.port == 0 || n.port == int(to.Port())) {
			return true
		}
	}
	return false
}

// dial connects to a host if it is allowed. A name that is not trusted as such counts by the address that the connection
// goes to, which is looked at when it is made: an earlier look-up could have been answered differently. domain is the one
// whose DNS named the host, if one did: who trusts it by name trusts the hosts within it.
func (c *Client) dial(ctx context.Context, host string, port int, domain string) (net.Conn, error) {
	trusted := c.Allow.name(host, port) ||
		domain != "" && c.Allow.name(domain, port) && strings.HasSuffix("."+foldHost(host), "."+foldHost(domain))
	target := net.JoinHostPort(host, strconv.Itoa(port))
	if !trusted && len(c.Allow.networks) == 0 {
		return nil, forbidden(target)
	}
	dialer := &net.Dialer{Timeout: c.Dial, Control: func(_, address string, _ syscall.RawConn) error {
		to, err := netip.ParseAddrPort(address)
		if trusted || err == nil && c.Allow.address(to) {
			return nil
		}
		return ErrForbiddenDestination
	}}
	conn, err := dialer.DialContext(ctx, "tcp", target)
	switch {
	case errors.Is(err, ErrForbiddenDestination):
		return nil, forbidden(target)
	case err != nil:
		return nil, fmt.Errorf("connect to %s: %w: %w", target, ErrUnreachable, reason(err))
	}
	return conn, nil
}

func forbidden(target string) error {
	return fmt.Errorf("connect to %s: it %w", target, ErrForbiddenDestination)
}

// reason is the cause of a network error without the addresses and names around it.
func reason(err error) error {
	if operation, ok := errors.AsType[*net.OpError](err); ok {
		err = operation.Err
	}
	if failed, ok := errors.AsType[*net.DNSError](err); ok {
		return errors.New(failed.Err)
	}
	return err
}
