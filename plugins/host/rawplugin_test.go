package host_test

import (
	"context"
	"strings"

	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"

	"github.com/musterhq/muster/plugins"
	"github.com/musterhq/muster/plugins/importerpb"
)

func rawRecord(size int) *importerpb.Batch {
	return &importerpb.Batch{Records: []*importerpb.Record{{
		IpAddress: "192.0.2.1", AssetName: "tab\there", OperatingSystem: strings.Repeat("\x1bé", size/3),
	}}}
}

// serveRaw answers an import with one batch that the kit would never send; without one it knows no importer at all.
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
	if p.batch != nil {
		importerpb.RegisterImporterServer(s, p)
	}
	return nil
}

func (p *rawPlugin) GRPCClient(context.Context, *plugin.GRPCBroker, *grpc.ClientConn) (any, error) {
	return nil, nil
}

func (p *rawPlugin) Import(stream grpc.BidiStreamingServer[importerpb.Chunk, importerpb.Batch]) error {
	return stream.Send(p.batch)
}
