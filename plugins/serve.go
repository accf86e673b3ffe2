package plugins

import (
	"context"
	"errors"
	"io"
	"os"
	"runtime/debug"
	"sync"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"

	"github.com/musterhq/muster/plugins/importerpb"
)

// Name is the name under which a process dispenses its importer.
const Name = "importer"

// Version is the version of the protocol; it changes when an importer of before would no longer be understood.
const Version = 1

// Handshake tells a process that it was started by muster. It guards against starting the wrong program, not against an
// attacker.
func Handshake() plugin.HandshakeConfig {
	return plugin.HandshakeConfig{MagicCookieKey: "MUSTER_PLUGIN", MagicCookieValue: "importer"}
}

// Serve runs the importer for the host that started this process, and ends the process with it. It is the whole of an
// author's main. Started by hand, the program says that it is a plugin and exits with status 1.
func Serve(i Importer) {
	debug.SetGCPercent(50) // several may run beside the server: memory is dearer than their time
	stderr := os.Stderr
	begin := sync.OnceFunc(func() {
		// go-plugin has put pipes in their place that are read through the connection. Whatever is in them when the
		// process dies is lost, and the last words are the ones that explain a crash.
		os.Stdout, os.Stderr = stderr, stderr
	})
	plugin.Serve(&plugin.ServeConfig{
		HandshakeConfig:  Handshake(),
		VersionedPlugins: map[int]plugin.PluginSet{Version: {Name: &Plugin{Importer: i, begin: begin}}},
		GRPCServer: func(options []grpc.ServerOption) *grpc.Server {
			go leaveWithHost(os.Stdin)
			return plugin.DefaultGRPCServer(options)
		},
		Logger: hclog.New(&hclog.LoggerOptions{Level: hclog.Error, Output: stderr}),
	})
}

// leaveWithHost ends this process when the host is gone, however it went: it holds the other end of stdin, never writes
// to it, and the kernel closes it. An importer in a busy loop is no obstacle.
func leaveWithHost(stdin io.Reader) {
	_, _ = io.Copy(io.Discard, stdin)
	os.Exit(1)
}

// Plugin ties an importer to go-plugin. Hosts and tests need it; an author calls Serve.
type Plugin struct {
	plugin.NetRPCUnsupportedPlugin
	Importer Importer
	begin    func() // runs before an import; may be nil
}

// GRPCServer registers the importer with a server, in the importer's process.
func (p *Plugin) GRPCServer(_ *plugin.GRPCBroker, s *grpc.Server) error {
	if p.Importer.Import == nil {
		return errors.New("the importer has no Import function")
	}
	importerpb.RegisterImporterServer(s, &server{importer: p.Importer, begin: p.begin})
	return nil
}

// GRPCClient returns an importerpb.ImporterClient, in the host's process.
func (p *Plugin) GRPCClient(_ context.Context, _ *plugin.GRPCBroker, conn *grpc.ClientConn) (any, error) {
	return importerpb.NewImporterClient(conn), nil
}
