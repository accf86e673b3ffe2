package main

import (
	"encoding/json"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestLinesAreGathered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := &output{} // which is read while a timer may write
		c := defaults()
		c.log = "json"
		log, flush, err := c.logger(out)
		if err != nil {
			t.Fatal(err)
		}
		written := func(want int, when string) {
			t.Helper()
			if got := strings.Count(out.String(), "\n"); got != want {
				t.Errorf("%s: %d lines are written, want %d", when, got, want)
			}
		}
		log.Info("one")
		log.Info("two")
		written(0, "at first")
		time.Sleep(gatherTime)
		synctest.Wait()
		written(2, "after their time")
		log.Info("three")
		log.With(slog.Int("n", 4)).WithGroup("g").Warn("four")
		written(4, "with a warning")
		log.Info("five")
		if err := flush(); err != nil {
			t.Fatal(err)
		}
		written(5, "at the end")
		for range gatherLines {
			log.Info("one of many")
		}
		synctest.Wait()
		written(5+gatherLines, "when so many wait")
		list := []string{"before"}
		log.Info("six", "list", list)
		list[0] = "after"
		written(6+gatherLines, "with what may change")
		if !strings.Contains(out.String(), "before") {
			t.Error("a line tells what became of its values after it was logged")
		}
	})
}

// TestLinesStayInOrder has several log at a time: each one's lines are all there, in the order in which he logged them.
func TestLinesStayInOrder(t *testing.T) {
	t.Parallel()
	out := &output{}
	lines := gatherJSON(out, nil)
	const writers, each = 4, 5 * gatherLines
	var all sync.WaitGroup
	for w := range writers {
		log := slog.New(lines).With("writer", w)
		all.Go(func() {
			for n := range each {
				log.Info("line", "n", n)
			}
		})
	}
	all.Wait()
	if err := lines.flush(); err != nil {
		t.Fatal(err)
	}
	next := map[int]int{}
	for text := range strings.Lines(out.String()) {
		var line struct{ Writer, N int }
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		if line.N != next[line.Writer] {
			t.Fatalf("writer %d: line %d comes when %d should", line.Writer, line.N, next[line.Writer])
		}
		next[line.Writer]++
	}
	for w := range writers {
		if next[w] != each {
			t.Errorf("writer %d: %d lines, want %d", w, next[w], each)
		}
	}
}

// stuck is a writer that takes nothing until it is let go.
type stuck struct{ free chan struct{} }

func (s stuck) Write(p []byte) (int, error) {
	<-s.free
	return len(p), nil
}

// TestAStuckLogHoldsBack logs to what takes nothing: who logs waits once there are so many lines that their number has to end.
func TestAStuckLogHoldsBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		to := stuck{make(chan struct{})}
		log := slog.New(gatherJSON(to, nil))
		var logged atomic.Int64
		go func() {
			for range 10 * mostLines {
				log.Info("line")
				logged.Add(1)
			}
		}()
		synctest.Wait()
		if n := logged.Load(); n < mostLines-1 || n > mostLines+gatherLines {
			t.Errorf("%d lines are logged while none is written", n)
		}
		close(to.free)
		synctest.Wait()
		if n := logged.Load(); n != 10*mostLines {
			t.Errorf("%d lines are logged once they are written", n)
		}
	})
}
