package host

import (
	"context"
	"errors"
	"fmt"
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
	directory string // private, its working directory
	process   *process
	client    *plugin.Client
}

// maxDirectory is what the 107 bytes of a socket's path leave after the names that go-plugin adds.
const maxDirectory = 107 - len("/plugin-dir1234567890/plugin1234567890")

// prepare makes everything ready but does not start the process. remove undoes it.
func (h *Host) prepare(typ string) (*child, error) {
	directory, err := os.MkdirTemp(h.options.Directory, "import-") // 0700
	if err != nil {
		return nil, fmt.Errorf("a directory for importer %s: %w", typ, err)
	}
	if !filepath.IsAbs(directory) || len(directory) > maxDirectory {
		_ = os.Remove(directory)
		return nil, fmt.Errorf("the directory of importers is %q: it must be absolute and short enough for a Unix socket", h.options.Directory)
	}
	log := h.options.Logger.With("plugin", typ)
	cmd := exec.Command(h.options.Executable, h.options.Arguments(typ)...)
	cmd.Dir = directory
	p := newProcess(cmd, log)
	return &child{directory: directory, process: p, client: plugin.NewClient(&plugin.ClientConfig{
		HandshakeConfig:  plugins.Handshake(),
		VersionedPlugins: map[int]plugin.PluginSet{plugins.Version: {plugins.Name: &plugins.Plugin{}}},
		AllowedProtocols: []plugin.Protocol{plugin.ProtocolGRPC},
		AutoMTLS:         true,
		SkipHostEnv:      true,
		RunnerFunc: func(_ hclog.Logger, wanted *exec.Cmd, sockets string) (runner.Runner, error) {
			cmd.Env = append(wanted.Env, fmt.Sprintf("GOMEMLIMIT=%d", h.options.Memory))
			p.sockets = sockets
			return p, nil
		},
		UnixSocketConfig: &plugin.UnixSocketConfig{TempDir: directory},
		StartTimeout:     h.options.Deadline,
		// go-plugin allows 2 GiB for each message on the connection, those of its own services too.
		GRPCDialOptions: []grpc.DialOption{grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxMessage))},
		Logger:          debugLogger(log),
	})}, nil
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
	_ = os.RemoveAll(c.directory) // a later start may sweep what resists
}
