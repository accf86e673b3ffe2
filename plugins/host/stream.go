package host

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/musterhq/muster/plugins"
	"github.com/musterhq/muster/plugins/importerpb"
)

const (
	chunkBytes  = 64 << 10
	maxMessage  = 1 << 20 // bytes; half a million empty records fit, so more would cost hundreds of MiB to decode
	maxWarnings = 100
)

// errGone says that the connection broke; the process will tell why.
var errGone = errors.New("the connection to the importer broke")

// Stream is Import for an importer that is connected already, with the same checks and limits save those of a process
// and its time. Tests of importers use it.
func (h *Host) Stream(ctx context.Context, importer importerpb.ImporterClient, fileName string, content io.Reader,
	emit func(plugins.Record) error) (Report, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var report Report
	rpc, err := importer.Import(ctx, grpc.MaxCallRecvMsgSize(maxMessage))
	if err != nil {
		return report, reason(ctx, err)
	}
	var sender sync.WaitGroup
	sender.Go(func() {
		var failed error
		if report.BytesRead, failed = send(rpc, fileName, content); failed != nil {
			cancel(failed)
		}
	})
	err = receive(ctx, rpc, h.options.Records, &report, emit)
	cancel(err) // the importer may have had enough before the end of the file
	sender.Wait()
	return report, err
}

// send passes the file on and returns how much of it. An importer that reads no more is no error.
func send(rpc grpc.BidiStreamingClient[importerpb.Chunk, importerpb.Batch], fileName string, content io.Reader) (int64, error) {
	var sent int64
	buffer := make([]byte, chunkBytes) // gRPC has encoded it when Send returns
	for first := true; ; first = false {
		n, err := io.ReadFull(content, buffer)
		if n > 0 || first {
			chunk := &importerpb.Chunk{Content: buffer[:n]}
			if first {
				chunk.FileName = plugins.Sentence(fileName[strings.LastIndexAny(fileName, `/\`)+1:])
			}
			if rpc.Send(chunk) != nil {
				return sent, nil // receive has the reason
			}
			sent += int64(n)
		}
		switch err {
		case nil:
		case io.EOF, io.ErrUnexpectedEOF:
			return sent, rpc.CloseSend()
		default:
			return sent, fmt.Errorf("reading the file: %w", err)
		}
	}
}

// receive takes what the importer sends until it says that it is done.
func receive(ctx context.Context, rpc grpc.BidiStreamingClient[importerpb.Chunk, importerpb.Batch], limit int, report *Report,
	emit func(plugins.Record) error) error {
	var skips plugins.Skips
	for {
		batch, err := rpc.Recv()
		if err == io.EOF {
			return skips.Err()
		}
		if err != nil {
			return reason(ctx, err)
		}
		report.warn(batch)
		for _, record := range batch.Records {
			if report.Records == limit {
				return fmt.Errorf("%w: more than %d hosts", ErrFlood, limit)
			}
			report.Records++
			r := plugins.FromWire(record)
			skips.Count(r)
			if err := emit(r); err != nil {
				return err
			}
		}
	}
}

// warn keeps the first warnings, each once, and counts the rest, whatever the importer has kept and counted itself.
func (r *Report) warn(batch *importerpb.Batch) {
	dropped := uint64(r.WarningsDropped) + min(batch.WarningsDropped, math.MaxInt32)
	for _, text := range batch.Warnings {
		switch text = plugins.Sentence(text); {
		case slices.Contains(r.Warnings, text):
		case len(r.Warnings) == maxWarnings:
			dropped++
		default:
			r.Warnings = append(r.Warnings, text)
		}
	}
	r.WarningsDropped = int(min(dropped, math.MaxInt32))
}

// reason turns an error of the stream into what Import promises.
func reason(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	s := status.Convert(err)
	text := plugins.Sentence(s.Message())
	switch s.Code() {
	case codes.Unavailable, codes.Canceled, codes.DeadlineExceeded:
		return fmt.Errorf("%w: %s", errGone, text)
	case codes.ResourceExhausted:
		return fmt.Errorf("%w: %s", ErrFlood, text)
	case codes.Unimplemented:
		return fmt.Errorf("%w: %s", ErrProtocol, text)
	}
	return errors.New(text) // the importer's own words
}
