package columns

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/musterhq/muster/plugins"
)

func TestTooManyHosts(t *testing.T) {
	t.Parallel()
	last := netip.MustParseAddr("192.0.2.1")
	full := Export{Host: []string{"Host"}}.newTable([]string{"host"})
	full.hosts.records = make([]plugins.Record, maxHosts)
	full.hosts.byAddress[last] = maxHosts - 1
	if err := full.add([]string{last.String()}, 7); err != nil {
		t.Error("a host that is held:", err)
	}
	for _, host := range []string{"192.0.2.2", "srv01"} {
		if err := full.add([]string{host}, 8); err == nil || err.Error() != "line 8: more than 1000000 hosts" {
			t.Errorf("%s: %v", host, err)
		}
		if len(full.hosts.records) != maxHosts {
			t.Errorf("%d hosts are held", len(full.hosts.records))
		}
	}
}

func TestHostName(t *testing.T) {
	t.Parallel()
	for cell, want := range map[string]string{
		" srv01.corp.example ": "srv01.corp.example", "srv_01": "srv_01", "größe.example": "größe.example", `CORP\SRV01`: `CORP\SRV01`, "1": "1",
		"": "", "n/a": "", "--": "", "192.0.2.1": "", "two words": "", "<script>": "", "a,b": "", "line\nend": "",
		strings.Repeat("a", 256): "", "http://shop.example": "",
	} {
		if got := hostName(cell); got != want {
			t.Errorf("hostName(%q) is %q, want %q", cell, got, want)
		}
	}
}
