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
