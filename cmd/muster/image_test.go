//go:build linux

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// image makes a file with a file system of so many bytes and mounts it. It skips the test where that is not possible.
func image(t *testing.T, size int64) (file, at string) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("mounting an image takes root")
	}
	file = filepath.Join(t.TempDir(), "image")
	f, err := os.Create(file)
	must(t, err)
	must(t, f.Truncate(size)) // sparse
	must(t, f.Close())
	if out, err := exec.Command("mkfs.ext4", "-q", "-F", "-m", "0", file).CombinedOutput(); err != nil {
		t.Skipf("mkfs.ext4: %v %s", err, out)
	}
	return file, mount(t, file)
}

// mount mounts an image until the end of the test.
func mount(t *testing.T, file string) (at string) {
	t.Helper()
	at = filepath.Join(t.TempDir(), "mounted")
	must(t, os.Mkdir(at, 0o700))
	if out, err := exec.Command("mount", "-o", "loop", file, at).CombinedOutput(); err != nil {
		t.Skipf("mount: %v %s", err, strings.TrimSpace(string(out)))
	}
	t.Cleanup(func() { unmount(t, at) })
	return at
}

// unmount may be called again.
func unmount(t *testing.T, at string) {
	t.Helper()
	if exec.Command("mountpoint", "-q", at).Run() != nil {
		return
	}
	if out, err := exec.Command("umount", at).CombinedOutput(); err != nil {
		t.Errorf("umount: %v %s", err, out)
	}
}
