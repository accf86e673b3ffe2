package main

import (
	"archive/tar"
	"compress/gzip"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/musterhq/muster/store"
)

var makeFixture = flag.String("make-fixture", "", "write a folder as this version does, with the lab in testdata/upgrade, to testdata/upgrade/VERSION")

// upgrades holds a folder as each released version has written it: data.tar.gz, with a master key of 64 sevens.
const upgrades = "../../testdata/upgrade"

// What a fixture is entered with.
const (
	fixturePassword = "the password of a fixture"
	fixtureKey      = "0123456789abcdef"
)

// TestUpgrade opens the folder of every released version, and one of before the first: nothing is wrong with it, people sign in as before, and what it holds
// is there and can be changed.
func TestUpgrade(t *testing.T) {
	t.Parallel()
	fixtures, err := filepath.Glob(filepath.Join(upgrades, "*", "data.tar.gz"))
	must(t, err)
	if len(fixtures) == 0 {
		t.Fatal("there are no fixtures")
	}
	for _, fixture := range fixtures {
		t.Run(filepath.Base(filepath.Dir(fixture)), func(t *testing.T) {
			t.Parallel()
			dir := newDir(t)
			must(t, unpack(fixture, dir))
			if out, log, code := runCommand(t, "verify", "--dir", dir); code != 0 && !strings.Contains(log, "muster serve brings it to") {
				t.Errorf("as it was written: %s%s", out, log)
			}
			must(t, os.WriteFile(dir+".json", []byte("{}"), 0o600)) // there is no first start
			p := serve(t, dir)
			token, log, code := runCommand(t, "token", "administrator", "--dir", dir)
			if code != 0 {
				t.Fatal(log)
			}
			p.Token = strings.TrimSpace(token)
			p.mustHoldTheLab()
			must(t, p.stop(syscall.SIGTERM))
			if out, log, code := runCommand(t, "verify", "--dir", dir); code != 0 {
				t.Errorf("after it was served: %s%s", out, log)
			}
		})
	}
}

// mustHoldTheLab looks for what the lab consists of, signs in as two people, and changes something.
func (p *process) mustHoldTheLab() {
	p.t.Helper()
	for path, atLeast := range map[string]int{
		"Workgroups": 2, "Workgroups/2/Assets": 2, "Users": 4, "UserGroups": 2, "SmartRules": 6, "AttributeTypes": 5, "Organizations": 2,
		"AddressGroups": 1, "ApiRegistrations": 3, "SmartRules/2/ManagedAccounts": 1, "Subscriptions/Delivery": 0, "Roles": 1, "AccessPolicies": 2,
	} {
		var rows []any
		if _, err := p.call("GET", path, nil, &rows); err != nil || len(rows) < atLeast {
			p.t.Errorf("%s: %d rows, %v", path, len(rows), err)
		}
	}
	for user, password := range map[string]string{"administrator": fixturePassword, "aaron": "the password of aaron"} {
		c := &caller{p, map[string][]string{"Authorization": {fmt.Sprintf("PS-Auth key=%s; runas=%s; pwd=[%s];", strings.Repeat(fixtureKey, 8), user, password)}}}
		does[any](c, "POST", "Auth/SignAppin", "")
		if assets := does[[]store.Asset](c, "GET", "Workgroups/2/Assets", ""); len(assets) != 2 || assets[0].AssetName != "web01" {
			p.t.Errorf("%s sees %+v", user, assets)
		}
	}
	var made store.Asset
	if _, err := p.call("POST", "Workgroups/1/Assets", map[string]any{"IPAddress": "192.0.2.77"}, &made); err != nil || made.AssetID == 0 {
		p.t.Errorf("a new asset: %+v %v", made, err)
	}
}

// TestMakeUpgradeFixture writes the fixture of a version, if its flag names one: make upgrade-fixture VERSION=0.1.0.
func TestMakeUpgradeFixture(t *testing.T) {
	if *makeFixture == "" {
		t.Skip("-make-fixture names no version")
	}
	t.Setenv("MUSTER_ADMIN_PASSWORD", fixturePassword)
	t.Setenv("MUSTER_API_KEY", strings.Repeat(fixtureKey, 8))
	dir := newDir(t)
	must(t, os.MkdirAll(dir, 0o700))
	must(t, os.WriteFile(filepath.Join(dir, "master.key"), []byte(strings.Repeat("7", 64)+"\n"), 0o600))
	p := serve(t, dir, "--load", filepath.Join(upgrades, "lab.yaml"))
	p.await(p.post(nessus(20)), ended)
	must(t, p.stop(syscall.SIGTERM))
	to := filepath.Join(upgrades, *makeFixture)
	must(t, os.MkdirAll(to, 0o755))
	must(t, pack(dir, filepath.Join(to, "data.tar.gz")))
}

// pack writes the files of a folder to an archive.
func pack(dir, archive string) (err error) {
	f, err := os.Create(archive)
	if err != nil {
		return err
	}
	defer f.Close()
	zipped := gzip.NewWriter(f)
	files := tar.NewWriter(zipped)
	if err := files.AddFS(os.DirFS(dir)); err != nil {
		return err
	}
	if err := files.Close(); err != nil {
		return err
	}
	return zipped.Close()
}

// unpack makes a folder of an archive.
func unpack(archive, dir string) error {
	f, err := os.Open(archive)
	if err != nil {
		return err
	}
	defer f.Close()
	unzipped, err := gzip.NewReader(f)
	if err != nil {
		return err
	}
	files := tar.NewReader(unzipped)
	for {
		head, err := files.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		path := filepath.Join(dir, filepath.FromSlash(head.Name))
		if head.Typeflag == tar.TypeDir {
			if err := os.MkdirAll(path, 0o700); err != nil {
				return err
			}
			continue
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return err
		}
		content, err := io.ReadAll(files)
		if err != nil {
			return err
		}
		if err := os.WriteFile(path, content, 0o600); err != nil {
			return err
		}
	}
}
