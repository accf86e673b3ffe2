package host

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"github.com/hashicorp/go-plugin/runner"
	"google.golang.org/grpc"

	"github.com/musterhq/muster/plugins"
	"github.com/musterhq/muster/plugins/importerpb"
)

// child is one running importer and what belongs to it.
type child struct {
	directory string   // private, its working directory
	program   *os.File // of an external importer: the open copy that is executed; nil for a built-in one
	bound     int64    // bytes of memory for an external importer and what it starts; 0: none
	process   *process
	client    *plugin.Client
}

// maxDirectory is what the 107 bytes of a socket's path leave after the names that go-plugin adds.
const maxDirectory = 107 - len("/plugin-dir1234567890/plugin1234567890")

// commandOf makes the command that starts an importer.
type commandOf func(*child) (*exec.Cmd, error)

// prepare makes everything ready but does not start the process. remove undoes it.
func (h *Host) prepare(name string, command commandOf) (*child, error) {
	c, err := h.newChild(name)
	if err != nil {
		return nil, err
	}
	cmd, err := command(c)
	if err != nil {
		_ = c.clear()
		return nil, err
	}
	cmd.Dir = c.directory
	h.connectTo(c, cmd, h.options.Logger.With("plugin", name))
	return c, nil
}

// newChild makes the private directory.
func (h *Host) newChild(name string) (*child, error) {
	directory, err := os.MkdirTemp(h.options.Directory, "import-") // 0700
	if err != nil {
		return nil, fmt.Errorf("a directory for importer %s: %w", name, err)
	}
	if !filepath.IsAbs(directory) || len(directory) > maxDirectory {
		_ = os.Remove(directory)
		return nil, fmt.Errorf("the directory of importers is %q: it must be absolute and short enough for a Unix socket", h.options.Directory)
	}
	return &child{directory: directory}, nil
}

// builtIn starts this program as the importer.
func (h *Host) builtIn(typ string) commandOf {
	return func(*child) (*exec.Cmd, error) {
		return exec.Command(h.options.Executable, h.options.Arguments(typ)...), nil
	}
}

// external starts the program of a file, if check likes its SHA-256: from a copy that nobody can change between the
// check and the start.
func (h *Host) external(file string, check func(sum string) error) commandOf {
	return func(c *child) (*exec.Cmd, error) {
		name := filepath.Base(file)
		f, err := openPinned(file, h.options.AnyMode)
		if err == nil {
			c.program, err = freeze(f, c.directory)
			_ = f.Close()
		}
		var sum string
		if err == nil {
			sum, err = sha256Of(c.program)
		}
		if err == nil {
			err = check(sum)
		}
		if err != nil {
			return nil, fmt.Errorf("%w: %s: %w", ErrRefused, name, err)
		}
		cmd := exec.Command(h.options.Executable, ConfineCommand, fmt.Sprint(2*h.options.Memory), startPath(c.program), name)
		cmd.ExtraFiles = []*os.File{c.program}
		c.bound = 2 * h.options.Memory
		return cmd, nil
	}
}

// connectTo makes go-plugin's client for a command.
func (h *Host) connectTo(c *child, cmd *exec.Cmd, log *slog.Logger) {
	c.process = newProcess(cmd, log)
	c.process.memory = c.bound
	c.client = plugin.NewClient(&plugin.ClientConfig{
		HandshakeConfig:  plugins.Handshake(),
		VersionedPlugins: map[int]plugin.PluginSet{plugins.Version: {plugins.Name: &plugins.Plugin{}}},
		AllowedProtocols: []plugin.Protocol{plugin.ProtocolGRPC},
		AutoMTLS:         true,
		SkipHostEnv:      true,
		RunnerFunc: func(_ hclog.Logger, wanted *exec.Cmd, sockets string) (runner.Runner, error) {
			cmd.Env = append(wanted.Env, fmt.Sprintf("GOMEMLIMIT=%d", h.options.Memory))
			c.process.sockets = sockets
			return c.process, nil
		},
		UnixSocketConfig: &plugin.UnixSocketConfig{TempDir: c.directory},
		StartTimeout:     h.options.Deadline,
		// go-plugin allows 2 GiB for each message on the connection, those of its own services too.
		GRPCDialOptions: []grpc.DialOption{grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxMessage))},
		Logger:          debugLogger(log),
	})
}

// connect starts the process and shakes hands. The end of ctx kills it, now and later.
func (c *child) connect(ctx context.Context) (importerpb.ImporterClient, error) {
	context.AfterFunc(ctx, c.process.kill)
	protocol, err := c.client.Client()
	if err == nil {
		var dispensed any
		if dispensed, err = protocol.Dispense(plugins.Name); err == nil {
			return dispensed.(importerpb.ImporterClient), nil
		}
	}
	said, _, _ := strings.Cut(err.Error(), "\n")
	switch {
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case c.process.pid() == 0:
		return nil, fmt.Errorf("starting the importer: %w", err)
	case !c.process.spoke.Load():
		return nil, errGone // it has ended, or closed its output for good
	}
	return nil, fmt.Errorf("%w: %s", ErrProtocol, plugins.Sentence(said))
}

// explain says of a broken connection how the process ended and what it said last. It has ended already, or is about
// to: the kernel closes its socket first.
func (c *child) explain(err error) error {
	if !errors.Is(err, errGone) {
		return err
	}
	select {
	case <-c.process.exited:
	case <-time.After(2 * time.Second):
		return err
	}
	text := c.process.state
	if last := c.process.stderr.last(); last != "" {
		text += "; last output: " + last
	}
	return fmt.Errorf("%w: %s", ErrCrashed, text)
}

// remove ends the process, waits for that and leaves nothing behind. go-plugin would rather ask the process to leave, and
// wait for its answer; so it is asked when there is nobody left to ask.
func (c *child) remove() {
	c.process.kill()
	if c.process.pid() != 0 {
		<-c.process.exited
	}
	c.client.Kill()
	_ = c.clear() // a later start may sweep what resists
}

func (c *child) clear() error {
	if c.program != nil {
		_ = c.program.Close()
	}
	return os.RemoveAll(c.directory)
}
