package main

import (
	"context"
	"fmt"
	"time"

	"github.com/musterhq/muster/bench/load"
)

// rest is how long a server is left alone before its memory is taken for that at rest.
const rest = 500 * time.Millisecond

// restarts measures what wants a fresh process: how long a server takes from its start to its first answer, after an
// orderly end and after a crash that leaves writes in the log alone; and what long lists cost in memory.
func (b *bench) restarts(ctx context.Context) error {
	if !b.wants(opOrderly) && !b.wants(opCrashed) && !b.wants(opFiftyLists) && !b.wants(opList) {
		return nil
	}
	for round := range b.rounds {
		if err := b.signIn(); err != nil {
			return err
		}
		for _, s := range b.inTurn(round, rawBadger, muster) {
			if err := b.restart(ctx, s); err != nil {
				return err
			}
		}
		b.say("restarts: round %d of %d", round+1, b.rounds)
	}
	return nil
}

func (b *bench) restart(ctx context.Context, s *server) error {
	if err := s.stop(); err != nil {
		return err
	}
	if err := s.start(ctx, b.serverLog); err != nil {
		return err
	}
	if s.name == rawBadger {
		b.results.add(s.label, took, opOrderly, s.opened.Seconds())
		return nil
	}
	b.results.add(s.label, took, opOrderly, s.started.Seconds())
	if err := b.lists(s); err != nil {
		return err
	}
	create := operation{name: opCreate, connections: 16, calls: creates, fresh: true}
	if _, err := b.turn(create, s, createsAtOnce, false); err != nil {
		return err
	}
	if err := s.kill(); err != nil {
		return err
	}
	if err := s.start(ctx, b.serverLog); err != nil {
		return err
	}
	b.results.add(s.label, took, opCrashed, s.started.Seconds())
	return s.checkAdded()
}

// listsAtOnce is how many lists are asked for at the same time.
const listsAtOnce = 50

// lists measures how the memory of a fresh process grows with one long list, and with many at once.
func (b *bench) lists(s *server) error {
	call := list(b, s)[0]
	for _, turn := range []struct {
		name  string
		lists int
	}{{opList, 1}, {opFiftyLists, listsAtOnce}} {
		if !b.wants(turn.name) {
			continue
		}
		time.Sleep(rest)
		before := s.memory.Reset()
		t, err := load.Run(load.Plan{Addr: s.addr, Connections: turn.lists, Count: turn.lists, Calls: func(int) *load.Call { return &call }})
		if err != nil {
			return fmt.Errorf("%s: %w", turn.name, err)
		}
		grown := float64(max(0, s.memory.Peak()-before))
		b.results.add(s.label, growth, turn.name, grown)
		if turn.lists == 1 {
			b.results.add(s.label, growthPart, turn.name, grown/float64(t.Bytes))
			continue
		}
		b.results.times(turn.name, s.label, t)
	}
	return nil
}
