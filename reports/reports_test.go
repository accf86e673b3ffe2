package reports

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
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
		func() error { s.AssetID = a.AssetID; return store.ManagedSystems.Insert(tx, s) },
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

func TestAReportShowsWhatItsOwnerMaySee(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	l.may("north", authz.AnalyticsAndReporting, authz.AssetManagement, authz.UserAuditManagement, authz.PasswordSafeAccountManagement)
	l.reads("north", l.rule)
	l.reads("north", l.quick)
	for _, c := range []struct {
		name, report, owner string
		rule, column        int
		want                []string
	}{
		{"all assets", store.ReportAssets, "administrator", 0, 2, []string{"srv-north", "srv-south"}},
		{"assets of his organization", store.ReportAssets, "north", 0, 2, []string{"srv-north"}},
		{"all members of a rule", store.ReportRuleMembers, "administrator", l.rule, 2, []string{"srv-north", "srv-south"}},
		{"members in his organization", store.ReportRuleMembers, "north", l.rule, 2, []string{"srv-north"}},
		{"all accounts of a rule", store.ReportRuleMembers, "administrator", l.quick, 3, []string{"root-north", "root-south"}},
		{"accounts in his organization", store.ReportRuleMembers, "north", l.quick, 3, []string{"root-north"}},
		{"all entitlements", store.ReportEntitlements, "administrator", 0, 7, []string{"", "", "root-north", "root-south"}},
		{"entitlements to what he sees", store.ReportEntitlements, "north", 0, 7, []string{"", "", "root-north"}},
	} {
		rows, err := l.make(c.report, c.owner, c.rule)
		if got := column(rows, c.column); err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q (%v)", c.name, got, c.want, err)
		}
	}
	rows, err := l.make(store.ReportUserAudits, "north", 0)
	if err != nil || len(rows) == 0 || !slices.Contains(column(rows, 3), "Organization") {
		t.Errorf("audits: %v %v", rows, err)
	}
}

func TestAReportNeedsWhatTheAPINeeds(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	l.reads("south", l.quick)
	for _, c := range []struct {
		report string
		rule   int
		want   error
		says   string
	}{
		{store.ReportEntitlements, 0, store.ErrDenied, "Analytics and Reporting (Read) is required"},
		{store.ReportAssets, 0, store.ErrDenied, "Asset Management (Read) is required"},
		{store.ReportUserAudits, 0, store.ErrDenied, "User Audit Management (Read) is required"},
		{store.ReportRuleMembers, l.rule, store.ErrNotFound, fmt.Sprintf("Smart Rule %d not found", l.rule)},
		{store.ReportRuleMembers, l.quick, store.ErrDenied, "Password Safe Account Management (Read) is required"},
		{store.ReportRuleMembers, 99, store.ErrNotFound, "Smart Rule 99 not found"},
		{"Secrets", 0, store.ErrInvalid, `invalid Report "Secrets"`},
	} {
		if _, err := l.make(c.report, "south", c.rule); !errors.Is(err, c.want) || err.Error() != c.says {
			t.Errorf("%s of %d: %v, want %s", c.report, c.rule, err, c.says)
		}
	}
}

// delivered returns the rows of the newest delivery of a subscription, as its owner downloads it.
func (l *fixture) delivered(subscription int) [][]string {
	l.t.Helper()
	file := l.newest(subscription)
	rows, err := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(file, []byte(byteOrderMark)))).ReadAll()
	must(l.t, err)
	return rows[1:]
}

func (l *fixture) newest(subscription int) (file []byte) {
	l.t.Helper()
	state := l.state(subscription)
	_, err := store.View(l.t.Context(), l.db, store.Actor{UserID: state.UserID}, func(tx *store.Tx) (any, error) {
		d, err := store.DeliveryByID(tx, state.Run.ReportDeliveryId)
		if err != nil {
			return nil, err
		}
		for piece, err := range d.File(tx) {
			if err != nil {
				return nil, err
			}
			file = append(file, piece...)
		}
		return nil, nil
	})
	must(l.t, err)
	return file
}

func (l *fixture) state(subscription int) store.SubscriptionState {
	l.t.Helper()
	states, err := store.View(l.t.Context(), l.db, store.System("test"), store.ListSubscriptions)
	must(l.t, err)
	return states[slices.IndexFunc(states, func(s store.SubscriptionState) bool { return s.ScheduleId == subscription })]
}

func (l *fixture) run(want int) {
	l.t.Helper()
	if got := l.runner.RunDue(l.t.Context()); got != want {
		l.t.Errorf("%d subscriptions ran, want %d", got, want)
	}
}

func TestASubscriptionDelivers(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	l.may("north", authz.AssetManagement)
	id := l.subscribe(store.Subscription{Report: store.ReportAssets, UserID: l.users["north"]})
	l.run(0)
	l.step(time.Hour)
	l.run(1)
	l.run(0)
	if got := column(l.delivered(id), 2); !slices.Equal(got, []string{"srv-north"}) {
		t.Errorf("delivered are %q", got)
	}

	// Days without a server are made up once.
	l.step(72 * time.Hour)
	l.runner = NewRunner(l.db, "", slog.New(slog.DiscardHandler))
	l.run(1)
	l.run(0)
}

// TestAReportWithoutRoom has a disk that is too full for the file in which a workbook is made, and then has room again.
func TestAReportWithoutRoom(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	l.may("north", authz.AssetManagement)
	id := l.subscribe(store.Subscription{Report: store.ReportAssets, Format: store.FormatXLSX, UserID: l.users["north"]})
	for _, says := range []store.Text{"no space on the disk: 100 MiB are free, and 1024 MiB are kept free", ""} {
		l.full.Store(says != "")
		l.step(time.Hour)
		l.run(1)
		run, err := store.View(t.Context(), l.db, store.System("test"), func(tx *store.Tx) (*store.SubscriptionRun, error) {
			return store.SubscriptionRuns.Get(tx, id)
		})
		must(t, err)
		if run.Error != says || (run.ReportDeliveryId == 0) != (says != "") {
			t.Errorf("the run says %q and delivered %d, want %q", run.Error, run.ReportDeliveryId, says)
		}
	}
}

// TestRightsCountWhenAReportIsMade takes and gives rights between the runs of one subscription.
func TestRightsCountWhenAReportIsMade(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	l.may("north", authz.AssetManagement)
	id := l.subscribe(store.Subscription{Report: store.ReportAssets, UserID: l.users["north"]})
	for _, c := range []struct {
		name   string
		change func(*store.Tx) error
		says   store.Text // why nothing is delivered
	}{
		{"as he is", nil, ""},
		{"without the permission", func(tx *store.Tx) error {
			return store.GroupPermission.Set(tx, l.groups["north"], int(authz.AssetManagement), int(authz.None))
		}, "Asset Management (Read) is required"},
		{"with it again", func(tx *store.Tx) error {
			return store.GroupPermission.Set(tx, l.groups["north"], int(authz.AssetManagement), int(authz.Read))
		}, ""},
		{"quarantined", func(tx *store.Tx) error { _, err := store.QuarantineUser(tx, l.users["north"]); return err }, "the owner is gone, inactive or quarantined"},
		{"deleted", func(tx *store.Tx) error { return store.DeleteUser(tx, l.users["north"]) }, "the owner is gone, inactive or quarantined"},
	} {
		if c.change != nil {
			l.change(c.change)
		}
		l.step(time.Hour)
		l.run(1)
		if state := l.state(id); state.Run.Error != c.says || (c.says == "") != (state.Run.ReportDeliveryId != 0) {
			t.Errorf("%s: delivery %d, %q, want %q", c.name, state.Run.ReportDeliveryId, state.Run.Error, c.says)
		}
	}
	if lines := strings.Count(l.log.String(), "a subscription delivered nothing"); lines != 3 {
		t.Errorf("%d lines tell of 3 failures:\n%s", lines, l.log)
	}
}

func TestEveryFormatIsDelivered(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	begins := map[string]string{
		store.FormatCSV: byteOrderMark + "Asset ID", store.FormatXLSX: "PK", store.FormatPDF: "%PDF", store.FormatDOCX: "PK", store.FormatTIFF: "II*\x00",
	}
	ids := map[string]int{}
	for _, f := range store.Formats() {
		ids[f.Name] = l.subscribe(store.Subscription{Name: "as " + f.Name, Report: store.ReportAssets, Format: f.Name, UserID: 1})
	}
	l.step(time.Hour)
	l.run(len(ids))
	for format, id := range ids {
		if file := l.newest(id); !strings.HasPrefix(string(file), begins[format]) || len(file) < 50 {
			t.Errorf("%s: %d bytes that begin with %q", format, len(file), file[:min(8, len(file))])
		}
	}
}

func TestALargeReportComesInChunks(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	const assets = 4000
	for first := 0; first < assets; first += 50 {
		l.change(func(tx *store.Tx) error {
			for n := first; n < first+50; n++ {
				a := &store.Asset{WorkgroupID: 1, IPAddress: fmt.Sprintf("198.18.%d.%d", n>>8, n&255), Description: store.Text(strings.Repeat("d", 255))}
				if err := store.Assets.Insert(tx.Unaudited(), a); err != nil {
					return err
				}
			}
			return nil
		})
	}
	id := l.subscribe(store.Subscription{Report: store.ReportAssets, UserID: 1})
	l.step(time.Hour)
	l.run(1)
	if rows := l.delivered(id); len(rows) != assets+2 || len(l.newest(id)) < 1<<20 {
		t.Errorf("%d rows in %d bytes", len(rows), len(l.newest(id)))
	}
}

// A report that breaks the library of its format fails alone.
func TestAPanicIsAFailure(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	err := l.runner.make(nil, io.Discard, &store.Subscription{Report: store.ReportAssets})
	if err == nil || !strings.Contains(err.Error(), "panic: ") {
		t.Errorf("%v", err)
	}
}

// A runner that is stopped in the middle of a report leaves it to the next one, and nothing of it is seen.
func TestAStoppedRunBeginsAgain(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	id := l.subscribe(store.Subscription{Report: store.ReportAssets, UserID: 1})
	l.step(time.Hour)
	job, err := store.Update(t.Context(), l.db, store.System("test"), func(tx *store.Tx) (*store.Job, error) {
		return store.TakeSubscription(tx, "killed", lease)
	})
	must(t, err)
	l.run(0)
	must(t, store.ReclaimSubscriptions(t.Context(), l.db))
	l.run(1)
	l.runner.run(t.Context(), job) // the lost worker
	if state := l.state(id); state.Run.Runs != 1 || state.Run.Error != "" || state.Running {
		t.Errorf("%+v", state.Run)
	}
}
