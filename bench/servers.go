package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/musterhq/muster/bench/fleet"
	"github.com/musterhq/muster/bench/floor"
	"github.com/musterhq/muster/bench/load"
	"github.com/musterhq/muster/bench/machine"
)

// The servers.
const (
	muster    = "muster"
	ginJWT    = "ginjwt"
	rawBadger = "rawbadger"
)

// server is a process that serves, and how to reach it.
type server struct {
	label     string // what it is called in the results
	name      string // which of the servers it is
	fleet     fleet.Fleet
	dir       string // of its store; empty for ginjwt
	binary    string
	addr      string
	token     string
	opened    time.Duration // rawbadger: how long Badger took to open
	started   time.Duration // from the process's begin to its first answer
	process   *exec.Cmd
	ended     chan error // what became of the process, once
	memory    *machine.Watch
	mostSoFar int // of memory, of processes before this one
	ids       *ids
	workgroup int   // of the fleet
	newcomers int   // the Workgroup of the assets that are created
	imports   int   // and of those that are imported
	created   int   // newcomers that calls were made for
	posted    int   // and those that were created
	scanned   int   // hosts that were imported
	rules     []int // ids
	marks     []int // ids of the attributes that the rules ask for
}

// startPatience bounds how long a server may take until it answers.
const startPatience = 5 * time.Minute

// start starts the process and waits for its first answer.
func (s *server) start(ctx context.Context, log *os.File) (err error) {
	began := time.Now()
	if s.name == muster {
		err = s.startMuster(ctx, log)
	} else {
		err = s.startFloor(ctx, log)
	}
	if err != nil {
		return fmt.Errorf("start %s: %w", s.name, err)
	}
	s.started = time.Since(began)
	s.memory = machine.NewWatch(s.process.Process.Pid)
	return nil
}

// command is one that a signal asks to end, and that ends with its parent.
func command(ctx context.Context, log *os.File, name string, args ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, name, args...)
	c.Stderr = log
	c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return c
}

func (s *server) startFloor(ctx context.Context, log *os.File) error {
	args := []string{s.name}
	if s.dir != "" {
		args = append(args, "-dir", s.dir)
	}
	s.process = command(ctx, log, s.binary, args...)
	out, err := s.process.StdoutPipe()
	if err != nil {
		return err
	}
	if err := s.process.Start(); err != nil {
		return err
	}
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil {
		return errors.Join(errors.New("it said nothing"), s.process.Wait())
	}
	var ready floor.Ready
	if err := json.Unmarshal(line, &ready); err != nil {
		return err
	}
	s.addr, s.token, s.opened = ready.Addr, ready.Token, ready.Open
	s.watch()
	return nil
}

// watch waits for the end of the process.
func (s *server) watch() {
	process, ended := s.process, make(chan error, 1)
	s.ended = ended
	go func() { ended <- process.Wait() }()
}

// entrance is what the harness needs of muster's first-start file.
type entrance struct {
	ClientID     string `json:"client_id"`
	ClientSecret string `json:"client_secret"`
}

func (s *server) entranceFile() string { return filepath.Join(s.dir, "entrance.json") }

// startMuster serves with the options that a plain `muster serve` has, but for its ports. The log goes to a file, as it
// does on a host that keeps one.
func (s *server) startMuster(ctx context.Context, log *os.File) error {
	addr, err := freeAddress()
	if err != nil {
		return err
	}
	s.addr = addr
	s.process = command(ctx, log, s.binary, "serve", "--dir", s.dir, "--http", addr, "--https", "", "--first-start-file", s.entranceFile())
	if err := s.process.Start(); err != nil {
		return err
	}
	s.watch()
	patience := time.After(startPatience)
	for !s.answers() {
		select {
		case err := <-s.ended:
			s.process = nil
			return fmt.Errorf("it ended at once, and with -keep its log remains: %w", err)
		case <-patience:
			return errors.Join(errors.New("it does not answer"), s.kill())
		case <-time.After(time.Millisecond):
		}
	}
	return nil
}

// answers reports whether the server answers: an asset, once somebody has signed in, or else that nobody has.
func (s *server) answers() bool {
	c, err := load.Dial(s.addr)
	if err != nil {
		return false
	}
	defer c.Close()
	want := http.StatusUnauthorized
	if s.token != "" {
		want = http.StatusOK
	}
	a, err := c.Do(load.Request("GET", floor.Base+"Workgroups", s.token, ""), nil)
	return err == nil && a.Status == want
}

func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// signIn gets a bearer token as an application does.
func (s *server) signIn() error {
	if s.name != muster {
		return nil
	}
	text, err := os.ReadFile(s.entranceFile())
	for deadline := time.Now().Add(startPatience); err != nil && time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		text, err = os.ReadFile(s.entranceFile())
	}
	if err != nil {
		return err
	}
	var e entrance
	if err := json.Unmarshal(text, &e); err != nil {
		return err
	}
	var got struct {
		AccessToken string `json:"access_token"`
	}
	asked := map[string]string{"grant_type": "client_credentials", "client_id": e.ClientID, "client_secret": e.ClientSecret}
	s.token = ""
	if err := s.call("POST", "Auth/connect/token", asked, &got); err != nil {
		return err
	}
	s.token = got.AccessToken
	return nil
}

// call is a call that is not measured.
func (s *server) call(method, path string, in, out any) error {
	body := ""
	if in != nil {
		text, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = string(text)
	}
	c, err := load.Dial(s.addr)
	if err != nil {
		return err
	}
	defer c.Close()
	var whole bytes.Buffer
	a, err := c.Do(load.Request(method, floor.Base+path, s.token, body), &whole)
	if err != nil {
		return err
	}
	if a.Status >= 300 {
		return fmt.Errorf("%s: %s %s: status %d: %.300s", s.name, method, path, a.Status, whole.Bytes())
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(whole.Bytes(), out); err != nil {
		return fmt.Errorf("%s: %s %s: %w", s.name, method, path, err)
	}
	return nil
}

// stop asks the process to end and waits for it.
func (s *server) stop() error { return s.end(syscall.SIGTERM) }

// kill ends the process as a crash would.
func (s *server) kill() error { return s.end(syscall.SIGKILL) }

func (s *server) end(signal os.Signal) error {
	if s.process == nil {
		return nil
	}
	if s.memory != nil {
		s.memory.End()
		s.mostSoFar = max(s.mostSoFar, s.memory.Most())
		s.memory = nil
	}
	if err := s.process.Process.Signal(signal); err != nil {
		return err
	}
	err := <-s.ended
	s.process = nil
	if _, ended := errors.AsType[*exec.ExitError](err); ended && signal == syscall.SIGKILL {
		return nil
	}
	if err != nil {
		return fmt.Errorf("%s ended with: %w", s.name, err)
	}
	return nil
}

// most returns the most anonymous memory that the server's processes ever had.
func (s *server) most() int {
	if s.memory == nil {
		return s.mostSoFar
	}
	return max(s.mostSoFar, s.memory.Most())
}

// cpu returns the time that the server has worked so far.
func (s *server) cpu() (time.Duration, error) { return machine.CPU(s.process.Process.Pid) }

// request is one to the server.
func (s *server) request(method, path, body string) []byte {
	return load.Request(method, floor.Base+strings.TrimPrefix(path, "/"), s.token, body)
}
