package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/musterhq/muster/bench/fleet"
)

// prepare makes the folder of the run and the binaries. The caller owes the clean-up.
func (b *bench) prepare(ctx context.Context) (cleanUp func() error, err error) {
	b.began, b.results, b.servers = time.Now(), results{}, map[string]*server{}
	if b.selected, err = regexp.Compile(b.only); err != nil {
		return nil, fmt.Errorf("-only: %w", err)
	}
	if b.self, err = os.Executable(); err != nil {
		return nil, err
	}
	if b.dir, err = os.MkdirTemp(b.dir, "bench-"); err != nil {
		return nil, err
	}
	cleanUp = func() error {
		var failed error
		for _, s := range b.servers {
			failed = errors.Join(failed, s.stop())
		}
		if b.serverLog != nil {
			b.serverLog.Close()
		}
		if b.keep {
			b.say("all is left in %s", b.dir)
			return failed
		}
		return errors.Join(failed, os.RemoveAll(b.dir))
	}
	b.serverLog, err = os.OpenFile(filepath.Join(b.dir, "servers.log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return cleanUp, err
	}
	if b.muster == "" {
		b.muster = filepath.Join(b.dir, muster)
		b.say("building muster")
		if err := build(ctx, b.muster); err != nil {
			return cleanUp, err
		}
	}
	return cleanUp, nil
}

// build makes the binary in the module of the product, with the versions that the product has.
func build(ctx context.Context, binary string) error {
	root, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", "github.com/musterhq/muster").Output()
	if err != nil {
		return fmt.Errorf("find the module of muster: %w", err)
	}
	command := exec.CommandContext(ctx, "go", "build", "-C", strings.TrimSpace(string(root)), "-o", binary, "./cmd/muster")
	if out, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("build muster: %w\n%s", err, out)
	}
	return nil
}

// serve fills and starts a server.
func (b *bench) serve(ctx context.Context, label string, f fleet.Fleet) error {
	s := &server{label: label, name: label, fleet: f, binary: b.self}
	if label == smaller {
		s.name = muster
	}
	if s.name == muster {
		s.binary = b.muster
	}
	if s.name != ginJWT {
		s.dir = filepath.Join(b.dir, fmt.Sprintf("%s-%d", s.name, f.N))
	}
	if err := b.fill(ctx, s, f); err != nil {
		return err
	}
	s.mostSoFar = 0 // the filling may come out of the cache and does not count
	if s.dir != "" {
		size, err := s.diskUse()
		if err != nil {
			return err
		}
		b.results.add(label, diskPerAsset, "", float64(size)/float64(f.N))
	}
	if err := s.start(ctx, b.serverLog); err != nil {
		return err
	}
	b.servers[label] = s
	if err := errors.Join(s.signIn(), s.know()); err != nil {
		return err
	}
	return s.makeRoom()
}

// makeRoom makes the Workgroup for assets that are created.
func (s *server) makeRoom() (err error) {
	s.newcomers, s.imports = newcomers, newcomers+1
	if s.name != muster {
		return nil
	}
	if s.newcomers, err = s.makeWorkgroup("Newcomers"); err != nil {
		return err
	}
	s.imports, err = s.makeWorkgroup("Imports")
	return err
}
