package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/musterhq/muster/bench/load"
)

// turns measures all operations, round by round. Within a round each server has its turn, in an order that is the other
// way round in the next one.
func (b *bench) turns(ctx context.Context) error {
	var chosen []operation
	counts := map[string]int{}
	for _, op := range operations() {
		if !b.wants(op.name) {
			continue
		}
		count, err := b.calibrate(op)
		if err != nil {
			return err
		}
		chosen, counts[op.name] = append(chosen, op), count
	}
	for round := range b.rounds {
		if err := errors.Join(b.signIn(), b.shortenLog(), b.settle(ctx)); err != nil {
			return err
		}
		for _, op := range chosen {
			for _, s := range b.inTurn(round, op.servers...) {
				if s.label == smaller && s.fleet.N < op.hits { // it has less to find than the others
					continue
				}
				if ctx.Err() != nil {
					return ctx.Err()
				}
				if _, err := b.turn(op, s, counts[op.name], true); err != nil {
					return err
				}
			}
		}
		b.say("calls: round %d of %d", round+1, b.rounds)
	}
	return nil
}

// How long servers are watched for work of their own, how much CPU counts as none, and when they are left to it.
const (
	settleLook = 250 * time.Millisecond
	settleIdle = 20 * time.Millisecond
	settleTime = 20 * time.Second
)

// settle waits until what the servers do on their own is done, so that the compactions of one do not fall into the turn of another.
func (b *bench) settle(ctx context.Context) error {
	for end := time.Now().Add(settleTime); time.Now().Before(end); {
		before, err := b.cpuOfAll()
		if err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(settleLook):
		}
		after, err := b.cpuOfAll()
		if err != nil || after-before <= settleIdle {
			return err
		}
	}
	return nil
}

func (b *bench) cpuOfAll() (sum time.Duration, err error) {
	for _, s := range b.servers {
		used, err := s.cpu()
		if err != nil {
			return 0, err
		}
		sum += used
	}
	return sum, nil
}

// shortenLog empties the log of the servers, unless somebody wants to see it: muster writes a line for each request.
func (b *bench) shortenLog() error {
	if b.keep {
		return nil
	}
	return b.serverLog.Truncate(0)
}

// inTurn returns the servers that take part in the order of a round.
func (b *bench) inTurn(round int, labels ...string) (order []*server) {
	for _, label := range labels {
		if s := b.servers[label]; s != nil {
			order = append(order, s)
		}
	}
	if round%2 == 1 {
		slices.Reverse(order)
	}
	return order
}

// mostCalls is how many calls a turn has at most, and slowest how much longer than it should a slow server's may take.
const (
	mostCalls = 100_000
	slowest   = 3
)

// calibrate warms the servers up and returns how many calls take the quicker one about as long as a turn should, or
// less if another is much slower.
func (b *bench) calibrate(op operation) (count int, err error) {
	quick, slow := 0.0, math.Inf(1)
	for _, s := range b.inTurn(0, op.servers...) {
		for tried := op.connections; ; tried *= 4 {
			t, err := b.turn(op, s, tried, false)
			if err != nil {
				return 0, err
			}
			if t.Elapsed > b.turnTime/8 || tried >= mostCalls {
				quick, slow = max(quick, t.Rate()), min(slow, t.Rate())
				break
			}
		}
	}
	count = int(b.turnTime.Seconds() * min(quick, slowest*slow))
	return max(op.connections, 2, min(count, mostCalls)), nil
}

// turn has a server do the work once and notes what came of it.
func (b *bench) turn(op operation, s *server, count int, noted bool) (*load.Turn, error) {
	calls := op.calls(b, s)
	for op.fresh && len(calls) < count {
		calls = append(calls, op.calls(b, s)...)
	}
	before, err := s.cpu()
	if err != nil {
		return nil, err
	}
	t, err := load.Run(load.Plan{Addr: s.addr, Connections: op.connections, Count: count, Calls: func(i int) *load.Call { return &calls[i%len(calls)] }})
	if err != nil {
		return nil, fmt.Errorf("%s: %s: %w", s.label, op.name, err)
	}
	if op.fresh {
		s.posted += t.Calls
	}
	after, err := s.cpu()
	if err != nil || !noted {
		return t, err
	}
	b.results.turn(op.name, s.label, t, after-before)
	return t, nil
}
