package fleet

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// Search is a search with what it must find.
type Search struct {
	Member, Value string
	Found         []int // the indexes, ascending
}

// Body is the request's.
func (s Search) Body() string { return fmt.Sprintf(`{%q:%q}`, s.Member, s.Value) }

// Kinds of search.
const (
	ByName    = "name"
	ByAddress = "address"
	ByFifty   = "50 addresses"
	ByRange   = "range"
	ByNet24   = "/24"
	ByNet20   = "/20"
)

// rangeHits is how many assets the range of a search holds.
const rangeHits = 1000

// Searches returns n searches of a kind, spread over the fleet; the same ones each time.
func (f Fleet) Searches(kind string, n int) []Search {
	random := rand.New(rand.NewPCG(3, uint64(f.N)))
	searches := make([]Search, n)
	for i := range searches {
		searches[i] = f.search(kind, random)
	}
	return searches
}

func (f Fleet) search(kind string, random *rand.Rand) Search {
	switch kind {
	case ByName:
		i := random.IntN(f.N)
		return Search{"AssetName", f.Name(i), []int{i}}
	case ByAddress:
		i := random.IntN(f.N)
		return Search{"IPAddress", Address(i).String(), []int{i}}
	case ByFifty:
		found := f.some(50, random)
		addresses := make([]string, len(found))
		for k, i := range found {
			addresses[k] = Address(i).String()
		}
		return Search{"IPAddress", strings.Join(addresses, ","), found}
	case ByRange:
		hits := min(rangeHits, f.N)
		first := random.IntN(max(1, f.N-hits))
		return Search{"IPAddress", Address(first).String() + "-" + Address(first+hits-1).String(), f.from(first, hits)}
	case ByNet24:
		return f.net(random, PerNet24, "%s/24")
	case ByNet20:
		return f.net(random, PerNet20, "%s/20")
	}
	panic("fleet: there is no search by " + kind)
}

// net searches a network that is full, if the fleet has one.
func (f Fleet) net(random *rand.Rand, hits int, format string) Search {
	first := random.IntN(max(1, f.N/hits)) * hits
	network := Address(first).Prev() // .0
	return Search{"IPAddress", fmt.Sprintf(format, network), f.from(first, hits)}
}

// from returns the indexes of n assets, as far as there are so many.
func (f Fleet) from(first, n int) []int {
	found := make([]int, 0, n)
	for i := first; i < min(first+n, f.N); i++ {
		found = append(found, i)
	}
	return found
}

// some returns n different indexes, ascending, from all over the fleet.
func (f Fleet) some(n int, random *rand.Rand) []int {
	found := make([]int, n)
	for k := range found {
		found[k] = k*f.N/n + random.IntN(f.N/n)
	}
	return found
}
