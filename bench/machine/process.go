// Package machine reads what Linux knows of processes and of itself.
package machine

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
)

// tick is the unit of times in /proc, the same on every Linux that Go runs on.
const tick = 10 * time.Millisecond

// CPU returns the time that a process and its children have worked, those that have ended included, in steps of 10 ms.
func CPU(pid int) (time.Duration, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	// The name, in parentheses, may hold anything; utime, stime, cutime and cstime are the fields 14 to 17 of all.
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	if len(fields) < 15 {
		return 0, fmt.Errorf("/proc/%d/stat: too short", pid)
	}
	var sum time.Duration
	for _, f := range fields[11:15] {
		ticks, err := strconv.Atoi(string(f))
		if err != nil {
			return 0, err
		}
		sum += time.Duration(ticks) * tick
	}
	for _, child := range children(pid) {
		if worked, err := CPU(child); err == nil { // else it has just ended, and is in its parent's time soon
			sum += worked
		}
	}
	return sum, nil
}

func children(pid int) (found []int) {
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		for child := range strings.FieldsSeq(string(text)) {
			if id, err := strconv.Atoi(child); err == nil {
				found = append(found, id)
			}
		}
	}
	return found
}

// Anonymous returns the memory of a process that is backed by no file, in bytes.
func Anonymous(pid int) (int, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	kib, err := memberOf(string(text), "RssAnon")
	return kib << 10, err
}

// memberOf returns the number in a line "name:  123 kB".
func memberOf(text, name string) (int, error) {
	for line := range strings.Lines(text) {
		if rest, found := strings.CutPrefix(line, name+":"); found {
			return strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(rest), " kB"))
		}
	}
	return 0, fmt.Errorf("no %s", name)
}

// sampleEvery is how often a Watch looks.
const sampleEvery = 20 * time.Millisecond

// Watch looks at the anonymous memory of a process until it ends or is left alone.
type Watch struct {
	stop chan struct{}
	done sync.WaitGroup

	mu         sync.Mutex
	most, peak int // ever, and since Reset
	last       int
}

// NewWatch begins to look.
func NewWatch(pid int) *Watch {
	w := &Watch{stop: make(chan struct{})}
	w.done.Go(func() {
		ticker := time.NewTicker(sampleEvery)
		defer ticker.Stop()
		for {
			now, err := Anonymous(pid)
			if err != nil {
				return
			}
			w.note(now)
			select {
			case <-w.stop:
				return
			case <-ticker.C:
			}
		}
	})
	return w
}

func (w *Watch) note(now int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.last, w.most, w.peak = now, max(w.most, now), max(w.peak, now)
}

// Reset begins a new peak and returns what the process has now.
func (w *Watch) Reset() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.peak = w.last
	return w.last
}

// Peak returns the most since Reset, and Most the most ever, in bytes.
func (w *Watch) Peak() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.peak
}

// Most is described with Peak.
func (w *Watch) Most() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.most
}

// End leaves the process alone. It may be called once.
func (w *Watch) End() {
	close(w.stop)
	w.done.Wait()
}
