package plot

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"
)

// draw returns the SVG of some lines after a look whether it is XML.
func draw(t *testing.T, lines ...Line) string {
	t.Helper()
	label := func(v float64) string { return fmt.Sprint(v) }
	svg := Figure{Title: "a < b", X: "N", Y: "s", XLabel: label, YLabel: label, Lines: lines}.SVG()
	for d := xml.NewDecoder(bytes.NewReader(svg)); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return string(svg)
		} else if err != nil {
			t.Fatalf("%v in %s", err, svg)
		}
	}
}

func TestALineGoesThroughItsPoints(t *testing.T) {
	t.Parallel()
	svg := draw(t, Line{"get & put", []Point{{10, 0.001}, {100, 0.01}, {1000, 0.1}}})
	for what, want := range map[string]string{
		"the line from corner to corner": `points="76.0,448.0 343.0,246.0 610.0,44.0 "`,
		"its name":                       "get &amp; put",
		"the least decade of N":          ">10<",
		"the highest decade of the time": ">0.1<",
		"the title":                      "a &lt; b",
	} {
		if !strings.Contains(svg, want) {
			t.Errorf("%s is missing: %q in\n%s", what, want, svg)
		}
	}
}

func TestOddPointsAreNoHarm(t *testing.T) {
	t.Parallel()
	svg := draw(t, Line{"nothing", nil}, Line{"zero", []Point{{0, 1}, {1, 0}, {-1, 1}, {math.Inf(1), 1}, {5, math.NaN()}}}, Line{"one", []Point{{10, 10}}})
	if strings.Contains(svg, "NaN") || strings.Contains(svg, "Inf") {
		t.Error(svg)
	}
	if circles := strings.Count(svg, "<circle"); circles != 1 {
		t.Errorf("%d points are drawn, want 1", circles)
	}
}
