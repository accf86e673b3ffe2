package runner

import (
	"testing"

	"github.com/musterhq/muster/plugins"
)

// TestParts cuts records so that each piece fits a transaction and nothing is lost.
func TestParts(t *testing.T) {
	t.Parallel()
	for _, n := range [][3]int{{0, 0, 0}, {100, 100, 1000}, {100, 100, 0}, {100, 62, 1}, {0, 0, 95}, {0, 0, 97}, {0, 100, 0}} {
		b := &plugins.HostDetails{
			Attributes: make([]plugins.Attribute, n[0]), Databases: make([]plugins.Database, n[1]),
			ManagedSystem: &plugins.ManagedSystem{PlatformID: 2, ManagedAccounts: make([]plugins.ManagedAccount, n[2])},
		}
		var got [3]int
		pieces := parts(plugins.Record{IPAddress: "192.0.2.1", HostDetails: b})
		for i, p := range pieces {
			got[0] += len(p.HostDetails.Attributes)
			got[1] += len(p.HostDetails.Databases)
			if p.HostDetails.ManagedSystem != nil {
				got[2] += len(p.HostDetails.ManagedSystem.ManagedAccounts)
			}
			if p.writes > 500 || p.more != (i < len(pieces)-1) || p.IPAddress != "192.0.2.1" {
				t.Errorf("%v: piece %d of %d takes %d writes, more: %t", n, i+1, len(pieces), p.writes, p.more)
			}
		}
		if got != n || pieces[len(pieces)-1].HostDetails.ManagedSystem == nil {
			t.Errorf("%v became %v", n, got)
		}
	}
}
