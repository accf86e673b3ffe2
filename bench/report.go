package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/musterhq/muster/bench/machine"
)

// print writes the report to the output, and to the file that was asked for.
func (b *bench) print() error { return b.publish(fmt.Sprintf("bench %d", b.assets), b.markdown()) }

// publish writes a text to the output and to the report, if there is to be one: in place of what lies between the lines
// "<!-- name -->" and "<!-- end -->", or else of the whole file, unless that has places for others.
func (b *bench) publish(name, text string) error {
	if _, err := fmt.Fprint(b.out, text); err != nil || b.report == "" {
		return err
	}
	old, err := os.ReadFile(b.report)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	whole, err := within(string(old), name, text)
	if err != nil {
		return fmt.Errorf("%s: %w", b.report, err)
	}
	return os.WriteFile(b.report, []byte(whole), 0o644)
}

func within(old, name, text string) (string, error) {
	before, rest, found := strings.Cut(old, "<!-- "+name+" -->\n")
	_, after, ended := strings.Cut(rest, "<!-- end -->")
	switch {
	case found && ended:
		return before + "<!-- " + name + " -->\n" + strings.TrimSpace(text) + "\n<!-- end -->" + after, nil
	case strings.Contains(old, "<!-- end -->"):
		return "", fmt.Errorf("it has no place for <!-- %s -->", name)
	}
	return text, nil
}

func (b *bench) markdown() string {
	var t strings.Builder
	fmt.Fprintf(&t, "%s assets, %d rounds, %s.\n\n", thousands(b.assets), b.rounds, machine.Describe(b.dir))
	t.WriteString("| operation | figure | min | median | max | must | reach | |\n|---|---|--:|--:|--:|--:|--:|---|\n")
	for _, target := range targets() {
		b.targetRow(&t, target.forFleet(b.assets))
	}
	if b.assets < million {
		t.WriteString("\n¹ The target speaks of 1,000,000 assets.\n")
	}
	if b.assets < 2*mostListed {
		t.WriteString("\nLists and rules are shorter than the targets say: there are too few assets.\n")
	}
	if b.scale != 1 {
		fmt.Fprintf(&t, "\nImports have %.3g times the hosts that the targets say.\n", b.scale)
	}
	t.WriteString("\n| operation | server | calls/s min / median / max | p50 | p99 | CPU a call | over the floor's |\n|---|---|--:|--:|--:|--:|--:|\n")
	for _, name := range b.measured() {
		for _, server := range []string{ginJWT, rawBadger, muster, smaller} {
			b.figureRow(&t, name, server)
		}
	}
	b.notes(&t)
	return t.String()
}

// targetRow writes what came of a target, and nothing if it was not measured.
func (b *bench) targetRow(out *strings.Builder, t target) {
	figures := b.results[t.over]
	if t.under.metric != "" {
		figures = b.results.ratios(t.over, t.under)
	}
	s := spreadOf(figures)
	if s.rounds == 0 {
		return
	}
	row := t.row
	if t.million && b.assets < million {
		row += " ¹"
	}
	fmt.Fprintf(out, "| %s | %s | %s | **%s** | %s | %s | %s | %s |\n", row, t.figure, t.unit.text(s.least), t.unit.text(s.median), t.unit.text(s.most),
		t.must.text(t.unit), t.reach.text(t.unit), t.verdict(s.median))
}

// verdict says what a figure has met.
func (t target) verdict(figure float64) string {
	switch {
	case t.must.set && !t.must.met(figure):
		return "**not met**"
	case t.reach.set && t.reach.met(figure):
		return "met, and reached"
	case t.must.set:
		return "met"
	}
	return "not reached"
}

// measured are the names of what was measured by calls.
func (b *bench) measured() (names []string) {
	for _, op := range operations() {
		names = append(names, op.name)
	}
	names = append(names, opFiftyLists, opChanged, opMade)
	for _, i := range importOperations() {
		names = append(names, i.name)
	}
	return append(names, opAgain, opDuring)
}

func (b *bench) figureRow(out *strings.Builder, op, server string) {
	rates := spreadOf(b.results[of{server, rate, op}])
	half := spreadOf(b.results[of{server, p50, op}])
	if rates.rounds == 0 && half.rounds == 0 {
		return
	}
	cell := func(metric string) string {
		s := spreadOf(b.results[of{server, metric, op}])
		if s.rounds == 0 {
			return "–"
		}
		return duration(s.median)
	}
	speed := "–"
	if rates.rounds > 0 {
		speed = fmt.Sprintf("%s / %s / %s", figure(rates.least), figure(rates.median), figure(rates.most))
	}
	floored := "–"
	if s := spreadOf(b.results.ratios(of{server, cpu, op}, of{rawBadger, cpu, op})); s.rounds > 0 && server != rawBadger {
		floored = times.text(s.median)
	}
	fmt.Fprintf(out, "| %s | %s | %s | %s | %s | %s | %s |\n", op, server, speed, cell(p50), cell(p99), cell(cpu), floored)
}

// notes are figures that have no place in the tables.
func (b *bench) notes(out *strings.Builder) {
	for _, n := range []struct {
		what string
		of   of
		unit func(float64) string
	}{
		{"muster, disk per asset", of{muster, diskPerAsset, ""}, bytesText},
		{"rawbadger, disk per asset", of{rawBadger, diskPerAsset, ""}, bytesText},
		{"muster, start after SIGTERM", of{muster, took, opOrderly}, duration},
		{"muster, start after SIGKILL", of{muster, took, opCrashed}, duration},
		{"rawbadger, Badger's open after SIGTERM", of{rawBadger, took, opOrderly}, duration},
		{"rawbadger, most anonymous memory", of{rawBadger, mostMemory, ""}, mebibytes.text},
	} {
		if s := spreadOf(b.results[n.of]); s.rounds > 0 {
			fmt.Fprintf(out, "\n%s: %s / %s / %s.\n", n.what, n.unit(s.least), n.unit(s.median), n.unit(s.most))
		}
	}
}

func bytesText(v float64) string { return fmt.Sprintf("%.0f bytes", v) }

// duration prints seconds with three digits.
func duration(s float64) string {
	d := time.Duration(s * float64(time.Second))
	switch {
	case d < time.Millisecond:
		return fmt.Sprintf("%.3g µs", s*1e6)
	case d < time.Second:
		return fmt.Sprintf("%.3g ms", s*1e3)
	}
	return fmt.Sprintf("%.3g s", s)
}

// figure prints a number with as many digits as it is worth.
func figure(v float64) string {
	if v >= 1000 {
		return thousands(int(v))
	}
	return fmt.Sprintf("%.3g", v)
}

// thousands prints a number with commas.
func thousands(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
