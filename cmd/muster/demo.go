package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/google/uuid"

	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/lab"
	"github.com/musterhq/muster/store"
	"github.com/musterhq/muster/testdata/demo"
)

// demoScan is where the demo lab leaves its scanner file for people to post, empty without a demo.
func (s *serving) demoScan() string {
	if !s.demo {
		return ""
	}
	return filepath.Join(s.dir, "demo-scan.csv")
}

// makeDemo fills a new store with the demo lab and returns the password of its users. Its import is queued like any other and
// runs once muster serves.
func (s *serving) makeDemo(ctx context.Context, db *store.DB) (password string, err error) {
	password = preset("DEMO_PASSWORD", func() string { return authz.NewClientSecret()[:12] })
	f, err := lab.Parse("the demo's lab.yaml", demo.Lab)
	if err != nil {
		return password, err
	}
	if _, err := lab.Load(ctx, db, f, lab.LoadOptions{By: store.System("demo"), Values: func(source lab.Source) (string, error) {
		if source != (lab.Source{Kind: lab.FromEnvironment, Name: demo.PasswordVariable}) {
			return "", fmt.Errorf("nothing is known of %s", source.Name)
		}
		return password, nil
	}}); err != nil {
		return password, err
	}
	spooled := uuid.NewString()
	for _, file := range []string{s.demoScan(), filepath.Join(s.dir, "imports", spooled)} {
		if err := os.WriteFile(file, demo.Scan, 0o600); err != nil {
			return password, err
		}
	}
	return password, store.Change(ctx, db, store.System("demo"), func(tx *store.Tx) error {
		w, err := store.WorkgroupByName(tx, "BeyondTrust Workgroup")
		if err != nil {
			return err
		}
		return store.QueueImport(tx, &store.Import{
			WorkgroupID: w.ID, ImportType: "NESSUS", FileName: "scan.csv", Filter: store.AllAssets, BytesTotal: len(demo.Scan),
		}, spooled)
	})
}
