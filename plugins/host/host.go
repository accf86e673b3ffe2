// Package host runs importers: the server's side of package plugins. Every import is a process of its own with an empty
// environment, a private directory and limits on its time, memory and output, so that a hostile file can break the
// import that reads it and nothing else. What a process sends is checked as if the file had sent it.
//
// Built-in importers are this program itself; external ones are programs that an administrator has pinned. They run from a
// copy that is checked and can no longer change, with limits that the system enforces.
package host

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"time"

	"github.com/musterhq/muster/plugins"
)

var (
	// ErrUnknownType is returned for an import type that no importer has.
	ErrUnknownType = errors.New("unknown import type")
	// ErrCrashed is returned when the process ended before its import did; the text has its exit status and its last words.
	ErrCrashed = errors.New("importer exited")
	// ErrDeadline is returned when the import took longer than Options.Deadline.
	ErrDeadline = errors.New("importer still running")
	// ErrFlood is returned when the process sent more than it may.
	ErrFlood = errors.New("importer sent too much")
	// ErrProtocol is returned when the program does not speak the protocol, or not a version that we know.
	ErrProtocol = errors.New("not an importer that muster can talk to")
	// ErrRefused is returned when an external importer is not started, because its file is not as it was pinned or others
	// may write to it.
	ErrRefused = errors.New("plugin refused")
)

// Options say what a Host runs and how far it lets it go. Zero values stand for the defaults.
type Options struct {
	Executable string                    // the program to start for a built-in type: this one, so os.Executable
	Arguments  func(typ string) []string // its arguments; default "importer", TYPE
	BuiltIn    []plugins.Importer        // the types that the program serves; only their descriptions are used here

	// Pins says which external importers may run, now: it is asked for each import. Default: none. They are started by way
	// of the Executable too, which has to know ConfineCommand.
	Pins    func(context.Context) ([]Pin, error)
	AnyMode bool // external importers may lie where others can write, as their authors' builds do

	// Directory holds a private directory for each running import, with its Unix socket, so its path has at most 50 bytes.
	// What a killed host left in it may be removed at the next start. Default: the system's temporary directory.
	Directory string

	Deadline time.Duration // for one import, default 10 minutes
	Memory   int64         // bytes, the GOMEMLIMIT of the process, default 256 MiB: a strong hint; twice as much is a wall for external ones
	Records  int           // hosts that one import may emit, default 5,000,000

	Logger *slog.Logger // gets what go-plugin and the process say, at debug level; default: nothing is logged
}

// Host knows the importers and runs them. It is safe for concurrent use; how many imports run side by side is the
// caller's choice.
type Host struct {
	options Options
}

// Info is what an importer says of itself.
type Info struct {
	Type       string   // "NESSUS"
	Extensions []string // ".csv"
	Version    string   // may be empty
}

// Pin is an external importer that an administrator trusts: as it described itself then, and by what is known again.
type Pin struct {
	Info
	File      string // the path of the executable
	SHA256    string // of its content, in hex
	Overrides bool   // runs in place of a built-in importer of the same type
}

// Report tells of an import, complete or failed.
type Report struct {
	PID             int      // of the process, 0 if it was never started
	BytesRead       int64    // of the file, handed to the process
	Records         int      // emitted, skipped ones among them
	Warnings        []string // the first 100
	WarningsDropped int      // how many more there were
}

// New returns a host for the built-in importers. It starts nothing.
func New(o Options) *Host {
	if o.Arguments == nil {
		o.Arguments = func(typ string) []string { return []string{"importer", typ} }
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	o.Deadline = cmp.Or(o.Deadline, 10*time.Minute)
	o.Memory = cmp.Or(o.Memory, 256<<20)
	o.Records = cmp.Or(o.Records, 5_000_000)
	if o.Pins == nil {
		o.Pins = func(context.Context) ([]Pin, error) { return nil, nil }
	}
	return &Host{options: o}
}

// find returns what starts the importer of a type.
func (h *Host) find(ctx context.Context, typ string) (commandOf, error) {
	pins, err := h.options.Pins(ctx)
	if err != nil {
		return nil, err
	}
	builtIn := h.isBuiltIn(typ)
	for _, p := range pins {
		if p.Type == typ && (p.Overrides || !builtIn) {
			return h.external(p.File, func(sum string) error {
				if sum != p.SHA256 {
					return errChanged
				}
				return nil
			}), nil
		}
	}
	if !builtIn {
		return nil, fmt.Errorf("%w %q", ErrUnknownType, typ)
	}
	return h.builtIn(typ), nil
}

func (h *Host) isBuiltIn(typ string) bool {
	return slices.ContainsFunc(h.options.BuiltIn, func(i plugins.Importer) bool { return i.Type == typ })
}

// Import runs the importer of the type on a file and hands each host to emit, normalised, in the order of the importer.
// It returns when the file is done and the process is gone, with every process that it started in its group.
//
// The error is that of emit, of Options.Pins or the cause of ctx as it is; one of the errors above; or what the importer
// says of the file, in its own words. Records that were on their way when an import failed may be lost, so a failed import is never
// complete up to some point. content is read as fast as the importer takes it, no longer than Import runs, and must
// not block forever.
func (h *Host) Import(ctx context.Context, typ, fileName string, content io.Reader, emit func(plugins.Record) error) (Report, error) {
	command, err := h.find(ctx, typ)
	if err != nil {
		return Report{}, err
	}
	ctx, cancel := withDeadline(ctx, h.options.Deadline)
	defer cancel()
	c, err := h.prepare(typ, command)
	if err != nil {
		return Report{}, err
	}
	defer c.remove()
	importer, err := c.connect(ctx)
	var report Report
	if err == nil {
		report, err = h.Stream(ctx, importer, fileName, content, emit)
	}
	report.PID = c.process.pid()
	return report, c.explain(err)
}

// withDeadline is not context.WithTimeout: gRPC would tell the importer of the deadline, and it could be the one to act
// on it first.
func withDeadline(ctx context.Context, deadline time.Duration) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	timer := time.AfterFunc(deadline, func() { cancel(fmt.Errorf("%w after %s", ErrDeadline, deadline)) })
	return ctx, func() {
		timer.Stop()
		cancel(nil)
	}
}
