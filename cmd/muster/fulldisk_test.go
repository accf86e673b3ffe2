//go:build linux

package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/musterhq/muster/store"
	"github.com/musterhq/muster/store/kv/badgerkv"
	"github.com/musterhq/muster/store/kv/disk/disktest"
)

const (
	smallDisk    = 512 << 20
	smallReserve = "167772160"
)

// writers create assets until told to stop, and note what was acknowledged. A refusal for want of space is none of theirs.
type writers struct {
	p       *process
	stop    atomic.Bool
	done    sync.WaitGroup
	mu      sync.Mutex
	known   map[int]string // names by id
	refused int
	failed  error
}

func startWriters(p *process, n int, prefix string) *writers {
	w := &writers{p: p, known: map[int]string{}}
	filler := strings.Repeat("x", 200)
	for i := range n {
		w.done.Go(func() {
			for k := 0; !w.stop.Load(); k++ {
				a := new(store.Asset)
				name := fmt.Sprintf("%s-%d-%d", prefix, i, k)
				status, err := p.call("POST", "Workgroups/1/Assets", map[string]any{
					"IPAddress": fmt.Sprintf("10.%d.%d.%d", i, k>>8&255, k&255), "AssetName": name, "DnsName": name + filler[:20], "OperatingSystem": filler,
				}, a)
				w.note(a.AssetID, name, status, err)
				if status == http.StatusServiceUnavailable {
					time.Sleep(20 * time.Millisecond)
				}
			}
		})
	}
	return w
}

func (w *writers) note(id int, name string, status int, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case status == http.StatusServiceUnavailable:
		w.refused++
	case err != nil:
		w.failed = err
	default:
		w.known[id] = name
	}
}

func (w *writers) counts() (acknowledged, refused int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.known), w.refused
}

func (w *writers) end() {
	w.stop.Store(true)
	w.done.Wait()
}

// fill writes a file until the disk is full, as another process would that copies something there.
func fill(t *testing.T, dir string) (file string) {
	t.Helper()
	file = filepath.Join(dir, "filler")
	f, err := os.Create(file)
	must(t, err)
	defer f.Close()
	size := int64(0)
	for _, step := range []int64{4 << 20, 4 << 10} { // some 400 MiB a second
		for syscall.Fallocate(int(f.Fd()), 0, size, step) == nil {
			size += step
			time.Sleep(time.Duration(step) * 10 * time.Millisecond / (4 << 20))
		}
	}
	return file
}

// fillUnderLoad has a disk run full under a server with writers, looks at what it answers then, and makes room again.
// It returns how many writes were acknowledged.
func fillUnderLoad(t *testing.T, at string) int {
	t.Helper()
	dir := filepath.Join(at, "data")
	p := serve(t, dir, "--disk-reserve", smallReserve, "--memory-limit", "0")
	w := startWriters(p, 8, "before")
	time.Sleep(500 * time.Millisecond)
	filler := fill(t, at)
	before, _ := w.counts()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if _, refused := w.counts(); refused > 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("nothing is refused on a full disk\n%s", p.log)
		}
	}
	wantReadOnly(t, p)
	time.Sleep(300 * time.Millisecond) // for what Badger does in the background
	must(t, os.Remove(filler))
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if now, _ := w.counts(); now > before+8 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("writing does not go on\n%s", p.log)
		}
	}
	w.end()
	if w.failed != nil {
		t.Errorf("a write failed otherwise than for want of space: %v\n%s", w.failed, p.log)
	}
	filler = fill(t, at)
	if err := p.stop(os.Interrupt); err != nil { // with no room to tidy up
		t.Errorf("the server ends with %v\n%s", err, p.log)
	}
	wantNoStart(t, dir)
	must(t, os.Remove(filler))
	p = serve(t, dir, "--disk-reserve", smallReserve)
	for id, name := range w.known {
		a := new(store.Asset)
		if _, err := p.call("GET", fmt.Sprintf("Assets/%d", id), nil, a); err != nil || string(a.AssetName) != name {
			t.Errorf("asset %d was acknowledged as %q and is %q, %v", id, name, a.AssetName, err)
		}
	}
	must(t, p.stop(os.Interrupt))
	must(t, os.RemoveAll(dir))
	must(t, os.Remove(dir+".json"))
	return len(w.known)
}

// wantReadOnly checks what a server answers while its disk is full.
func wantReadOnly(t *testing.T, p *process) {
	t.Helper()
	if _, err := p.call("GET", "Workgroups", nil, new([]store.Workgroup)); err != nil {
		t.Errorf("a read on a full disk: %v", err)
	}
	r, err := http.NewRequest("POST", p.HTTP+"/BeyondTrust/api/public/v3/Workgroups", strings.NewReader(`{"Name":"new"}`))
	must(t, err)
	r.Header.Set("Authorization", "Bearer "+p.Token)
	r.Header.Set("Content-Type", "application/json")
	got, err := insecure.Do(r)
	must(t, err)
	body, _ := io.ReadAll(got.Body)
	got.Body.Close()
	if got.StatusCode != http.StatusServiceUnavailable || got.Header.Get("Retry-After") == "" || !strings.Contains(string(body), "no space") {
		t.Errorf("a write on a full disk is answered with %d, Retry-After %q: %s", got.StatusCode, got.Header.Get("Retry-After"), body)
	}
	ready, err := http.Get(p.HTTP + "/readyz")
	must(t, err)
	body, _ = io.ReadAll(ready.Body)
	ready.Body.Close()
	if ready.StatusCode != http.StatusServiceUnavailable || !strings.Contains(string(body), "no space") {
		t.Errorf("/readyz on a full disk says %d %s", ready.StatusCode, body)
	}
}

// wantNoStart checks that a server on a full disk says so and ends.
func wantNoStart(t *testing.T, dir string) {
	t.Helper()
	began := time.Now()
	_, said, code := runCommand(t, "serve", "--dir", dir, "--http", "127.0.0.1:0", "--https", "", "--disk-reserve", smallReserve)
	if code != exitStore || !strings.Contains(said, "no space on the disk") || time.Since(began) > 5*time.Second {
		t.Errorf("a start on a full disk ends with %d after %v: %s", code, time.Since(began), said)
	}
}

// TestFullDisk is the quick form of TestSoakFullDisk.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	at := disktest.Mount(t, disktest.Image(t, smallDisk))
	if fillUnderLoad(t, at) < 20 {
		t.Error("hardly anything was written; this proves nothing")
	}
}

// TestReserve has a server with a reserve that no disk has: what needs no image.
func TestReserve(t *testing.T) {
	t.Parallel()
	dir := newDir(t)
	for reserve, c := range map[string]struct {
		want string
		code int
	}{
		"9223372036854775807":                 {"no space on the disk", exitStore},
		fmt.Sprint(badgerkv.LeastReserve - 1): {"--disk-reserve", exitUsage},
	} {
		_, said, code := runCommand(t, "serve", "--dir", dir, "--http", "127.0.0.1:0", "--https", "", "--disk-reserve", reserve)
		if code != c.code || !strings.Contains(said, c.want) {
			t.Errorf("--disk-reserve %s ends with %d: %s", reserve, code, said)
		}
	}
}
