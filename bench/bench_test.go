package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/musterhq/muster/bench/fleet"
	"github.com/musterhq/muster/bench/load"
)

// TestMain lets the test binary be the floors, as the harness starts itself.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && (os.Args[1] == ginJWT || os.Args[1] == rawBadger) {
		main()
		return
	}
	os.Exit(m.Run())
}

// TestSmallRun measures everything, with so little that the figures mean nothing: what counts is that each answer is
// what it must be, and that no target goes without a figure.
func TestSmallRun(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("builds muster")
	}
	report := filepath.Join(t.TempDir(), "report.md")
	err := run(t.Context(), []string{"-assets", "1000", "-rounds", "1", "-turn", "5ms", "-dir", t.TempDir(), "-report", report}, io.Discard, t.Output())
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(report)
	if err != nil {
		t.Fatal(err)
	}
	for _, target := range targets() {
		if target.under.server == smaller || target.over.metric == cpu {
			continue // a tenth of so few has less to find, and so little work is below the clock's step
		}
		if !strings.Contains(string(text), "| "+target.row) || !strings.Contains(string(text), "| "+target.figure+" |") {
			t.Errorf("%s, %s: no figure", target.row, target.figure)
		}
	}
}

// TestWrongAnswersAreNoticed: a server that has lost something, or has more than it should, is not measured.
func TestWrongAnswersAreNoticed(t *testing.T) {
	t.Parallel()
	b, s := filled(t)
	if err := s.check(); err != nil {
		t.Fatalf("a filled server: %v", err)
	}

	op := operation{name: opCreate, connections: 2, calls: creates, fresh: true}
	if _, err := b.turn(op, s, 10, true); err != nil {
		t.Fatal(err)
	}
	if err := s.check(); err != nil {
		t.Errorf("after 10 creates: %v", err)
	}
	s.posted++ // as if the server had lost one
	wantWrong(t, s, "11 assets were created, and there are 10")
	s.posted--

	c, err := load.Dial(s.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	stray := s.request("POST", fmt.Sprintf("Workgroups/%d/Assets", s.workgroup), `{"IPAddress":"10.0.0.1","AssetName":"stray"}`)
	if a, err := c.Do(stray, nil); err != nil || a.Status != http.StatusCreated {
		t.Fatalf("status %d, %v", a.Status, err)
	}
	wantWrong(t, s, "1001 assets")
}

// filled is a small rawbadger that runs until the test is cleaned up.
func filled(t *testing.T) (*bench, *server) {
	t.Helper()
	s := &server{label: rawBadger, name: rawBadger, fleet: fleet.Fleet{N: 1000}, dir: t.TempDir()}
	var err error
	if s.binary, err = os.Executable(); err != nil {
		t.Fatal(err)
	}
	log, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { log.Close() })
	b := &bench{options: options{log: t.Output()}, began: time.Now(), serverLog: log, results: results{}}
	if err := b.fill(t.Context(), s, s.fleet); err != nil {
		t.Fatal(err)
	}
	if err := s.start(context.Background(), log); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.stop(); err != nil {
			t.Error(err)
		}
	})
	if err := errors.Join(s.know(), s.makeRoom()); err != nil {
		t.Fatal(err)
	}
	return b, s
}

func wantWrong(t *testing.T, s *server, want string) {
	t.Helper()
	if err := s.check(); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error %v, want %q", err, want)
	}
}

// TestRatiosAreOfRounds: the middle of the ratios is not the ratio of the middles.
func TestRatiosAreOfRounds(t *testing.T) {
	t.Parallel()
	r := results{}
	a, b := of{muster, rate, opGet}, of{ginJWT, rate, opGet}
	for _, pair := range [][2]float64{{10, 20}, {40, 40}, {90, 60}} {
		r.add(a.server, a.metric, a.op, pair[0])
		r.add(b.server, b.metric, b.op, pair[1])
	}
	if got, want := spreadOf(r.ratios(a, b)), (spread{0.5, 1, 1.5, 3}); got != want {
		t.Errorf("%v, want %v", got, want)
	}
	if got := spreadOf([]float64{4, 1, 3, 2}); got.median != 2.5 {
		t.Errorf("the middle of 1, 2, 3 and 4 is %v", got.median)
	}
}

func TestVerdicts(t *testing.T) {
	t.Parallel()
	for want, c := range map[string]struct {
		target
		figure float64
	}{
		"met":              {target{must: atLeast(0.6), reach: atLeast(0.75)}, 0.6},
		"met, and reached": {target{must: atMost(1.9), reach: atMost(1.5)}, 1.5},
		"**not met**":      {target{must: atMost(1.9), reach: atMost(1.5)}, 1.91},
		"not reached":      {target{reach: atMost(3)}, 3.1},
	} {
		if got := c.verdict(c.figure); got != want {
			t.Errorf("%v: %q, want %q", c, got, want)
		}
	}
}

// TestTheReportHasItsPlace: the tables of one size leave what is written around them alone.
func TestTheReportHasItsPlace(t *testing.T) {
	t.Parallel()
	const old = "# A\n<!-- bench 1000 -->\nold\n<!-- end -->\nB\n<!-- bench 2000 -->\nother\n<!-- end -->\n"
	for name, want := range map[string]string{
		"bench 1000": "# A\n<!-- bench 1000 -->\nnew\n<!-- end -->\nB\n<!-- bench 2000 -->\nother\n<!-- end -->\n",
		"bench 2000": "# A\n<!-- bench 1000 -->\nold\n<!-- end -->\nB\n<!-- bench 2000 -->\nnew\n<!-- end -->\n",
	} {
		if got, err := within(old, name, "new\n"); got != want || err != nil {
			t.Errorf("%s: %q, %v, want %q", name, got, err, want)
		}
	}
	if got, err := within(old, "bench 3000", "new"); err == nil {
		t.Errorf("without a place: %q", got)
	}
	if got, err := within("an earlier report", "bench 3000", "new"); got != "new" || err != nil {
		t.Errorf("a file of its own: %q, %v", got, err)
	}
}

func TestTheCommandLineIsChecked(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"-assets", "10"}, {"-rounds", "0"}, {"-turn", "0s"}, {"-scale", "-1"}, {"more"}, {"-only", "("}, {"-plot", "x", "-sizes", "10,x"}} {
		if err := run(t.Context(), append(args, "-muster", "none"), io.Discard, io.Discard); err == nil {
			t.Errorf("%q: accepted", args)
		}
	}
}
