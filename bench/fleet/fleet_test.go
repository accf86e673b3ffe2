package fleet

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
)

func TestNetworksHoldAsMuchWhateverTheSize(t *testing.T) {
	t.Parallel()
	for _, n := range []int{3_200, 20_000, 100_000} {
		f := Fleet{N: n}
		for _, kind := range []string{ByNet24, ByNet20} {
			for _, s := range f.Searches(kind, 20) {
				network := netip.MustParsePrefix(s.Value)
				var within []int
				for i := range n {
					if network.Contains(Address(i)) {
						within = append(within, i)
					}
				}
				if want := map[string]int{ByNet24: 200, ByNet20: 3200}[kind]; len(s.Found) != want || !slices.Equal(s.Found, within) {
					t.Fatalf("%d assets: %s has %d of them, and is said to have %d", n, s.Value, len(within), len(s.Found))
				}
			}
		}
	}
}

func TestAddressesAreTheirOwn(t *testing.T) {
	t.Parallel()
	for i := range 200_000 {
		if back := Index(Address(i)); back != i {
			t.Fatalf("the address of asset %d is that of %d", i, back)
		}
	}
	for _, foreign := range []string{Newcomer(7).IPAddress, Imported(1_000_000).IPAddress, "10.0.0.0", "10.0.0.201", "2001:db8::1"} {
		if i := Index(netip.MustParseAddr(foreign)); i != -1 {
			t.Errorf("%s is said to be that of asset %d", foreign, i)
		}
	}
}

func TestRulesHaveTheirMembers(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1000, 20_000, 200_000, 1_000_000} {
		f := Fleet{N: n}
		for rule := range Rules {
			members := 0
			for i := range n {
				if f.Carries(i, rule) {
					members++
				}
			}
			if members != f.Members(rule) {
				t.Errorf("%d assets: rule %d has %d members, want %d", n, rule, members, f.Members(rule))
			}
		}
	}
}

func TestTheSameEachTime(t *testing.T) {
	t.Parallel()
	f := Fleet{N: 5000}
	order := f.Order()
	if !slices.Equal(order, f.Order()) || slices.IsSorted(order) {
		t.Error("the order of creation is not one shuffle")
	}
	if sorted := slices.Sorted(slices.Values(order)); sorted[0] != 0 || sorted[4999] != 4999 || len(slices.Compact(sorted)) != 5000 {
		t.Error("the order of creation leaves something out")
	}
	if a, b := f.Searches(ByFifty, 3), f.Searches(ByFifty, 3); a[2].Value != b[2].Value || len(a[0].Found) != 50 {
		t.Error("searches differ from time to time")
	}
}

func TestScanHasItsRows(t *testing.T) {
	t.Parallel()
	if lines := strings.Count(Scan(10, 7, 5), "\n"); lines != 1+7*5 {
		t.Errorf("%d lines", lines)
	}
}
