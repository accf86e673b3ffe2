package store

import "testing"

// TestAddressRules decides who may use a registration: rules for the address of the connection, and rules for the one that a
// trusted proxy names.
func TestAddressRules(t *testing.T) {
	t.Parallel()
	rules := func(values ...string) (all []AddressRule) {
		for _, v := range values {
			all = append(all, AddressRule{Value: v})
		}
		return all
	}
	peer := func(address string) Actor { return Actor{IPAddress: address} }
	behind := func(proxy, client string) Actor { return Actor{IPAddress: client, Proxy: proxy} }
	for name, test := range map[string]struct {
		ip, forwarded []AddressRule
		by            Actor
		admits        bool
	}{
		"no rules":                                {nil, nil, peer("192.0.2.1"), true},
		"no rules, the unix socket":               {nil, nil, peer(""), true},
		"the address":                             {rules("192.0.2.1"), nil, peer("192.0.2.1"), true},
		"another address":                         {rules("192.0.2.1"), nil, peer("192.0.2.2"), false},
		"the unix socket":                         {rules("0.0.0.0/0", "::/0"), nil, peer(""), false},
		"one of several":                          {rules("198.51.100.1", "192.0.2.1"), nil, peer("192.0.2.1"), true},
		"the first of a range":                    {rules("192.0.2.5-192.0.2.9"), nil, peer("192.0.2.5"), true},
		"the last of a range":                     {rules("192.0.2.5-192.0.2.9"), nil, peer("192.0.2.9"), true},
		"before a range":                          {rules("192.0.2.5-192.0.2.9"), nil, peer("192.0.2.4"), false},
		"behind a range":                          {rules("192.0.2.5-192.0.2.9"), nil, peer("192.0.2.10"), false},
		"a CIDR":                                  {rules("192.0.2.0/28"), nil, peer("192.0.2.15"), true},
		"beyond a CIDR":                           {rules("192.0.2.0/28"), nil, peer("192.0.2.16"), false},
		"a CIDR with host bits":                   {rules("192.0.2.14/28"), nil, peer("192.0.2.1"), true},
		"a CIDR of one":                           {rules("192.0.2.1/32"), nil, peer("192.0.2.2"), false},
		"all of IPv4":                             {rules("0.0.0.0/0"), nil, peer("203.0.113.9"), true},
		"all of IPv4 has no IPv6":                 {rules("0.0.0.0/0"), nil, peer("2001:db8::1"), false},
		"all of IPv6 has no IPv4":                 {rules("::/0"), nil, peer("192.0.2.1"), false},
		"nor IPv4 in IPv6 form":                   {rules("::/0"), nil, peer("::ffff:192.0.2.1"), false},
		"IPv6":                                    {rules("2001:db8::1"), nil, peer("2001:DB8:0::1"), true},
		"a CIDR of IPv6":                          {rules("2001:db8::/64"), nil, peer("2001:db8::ffff"), true},
		"a CIDR of IPv6 with host bits":           {rules("2001:db8::77/64"), nil, peer("2001:db8::1"), true},
		"the next CIDR of IPv6":                   {rules("2001:db8::/64"), nil, peer("2001:db8:0:1::1"), false},
		"a range of IPv6":                         {rules("2001:db8::1-2001:db8::9"), nil, peer("2001:db8::5"), true},
		"a peer in IPv6 form":                     {rules("192.0.2.0/24"), nil, peer("::ffff:192.0.2.1"), true},
		"a rule in IPv6 form":                     {rules("::ffff:192.0.2.1"), nil, peer("192.0.2.1"), true},
		"a CIDR in IPv6 form":                     {rules("::ffff:192.0.2.0/120"), nil, peer("192.0.2.200"), true},
		"a peer with a zone":                      {rules("fe80::/10"), nil, peer("fe80::1%eth0"), true},
		"a peer that is no address":               {rules("0.0.0.0/0", "::/0"), nil, peer("nonsense"), false},
		"a damaged rule lets nobody in":           {rules("nonsense"), nil, peer("192.0.2.1"), false},
		"beside a damaged rule":                   {rules("nonsense", "192.0.2.1"), nil, peer("192.0.2.1"), true},
		"a forwarded client":                      {nil, rules("198.51.100.1"), behind("203.0.113.1", "198.51.100.1"), true},
		"another forwarded client":                {nil, rules("198.51.100.1"), behind("203.0.113.1", "198.51.100.2"), false},
		"without a proxy":                         {nil, rules("198.51.100.1"), peer("198.51.100.1"), false},
		"the proxy itself, as a client":           {nil, rules("203.0.113.1"), behind("203.0.113.1", "198.51.100.1"), false},
		"a rule for connections sees the proxy":   {rules("203.0.113.1"), nil, behind("203.0.113.1", "198.51.100.1"), true},
		"and not the client":                      {rules("198.51.100.1"), nil, behind("203.0.113.1", "198.51.100.1"), false},
		"both kinds, the connection matches":      {rules("203.0.113.1"), rules("192.0.2.9"), behind("203.0.113.1", "198.51.100.1"), true},
		"both kinds, the client matches":          {rules("192.0.2.9"), rules("198.51.100.1"), behind("203.0.113.1", "198.51.100.1"), true},
		"both kinds, neither matches":             {rules("192.0.2.9"), rules("192.0.2.9"), behind("203.0.113.1", "198.51.100.1"), false},
		"a forwarded client in IPv6 form":         {nil, rules("198.51.100.0/24"), behind("203.0.113.1", "::ffff:198.51.100.1"), true},
		"a forwarded client by a CIDR of IPv6":    {nil, rules("2001:db8:7::/48"), behind("203.0.113.1", "2001:db8:7:1::1"), true},
		"all may be forwarded, none is connected": {nil, rules("0.0.0.0/0", "::/0"), peer("192.0.2.1"), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := &ApiRegistration{IPAuthenticationRules: test.ip, XForwardedForAuthenticationRules: test.forwarded}
			if got := r.Admits(test.by); got != test.admits {
				t.Errorf("admits %+v: %t", test.by, got)
			}
		})
	}
}
