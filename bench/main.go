// Command bench measures muster from without: the built binary, served over HTTP on loopback, against two servers that do as
// little as a server can over the same libraries. All figures are of one run, and what counts are ratios of turns that
// were taken side by side. docs/performance.md says what is measured and shows what came of it.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/musterhq/muster/bench/floor"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// run is the whole program, for tests too. A first argument that names a floor is how the program starts itself as one.
func run(ctx context.Context, args []string, out, progress io.Writer) error {
	if len(args) > 0 && (args[0] == ginJWT || args[0] == rawBadger) {
		return floor.Run(ctx, args[0], args[1:], out)
	}
	o, err := parse(args, progress)
	if err != nil {
		return err
	}
	b := &bench{options: o, out: out}
	if o.plot != "" {
		return b.draw(ctx)
	}
	return b.measure(ctx)
}

// options are what the command line says.
type options struct {
	muster   string        // the binary, empty: built for the run
	assets   int           // in the fleet
	rounds   int           // of each turn
	turnTime time.Duration // that a turn of the quicker server takes about
	only     string        // a regular expression of the operations to measure; empty: all
	scale    float64       // of imports, as a part of what the targets speak of
	cache    string        // folder that keeps filled stores from run to run; empty: none
	dir      string        // folder for the stores of the run; empty: a temporary one
	report   string        // file for the Markdown; empty: the standard output alone
	plot     string        // file for a drawing; empty: measure
	sizes    string        // of the fleets in the drawing
	keep     bool          // leave the folder of the run
	log      io.Writer
}

func parse(args []string, progress io.Writer) (options, error) {
	o := options{log: progress}
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.SetOutput(progress)
	f.StringVar(&o.muster, "muster", "", "muster's binary (default: it is built)")
	f.IntVar(&o.assets, "assets", 200_000, "assets that the servers are filled with")
	f.IntVar(&o.rounds, "rounds", 5, "rounds in which everything is measured in turn")
	f.DurationVar(&o.turnTime, "turn", 700*time.Millisecond, "about how long a turn of one server takes")
	f.StringVar(&o.only, "only", "", "measure only the operations that match this regular expression")
	f.Float64Var(&o.scale, "scale", 0, "size of the imported files, as a part of what the targets speak of (default: all of it from 200,000 assets on, less for fewer)")
	f.StringVar(&o.cache, "cache", "", "folder in which filled stores are kept from run to run, by a hash of the binary that filled them")
	f.StringVar(&o.dir, "dir", "", "folder for the stores of the run (default: a temporary one)")
	f.StringVar(&o.report, "report", "", "write the tables to this file, too: between its lines <!-- bench N --> (-plot: <!-- growth -->) and <!-- end -->, if it has them")
	f.StringVar(&o.plot, "plot", "", "do not compare: draw muster's times against the number of assets into this SVG file")
	f.StringVar(&o.sizes, "sizes", "10000,30000,100000,300000,1000000", "numbers of assets for -plot")
	f.BoolVar(&o.keep, "keep", false, "leave the folder of the run, with the servers' logs")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	switch {
	case f.NArg() > 0:
		return o, fmt.Errorf("%q: no arguments are expected", f.Arg(0))
	case o.assets < 1000:
		return o, fmt.Errorf("-assets: 1000 or more are expected")
	case o.rounds < 1 || o.turnTime <= 0 || o.scale < 0:
		return o, fmt.Errorf("-rounds, -turn and -scale: more than 0 is expected")
	}
	if o.scale == 0 {
		o.scale = min(1, float64(o.assets)/200_000)
	}
	return o, nil
}
