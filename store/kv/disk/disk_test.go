//go:build unix

package disk

import (
	"bytes"
	"errors"
	"log/slog"
	"math"
	"strings"
	"testing"

	"github.com/musterhq/muster/store/kv"
)

func TestRoom(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	w := NewWatch(t.TempDir(), 0, slog.New(slog.NewTextHandler(&log, nil)))
	if err := w.Room(1); err != nil {
		t.Errorf("room for a byte: %v", err)
	}
	for range 3 { // which the log hears of once
		if err := w.Room(math.MaxInt); !errors.Is(err, kv.ErrNoSpace) {
			t.Errorf("room for more than there is: %v, want ErrNoSpace", err)
		}
	}
	w.reserve = math.MaxInt64
	if err := w.Room(0); !errors.Is(err, kv.ErrNoSpace) || !strings.Contains(err.Error(), "MiB are kept free") {
		t.Errorf("a larger reserve than the disk: %v, want ErrNoSpace with the figures", err)
	}
	w.reserve = 0
	if err := w.Room(0); err != nil {
		t.Errorf("room again: %v", err)
	}
	if got := strings.Count(log.String(), "\n"); got != 2 {
		t.Errorf("the log has %d lines, want one when writing stops and one when it goes on:\n%s", got, &log)
	}
}

func TestRoomOfNothing(t *testing.T) {
	t.Parallel()
	err := NewWatch(t.TempDir()+"/absent", 0, slog.New(slog.DiscardHandler)).Room(0)
	if err == nil || errors.Is(err, kv.ErrNoSpace) {
		t.Errorf("the room of a folder that is not there: %v", err)
	}
}

// BenchmarkRoom is what every write pays.
func BenchmarkRoom(b *testing.B) {
	w := NewWatch(b.TempDir(), 0, slog.New(slog.DiscardHandler))
	for b.Loop() {
		if err := w.Room(1); err != nil {
			b.Fatal(err)
		}
	}
}
