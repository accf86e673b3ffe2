package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/musterhq/muster/bench/fleet"
	"github.com/musterhq/muster/bench/load"
)

// changedAtOnce is how many assets get an attribute, and lose it again, in a round.
const changedAtOnce = 5

// changes measures how long the members of a rule are wrong after an asset has got, or lost, the attribute that the rule
// asks for: from the answer to the change until the list of members says it.
func (b *bench) changes(ctx context.Context) error {
	if !b.wants(opChanged) {
		return nil
	}
	if err := b.signIn(); err != nil {
		return err
	}
	s := b.servers[muster]
	var others []int
	for _, k := range s.ids.list {
		if !s.fleet.Carries(k.index, fleet.LargeRule) && len(others) < changedAtOnce {
			others = append(others, k.id)
		}
	}
	for range b.rounds {
		waits, err := s.change(ctx, others)
		if err != nil {
			return fmt.Errorf("%s: %w", opChanged, err)
		}
		b.results.add(muster, p50, opChanged, waits[len(waits)/2].Seconds())
		b.results.add(muster, p99, opChanged, waits[len(waits)-1].Seconds())
	}
	b.say("%s: done", opChanged)
	return nil
}

// change gives assets the attribute and takes it away, and returns, ascending, how long each was waited for.
func (s *server) change(ctx context.Context, assets []int) (waits []time.Duration, err error) {
	c, err := load.Dial(s.addr)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	members := s.fleet.Members(fleet.LargeRule)
	for _, id := range assets {
		path := fmt.Sprintf("Assets/%d/Attributes/%d", id, s.marks[fleet.LargeRule])
		for _, step := range []struct {
			method  string
			members int
		}{{"POST", members + 1}, {"DELETE", members}} {
			a, err := c.Do(s.request(step.method, path, ""), nil)
			if err != nil {
				return nil, err
			}
			if a.Status >= http.StatusMultipleChoices {
				return nil, fmt.Errorf("%s %s: status %d: %.200s", step.method, path, a.Status, a.Body)
			}
			wait, err := s.awaitMembers(ctx, c, s.rules[fleet.LargeRule], step.members)
			if err != nil {
				return nil, err
			}
			waits = append(waits, wait)
		}
	}
	slices.Sort(waits)
	return waits, nil
}

// awaitMembers asks how many members a rule has until there are so many.
func (s *server) awaitMembers(ctx context.Context, c *load.Conn, rule, members int) (time.Duration, error) {
	began := time.Now()
	ask := s.request("GET", fmt.Sprintf("SmartRules/%d/Assets?limit=1", rule), "")
	want := load.Call{Request: ask, Status: http.StatusOK, Records: 1, Holds: fmt.Appendf(nil, `{"TotalCount":%d,`, members)}
	for {
		a, err := c.Do(ask, nil)
		if err != nil {
			return 0, err
		}
		wrong := want.Check(&a)
		took := time.Since(began)
		if wrong == nil {
			return took, nil
		}
		if took > time.Minute || ctx.Err() != nil {
			return 0, wrong
		}
	}
}

// makes measures how long it takes to make a rule with all its members, and to have it answered.
func (b *bench) makes(ctx context.Context) error {
	if !b.wants(opMade) {
		return nil
	}
	if err := b.signIn(); err != nil {
		return err
	}
	s := b.servers[muster]
	for range b.rounds {
		began := time.Now()
		rule, err := s.makeRule("made while measuring", s.marks[fleet.LargeRule])
		if err != nil {
			return err
		}
		b.results.add(muster, p50, opMade, time.Since(began).Seconds())
		c, err := load.Dial(s.addr) // not before: muster closes a connection that asks for nothing
		if err != nil {
			return err
		}
		_, err = s.awaitMembers(ctx, c, rule, s.fleet.Members(fleet.LargeRule))
		if err := errors.Join(err, c.Close()); err != nil {
			return fmt.Errorf("%s: %w", opMade, err)
		}
		if err := s.call("DELETE", fmt.Sprintf("SmartRules/%d", rule), nil, nil); err != nil {
			return err
		}
	}
	b.say("%s: done", opMade)
	return nil
}
