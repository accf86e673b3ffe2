package plugins

import (
	"context"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/musterhq/muster/plugins/importerpb"
)

const (
	batchRecords = 128 // one message for each record would be several times as slow
	batchBytes   = 256 << 10
	maxWarnings  = 100 // texts sent for an import; the rest are counted
)

// server answers a host in the importer's process.
type server struct {
	importerpb.UnimplementedImporterServer
	importer Importer
	begin    func() // runs before an import; may be nil
}

func (s *server) Describe(context.Context, *importerpb.DescribeRequest) (*importerpb.Description, error) {
	return &importerpb.Description{Type: s.importer.Type, Extensions: s.importer.Extensions, Version: s.importer.Version}, nil
}

func (s *server) Import(stream grpc.BidiStreamingServer[importerpb.Chunk, importerpb.Batch]) error {
	if s.begin != nil {
		s.begin()
	}
	first, err := stream.Recv()
	if err != nil {
		return err
	}
	out := &batcher{send: stream.Send}
	f := NewFile(first.FileName, &chunkReader{stream: stream, rest: first.Content}, out.warn)
	failure := Run(stream.Context(), s.importer, f, out.emit)
	if err := out.flush(); err != nil {
		return err
	}
	if failure != nil {
		return status.Error(codes.InvalidArgument, Sentence(failure.Error())) // no broken connection has this code
	}
	return nil
}

// chunkReader is the file as it arrives.
type chunkReader struct {
	stream grpc.BidiStreamingServer[importerpb.Chunk, importerpb.Batch]
	rest   []byte
}

func (c *chunkReader) Read(p []byte) (int, error) {
	for len(c.rest) == 0 && len(p) > 0 {
		chunk, err := c.stream.Recv()
		if err != nil {
			return 0, err // io.EOF at the end of the file
		}
		c.rest = chunk.Content
	}
	n := copy(p, c.rest)
	c.rest = c.rest[n:]
	return n, nil
}

// batcher gathers records and warnings. Sending waits while the host is behind: the only back-pressure there is.
type batcher struct {
	send     func(*importerpb.Batch) error
	batch    *importerpb.Batch
	bytes    int
	warnings int
}

func (b *batcher) emit(r Record) error {
	m := toWire(r)
	size := proto.Size(m)
	if b.bytes+size > batchBytes {
		if err := b.flush(); err != nil {
			return err
		}
	}
	b.open()
	b.batch.Records = append(b.batch.Records, m)
	b.bytes += size
	if len(b.batch.Records) == batchRecords {
		return b.flush()
	}
	return nil
}

// warn keeps the warning for the next batch. There are few enough that they need none of their own.
func (b *batcher) warn(text string) {
	b.open()
	if b.warnings++; b.warnings > maxWarnings {
		b.batch.WarningsDropped++
		return
	}
	b.batch.Warnings = append(b.batch.Warnings, text)
	b.bytes += len(text)
}

func (b *batcher) open() {
	if b.batch == nil {
		b.batch = new(importerpb.Batch) // a new one each time: gRPC may hold on to what was sent
	}
}

func (b *batcher) flush() error {
	if b.batch == nil {
		return nil
	}
	batch := b.batch
	b.batch, b.bytes = nil, 0
	return b.send(batch)
}
