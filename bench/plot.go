package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/musterhq/muster/bench/fleet"
	"github.com/musterhq/muster/bench/machine"
	"github.com/musterhq/muster/bench/plot"
)

// drawn are the operations in the drawing, over one connection each, and what they are called there.
func drawn() []operation {
	only := []string{muster}
	return []operation{
		{name: "GET Assets/{id}", connections: 1, servers: only, calls: gets},
		{name: "search of a /24, 200 hits", connections: 1, servers: only, calls: searches(fleet.ByNet24)},
		{name: "page of 1,000", connections: 1, servers: only, calls: page(0, 1000)},
		{name: "create", connections: 1, servers: only, calls: creates, fresh: true},
		{name: "rule processed, " + drawnMembers, connections: 1, servers: only, calls: process},
	}
}

const (
	drawnMembers = "N/2 ≤ 100,000"
	drawnChange  = "rule refreshed, one asset"
)

// draw measures muster alone with fleets of several sizes and draws how its times grow.
func (b *bench) draw(ctx context.Context) (err error) {
	sizes, err := b.fleetSizes()
	if err != nil {
		return err
	}
	cleanUp, err := b.prepare(ctx)
	if cleanUp != nil {
		defer func() { err = errors.Join(err, cleanUp()) }()
	}
	if err != nil {
		return err
	}
	lines := make([]plot.Line, len(drawn())+1)
	for i, op := range drawn() {
		lines[i].Name = op.name
	}
	lines[len(drawn())].Name = drawnChange
	for _, n := range sizes {
		medians, err := b.mediansAt(ctx, n)
		if err != nil {
			return err
		}
		for i := range lines {
			lines[i].Points = append(lines[i].Points, plot.Point{X: float64(n), Y: medians[i]})
		}
	}
	figure := plot.Figure{
		Title: "Time of an answer against the number of assets", X: "assets (N)", Y: "median of an answer",
		XLabel: func(v float64) string { return thousands(int(v)) }, YLabel: duration, Lines: lines,
	}
	if err := os.WriteFile(b.plot, figure.SVG(), 0o644); err != nil {
		return err
	}
	return b.publish("growth", growthTable(sizes, lines)+"\n"+machine.Describe(b.dir)+".\n")
}

func (b *bench) fleetSizes() (sizes []int, err error) {
	for text := range strings.SplitSeq(b.sizes, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(text))
		if err != nil || n < 1000 || n > fleet.Max {
			return nil, fmt.Errorf("-sizes: %q: numbers from 1000 to %d between commas are expected", text, fleet.Max)
		}
		sizes = append(sizes, n)
	}
	return sizes, nil
}

// mediansAt measures the drawn operations with a fleet of n, and returns their medians in seconds.
func (b *bench) mediansAt(ctx context.Context, n int) (medians []float64, err error) {
	b.results = results{}
	if err := b.serve(ctx, muster, fleet.Fleet{N: n}); err != nil {
		return nil, err
	}
	s := b.servers[muster]
	if err := s.check(); err != nil {
		return nil, err
	}
	for _, op := range drawn() {
		count, err := b.calibrate(op)
		if err != nil {
			return nil, err
		}
		for range b.rounds {
			if _, err := b.turn(op, s, count, true); err != nil {
				return nil, err
			}
		}
		medians = append(medians, spreadOf(b.results[of{muster, p50, op.name}]).median)
	}
	if err := b.changes(ctx); err != nil {
		return nil, err
	}
	medians = append(medians, spreadOf(b.results[of{muster, p50, opChanged}]).median)
	if err := s.check(); err != nil {
		return nil, err
	}
	delete(b.servers, muster)
	return medians, errors.Join(s.stop(), os.RemoveAll(s.dir))
}

// growthTable is the drawing in numbers.
func growthTable(sizes []int, lines []plot.Line) string {
	var t strings.Builder
	t.WriteString("| median of an answer |")
	for _, n := range sizes {
		fmt.Fprintf(&t, " %s |", thousands(n))
	}
	t.WriteString("\n|---|" + strings.Repeat("--:|", len(sizes)) + "\n")
	for _, l := range lines {
		fmt.Fprintf(&t, "| %s |", l.Name)
		for _, p := range l.Points {
			fmt.Fprintf(&t, " %s |", duration(p.Y))
		}
		t.WriteString("\n")
	}
	return t.String()
}
