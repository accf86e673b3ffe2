package host_test

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"

	"github.com/hashicorp/go-plugin"

	"github.com/musterhq/muster/plugins"
	"github.com/musterhq/muster/plugins/importerpb"
)

// emitChild starts a process that shares our standard output and error, and emits its number.
func emitChild(emit func(plugins.Record) error, child *exec.Cmd) error {
	child.Path, _ = exec.LookPath("/bin/sleep")
	child.Err = nil
	child.Stdout, child.Stderr = os.Stdout, os.Stderr
	if err := child.Start(); err != nil {
		return err
	}
	return emit(plugins.Record{IPAddress: "192.0.2.1", Description: strconv.Itoa(child.Process.Pid)})
}

// shout writes a line of 50 MB that does not end.
func shout(fd int) {
	for part, sent := bytes.Repeat([]byte("a"), 1<<20), 0; sent < 50; sent++ {
		for rest := part; len(rest) > 0; {
			n, err := syscall.Write(fd, rest)
			if err != nil && err != syscall.EINTR {
				os.Exit(4)
			}
			rest = rest[max(0, n):]
		}
	}
}

// programs do without the kit.
var programs = map[string]func(){
	"PRINTS":     func() { fmt.Print("hello, world\nhow are you?\n"); os.Exit(0) },
	"LEAVES":     func() { fmt.Fprintln(os.Stderr, "no such library"); os.Exit(127) },
	"SILENT":     func() { select {} },
	"ELSEWHERE":  func() { fmt.Println("1|1|tcp|127.0.0.1:9|grpc|"); select {} },
	"OTHER":      func() { fmt.Println("1|2|unix|/tmp/socket|grpc|"); select {} },
	"NETRPC":     func() { fmt.Printf("1|1|unix|%s/s|netrpc|\n", os.Getenv(plugin.EnvUnixSocketDir)); select {} },
	"SHOUTS":     func() { shout(1); select {} },
	"DEAF":       func() { listen(); select {} },
	"DEAD END":   func() { fmt.Printf("1|1|unix|%s/none|grpc|\n", os.Getenv(plugin.EnvUnixSocketDir)); select {} },
	"STRANGER":   func() { serveRaw(nil) },
	"GIGABYTE":   func() { serveRaw(rawRecord(1 << 30)) },
	"OVERSIZED":  func() { serveRaw(rawRecord(4 << 20)) },
	"UNPOLISHED": func() { serveRaw(rawRecord(500 << 10)) },
	"LIES": func() {
		var warnings []string
		for i := range 150 {
			warnings = append(warnings, fmt.Sprintf("a\x00b %d", i))
		}
		serveRaw(&importerpb.Batch{Warnings: slices.Repeat(warnings, 2), WarningsDropped: 1<<64 - 1})
	},
}

// listen shakes hands, but nobody is there to answer the connection.
func listen() {
	socket := filepath.Join(os.Getenv(plugin.EnvUnixSocketDir), "s")
	if _, err := net.Listen("unix", socket); err != nil {
		os.Exit(5)
	}
	fmt.Printf("1|1|unix|%s|grpc|\n", socket)
}
