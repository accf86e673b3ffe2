//go:build !linux

package host

import (
	"os"
	"os/exec"
)

// Elsewhere an importer is one process, which leaves when its standard input ends.

func isolate(*exec.Cmd) {}

func killGroup(p *os.Process) error { return p.Kill() }

func reap(p *os.Process, over func()) (*os.ProcessState, error) {
	state, err := p.Wait()
	over()
	return state, err
}
