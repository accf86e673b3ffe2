package main

import (
	"fmt"

	"github.com/musterhq/muster/bench/fleet"
)

// target is a figure that muster is held to: what was measured, over what it is compared with, if anything. It is met
// when the median of all rounds is within the bound.
type target struct {
	row         string // of the table
	figure      string // what it is, exactly
	over, under of     // an under without a metric compares with nothing
	must, reach bound
	unit        unit
	million     bool // spoken of for 1,000,000 assets
}

// bound is where a figure has to stay; the zero bound is none.
type bound struct {
	limit   float64
	atLeast bool
	set     bool
}

func atLeast(limit float64) bound { return bound{limit, true, true} }
func atMost(limit float64) bound  { return bound{limit, false, true} }

var none bound

func (b bound) met(figure float64) bool {
	if b.atLeast {
		return figure >= b.limit
	}
	return figure <= b.limit
}

func (b bound) text(u unit) string {
	switch {
	case !b.set:
		return "–"
	case b.atLeast:
		return "≥ " + u.text(b.limit)
	}
	return "≤ " + u.text(b.limit)
}

// unit is how a figure is printed.
type unit int

const (
	times unit = iota
	plain
	mebibytes
	seconds
)

func (u unit) text(v float64) string {
	switch u {
	case mebibytes:
		return fmt.Sprintf("%.0f MiB", v/(1<<20))
	case seconds:
		return duration(v)
	case times:
		return fmt.Sprintf("%.2f ×", v)
	}
	return fmt.Sprintf("%.2f", v)
}

// targets are all of them, in the order of the table.
func targets() []target {
	all := []target{
		{row: "GET Assets/{id}, 16 connections", figure: "calls/s over ginjwt's", over: of{muster, rate, opGet}, under: of{ginJWT, rate, opGet}, must: atLeast(0.6), reach: atLeast(0.75)},
		{row: "GET Assets/{id}, 16 connections", figure: "CPU over ginjwt's", over: of{muster, cpu, opGet}, under: of{ginJWT, cpu, opGet}, must: atMost(1.9), reach: atMost(1.5)},
		{row: "GET Assets/{id}, one connection", figure: "p50 over ginjwt's", over: of{muster, p50, opGetOne}, under: of{ginJWT, p50, opGetOne}, must: atMost(1.3), reach: atMost(1.1)},
		{row: "GET Assets/{id}, one connection", figure: "p99 over ginjwt's", over: of{muster, p99, opGetOne}, under: of{ginJWT, p99, opGetOne}, must: atMost(2)},
	}
	all = append(all, searchTargets()...)
	all = append(all, listTargets()...)
	all = append(all, writeTargets()...)
	return append(all, wholeTargets()...)
}

func searchTargets() (all []target) {
	for _, kind := range []string{fleet.ByName, fleet.ByAddress} {
		all = append(all, overFloor("POST Assets/Search by "+kind, opSearch(kind), 0.7, 0.85))
	}
	for _, kind := range []string{fleet.ByFifty, fleet.ByRange, fleet.ByNet24} {
		t := overFloor("POST Assets/Search by "+kind, opSearch(kind), 0.75, 0)
		t.reach = none
		all = append(all, t)
	}
	all = append(all, overFloor("POST Assets/Search by "+fleet.ByNet20, opSearch(fleet.ByNet20), 0.75, 1.5))
	for _, kind := range []string{fleet.ByNet24, fleet.ByNet20} {
		all = append(all, target{
			row: "the same hits, by " + kind, figure: "CPU over that with a tenth of the assets", million: true,
			over: of{muster, cpu, opSearch(kind)}, under: of{smaller, cpu, opSearch(kind)}, must: atMost(1.5), reach: atMost(1.25),
		})
	}
	return all
}

// overFloor compares rates with those of rawbadger.
func overFloor(row, op string, must, reach float64) target {
	return target{row: row, figure: "calls/s over rawbadger's", over: of{muster, rate, op}, under: of{rawBadger, rate, op}, must: atLeast(must), reach: atLeast(reach)}
}

func listTargets() []target {
	const row = "list of 100,000 records"
	return []target{
		overFloor(row, opList, 0.7, 0.9),
		{row: row, figure: "p50 until the first byte, over that of the whole", over: of{muster, firstByte, opList}, must: atMost(0.3), unit: plain},
		{row: row, figure: "growth of anonymous memory over the reply", over: of{muster, growthPart, opList}, must: atMost(0.5), unit: plain},
		{row: row, figure: "growth of anonymous memory", over: of{muster, growth, opList}, reach: atMost(8 << 20), unit: mebibytes},
		{row: row + ", 50 at once", figure: "anonymous memory over that at rest", over: of{muster, growth, opFiftyLists}, must: atMost(256 << 20), unit: mebibytes},
		{row: row + ", 50 at once", figure: "p99 over p50", over: of{muster, p99, opFiftyLists}, under: of{muster, p50, opFiftyLists}, reach: atMost(3)},
		overFloor("page of 1,000, first", opPage, 0.7, 0.9),
		{row: "page of 1,000 at offset 99,000", figure: "CPU over that of the first page", over: of{muster, cpu, opDeepPage}, under: of{muster, cpu, opPage}, must: atMost(2), reach: atMost(1.2)},
		{row: "TotalCount (`limit=1`), one connection", figure: "p50 over that of GET Assets/{id}", over: of{muster, p50, opTotal}, under: of{muster, p50, opGetOne}, must: atMost(1.5)},
	}
}

func writeTargets() []target {
	rule := "a rule of 100,000 members"
	all := []target{overFloor("create, 16 connections, synced and audited", opCreate, 0.8, 1.5)}
	for _, i := range importOperations() {
		all = append(all, target{
			row: i.name, figure: "hosts/s over an in-process parse and raw writes", over: of{muster, rate, i.name}, under: of{rawBadger, rate, i.name},
			must: atLeast(i.must), reach: atLeast(i.reach),
		})
	}
	first := importOperations()[0].name
	return append(all,
		target{row: "the same file again", figure: "hosts/s over the first import", over: of{muster, rate, opAgain}, under: of{muster, rate, first}, must: atLeast(1.2), reach: atLeast(1.6)},
		target{row: "GET Assets/{id} during an import, 4 connections", figure: "p99 over rawbadger's there", over: of{muster, p99, opDuring}, under: of{rawBadger, p99, opDuring}, must: atMost(2), reach: atMost(1.2)},
		target{row: rule + ", worked out anew", figure: "p50 of Process over rawbadger's key scan", over: of{muster, p50, opProcess}, under: of{rawBadger, p50, opProcess}, must: atMost(2), million: true},
		target{row: rule + ", after one changed asset", figure: "from the answer until the members are right", over: of{muster, p50, opChanged}, must: atMost(1), reach: atMost(0.001), unit: seconds, million: true},
		overFloor("list of a rule's members (20,000)", opSmallRule, 0.75, 2),
		overFloor("list of a rule's members (100,000)", opLargeRule, 0.75, 2),
	)
}
