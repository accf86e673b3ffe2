// Command soak reads what go test -json says of the soaks and prints a table: what is promised, the figure that was seen,
// whether the promise was kept, and how long that took. It exits with 1 if one was broken, did not end, or if there was none. A soak says the first two by t.Attr("promise", …) and t.Attr("figure", …).
package main

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

// event is a line of go test -json.
type event struct {
	Action, Package, Test string
	Key, Value            string // of an attr
	Output                string
	Elapsed               float64 // seconds
}

// soak is a test, or a subtest with a promise of its own.
type soak struct {
	name, promise, figure, result string
	seconds                       float64
	said                          strings.Builder // what it printed
}

func main() {
	table, ok, err := read(os.Stdin, os.Stderr)
	if err != nil {
		fmt.Fprintln(os.Stderr, "soak:", err)
		os.Exit(2)
	}
	if !write(os.Stdout, table) || !ok {
		os.Exit(1)
	}
}

// read collects the soaks, and tells of each as it ends. What a failed one and a failed build have printed goes to
// progress.
func read(in io.Reader, progress io.Writer) (table []*soak, ok bool, err error) {
	known := map[string]*soak{}
	ok = true
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var e event
		if json.Unmarshal(lines.Bytes(), &e) != nil {
			fmt.Fprintln(progress, lines.Text()) // go's own words
			continue
		}
		ok = ok && e.Action != "fail" && e.Action != "build-fail"
		if e.Test == "" {
			if e.Action == "build-output" || e.Action == "output" && !strings.Contains(e.Output, "no test") && e.Output != "PASS\n" {
				fmt.Fprint(progress, e.Output)
			}
			continue
		}
		name := e.Package + " " + e.Test
		s := known[name]
		if s == nil {
			s = &soak{name: e.Test}
			known[name] = s
			table = append(table, s)
		}
		s.note(e, progress)
	}
	return table, ok, lines.Err()
}

// note takes in one event of the soak.
func (s *soak) note(e event, progress io.Writer) {
	s.seconds = max(s.seconds, e.Elapsed)
	switch e.Action {
	case "attr":
		switch e.Key {
		case "promise":
			s.promise = e.Value
		case "figure":
			s.figure = e.Value
		}
	case "output":
		s.said.WriteString(e.Output)
	case "pass":
		s.result = kept
		if s.shown() {
			fmt.Fprintf(progress, "%s: %s, %.0f s\n", s.name, s.result, s.seconds)
		}
	case "skip":
		s.result = "skipped: " + s.reason()
		fmt.Fprintf(progress, "%s: %s\n", s.name, s.result)
	case "fail":
		s.result = "BROKEN"
		fmt.Fprintf(progress, "%s: %s\n%s", s.name, s.result, s.said.String())
	}
}

// reason is why a soak was skipped, the last line with a place that it printed: "    disk_soak_test.go:20: needs root".
func (s *soak) reason() string {
	why := "without a reason"
	for line := range strings.Lines(s.said.String()) {
		if place, text, found := strings.Cut(line, ": "); found && strings.Contains(place, ".go:") {
			why = strings.TrimSpace(text)
		}
	}
	return why
}

// shown reports whether it has a line of its own: every test has, and those of its subtests that have a promise.
func (s *soak) shown() bool { return s.promise != "" || !strings.Contains(s.name, "/") }

// kept is the result of a soak that passed.
const kept = "kept"

// write prints the table and the sum of it. It reports whether there were soaks, and none was broken.
func write(out io.Writer, table []*soak) bool {
	fmt.Fprint(out, "\n| promise | figure | result | time | soak |\n|---|---|---|---|---|\n")
	tests, passed, skipped, seconds := 0, 0, 0, 0.0
	for _, s := range table {
		if !s.shown() {
			continue
		}
		s.result = cmp.Or(s.result, "BROKEN: it did not end")
		fmt.Fprintf(out, "| %s | %s | %s | %.0f s | %s |\n", cmp.Or(s.promise, "(not said)"), s.figure, s.result, s.seconds, s.name)
		tests++
		switch {
		case s.result == kept:
			passed++
		case strings.HasPrefix(s.result, "skipped"):
			skipped++
		}
		if !strings.Contains(s.name, "/") { // whose time that of its subtests is part of
			seconds += s.seconds
		}
	}
	broken := tests - passed - skipped
	took := time.Duration(seconds) * time.Second
	fmt.Fprintf(out, "\n%d promises: %d kept, %d BROKEN, %d skipped; %v\n", tests, passed, broken, skipped, took)
	return tests > 0 && broken == 0
}
