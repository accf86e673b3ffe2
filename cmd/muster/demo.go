package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"os"
	"path/filepath"

	"github.com/google/uuid"

	"github.com/musterhq/muster/authz"
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

// demoGroups are the user groups of the demo lab, each with a user of the same rights.
var demoGroups = []struct {
	group, user, first, last string
	grants                   []authz.Grant
}{
	{"Asset Operators", "olga", "Olga", "Operator", []authz.Grant{
		{Permission: authz.AssetManagement, Level: authz.ReadWrite}, {Permission: authz.ScanManagement, Level: authz.ReadWrite}}},
	{"Auditors", "aaron", "Aaron", "Auditor", []authz.Grant{
		{Permission: authz.AssetManagement, Level: authz.Read}, {Permission: authz.UserAuditManagement, Level: authz.Read},
		{Permission: authz.UserAccountsManagement, Level: authz.Read}}},
	{"Help Desk", "hedda", "Hedda", "Helpdesk", []authz.Grant{{Permission: authz.AssetManagement, Level: authz.Read}}},
}

// makeDemo fills a new store with the demo lab. Its import is queued like any other and runs once muster serves.
func (s *serving) makeDemo(ctx context.Context, db *store.DB) error {
	spooled := uuid.NewString()
	for file, content := range map[string][]byte{s.demoScan(): demo.Scan, filepath.Join(s.dir, "imports", spooled): demo.Scan} {
		if err := os.WriteFile(file, content, 0o600); err != nil {
			return err
		}
	}
	rows, err := csv.NewReader(bytes.NewReader(demo.Assets)).ReadAll()
	if err != nil {
		return err
	}
	return store.Change(ctx, db, store.System("demo"), func(tx *store.Tx) error {
		if err := demoAssets(tx, rows[1:]); err != nil {
			return err
		}
		if err := demoPeople(tx); err != nil {
			return err
		}
		w, err := store.WorkgroupByName(tx, "BeyondTrust Workgroup")
		if err != nil {
			return err
		}
		return store.QueueImport(tx, &store.Import{
			WorkgroupID: w.ID, ImportType: "NESSUS", FileName: "scan.csv", Filter: store.AllAssets, BytesTotal: len(demo.Scan),
		}, spooled)
	})
}

func demoAssets(tx *store.Tx, rows [][]string) error {
	organization, err := store.DefaultOrganization(tx)
	if err != nil {
		return err
	}
	workgroups := map[string]int{}
	for _, row := range rows {
		if workgroups[row[0]] == 0 {
			w := &store.Workgroup{OrganizationID: organization, Name: row[0]}
			if err := store.Workgroups.Insert(tx, w); err != nil {
				return err
			}
			workgroups[row[0]] = w.ID
		}
		if err := store.Assets.Insert(tx, &store.Asset{
			WorkgroupID: workgroups[row[0]], IPAddress: row[1], AssetName: row[2], AssetType: store.Text(row[3]),
			DnsName: store.Text(row[4]), OperatingSystem: store.Text(row[5]),
		}); err != nil {
			return err
		}
	}
	return nil
}

func demoPeople(tx *store.Tx) error {
	organization, err := store.DefaultOrganization(tx)
	if err != nil {
		return err
	}
	for _, d := range demoGroups {
		g := &store.UserGroup{Name: d.group, GroupType: store.BeyondInsightType, IsActive: true}
		u := &store.User{
			UserType: store.BeyondInsightType, UserName: d.user, FirstName: store.Text(d.first), LastName: store.Text(d.last),
			EmailAddress: store.Text(d.user + "@lab.example"), IsActive: true,
		}
		if err := store.UserGroups.Insert(tx, g); err != nil {
			return err
		}
		if err := store.Users.Insert(tx, u); err != nil {
			return err
		}
		for _, grant := range d.grants {
			if err := store.GroupPermission.Set(tx, g.GroupID, int(grant.Permission), int(grant.Level)); err != nil {
				return err
			}
		}
		for r, err := range store.ApiRegistrations.All(tx) {
			if err != nil {
				return err
			}
			if err := store.GroupRegistration.Set(tx, g.GroupID, r.Id, 0); err != nil {
				return err
			}
		}
		if err := store.GroupOrganization.Set(tx, g.GroupID, organization, 0); err != nil {
			return err
		}
		if err := store.GroupMember.Set(tx, g.GroupID, u.UserID, 0); err != nil {
			return err
		}
	}
	return nil
}
