//go:build unix

package disk

import (
	"bytes"
	"errors"
	"log/slog"
	"math"
	"os"
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

func TestWriter(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	w := NewWatch(t.TempDir(), 0, slog.New(slog.DiscardHandler))
	if n, err := w.Writer(&out).Write([]byte("text")); n != 4 || err != nil {
		t.Errorf("with room: %d, %v", n, err)
	}
	w.reserve = math.MaxInt64
	if n, err := w.Writer(&out).Write([]byte("more")); n != 0 || !errors.Is(err, kv.ErrNoSpace) {
		t.Errorf("without: %d, %v, want ErrNoSpace", n, err)
	}
	if out.String() != "text" {
		t.Errorf("%q was written", &out)
	}
}

func TestShared(t *testing.T) {
	t.Parallel()
	a := t.TempDir()
	if shared, err := Shared(a, a+"/.."); !shared || err != nil {
		t.Errorf("a folder and the one above it: %v, %v", shared, err)
	}
	if _, err := os.Stat("/proc/self"); err == nil {
		if shared, err := Shared(a, "/proc"); shared || err != nil {
			t.Errorf("a folder and /proc: %v, %v", shared, err)
		}
	}
	if _, err := Shared(a, a+"/absent"); err == nil {
		t.Error("what is absent lies nowhere")
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
