package reports

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/store"
	"github.com/musterhq/muster/store/kv/badgerkv"
)

// fixture is a store with a clock of its own, a runner, and two organizations: each has a Workgroup, an asset with an account,
// and a user group of one user who sees that organization and nothing else.
type fixture struct {
	t      *testing.T
	db     *store.DB
	runner *Runner
	log    *bytes.Buffer
	full   atomic.Bool // the store's disk

	mu  sync.Mutex
	now time.Time

	users, groups map[string]int
	rule, quick   int // Smart Rules: of assets, of accounts
}

func (l *fixture) clock() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.now
}

func (l *fixture) step(d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.now = l.now.Add(d)
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	l := &fixture{t: t, now: made, users: map[string]int{}, groups: map[string]int{}, log: &bytes.Buffer{}}
	engine, err := badgerkv.Open(badgerkv.Options{InMemory: true, Small: true})
	must(t, err)
	vault, err := authz.NewVault(bytes.Repeat([]byte{7}, 32))
	must(t, err)
	l.db, err = store.Open(t.Context(), engine, store.Options{Vault: vault, Hasher: authz.CheapHasher(1), Now: l.clock, Room: l.room}, func() (store.FirstStart, error) {
		return store.FirstStart{User: "administrator", Password: "secret", ApiKey: authz.NewAPIKey(), ClientID: authz.NewClientID(), ClientSecret: authz.NewClientSecret()}, nil
	})
	must(t, err)
	t.Cleanup(func() { must(t, l.db.Close()) })
	l.runner = NewRunner(l.db, t.TempDir(), slog.New(slog.NewTextHandler(l.log, nil)))
	l.users["administrator"] = 1
	l.change(func(tx *store.Tx) error {
		for i, name := range []string{"north", "south"} {
			if err := l.organization(tx, i, name); err != nil {
				return err
			}
		}
		return l.rules(tx)
	})
	must(t, l.db.Sweep(t.Context()))
	return l
}

func (l *fixture) room(int) error {
	if l.full.Load() {
		return fmt.Errorf("%w: 100 MiB are free, and 1024 MiB are kept free", store.ErrNoSpace)
	}
	return nil
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (l *fixture) change(fn func(*store.Tx) error) {
	l.t.Helper()
	must(l.t, store.Change(l.t.Context(), l.db, store.System("test"), fn))
}

func (l *fixture) organization(tx *store.Tx, i int, name string) error {
	o := &store.Organization{OrganizationID: fmt.Sprintf("8c6f1d0e-2f0b-4c59-9d2e-5d7c3b1a9f4%d", i), Name: name, IsActive: true}
	w := &store.Workgroup{OrganizationID: o.OrganizationID, Name: name + " Workgroup"}
	a := &store.Asset{IPAddress: fmt.Sprintf("192.0.2.%d", i), AssetName: "srv-" + name}
	s := &store.ManagedSystem{PlatformID: 1}
	u := &store.User{UserName: "user of " + name, UserType: store.BeyondInsightType, IsActive: true}
	g := &store.UserGroup{Name: "People of " + name, GroupType: store.BeyondInsightType, IsActive: true}
	steps := []func() error{
		func() error { return store.Organizations.Insert(tx, o) },
		func() error { return store.Workgroups.Insert(tx, w) },
		func() error { a.WorkgroupID = w.ID; return store.Assets.Insert(tx, a) },
		func() error { s.AssetID = &a.AssetID; return store.ManagedSystems.Insert(tx, s) },
		func() error {
			return store.ManagedAccounts.Insert(tx, &store.ManagedAccount{ManagedSystemID: s.ManagedSystemID, AccountName: "root-" + name})
		},
		func() error { return store.Users.Insert(tx, u) },
		func() error { return store.UserGroups.Insert(tx, g) },
		func() error { return store.GroupMember.Set(tx, g.GroupID, u.UserID, 0) },
		func() error { return store.GroupOrganization.Set(tx, g.GroupID, o.OrganizationID, 0) },
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	l.users[name], l.groups[name] = u.UserID, g.GroupID
	return nil
}

// rules makes a rule of all accounts, and finds that of all assets.
func (l *fixture) rules(tx *store.Tx) error {
	for r, err := range store.SmartRules.All(tx) {
		if err != nil {
			return err
		}
		switch r.RuleType {
		case store.AssetRule:
			l.rule = r.SmartRuleID
		case store.ManagedAccountRule:
			l.quick = r.SmartRuleID
		}
	}
	return nil
}

// may gives the group of an organization a permission to read.
func (l *fixture) may(name string, permissions ...authz.Permission) {
	l.t.Helper()
	l.change(func(tx *store.Tx) error {
		for _, p := range permissions {
			if err := store.GroupPermission.Set(tx, l.groups[name], int(p), int(authz.Read)); err != nil {
				return err
			}
		}
		return nil
	})
}

// reads lets the group of an organization read a Smart Rule.
func (l *fixture) reads(name string, rule int) {
	l.t.Helper()
	l.change(func(tx *store.Tx) error { return store.GroupRule.Set(tx, l.groups[name], rule, int(authz.Read)) })
}

// subscribe puts a subscription; what is not said is a CSV every hour.
func (l *fixture) subscribe(s store.Subscription) int {
	l.t.Helper()
	if s.Schedule == "" {
		s.Schedule = "every 1h"
	}
	if s.Format == "" {
		s.Format = store.FormatCSV
	}
	if s.Name == "" {
		s.Name = s.Report
	}
	l.change(func(tx *store.Tx) error { return store.PutSubscription(tx, &s) })
	return s.ScheduleId
}

// make makes the report of a subscription that need not be stored.
func (l *fixture) make(report, owner string, rule int) ([][]string, error) {
	l.t.Helper()
	s := &store.Subscription{Name: report, Report: report, Format: store.FormatCSV, UserID: l.users[owner], SmartRuleID: rule}
	var b bytes.Buffer
	_, err := store.View(l.t.Context(), l.db, store.System("test"), func(tx *store.Tx) (any, error) { return nil, Make(tx, &b, s, Scratch{}) })
	if err != nil {
		return nil, err
	}
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(b.String(), byteOrderMark))).ReadAll()
	must(l.t, err)
	return rows[1:], nil
}

// column is what a column of rows holds, sorted.
func column(rows [][]string, i int) []string {
	cells := []string{}
	for _, row := range rows {
		cells = append(cells, row[i])
	}
	slices.Sort(cells)
	return cells
}
