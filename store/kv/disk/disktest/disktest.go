//go:build linux

// Package disktest gives tests a disk of their own: a file with a file system, mounted through a loop device. That takes root;
// where it is not possible, the test is skipped with the reason.
package disktest

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Image makes a sparse file with an ext4 of so many bytes.
func Image(t *testing.T, size int64) (file string) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("mounting an image takes root")
	}
	file = filepath.Join(t.TempDir(), "image")
	f, err := os.Create(file)
	must(t, err)
	must(t, f.Truncate(size))
	must(t, f.Close())
	if out, err := exec.Command("mkfs.ext4", "-q", "-F", "-m", "0", file).CombinedOutput(); err != nil {
		t.Skipf("mkfs.ext4: %v %s", err, out)
	}
	return file
}

// Mount mounts an image until Unmount or the end of the test.
func Mount(t *testing.T, file string) (at string) {
	t.Helper()
	at = filepath.Join(t.TempDir(), "mounted")
	must(t, os.Mkdir(at, 0o700))
	// The journal is written when something is synced, not every five seconds as well.
	if out, err := exec.Command("mount", "-o", "loop,commit=300", file, at).CombinedOutput(); err != nil {
		t.Skipf("mount: %v %s", err, strings.TrimSpace(string(out)))
	}
	t.Cleanup(func() { Unmount(t, at) })
	return at
}

// Unmount may be called again.
func Unmount(t *testing.T, at string) {
	t.Helper()
	if exec.Command("mountpoint", "-q", at).Run() != nil {
		return
	}
	if out, err := exec.Command("umount", at).CombinedOutput(); err != nil {
		t.Errorf("umount: %v %s", err, out)
	}
}

// Cut copies an image as the loss of power would leave it at this moment: without what the file system has only in memory.
// Nobody may be writing.
func Cut(t *testing.T, file string) (left string) {
	t.Helper()
	left = filepath.Join(t.TempDir(), "left")
	if out, err := exec.Command("cp", "--sparse=always", file, left).CombinedOutput(); err != nil {
		t.Fatalf("copy the image: %v %s", err, out)
	}
	return left
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
