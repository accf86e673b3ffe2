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
	"testing"
	"time"

	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/store"
)

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
