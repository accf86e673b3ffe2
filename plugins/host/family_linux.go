package host

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// family are an importer and the processes that come from it, those among them that have left its group. It is the parent of
// whose own parent has ended (see limit), so that nobody gets lost while it runs; when it has ended by itself, those count that were
// seen before.
type family struct {
	root   int
	memory int64 // bytes that all of them may take together; 0: no bound

	mu   sync.Mutex
	seen map[relative]bool
}

// relative is a process, whose number alone may be another's by now.
type relative struct {
	pid   int
	began string // in ticks since the system started
}

// lookEvery is how often a family is looked at. In between it may grow by what it can write in that time.
const lookEvery = 100 * time.Millisecond

// guard looks at the family until done, and calls over once if it takes more memory than it may.
func (f *family) guard(done <-chan struct{}, over func(why string)) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		select {
		case <-done:
			return
		case <-tick.C:
		}
		used := memoryOf(f.root)
		for _, r := range f.look() {
			used += memoryOf(r.pid)
		}
		if f.memory > 0 && used > f.memory {
			over(fmt.Sprintf("ended: it and what it started took %d MiB of memory, and may take %d", used>>20, f.memory>>20))
			return
		}
	}
}

// look returns the descendants that there are, and remembers them.
func (f *family) look() []relative {
	found := descendants(f.root)
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.seen == nil {
		f.seen = map[relative]bool{}
	}
	for _, r := range found {
		f.seen[r] = true
	}
	return found
}

// end kills all but the importer itself, which is stopped meanwhile: a process that loses its parent becomes its child.
func (f *family) end() {
	_ = unix.Kill(f.root, unix.SIGSTOP)
	for range 20 { // those that are just being started are found by the next look
		if len(f.look()) == 0 {
			break
		}
		f.killSeen()
	}
	f.killSeen()
}

func (f *family) killSeen() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for r := range f.seen {
		r.kill()
		delete(f.seen, r)
	}
}

// kill ends a process if it still is the one.
func (r relative) kill() {
	fd, err := unix.PidfdOpen(r.pid, 0)
	if err != nil {
		return
	}
	defer unix.Close(fd)
	if _, began, _, ok := readStat(r.pid); ok && began == r.began {
		_ = unix.PidfdSendSignal(fd, unix.SIGKILL, nil, 0)
	}
}

// descendants returns the processes that come from one, without those that only wait to be reaped.
func descendants(root int) (found []relative) {
	children := map[int][]relative{}
	entries, _ := filepath.Glob("/proc/[0-9]*")
	for _, entry := range entries {
		pid, err := strconv.Atoi(filepath.Base(entry))
		if err != nil {
			continue
		}
		if parent, began, state, ok := readStat(pid); ok && state != "Z" {
			children[parent] = append(children[parent], relative{pid, began})
		}
	}
	for next := []int{root}; len(next) > 0; next = next[1:] {
		for _, r := range children[next[0]] {
			found = append(found, r)
			next = append(next, r.pid)
		}
	}
	return found
}

// readStat reads the parent of a process, when it began and its state. Its name, which may hold anything, stands in brackets before them.
func readStat(pid int) (parent int, began, state string, ok bool) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, "", "", false
	}
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	if len(fields) < 20 {
		return 0, "", "", false
	}
	parent, err = strconv.Atoi(fields[1])
	return parent, fields[19], fields[0], err == nil
}

// memoryOf returns the bytes of memory that a process has written to, what it shares among them. What several share counts for each.
func memoryOf(pid int) (bytes int64) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(line, ":")
		if name != "RssAnon" && name != "RssShmem" && name != "VmSwap" {
			continue
		}
		if kib, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(value), "kB")), 10, 64); err == nil {
			bytes += kib << 10
		}
	}
	return bytes
}
