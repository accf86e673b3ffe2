package main

import (
	"log/slog"
	"strings"
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
		line := strings.Repeat("x", 1000)
		for range gatherBytes/1000 + 1 {
			log.Info(line)
		}
		if n := len(out.String()); n < gatherBytes {
			t.Errorf("%d bytes are written although more than %d waited", n, gatherBytes)
		}
	})
}
