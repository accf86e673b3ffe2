package host_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/musterhq/muster/plugins"
	"github.com/musterhq/muster/plugins/host"
)

// The test binary is its own set of importers, as muster is: "importer TYPE" serves one, and so does the binary under the
// name of an external importer, muster-importer-TYPE. "confine" becomes one, and "host" is a server that is about to be
// killed.
func TestMain(m *testing.M) {
	command, arguments := "", os.Args[1:]
	if typ, external := strings.CutPrefix(filepath.Base(os.Args[0]), host.Prefix); external {
		command, arguments = "importer", []string{typ}
	} else if len(arguments) > 0 {
		command, arguments = arguments[0], arguments[1:]
	}
	switch command {
	case "importer":
		if program, ok := programs[arguments[0]]; ok {
			program()
			return
		}
		i := plugins.Importer{Type: arguments[0], Extensions: []string{".txt"}, Version: "1.0", Import: behaviours[arguments[0]]}
		if odd, ok := odd[i.Type]; ok {
			i = odd
		}
		plugins.Serve(i)
	case host.ConfineCommand:
		fmt.Fprintln(os.Stderr, host.Confine(arguments))
		os.Exit(1)
	case "host":
		hostUntilKilled(arguments[0], arguments[1], arguments[2])
	default:
		code := m.Run()
		if files, err := pinnable(); err == nil {
			os.RemoveAll(files.folder)
		}
		os.Exit(code)
	}
}

// builtIn lists all importers below by their names.
func builtIn() []plugins.Importer {
	var all []plugins.Importer
	for _, typ := range slices.Concat(slices.Collect(maps.Keys(behaviours)), slices.Collect(maps.Keys(programs)), slices.Collect(maps.Keys(odd))) {
		all = append(all, plugins.Importer{Type: typ, Extensions: []string{".txt"}})
	}
	return all
}

type importFunc = func(context.Context, plugins.File, func(plugins.Record) error) error

// behaviours are importers, good and bad, written with the kit.
var behaviours = map[string]importFunc{
	"LINES": func(_ context.Context, f plugins.File, emit func(plugins.Record) error) error {
		text, err := io.ReadAll(f)
		if err != nil {
			return err
		}
		for line := range strings.Lines(string(text)) {
			if err := emit(plugins.Record{IPAddress: line, Description: f.Name}); err != nil {
				return err
			}
		}
		return nil
	},
	"SELF": func(_ context.Context, _ plugins.File, emit func(plugins.Record) error) error {
		directory, _ := os.Getwd()
		info, _ := os.Stat(".")
		for _, fact := range []string{strconv.Itoa(os.Getpid()), directory, info.Mode().String()} {
			if err := emit(plugins.Record{IPAddress: "192.0.2.1", Description: fact}); err != nil {
				return err
			}
		}
		for _, variable := range os.Environ() {
			name, _, _ := strings.Cut(variable, "=")
			if err := emit(plugins.Record{IPAddress: "192.0.2.1", AssetName: name}); err != nil {
				return err
			}
		}
		return nil
	},
	"WARNINGS": func(_ context.Context, f plugins.File, _ func(plugins.Record) error) error {
		for i := range 250 {
			f.Warn(fmt.Sprintf("warning\n%d", i))
		}
		return nil
	},
	"REFUSES": func(context.Context, plugins.File, func(plugins.Record) error) error {
		return errors.New("line 3: no address")
	},
	"ENDLESS": func(_ context.Context, _ plugins.File, emit func(plugins.Record) error) error {
		for {
			if err := emit(plugins.Record{IPAddress: "192.0.2.1"}); err != nil {
				return err
			}
		}
	},
	"EXITS": func(_ context.Context, _ plugins.File, _ func(plugins.Record) error) error {
		fmt.Fprintln(os.Stderr, "out of luck")
		fmt.Println("so long")
		os.Exit(3)
		return nil
	},
	"PANICS": func(context.Context, plugins.File, func(plugins.Record) error) error {
		var none []int
		return fmt.Errorf("never %d", none[len(os.Args)])
	},
	"PANICS ELSEWHERE": func(ctx context.Context, _ plugins.File, _ func(plugins.Record) error) error {
		go panic("in another goroutine")
		<-ctx.Done()
		return nil
	},
	"FAULTS": func(ctx context.Context, _ plugins.File, _ func(plugins.Record) error) error {
		_ = syscall.Kill(os.Getpid(), syscall.SIGSEGV)
		<-ctx.Done()
		return nil
	},
	"HANGS": func(_ context.Context, _ plugins.File, emit func(plugins.Record) error) error {
		for range 128 { // a full batch, so that it is sent
			if err := emit(plugins.Record{IPAddress: "192.0.2.1", Description: strconv.Itoa(os.Getpid())}); err != nil {
				return err
			}
		}
		select {}
	},
	"HANGS-WITH-A-CHILD": func(_ context.Context, _ plugins.File, emit func(plugins.Record) error) error {
		err := emitChild(func(r plugins.Record) error {
			for range 128 { // a full batch, so that it is sent
				if err := emit(r); err != nil {
					return err
				}
			}
			return nil
		}, exec.Command("sleep", "600"))
		if err != nil {
			return err
		}
		select {}
	},
	"IGNORES SIGNALS": func(_ context.Context, _ plugins.File, _ func(plugins.Record) error) error {
		signal.Ignore(syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
		select {}
	},
	"SPINS": func(_ context.Context, _ plugins.File, _ func(plugins.Record) error) error {
		for i := 0; ; i++ {
			if i < 0 {
				i = 0
			}
		}
	},
	"LIMITS": func(_ context.Context, _ plugins.File, emit func(plugins.Record) error) error {
		for _, resource := range []int{unix.RLIMIT_DATA, unix.RLIMIT_CORE, unix.RLIMIT_FSIZE, unix.RLIMIT_NOFILE} {
			var l syscall.Rlimit
			if err := syscall.Getrlimit(resource, &l); err != nil {
				return err
			}
			if err := emit(plugins.Record{IPAddress: "192.0.2.1", Description: fmt.Sprint(l.Cur, " ", l.Max)}); err != nil {
				return err
			}
		}
		return nil
	},
	"HOARDS": func(_ context.Context, _ plugins.File, _ func(plugins.Record) error) error {
		for hoard := []byte("hoard"); ; {
			hoard = append(hoard, hoard...)
		}
	},
	"BAD ADDRESSES": func(_ context.Context, _ plugins.File, emit func(plugins.Record) error) error {
		for _, address := range []string{"999.1.1.1", "10.0.0.1/8", "::1%\x00", "\xff\xfe", strings.Repeat("1.", 100_000), "fe80::1%eth0"} {
			if err := emit(plugins.Record{IPAddress: address}); err != nil {
				return err
			}
		}
		return nil
	},
	"LONG LINES": func(_ context.Context, _ plugins.File, emit func(plugins.Record) error) error {
		shout(1)
		shout(2)
		return emit(plugins.Record{IPAddress: "192.0.2.1"})
	},
	"NOISY": func(_ context.Context, _ plugins.File, emit func(plugins.Record) error) error {
		line := []byte(strings.Repeat("noise ", 1000) + "\n")
		for range 400 << 20 / len(line) {
			if _, err := os.Stderr.Write(line); err != nil {
				return err
			}
		}
		return emit(plugins.Record{IPAddress: "192.0.2.1"})
	},
	"NOISY AND EXITS": func(_ context.Context, _ plugins.File, _ func(plugins.Record) error) error {
		for i := range 1000 {
			fmt.Fprintln(os.Stderr, "line", i)
		}
		os.Exit(1)
		return nil
	},
	"HAS A CHILD": func(_ context.Context, _ plugins.File, emit func(plugins.Record) error) error {
		return emitChild(emit, exec.Command("sleep", "600"))
	},
	"HAS A RUNAWAY": func(_ context.Context, _ plugins.File, emit func(plugins.Record) error) error {
		child := exec.Command("sleep", "600")
		child.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
		return emitChild(emit, child)
	},
	"HAS AN ORPHAN": func(_ context.Context, _ plugins.File, emit func(plugins.Record) error) error {
		said, err := exec.Command("/bin/sh", "-c", "/usr/bin/setsid /bin/sleep 600 >/dev/null 2>&1 & echo $!").Output()
		if err != nil {
			return err
		}
		return emit(plugins.Record{IPAddress: "192.0.2.1", Description: strings.TrimSpace(string(said))})
	},
	"SHARES": func(_ context.Context, _ plugins.File, _ func(plugins.Record) error) error {
		for range 40 { // in pieces of 64 MiB that RLIMIT_DATA does not count
			if _, err := unix.Mmap(-1, 0, 64<<20, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED|unix.MAP_ANONYMOUS|unix.MAP_POPULATE); err != nil {
				return err
			}
			time.Sleep(100 * time.Millisecond)
		}
		return nil
	},
}

// odd are importers that describe themselves in ways that cannot be.
var odd = map[string]plugins.Importer{
	"lower":           {Type: "lower", Import: behaviours["LINES"]},
	"ODD EXTENSION":   {Type: "ODD", Extensions: []string{"TXT"}, Import: behaviours["LINES"]},
	"ODD VERSION":     {Type: "ODD", Version: "\x1b[2J", Import: behaviours["LINES"]},
	"MANY EXTENSIONS": {Type: "ODD", Extensions: slices.Repeat([]string{".a"}, 21), Import: behaviours["LINES"]},
}

// hostUntilKilled prints what an importer says first that runs under this process, and does not end.
func hostUntilKilled(directory, typ, pinned string) {
	executable, _ := os.Executable()
	options := host.Options{Executable: executable, BuiltIn: builtIn(), Directory: directory}
	if pinned != "" {
		setup := host.New(host.Options{Executable: executable, Directory: directory, AnyMode: true})
		pin, err := setup.Describe(context.Background(), pinned)
		if err != nil {
			fmt.Println(err)
			return
		}
		options.BuiltIn, options.Pins = nil, pins(pin)
	}
	h, told := host.New(options), false
	_, err := h.Import(context.Background(), typ, "", strings.NewReader(""), func(r plugins.Record) error {
		if !told {
			fmt.Println(r.Description)
		}
		told = true
		return nil
	})
	fmt.Println("not reached:", err)
}
