package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"time"

	"github.com/musterhq/muster/bench/fleet"
	"github.com/musterhq/muster/bench/load"
)

// smaller is the label of another muster with a tenth of the fleet.
const smaller = "muster with a tenth"

// bench is one run.
type bench struct {
	options
	out       io.Writer
	began     time.Time
	selected  *regexp.Regexp
	serverLog *os.File
	self      string
	servers   map[string]*server // by label
	results   results
}

// say tells how far the run is.
func (b *bench) say(format string, args ...any) {
	fmt.Fprintf(b.log, "%6.1fs  %s\n", time.Since(b.began).Seconds(), fmt.Sprintf(format, args...))
}

// prepare makes the folder of the run and the binaries. The caller owes the clean-up.
func (b *bench) prepare(ctx context.Context) (cleanUp func() error, err error) {
	b.began, b.results, b.servers = time.Now(), results{}, map[string]*server{}
	if b.selected, err = regexp.Compile(b.only); err != nil {
		return nil, fmt.Errorf("-only: %w", err)
	}
	if b.self, err = os.Executable(); err != nil {
		return nil, err
	}
	if b.dir, err = os.MkdirTemp(b.dir, "bench-"); err != nil {
		return nil, err
	}
	cleanUp = func() error {
		var failed error
		for _, s := range b.servers {
			failed = errors.Join(failed, s.stop())
		}
		if b.serverLog != nil {
			b.serverLog.Close()
		}
		if b.keep {
			b.say("all is left in %s", b.dir)
			return failed
		}
		return errors.Join(failed, os.RemoveAll(b.dir))
	}
	if b.serverLog, err = os.Create(filepath.Join(b.dir, "servers.log")); err != nil {
		return cleanUp, err
	}
	if b.muster == "" {
		b.muster = filepath.Join(b.dir, muster)
		b.say("building muster")
		build := exec.CommandContext(ctx, "go", "build", "-o", b.muster, "./cmd/muster")
		if out, err := build.CombinedOutput(); err != nil {
			return cleanUp, fmt.Errorf("build muster: %w\n%s", err, out)
		}
	}
	return cleanUp, nil
}

// serve fills and starts a server.
func (b *bench) serve(ctx context.Context, label string, f fleet.Fleet) error {
	s := &server{label: label, name: label, fleet: f, binary: b.self}
	if label == smaller {
		s.name = muster
	}
	if s.name == muster {
		s.binary = b.muster
	}
	if s.name != ginJWT {
		s.dir = filepath.Join(b.dir, fmt.Sprintf("%s-%d", s.name, f.N))
	}
	if err := b.fill(ctx, s, f); err != nil {
		return err
	}
	if s.dir != "" {
		size, err := s.diskUse()
		if err != nil {
			return err
		}
		b.results.add(label, diskPerAsset, "", float64(size)/float64(f.N))
	}
	if err := s.start(ctx, b.serverLog); err != nil {
		return err
	}
	b.servers[label] = s
	if err := errors.Join(s.signIn(), s.know()); err != nil {
		return err
	}
	return s.makeRoom()
}

// makeRoom makes the Workgroup for assets that are created.
func (s *server) makeRoom() (err error) {
	s.newcomers, s.imports = newcomers, newcomers+1
	if s.name != muster {
		return nil
	}
	if s.newcomers, err = s.makeWorkgroup("Newcomers"); err != nil {
		return err
	}
	s.imports, err = s.makeWorkgroup("Imports")
	return err
}

// measure is the whole run.
func (b *bench) measure(ctx context.Context) (err error) {
	cleanUp, err := b.prepare(ctx)
	if cleanUp != nil {
		defer func() { err = errors.Join(err, cleanUp()) }()
	}
	if err != nil {
		return err
	}
	for _, label := range []string{ginJWT, rawBadger, smaller, muster} {
		if f, wanted := b.fleet(label); wanted {
			if err := b.serve(ctx, label, f); err != nil {
				return err
			}
		}
	}
	for _, stage := range []func(context.Context) error{b.checkAll, b.turns, b.changes, b.restarts, b.imports, b.makes, b.checkAll} {
		if err := stage(ctx); err != nil {
			return err
		}
	}
	for _, label := range []string{rawBadger, muster} {
		b.results.add(label, mostMemory, "", float64(b.servers[label].most()))
	}
	return b.print()
}

// fleet returns what a server is filled with, and whether it takes part in the run at all. All run all the time: an idle
// one costs the others nothing.
func (b *bench) fleet(label string) (f fleet.Fleet, wanted bool) {
	if label == smaller {
		return fleet.Fleet{N: b.assets / 10}, b.wants(opSearch(fleet.ByNet24)) || b.wants(opSearch(fleet.ByNet20))
	}
	return fleet.Fleet{N: b.assets}, true
}

// wants reports whether something is to be measured.
func (b *bench) wants(name string) bool { return b.selected.MatchString(name) }

func (b *bench) checkAll(context.Context) error {
	if err := b.signIn(); err != nil {
		return err
	}
	for _, s := range b.servers {
		if err := s.check(); err != nil {
			return err
		}
	}
	b.say("every server answers what it should")
	return nil
}

// signIn gets new tokens, since a long run outlives them.
func (b *bench) signIn() error {
	for _, s := range b.servers {
		if err := s.signIn(); err != nil {
			return err
		}
	}
	return nil
}

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
		if err := b.signIn(); err != nil {
			return err
		}
		for _, op := range chosen {
			for _, s := range b.inTurn(round, op.servers...) {
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

// mostCalls is how many calls a turn has at the most.
const mostCalls = 100_000

// calibrate warms the servers up and returns how many calls take the quicker one about as long as a turn should.
func (b *bench) calibrate(op operation) (count int, err error) {
	for _, label := range op.servers {
		s := b.servers[label]
		if s == nil {
			continue
		}
		tried := op.connections
		for {
			t, err := b.turn(op, s, tried, false)
			if err != nil {
				return 0, err
			}
			if t.Elapsed > b.turnTime/8 || tried >= mostCalls {
				count = max(count, int(b.turnTime.Seconds()*t.Rate()))
				break
			}
			tried *= 4
		}
	}
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
