package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/musterhq/muster/bench/fleet"
	"github.com/musterhq/muster/bench/load"
)

// imports measures imports, of hosts that are new each time, round by round.
func (b *bench) imports(ctx context.Context) error {
	for round := range b.rounds {
		measured := false
		if err := b.signIn(); err != nil {
			return err
		}
		for i, op := range importOperations() {
			again := i == 0 && b.wants(opAgain)
			if !b.wants(op.name) && !again {
				continue
			}
			measured = true
			for _, s := range b.inTurn(round, rawBadger, muster) {
				if err := b.importOne(ctx, s, op, again); err != nil {
					return fmt.Errorf("%s: %s: %w", s.label, op.name, err)
				}
			}
		}
		if b.wants(opDuring) {
			measured = true
			for _, s := range b.inTurn(round, rawBadger, muster) {
				if err := b.getDuring(ctx, s); err != nil {
					return fmt.Errorf("%s: %s: %w", s.label, opDuring, err)
				}
			}
		}
		if measured {
			b.say("imports: round %d of %d", round+1, b.rounds)
		}
	}
	return nil
}

// scan is a file that is about to be imported into a server.
type scan struct {
	hosts   int
	request []byte
}

// newScan makes one of hosts that the server does not have.
func (b *bench) newScan(s *server, op importOperation) (scan, error) {
	hosts := max(1, int(float64(op.hosts)*b.scale))
	file := fleet.Scan(s.scanned, hosts, op.rows)
	body, err := json.Marshal(importBody(s.imports, "NESSUS", "scan.csv", file))
	return scan{hosts, s.request("POST", "Imports", string(body))}, err
}

func (b *bench) importOne(ctx context.Context, s *server, op importOperation, again bool) error {
	file, err := b.newScan(s, op)
	if err != nil {
		return err
	}
	if err := b.timeImport(ctx, s, op.name, file, func(i importState) bool { return i.Created == file.hosts }); err != nil {
		return err
	}
	s.scanned += file.hosts
	if !again || s.name != muster {
		return nil
	}
	return b.timeImport(ctx, s, opAgain, file, func(i importState) bool { return i.Unchanged == file.hosts })
}

// timeImport imports a file, once the servers have settled, and notes how quickly: from the first byte of the request until the hosts are there.
func (b *bench) timeImport(ctx context.Context, s *server, name string, file scan, right func(importState) bool) error {
	if err := b.settle(ctx); err != nil {
		return err
	}
	before, err := s.cpu()
	if err != nil {
		return err
	}
	began := time.Now()
	done, err := s.importScan(ctx, file)
	took := time.Since(began)
	if err != nil {
		return err
	}
	if !right(done) {
		return fmt.Errorf("of %d hosts: %+v", file.hosts, done)
	}
	after, err := s.cpu()
	hosts := float64(file.hosts)
	b.results.add(s.label, rate, name, hosts/took.Seconds())
	b.results.add(s.label, p50, name, took.Seconds())
	b.results.add(s.label, cpu, name, (after-before).Seconds()/hosts)
	return err
}

// importScan posts a file and waits until it is imported. rawBadger's answer says that it is.
func (s *server) importScan(ctx context.Context, file scan) (done importState, err error) {
	c, err := load.Dial(s.addr)
	if err != nil {
		return done, err
	}
	defer c.Close()
	a, err := c.Do(file.request, nil)
	if err != nil {
		return done, err
	}
	if a.Status >= http.StatusMultipleChoices {
		return done, fmt.Errorf("status %d: %.300s", a.Status, a.Body)
	}
	if err := json.Unmarshal(a.Body, &done); err != nil || s.name == rawBadger {
		return done, err
	}
	return done, s.await(ctx, &done)
}

// getDuring measures GET Assets/{id} over 4 connections while a file is imported.
func (b *bench) getDuring(ctx context.Context, s *server) error {
	file, err := b.newScan(s, importOperations()[0])
	if err := errors.Join(err, b.settle(ctx)); err != nil {
		return err
	}
	stop, failed := make(chan struct{}), make(chan error, 1)
	go func() {
		defer close(stop)
		done, err := s.importScan(ctx, file)
		if err == nil && done.Created != file.hosts {
			err = fmt.Errorf("of %d hosts: %+v", file.hosts, done)
		}
		failed <- err
	}()
	calls := gets(b, s)
	t, err := load.Run(load.Plan{Addr: s.addr, Connections: 4, Count: 1 << 30, Stop: stop, Calls: func(i int) *load.Call { return &calls[i%len(calls)] }})
	if err := errors.Join(<-failed, err); err != nil {
		return err
	}
	s.scanned += file.hosts
	b.results.times(opDuring, s.label, t)
	return nil
}
