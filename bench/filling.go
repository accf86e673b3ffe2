package main

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/musterhq/muster/bench/fleet"
	"github.com/musterhq/muster/bench/floor"
	"github.com/musterhq/muster/bench/machine"
)

// fill makes the store of a server with a fleet in it: by the server itself, or out of the cache, whose folders
// are named for the size of the fleet and for the binary that filled them. What is filled was closed in order.
func (b *bench) fill(ctx context.Context, s *server, f fleet.Fleet) error {
	if s.dir == "" {
		return nil
	}
	began := time.Now()
	cached, err := b.cached(s, f)
	if err != nil {
		return err
	}
	if cached != "" {
		if _, err := os.Stat(cached); err == nil {
			b.say("%s: %d assets out of the cache", s.name, f.N)
			return copyTree(cached, s.dir)
		}
	}
	if s.name == rawBadger {
		fill := exec.CommandContext(ctx, s.binary, s.name, "-dir", s.dir, "-fill", fmt.Sprint(f.N))
		fill.Stderr = b.serverLog
		err = fill.Run()
	} else {
		err = b.fillMuster(ctx, s, f)
	}
	if err != nil {
		return fmt.Errorf("fill %s: %w", s.name, err)
	}
	took := time.Since(began)
	b.say("%s: filled with %d assets in %.1f s, %.0f a second", s.name, f.N, took.Seconds(), float64(f.N)/took.Seconds())
	if cached == "" {
		return nil
	}
	return copyTree(s.dir, cached)
}

// cached names the folder of a filled store in the cache and removes those that other binaries filled.
func (b *bench) cached(s *server, f fleet.Fleet) (string, error) {
	if b.cache == "" {
		return "", nil
	}
	binary, err := os.Open(s.binary)
	if err != nil {
		return "", err
	}
	defer binary.Close()
	h := sha256.New()
	if _, err := io.Copy(h, binary); err != nil {
		return "", err
	}
	prefix := fmt.Sprintf("%s-%d-", s.name, f.N)
	name := prefix + fmt.Sprintf("%x", h.Sum(nil)[:8])
	if err := os.MkdirAll(b.cache, 0o700); err != nil {
		return "", err
	}
	entries, err := os.ReadDir(b.cache)
	if err != nil {
		return "", err
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), prefix) && e.Name() != name {
			if err := os.RemoveAll(filepath.Join(b.cache, e.Name())); err != nil {
				return "", err
			}
		}
	}
	return filepath.Join(b.cache, name), nil
}

// copyTree copies a folder beside its target, which then appears as a whole.
func copyTree(from, to string) error {
	beside := to + ".copy"
	if err := os.RemoveAll(beside); err != nil {
		return err
	}
	if err := exec.Command("cp", "-a", "--sparse=always", "--reflink=auto", from, beside).Run(); err != nil {
		return fmt.Errorf("copy a store: %w", err)
	}
	if err := os.RemoveAll(to); err != nil {
		return err
	}
	return os.Rename(beside, to)
}

// fillMuster brings the fleet in as a customer would: by imports. The rules come last, so that they have their members at
// once.
func (b *bench) fillMuster(ctx context.Context, s *server, f fleet.Fleet) error {
	if err := s.start(ctx, b.serverLog); err != nil {
		return err
	}
	err := b.bringFleet(ctx, s, f)
	if failed := s.stop(); err == nil {
		err = failed
	}
	return err
}

// hostsPerFile keeps the files that fill muster below its limit of 64 MiB.
const hostsPerFile = 50_000

func (b *bench) bringFleet(ctx context.Context, s *server, f fleet.Fleet) error {
	if err := s.signIn(); err != nil {
		return err
	}
	attributes, err := s.makeAttributes()
	if err != nil {
		return err
	}
	workgroup, err := s.makeWorkgroup("Fleet")
	if err != nil {
		return err
	}
	order := f.Order()
	for first := 0; first < f.N; first += hostsPerFile {
		some := order[first:min(first+hostsPerFile, f.N)]
		done, err := s.imported(ctx, workgroup, "PASSWORDSAFE", "fleet.xml", f.PasswordSafe(some))
		if err != nil {
			return err
		}
		if done.Created != len(some) || len(done.Warnings) > 0 {
			return fmt.Errorf("an import of %d hosts made %d assets, with %d warnings: %.300q", len(some), done.Created, len(done.Warnings), done.Warnings)
		}
		b.say("%s: %d of %d assets", s.name, first+len(some), f.N)
	}
	for rule, attribute := range attributes {
		if _, err := s.makeRule(fleet.Attribute(rule), attribute); err != nil {
			return err
		}
	}
	return nil
}

func (s *server) makeAttributes() (ids []int, err error) {
	var typ struct{ AttributeTypeID int }
	if err := s.call("POST", "AttributeTypes", map[string]any{"Name": fleet.AttributeType}, &typ); err != nil {
		return nil, err
	}
	for rule := range fleet.Rules {
		var a struct{ AttributeID int }
		if err := s.call("POST", fmt.Sprintf("AttributeTypes/%d/Attributes", typ.AttributeTypeID), map[string]any{"ShortName": fleet.Attribute(rule)}, &a); err != nil {
			return nil, err
		}
		ids = append(ids, a.AttributeID)
	}
	return ids, nil
}

func (s *server) makeWorkgroup(name string) (int, error) {
	var w struct{ ID int }
	err := s.call("POST", "Workgroups", map[string]any{"Name": name}, &w)
	return w.ID, err
}

// makeRule makes a Smart Rule over an attribute, which has its members when it is answered.
func (s *server) makeRule(title string, attribute int) (int, error) {
	var r struct{ SmartRuleID int }
	err := s.call("POST", "SmartRules/FilterAssetAttribute", map[string]any{"AttributeIDs": []int{attribute}, "Title": title, "Category": "Smart Rules"}, &r)
	return r.SmartRuleID, err
}

// importState is what GET Imports/{id} says.
type importState struct {
	ImportID                    int
	State, Error                string
	Created, Updated, Unchanged int
	Warnings                    []string
}

// importBody is the body of POST Imports.
func importBody(workgroup int, typ, name, file string) map[string]any {
	return map[string]any{"WorkgroupID": workgroup, "ImportType": typ, "FileName": name, "Base64FileContents": base64.StdEncoding.EncodeToString([]byte(file))}
}

// imported imports a file and waits until that is done.
func (s *server) imported(ctx context.Context, workgroup int, typ, name, file string) (done importState, err error) {
	if err := s.call("POST", "Imports", importBody(workgroup, typ, name, file), &done); err != nil {
		return done, err
	}
	return done, s.await(ctx, &done)
}

// await waits for the end of an import, and for its success.
func (s *server) await(ctx context.Context, i *importState) error {
	for ctx.Err() == nil {
		if err := s.call("GET", fmt.Sprintf("Imports/%d", i.ImportID), nil, i); err != nil {
			return err
		}
		switch i.State {
		case "Done":
			return nil
		case "Failed", "Canceled":
			return fmt.Errorf("an import is %s: %s", i.State, i.Error)
		}
		time.Sleep(5 * time.Millisecond)
	}
	return ctx.Err()
}

// know finds the ids that a server has given, which differ from muster to rawbadger.
func (s *server) know() error {
	switch s.name {
	case ginJWT:
		return nil
	case rawBadger:
		s.workgroup, s.rules = floor.FleetWorkgroup, []int{fleet.SmallRule, fleet.LargeRule}
		return nil
	}
	var w struct{ ID int }
	if err := s.call("GET", "Workgroups?name=Fleet", nil, &w); err != nil {
		return err
	}
	s.workgroup, s.rules = w.ID, nil
	for rule := range fleet.Rules {
		var r struct{ SmartRuleID int }
		if err := s.call("GET", "SmartRules?title="+fleet.Attribute(rule), nil, &r); err != nil {
			return err
		}
		s.rules = append(s.rules, r.SmartRuleID)
	}
	return s.knowMarks()
}

// knowMarks finds the attributes that the rules ask for.
func (s *server) knowMarks() error {
	var types []struct {
		AttributeTypeID int
		Name            string
	}
	if err := s.call("GET", "AttributeTypes", nil, &types); err != nil {
		return err
	}
	s.marks = make([]int, fleet.Rules)
	for _, t := range types {
		if t.Name != fleet.AttributeType {
			continue
		}
		var attributes []struct {
			AttributeID int
			ShortName   string
		}
		if err := s.call("GET", fmt.Sprintf("AttributeTypes/%d/Attributes", t.AttributeTypeID), nil, &attributes); err != nil {
			return err
		}
		for _, a := range attributes {
			for rule := range s.marks {
				if a.ShortName == fleet.Attribute(rule) {
					s.marks[rule] = a.AttributeID
				}
			}
		}
	}
	return nil
}

// diskUse returns the bytes that a server's store takes.
func (s *server) diskUse() (int, error) {
	return machine.DiskUse(filepath.Join(s.dir, map[string]string{muster: "store"}[s.name]))
}
