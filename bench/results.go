package main

import (
	"slices"
	"time"

	"github.com/musterhq/muster/bench/load"
)

// Metrics of an operation on a server. Times are in seconds.
const (
	rate      = "calls a second"
	p50       = "p50"
	p99       = "p99"
	cpu       = "CPU a call"
	firstByte = "first byte, as a part of the whole"
	// Metrics that have no operation.
	diskPerAsset = "disk per asset"
	mostMemory   = "most memory"
)

// of names what was measured: a metric of an operation on a server.
type of struct{ server, metric, op string }

// results are the figures, one a round.
type results map[of][]float64

func (r results) add(server, metric, op string, figure float64) {
	at := of{server, metric, op}
	r[at] = append(r[at], figure)
}

// turn notes what came of a turn, for which the server worked so long.
func (r results) turn(op, server string, t *load.Turn, worked time.Duration) {
	r.times(op, server, t)
	r.add(server, cpu, op, worked.Seconds()/float64(t.Calls))
}

// times is turn without the work.
func (r results) times(op, server string, t *load.Turn) {
	r.add(server, rate, op, t.Rate())
	r.add(server, p50, op, t.Percentile(50).Seconds())
	r.add(server, p99, op, t.Percentile(99).Seconds())
	r.add(server, firstByte, op, t.FirstByte(50).Seconds()/t.Percentile(50).Seconds())
}

// ratios are the quotients of what was measured side by side, one a round.
func (r results) ratios(over, under of) []float64 {
	a, b := r[over], r[under]
	quotients := make([]float64, 0, len(a))
	for i := range min(len(a), len(b)) {
		if b[i] > 0 {
			quotients = append(quotients, a[i]/b[i])
		}
	}
	return quotients
}

// spread is the least, the middle and the most of some figures.
type spread struct {
	least, median, most float64
	rounds              int
}

func spreadOf(figures []float64) (s spread) {
	if len(figures) == 0 {
		return s
	}
	sorted := slices.Sorted(slices.Values(figures))
	n := len(sorted)
	return spread{sorted[0], (sorted[(n-1)/2] + sorted[n/2]) / 2, sorted[n-1], n}
}
