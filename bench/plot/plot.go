// Package plot draws lines between two logarithmic axes as SVG: what grows with what, and how steeply.
package plot

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"math"
)

// Point is one measurement. Both coordinates are above 0.
type Point struct{ X, Y float64 }

// Line is a named row of points.
type Line struct {
	Name   string
	Points []Point
}

// Figure is a whole drawing.
type Figure struct {
	Title  string
	X, Y   string               // what the axes show
	XLabel func(float64) string // prints a power of ten of the axis
	YLabel func(float64) string
	Lines  []Line
}

// Sizes of the drawing in its own units.
const (
	width, height            = 880, 500
	left, right, top, bottom = 76, 270, 44, 52
)

// colors are told apart by most people, in order of the lines (Okabe and Ito).
var colors = []string{"#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000"}

// axis maps a range, widened to whole decades, onto pixels.
type axis struct{ low, high, from, to float64 }

func newAxis(values []float64, from, to float64) axis {
	low, high := math.Inf(1), math.Inf(-1)
	for _, v := range values {
		low, high = min(low, math.Log10(v)), max(high, math.Log10(v))
	}
	if len(values) == 0 {
		low, high = 0, 1
	}
	a := axis{math.Floor(low + 1e-9), math.Ceil(high - 1e-9), from, to}
	if a.high == a.low {
		a.high++
	}
	return a
}

func (a axis) at(v float64) float64 {
	return a.from + (math.Log10(v)-a.low)/(a.high-a.low)*(a.to-a.from)
}

// SVG draws the figure. Points that have no logarithm are left out.
func (f Figure) SVG() []byte {
	var xs, ys []float64
	for _, l := range f.Lines {
		for _, p := range l.drawable() {
			xs, ys = append(xs, p.X), append(ys, p.Y)
		}
	}
	x, y := newAxis(xs, left, width-right), newAxis(ys, height-bottom, top)
	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="13" fill="#333">`+"\n", width, height)
	fmt.Fprintf(&b, `<rect width="%d" height="%d" fill="#fff"/>`+"\n", width, height)
	text(&b, left, 24, `font-size="16" font-weight="bold"`, f.Title)
	f.grid(&b, x, y)
	for i, l := range f.Lines {
		l.draw(&b, x, y, i)
	}
	b.WriteString("</svg>\n")
	return b.Bytes()
}

// grid draws the axes: a line and a label for each decade, faint lines between.
func (f Figure) grid(b *bytes.Buffer, x, y axis) {
	for decade := x.low; decade <= x.high; decade++ {
		for digit := 1.0; digit < 10 && (digit == 1 || decade < x.high); digit++ {
			at := x.at(digit * math.Pow(10, decade))
			segment(b, at, top, at, height-bottom, faint(digit))
		}
		text(b, x.at(math.Pow(10, decade)), height-bottom+18, `text-anchor="middle"`, f.XLabel(math.Pow(10, decade)))
	}
	for decade := y.low; decade <= y.high; decade++ {
		for digit := 1.0; digit < 10 && (digit == 1 || decade < y.high); digit++ {
			at := y.at(digit * math.Pow(10, decade))
			segment(b, left, at, width-right, at, faint(digit))
		}
		text(b, left-8, y.at(math.Pow(10, decade))+4, `text-anchor="end"`, f.YLabel(math.Pow(10, decade)))
	}
	text(b, (left+width-right)/2, height-12, `text-anchor="middle"`, f.X)
	text(b, 18, (top+height-bottom)/2, fmt.Sprintf(`text-anchor="middle" transform="rotate(-90 18 %d)"`, (top+height-bottom)/2), f.Y)
}

func faint(digit float64) string {
	if digit == 1 {
		return "#bbb"
	}
	return "#eee"
}

func (l Line) drawable() (points []Point) {
	for _, p := range l.Points {
		if p.X > 0 && p.Y > 0 && !math.IsInf(p.X, 0) && !math.IsInf(p.Y, 0) {
			points = append(points, p)
		}
	}
	return points
}

// draw draws the line and, beside the field, its name.
func (l Line) draw(b *bytes.Buffer, x, y axis, i int) {
	color := colors[i%len(colors)]
	fmt.Fprintf(b, `<polyline fill="none" stroke="%s" stroke-width="2" points="`, color)
	for _, p := range l.drawable() {
		fmt.Fprintf(b, "%.1f,%.1f ", x.at(p.X), y.at(p.Y))
	}
	b.WriteString("\"/>\n")
	for _, p := range l.drawable() {
		fmt.Fprintf(b, `<circle cx="%.1f" cy="%.1f" r="3.5" fill="%s"/>`+"\n", x.at(p.X), y.at(p.Y), color)
	}
	row := float64(top + 14 + 22*i)
	segmentWide(b, width-right+18, row-4, width-right+42, row-4, color)
	text(b, width-right+50, row, "", l.Name)
}

func segment(b *bytes.Buffer, x1, y1, x2, y2 float64, color string) {
	fmt.Fprintf(b, `<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" stroke="%s"/>`+"\n", x1, y1, x2, y2, color)
}

func segmentWide(b *bytes.Buffer, x1, y1, x2, y2 float64, color string) {
	fmt.Fprintf(b, `<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" stroke="%s" stroke-width="3"/>`+"\n", x1, y1, x2, y2, color)
}

func text(b *bytes.Buffer, x, y float64, attributes, s string) {
	fmt.Fprintf(b, `<text x="%.1f" y="%.1f" %s>`, x, y, attributes)
	xml.EscapeText(b, []byte(s)) // a buffer takes all
	b.WriteString("</text>\n")
}
