package host

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// process is an importer's process, made as go-plugin's runner.Runner. The runner of go-plugin neither kills a group nor
// keeps a standard input, and parses every line of standard error.
type process struct {
	cmd     *exec.Cmd
	sockets string        // the directory of the process's Unix socket
	stdout  io.ReadCloser // go-plugin looks for the handshake in it
	spoke   atomic.Bool   // something came out of stdout
	read    chan struct{} // closed when stdout was read to its end
	stderr  *output

	memory int64                  // bytes that it and what it starts may take; 0: no bound
	family *family                // set by begin
	excess atomic.Pointer[string] // why it was ended, if it took more

	exited chan struct{} // closed when the process and its group are gone
	state  string        // "exit status 3"; set when exited is closed

	mu      sync.Mutex // guards what follows
	running bool
	killed  bool // perhaps before it was started
}

func newProcess(cmd *exec.Cmd, log *slog.Logger) *process {
	isolate(cmd)
	return &process{cmd: cmd, stderr: &output{log: log}, read: make(chan struct{}), exited: make(chan struct{})}
}

// Start starts the process and watches it to its end.
func (p *process) Start(context.Context) error {
	started := make(chan error, 1)
	go func() {
		// The kernel sends the signal of Pdeathsig when the *thread* ends that started the process, and the runtime ends
		// a thread when a goroutine that locked it returns. So this goroutine keeps its thread to itself until the
		// process is gone.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		lifeline, stderr, err := p.begin()
		started <- err
		if err == nil {
			p.watch(lifeline, stderr)
		}
	}()
	return <-started
}

// begin starts the process with a pipe on each of its three files, unless it is to be dead already.
func (p *process) begin() (lifeline io.Closer, stderr io.ReadCloser, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.killed {
		return nil, nil, os.ErrProcessDone
	}
	// The lifeline is never written to: that it ends tells the process that we are gone.
	lifeline, err1 := p.cmd.StdinPipe()
	stdout, err2 := p.cmd.StdoutPipe()
	stderr, err3 := p.cmd.StderrPipe()
	if err := errors.Join(err1, err2, err3); err != nil {
		return nil, nil, err
	}
	p.stdout = stdout
	err = p.cmd.Start()
	if p.running = err == nil; p.running {
		p.family = &family{root: p.cmd.Process.Pid, memory: p.memory}
	}
	return lifeline, stderr, err
}

// watch reads what the process says until it ends, ends what it leaves behind, and tells.
func (p *process) watch(lifeline io.Closer, stderr io.ReadCloser) {
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		_, _ = io.Copy(p.stderr, stderr)
	}()
	ended := make(chan struct{})
	go p.family.guard(ended, func(why string) {
		p.excess.Store(&why)
		p.kill()
	})
	state, err := reap(p.cmd.Process, p.over)
	close(ended)
	patience := time.After(200 * time.Millisecond) // a process that left the group holds the pipes open
	for awaited := []chan struct{}{drained, p.read}; len(awaited) > 0; {
		select {
		case <-awaited[0]:
			awaited = awaited[1:]
		case <-patience:
			awaited = nil
		}
	}
	for _, end := range []io.Closer{lifeline, p.stdout, stderr} {
		_ = end.Close()
	}
	if p.state = state.String(); err != nil {
		p.state = err.Error()
	}
	if why := p.excess.Load(); why != nil {
		p.state = *why
	}
	close(p.exited)
}

// over ends what a process has left that has ended; from now on its number may be another's.
func (p *process) over() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.family.end()
	_ = killGroup(p.cmd.Process)
	p.running = false
}

// kill ends the process and all that comes from it at once, or keeps it from being started.
func (p *process) kill() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.killed = true
	if p.running {
		p.family.end()
		_ = killGroup(p.cmd.Process)
	}
}

// pid returns the number of the process, 0 before it was started.
func (p *process) pid() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd.Process == nil {
		return 0
	}
	return p.cmd.Process.Pid
}

// The rest of runner.Runner.

func (p *process) Name() string                    { return p.cmd.Path }
func (p *process) ID() string                      { return strconv.Itoa(p.pid()) }
func (p *process) Diagnose(context.Context) string { return "" }
func (p *process) Stderr() io.ReadCloser           { return io.NopCloser(eof{}) } // read by watch
func (p *process) Stdout() io.ReadCloser {
	return &handshake{ReadCloser: p.stdout, spoke: &p.spoke, over: sync.OnceFunc(func() { close(p.read) })}
}
func (p *process) Kill(context.Context) error { p.kill(); return nil }

func (p *process) Wait(context.Context) error {
	<-p.exited
	return nil
}

// PluginToHost refuses any address but a socket in the directory that was named: the process is not to say what we connect to.
func (p *process) PluginToHost(network, address string) (string, string, error) {
	if network != "unix" || filepath.Dir(address) != p.sockets {
		return "", "", fmt.Errorf("%s address %q is not in the directory for sockets", network, address)
	}
	return network, address, nil
}

// HostToPlugin is for what a plugin may ask of its host; there is nothing.
func (p *process) HostToPlugin(network, address string) (string, string, error) {
	return network, address, nil
}

type eof struct{}

func (eof) Read([]byte) (int, error) { return 0, io.EOF }

// maxHandshake is how long the line of the handshake may be; with its certificate it has about 1 KiB.
const maxHandshake = 16 << 10

// handshake is the standard output of a process up to the end of its first line. What comes behind it is read and thrown
// away: go-plugin would read no further than a long line, and the process could write no more.
type handshake struct {
	io.ReadCloser
	spoke *atomic.Bool // whether anything was read
	over  func()       // called when there is no more to read
	read  int
	ended bool
}

func (h *handshake) Read(p []byte) (n int, err error) {
	defer func() {
		if err != nil {
			h.over()
		}
	}()
	if h.ended {
		_, err := io.Copy(io.Discard, h.ReadCloser)
		return 0, cmp.Or(err, io.EOF)
	}
	if h.read == maxHandshake {
		return 0, io.EOF
	}
	n, err = h.ReadCloser.Read(p[:min(len(p), maxHandshake-h.read)])
	h.read += n
	if n > 0 {
		h.spoke.Store(true)
	}
	if end := bytes.IndexByte(p[:n], '\n'); end >= 0 {
		h.ended = true
		return end + 1, err
	}
	return n, err
}
