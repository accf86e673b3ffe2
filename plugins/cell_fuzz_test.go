package plugins

import (
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzCells checks what everybody relies on who reads a cell, whatever is in it.
func FuzzCells(f *testing.F) {
	for _, seed := range []string{
		"192.0.2.1", "fe80::1%x,::ffff:192.0.2.1", `CORP\SRV01`, "\xff\\ n/a\u2028", "00-1A-2B-3C-4D-5E", "0000.0000.0000 1", `="="010.0.0.5""`,
		"'[2001:db8::5]:443'", "10.0.0.1 - 10.0.0.254", "10.0.0.7, SRV07.", "1.1936E+04", "11,936.0", "\u200b'\"x\"'.", "localhost:1;a\\.b\\",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, cell string) {
		checkNormal(t, Record{IPAddress: cell, AssetName: cell, DnsName: cell, DomainName: cell, MacAddress: cell, AssetType: cell, Description: cell}.Normalized())
		if ip, ok := Address(cell); ok {
			if again, ok := Address(ip.String()); !ok || again != ip || ip.Zone() != "" || ip.Is4In6() {
				t.Errorf("the address %v of %q is %v, %v when it is read again", ip, cell, again, ok)
			}
			if strings.ContainsFunc(strings.ReplaceAll(cell, "ffff", ""), func(r rune) bool { return r > 'f' && r < 0x80 && r != '|' }) && !strings.Contains(cell, "%") {
				t.Errorf("%q is read as %v", cell, ip)
			}
		}
		if mac := MAC(cell); mac != "" && MAC(mac) != mac {
			t.Errorf("the MAC address %s of %q is %s when it is read again", mac, cell, MAC(mac))
		}
		if n, ok := Number(cell); ok {
			if again, ok := Number(strconv.FormatInt(n, 10)); !ok || again != n {
				t.Errorf("the number %d of %q is %d, %v when it is read again", n, cell, again, ok)
			}
		}
		for _, name := range []string{AssetName(cell), DNSName(cell)} {
			if _, isAddress := Address(name); isAddress {
				t.Errorf("the name %q of %q is an address", name, cell)
			}
		}
		if quoted := Quote(cell); !utf8.ValidString(quoted) || utf8.RuneCountInString(quoted) > maxQuoted+len(`"…"`) || strings.Contains(quoted, "\n") {
			t.Errorf("%q is quoted as %s", cell, quoted)
		}
	})
}
