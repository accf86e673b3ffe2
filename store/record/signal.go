package record

import (
	"context"
	"log/slog"
	"time"
)

// Signal tells a worker that there is work. Make it with room for one.
type Signal chan struct{}

// Notify wakes the worker, or lets it run once more if it works.
func (s Signal) Notify() {
	select {
	case s <- struct{}{}:
	default: // it is told already
	}
}

// KeepEvery is how often Keep works without a signal, which is how long work that failed waits.
const KeepEvery = 5 * time.Second

// afterSignal is how long Keep waits after a signal, so that changes which come together are looked at together.
const afterSignal = 20 * time.Millisecond

// Keep does some work whenever it is signalled, and at least every KeepEvery, until ctx ends. It logs what fails.
func Keep(ctx context.Context, log *slog.Logger, name string, signal Signal, work func(context.Context) error) {
	for ctx.Err() == nil {
		if err := work(ctx); err != nil && ctx.Err() == nil {
			log.ErrorContext(ctx, name, "error", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(KeepEvery):
		case <-signal:
			time.Sleep(afterSignal)
		}
	}
}
