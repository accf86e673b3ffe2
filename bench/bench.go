package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"time"

	"github.com/musterhq/muster/bench/fleet"
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
			b.say("the run fails; so far it measured:\n\n%s", b.markdown())
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
		f.N = b.assets / 10
		return f, f.N >= fleet.PerNet24 && (b.wants(opSearch(fleet.ByNet24)) || b.wants(opSearch(fleet.ByNet20)))
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
