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
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"

	"github.com/musterhq/muster/plugins"
	"github.com/musterhq/muster/plugins/host"
	"github.com/musterhq/muster/plugins/importerpb"
)

// The test binary is its own set of importers, as muster is: "importer TYPE" serves one, and "host" is a server that is
// about to be killed.
func TestMain(m *testing.M) {
	if len(os.Args) < 2 {
		os.Exit(m.Run())
	}
	switch os.Args[1] {
	case "importer":
		typ := os.Args[2]
		if program, ok := programs[typ]; ok {
			program()
			return
		}
		plugins.Serve(plugins.Importer{Type: typ, Extensions: []string{".txt"}, Import: behaviours[typ]})
	case "host":
		hostUntilKilled(os.Args[2])
	default:
		os.Exit(m.Run())
	}
}

// builtIn lists all importers below by their names.
func builtIn() []plugins.Importer {
	var all []plugins.Importer
	for _, typ := range slices.Concat(slices.Collect(maps.Keys(behaviours)), slices.Collect(maps.Keys(programs))) {
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
	"NOISY": func(_ context.Context, _ plugins.File, emit func(plugins.Record) error) error {
		line := []byte(strings.Repeat("noise ", 1000) + "\n")
		for range 50 << 20 / len(line) {
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
}

// emitChild starts a process that shares our standard output and error, and emits its number.
func emitChild(emit func(plugins.Record) error, child *exec.Cmd) error {
	child.Path, _ = exec.LookPath("/bin/sleep")
	child.Err = nil
	child.Stdout, child.Stderr = os.Stdout, os.Stderr
	if err := child.Start(); err != nil {
		return err
	}
	return emit(plugins.Record{IPAddress: "192.0.2.1", Description: strconv.Itoa(child.Process.Pid)})
}

// programs do without the kit.
var programs = map[string]func(){
	"PRINTS":     func() { fmt.Print("hello, world\nhow are you?\n"); os.Exit(0) },
	"LEAVES":     func() { fmt.Fprintln(os.Stderr, "no such library"); os.Exit(127) },
	"SILENT":     func() { select {} },
	"ELSEWHERE":  func() { fmt.Println("1|1|tcp|127.0.0.1:9|grpc|"); select {} },
	"OTHER":      func() { fmt.Println("1|2|unix|/tmp/socket|grpc|"); select {} },
	"OVERSIZED":  func() { serveRaw(rawRecord(4 << 20)) },
	"UNPOLISHED": func() { serveRaw(rawRecord(500 << 10)) },
	"LIES": func() {
		serveRaw(&importerpb.Batch{Warnings: slices.Repeat([]string{"a\x00b"}, 150), WarningsDropped: 1<<64 - 1})
	},
}

func rawRecord(size int) *importerpb.Batch {
	return &importerpb.Batch{Records: []*importerpb.Record{{
		IpAddress: "192.0.2.1", AssetName: "tab\there", DnsName: strings.Repeat("\x1bé", size/3),
	}}}
}

// serveRaw answers an import with one batch that the kit would never send.
func serveRaw(batch *importerpb.Batch) {
	plugin.Serve(&plugin.ServeConfig{
		HandshakeConfig:  plugins.Handshake(),
		VersionedPlugins: map[int]plugin.PluginSet{plugins.Version: {plugins.Name: &rawPlugin{batch: batch}}},
		GRPCServer:       plugin.DefaultGRPCServer,
	})
}

type rawPlugin struct {
	plugin.NetRPCUnsupportedPlugin
	importerpb.UnimplementedImporterServer
	batch *importerpb.Batch
}

func (p *rawPlugin) GRPCServer(_ *plugin.GRPCBroker, s *grpc.Server) error {
	importerpb.RegisterImporterServer(s, p)
	return nil
}

func (p *rawPlugin) GRPCClient(context.Context, *plugin.GRPCBroker, *grpc.ClientConn) (any, error) {
	return nil, nil
}

func (p *rawPlugin) Import(stream grpc.BidiStreamingServer[importerpb.Chunk, importerpb.Batch]) error {
	return stream.Send(p.batch)
}

// hostUntilKilled prints the number of an importer's process that runs under this one.
func hostUntilKilled(directory string) {
	executable, _ := os.Executable()
	h := host.New(host.Options{Executable: executable, BuiltIn: builtIn(), Directory: directory})
	told := false
	_, err := h.Import(context.Background(), "HANGS", "", strings.NewReader(""), func(r plugins.Record) error {
		if !told {
			fmt.Println(r.Description)
		}
		told = true
		return nil
	})
	fmt.Println("not reached:", err)
}
