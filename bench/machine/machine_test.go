package machine

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestCPUCountsChildren(t *testing.T) {
	t.Parallel()
	before, err := CPU(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	work := exec.CommandContext(t.Context(), "sh", "-c", "i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done")
	if err := work.Run(); err != nil {
		t.Fatal(err)
	}
	after, err := CPU(os.Getpid())
	if err != nil || after-before < work.ProcessState.UserTime()-2*tick {
		t.Errorf("%v, error %v, and the child alone took %v", after-before, err, work.ProcessState.UserTime())
	}
}

func TestWatchSeesMemoryGrow(t *testing.T) {
	t.Parallel()
	w := NewWatch(os.Getpid())
	defer w.End()
	time.Sleep(2 * sampleEvery)
	before := w.Reset()
	block := make([]byte, 64<<20)
	for i := range block {
		block[i] = byte(i)
	}
	for deadline := time.Now().Add(5 * time.Second); w.Peak() < before+32<<20; time.Sleep(sampleEvery) {
		if time.Now().After(deadline) {
			t.Fatalf("%d bytes before, %d at the most", before, w.Peak())
		}
	}
	if block[77] != 77 || w.Most() < w.Peak() {
		t.Error("the most ever is less than the most lately")
	}
}

func TestDescribeNamesNoPlace(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	said := Describe(dir)
	host, _ := os.Hostname()
	if strings.Contains(said, dir) || host != "" && strings.Contains(said, host) || strings.Contains(said, "unknown") {
		t.Error(said)
	}
}

func TestDiskUse(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a"), make([]byte, 1<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	sparse, err := os.Create(filepath.Join(dir, "b"))
	if err == nil {
		err = sparse.Truncate(1 << 30)
	}
	if err != nil {
		t.Fatal(err)
	}
	sparse.Close()
	if n, err := DiskUse(dir); err != nil || n < 1<<20 || n > 2<<20 {
		t.Errorf("%d bytes, error %v", n, err)
	}
}
