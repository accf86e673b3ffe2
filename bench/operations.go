package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/http"

	"github.com/musterhq/muster/bench/fleet"
	"github.com/musterhq/muster/bench/load"
)

// operation is a kind of call that is measured in turns.
type operation struct {
	name        string
	connections int
	servers     []string // labels, the floor first
	calls       func(b *bench, s *server) []load.Call
	fresh       bool // calls are used once: as many are made as a turn needs
	hits        int  // what a tenth of the fleet must have, too, for its figures to be compared
}

// The operations, by the names that the targets and the flag -only know them by.
const (
	opGet       = "get"
	opGetOne    = "get, one connection"
	opPage      = "page of 1,000"
	opDeepPage  = "deep page of 1,000"
	opTotal     = "total count"
	opList      = "list"
	opSmallRule = "members of the small rule"
	opLargeRule = "members of the large rule"
	opProcess   = "process the large rule"
	opCreate    = "create"
)

func opSearch(kind string) string { return "search by " + kind }

// operations are all that is measured in turns, in their order.
func operations() []operation {
	floored := []string{rawBadger, muster}
	all := []operation{
		{name: opGet, connections: 16, servers: []string{ginJWT, muster, rawBadger}, calls: gets},
		{name: opGetOne, connections: 1, servers: []string{ginJWT, muster}, calls: gets},
		{name: opTotal, connections: 1, servers: []string{muster}, calls: page(0, 1)},
	}
	for _, kind := range []string{fleet.ByName, fleet.ByAddress, fleet.ByFifty, fleet.ByRange} {
		all = append(all, operation{name: opSearch(kind), connections: 4, servers: floored, calls: searches(kind)})
	}
	onThree := []string{rawBadger, muster, smaller}
	all = append(all,
		operation{name: opSearch(fleet.ByNet24), connections: 4, servers: onThree, calls: searches(fleet.ByNet24), hits: fleet.PerNet24},
		operation{name: opSearch(fleet.ByNet20), connections: 4, servers: onThree, calls: searches(fleet.ByNet20), hits: fleet.PerNet20},
	)
	return append(all,
		operation{name: opPage, connections: 4, servers: floored, calls: page(0, 1000)},
		operation{name: opDeepPage, connections: 4, servers: []string{muster}, calls: page(deep, 1000)},
		operation{name: opList, connections: 1, servers: floored, calls: list},
		operation{name: opSmallRule, connections: 1, servers: floored, calls: members(fleet.SmallRule)},
		operation{name: opLargeRule, connections: 1, servers: floored, calls: members(fleet.LargeRule)},
		operation{name: opProcess, connections: 1, servers: floored, calls: process},
		operation{name: opCreate, connections: 16, servers: floored, calls: creates, fresh: true},
	)
}

// gets ask for assets from all over the store. That of ginjwt is always the same.
func gets(b *bench, s *server) []load.Call {
	if s.name == ginJWT {
		return []load.Call{{Request: s.request("GET", "Assets/1", ""), Status: http.StatusOK, Records: 1}}
	}
	calls := make([]load.Call, len(s.ids.list))
	for k, known := range s.ids.list {
		calls[k] = load.Call{
			Request: s.request("GET", fmt.Sprintf("Assets/%d", known.id), ""), Status: http.StatusOK, Records: 1,
			Holds: fmt.Appendf(nil, `"AssetID":%d,"AssetName":%q`, known.id, s.fleet.Name(known.index)),
		}
	}
	rand.New(rand.NewPCG(4, 4)).Shuffle(len(calls), func(i, j int) { calls[i], calls[j] = calls[j], calls[i] })
	return calls
}

// differentSearches is how many searches of a kind take turns.
const differentSearches = 200

func searches(kind string) func(*bench, *server) []load.Call {
	return func(b *bench, s *server) []load.Call {
		var calls []load.Call
		for _, search := range s.fleet.Searches(kind, differentSearches) {
			c := load.Call{Request: s.request("POST", "Assets/Search", search.Body()), Status: http.StatusOK, Records: len(search.Found)}
			if len(search.Found) == 1 {
				c.Holds = fmt.Appendf(nil, `"AssetName":%q`, s.fleet.Name(search.Found[0]))
			}
			calls = append(calls, c)
		}
		return calls
	}
}

// deep stands for the offset of a deep page: 99,000, or the last page but one of a small fleet.
const deep = -1

func page(offset, limit int) func(*bench, *server) []load.Call {
	return func(b *bench, s *server) []load.Call {
		offset := offset
		if offset == deep {
			offset = max(0, min(99_000, s.fleet.N-2*limit))
		}
		return []load.Call{{
			Request: s.request("GET", fmt.Sprintf("Workgroups/%d/Assets?limit=%d&offset=%d", s.workgroup, limit, offset), ""),
			Status:  http.StatusOK, Records: min(limit, s.fleet.N-offset), Holds: fmt.Appendf(nil, `{"TotalCount":%d,`, s.fleet.N),
		}}
	}
}

// mostListed is how many records the API puts into one answer.
const mostListed = 100_000

func list(_ *bench, s *server) []load.Call {
	return []load.Call{{Request: s.request("GET", fmt.Sprintf("Workgroups/%d/Assets", s.workgroup), ""), Status: http.StatusOK, Records: min(mostListed, s.fleet.N)}}
}

func members(rule int) func(*bench, *server) []load.Call {
	return func(_ *bench, s *server) []load.Call {
		return []load.Call{{
			Request: s.request("GET", fmt.Sprintf("SmartRules/%d/Assets", s.rules[rule]), ""), Status: http.StatusOK, Records: s.fleet.Members(rule),
		}}
	}
}

// process has the members of a rule worked out again. What came of it is compared by the list of its members.
func process(_ *bench, s *server) []load.Call {
	c := load.Call{Request: s.request("POST", fmt.Sprintf("SmartRules/%d/Process", s.rules[fleet.LargeRule]), ""), Status: http.StatusOK}
	if s.name == rawBadger {
		c.Holds = fmt.Appendf(nil, `"Members":%d`, s.fleet.Members(fleet.LargeRule))
	}
	return []load.Call{c}
}

// newcomers is the Workgroup of the assets that are created, in rawbadger as it is.
const newcomers = 900

// createsAtOnce is how many newcomers are made ready at a time.
const createsAtOnce = 1000

// creates are calls that were not made before.
func creates(_ *bench, s *server) []load.Call {
	calls := make([]load.Call, createsAtOnce)
	for i := range calls {
		a := fleet.Newcomer(s.created)
		s.created++
		var body bytes.Buffer
		fmt.Fprintf(&body, `{"IPAddress":%q,"AssetName":%q,"DnsName":%q,"DomainName":%q,"MacAddress":%q,"AssetType":%q,"OperatingSystem":%q,"Description":%q}`,
			a.IPAddress, a.AssetName, a.DnsName, a.DomainName, a.MacAddress, a.AssetType, a.OperatingSystem, a.Description)
		calls[i] = load.Call{
			Request: s.request("POST", fmt.Sprintf("Workgroups/%d/Assets?version=3.1", s.newcomers), body.String()),
			Status:  http.StatusCreated, Records: 1, Holds: fmt.Appendf(nil, `"AssetName":%q`, a.AssetName),
		}
	}
	return calls
}
