package runner_test

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/plugins"
	"github.com/musterhq/muster/store"
)

func write(p authz.Permission) authz.Grant {
	return authz.Grant{Permission: p, Level: authz.ReadWrite}
}

// poster makes a user with a group of that name that holds Scan Management and some grants, and sees the default Organization.
func (f *fixture) poster(name string, grants ...authz.Grant) store.Actor {
	f.t.Helper()
	return change(f, func(tx *store.Tx) (store.Actor, error) {
		u := &store.User{UserType: store.ApplicationType, UserName: name, IsActive: true, AccessPolicyID: store.DefaultAccessPolicy}
		g := &store.UserGroup{Name: name, GroupType: store.BeyondInsightType, IsActive: true}
		organization, err := store.DefaultOrganization(tx)
		err = errors.Join(err, store.Users.Insert(tx, u), store.UserGroups.Insert(tx, g))
		if err != nil {
			return store.Actor{}, err
		}
		for _, grant := range append(grants, write(authz.ScanManagement)) {
			err = errors.Join(err, store.GroupPermission.Set(tx, g.GroupID, int(grant.Permission), int(grant.Level)))
		}
		_, joined := store.Join(tx, u.UserID, g.GroupID)
		return store.Actor{UserID: u.UserID, UserName: name, Door: "test", Groups: []int{g.GroupID}},
			errors.Join(err, joined, store.GroupOrganization.Set(tx, g.GroupID, organization, 0))
	})
}

func change[R any](f *fixture, fn func(*store.Tx) (R, error)) R {
	f.t.Helper()
	result, err := store.Update(f.t.Context(), f.db, store.System("test"), fn)
	must(f.t, err)
	return result
}

// queueBy is queue by somebody, of all assets.
func (f *fixture) queueBy(by store.Actor, typ, content string) int {
	f.t.Helper()
	file, size, err := f.runner.Spool(1<<30, errors.New("too large"), func(s io.Writer) error {
		_, err := io.WriteString(s, content)
		return err
	})
	must(f.t, err)
	id, err := store.Update(f.t.Context(), f.db, by, func(tx *store.Tx) (int, error) {
		i := &store.Import{WorkgroupID: 1, ImportType: typ, Filter: store.AllAssets, BytesTotal: size}
		err := store.QueueImport(tx, i, file)
		return i.ImportID, err
	})
	must(f.t, err)
	f.runner.Wake()
	return id
}

// TestPiecesNeedWhatTheirRowsNeed leaves out, by name, what the poster might not write by a request.
func TestPiecesNeedWhatTheirRowsNeed(t *testing.T) {
	t.Parallel()
	const functional = `{"FunctionalAccount":{"PlatformID":2,"AccountName":"svc","Password":"battery staple"}}`
	attribute := "the attribute High of Criticality is left out: Asset Management (Read/Write) and Attribute Management (Read/Write) is required"
	database := "192.0.2.1: its database main:5432 is left out: Asset Management (Read/Write) is required"
	system := "192.0.2.1: its managed system is left out: Password Safe System Management (Read/Write) is required"
	accounts := []string{
		"192.0.2.1: its managed account root is left out: Password Safe Account Management (Read/Write) is required",
		`192.0.2.1: its managed account CORP\admin is left out: Password Safe Account Management (Read/Write) is required`,
	}
	svc := "the functional account svc is left out: Password Safe Account Management (Read/Write) is required"
	f := newFixture(t, time.Minute)
	f.start(f.runner)
	for n, step := range []struct {
		grants   []authz.Grant
		warnings []string
		have     string // databases, systems, accounts and functional accounts
	}{
		{nil, []string{attribute, database, system, svc}, "0 0 0 0"},
		{[]authz.Grant{write(authz.PasswordSafeAccountManagement)}, []string{attribute, database, system}, "0 0 0 1"},
		{[]authz.Grant{write(authz.PasswordSafeSystemManagement)}, append(append([]string{attribute, database}, accounts...), svc), "0 1 0 1"},
		{[]authz.Grant{write(authz.PasswordSafeAccountManagement), write(authz.AttributeManagement)}, []string{attribute, database, system}, "0 1 2 1"},
		{[]authz.Grant{write(authz.AssetManagement), {Permission: authz.AttributeManagement, Level: authz.Read}}, append([]string{attribute, system}, append(accounts, svc)...), "1 1 2 1"},
		{
			[]authz.Grant{write(authz.AssetManagement), write(authz.AttributeManagement), write(authz.PasswordSafeAccountManagement), write(authz.PasswordSafeSystemManagement)},
			nil, "1 1 2 1",
		},
	} {
		i := f.await(f.queueBy(f.poster(fmt.Sprint("poster", n), step.grants...), "RECORDS", server+functional), ended)
		if i.State != store.ImportDone || !slices.Equal(i.Warnings, step.warnings) {
			t.Errorf("%v: %s %q, the warnings are\n%s\nwant\n%s", step.grants, i.State, i.Error, strings.Join(i.Warnings, "\n"), strings.Join(step.warnings, "\n"))
		}
		have := fmt.Sprint(len(each(f, store.Databases.All, func(d *store.Database) int { return d.DatabaseID })), len(each(f, store.ManagedSystems.All, func(s *store.ManagedSystem) int { return s.ManagedSystemID })),
			len(each(f, store.ManagedAccounts.All, func(a *store.ManagedAccount) int { return a.ManagedAccountID })), len(each(f, store.FunctionalAccounts.All, func(a *store.FunctionalAccount) int { return a.FunctionalAccountID })))
		if have != step.have {
			t.Errorf("%v: there are %s, want %s", step.grants, have, step.have)
		}
	}
}

// TestFunctionalAccountsOfOthers are not changed, by whomever may not see a system that they manage, and nothing says whether a password is right.
func TestFunctionalAccountsOfOthers(t *testing.T) {
	t.Parallel()
	f := newFixture(t, time.Minute)
	f.start(f.runner)
	id := change(f, func(tx *store.Tx) (int, error) {
		o := &store.Organization{OrganizationID: "6f1b7c0a-52a3-4b9e-9f0e-1f6a3d3b7a55", Name: "Abroad"}
		w := &store.Workgroup{OrganizationID: o.OrganizationID, Name: "Abroad"}
		a := &store.FunctionalAccount{PlatformID: 2, AccountName: "svc"}
		if err := errors.Join(store.Organizations.Insert(tx, o), store.Workgroups.Insert(tx, w), store.FunctionalAccounts.Insert(tx, a)); err != nil {
			return 0, err
		}
		asset := &store.Asset{WorkgroupID: w.ID, IPAddress: "198.51.100.1"}
		if err := errors.Join(store.SetFunctionalPassword(tx, a.FunctionalAccountID, "theirs"), store.Assets.Insert(tx, asset)); err != nil {
			return 0, err
		}
		return a.FunctionalAccountID, store.ManagedSystems.Insert(tx, &store.ManagedSystem{AssetID: &asset.AssetID, PlatformID: 2, FunctionalAccountID: &a.FunctionalAccountID})
	})
	before := change(f, func(tx *store.Tx) (*store.FunctionalPassword, error) { return store.FunctionalPasswords.Get(tx, id) })
	olga := f.poster("olga", write(authz.PasswordSafeAccountManagement))
	for _, password := range []string{"mine", "theirs"} {
		file := fmt.Sprintf(`{"FunctionalAccount":{"PlatformID":2,"AccountName":"svc","Password":%q}}{"FunctionalAccount":{"PlatformID":2,"AccountName":"own","Password":"mine"}}`, password)
		i := f.await(f.queueBy(olga, "RECORDS", file), ended)
		if want := []string{"the functional account svc is left out: a managed system that you may not see uses it"}; !slices.Equal(i.Warnings, want) {
			t.Errorf("%s: %q, want %q", password, i.Warnings, want)
		}
	}
	after := change(f, func(tx *store.Tx) (*store.FunctionalPassword, error) { return store.FunctionalPasswords.Get(tx, id) })
	if string(after.Sealed) != string(before.Sealed) {
		t.Error("the password of another Organization's account is another")
	}
}

func TestFunctionalAccountsOfAFileAreBounded(t *testing.T) {
	t.Parallel()
	f := newFixture(t, time.Minute)
	f.start(f.runner)
	for n, want := range [][]string{nil, {"a file has at most 1000 functional accounts: 1 more are left out"}} {
		var file strings.Builder
		for a := range plugins.MaxFunctionalAccounts + n {
			fmt.Fprintf(&file, `{"FunctionalAccount":{"PlatformID":2,"AccountName":"svc%d"}}`, a)
		}
		if i := f.await(f.queue("RECORDS", store.AllAssets, file.String()), ended); i.State != store.ImportDone || !slices.Equal(i.Warnings, want) {
			t.Errorf("%s %q %q, want %q", i.State, i.Error, i.Warnings, want)
		}
		if have := each(f, store.FunctionalAccounts.All, func(a *store.FunctionalAccount) int { return a.FunctionalAccountID }); len(have) != plugins.MaxFunctionalAccounts {
			t.Errorf("there are %d", len(have))
		}
	}
}

// TestRightsOfThePosterAreLookedAt fails an import whose poster may no longer import, queued or running, and says why.
func TestRightsOfThePosterAreLookedAt(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		lose func(*store.Tx, store.Actor) error
		why  string
	}{
		"quarantined": {func(tx *store.Tx, a store.Actor) error { _, err := store.QuarantineUser(tx, a.UserID); return err }, `the user "olga", who posted it, is quarantined`},
		"deleted":     {func(tx *store.Tx, a store.Actor) error { return store.DeleteUser(tx, a.UserID) }, `the user "olga", who posted it, is deleted`},
		"inactive": {func(tx *store.Tx, a store.Actor) error {
			u, err := store.Users.Get(tx, a.UserID)
			if err != nil {
				return err
			}
			u.IsActive = false
			return store.Users.Put(tx, u)
		}, `the user "olga", who posted it, is inactive`},
		"without the permission": {func(tx *store.Tx, a store.Actor) error {
			return store.SetPermissions(tx, a.Groups[0], []authz.Grant{{Permission: authz.ScanManagement, Level: authz.Read}})
		}, `the rights of the user "olga", who posted it, have changed: Scan Management (Read/Write) is required`},
		"without the Organization": {func(tx *store.Tx, a store.Actor) error {
			organization, err := store.DefaultOrganization(tx)
			if err != nil {
				return err
			}
			_, err = store.GroupOrganization.Cut(tx, a.Groups[0], organization)
			return err
		}, `the rights of the user "olga", who posted it, have changed: Workgroup 1 not found`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t, time.Minute)
			olga := f.poster("olga")
			id := f.queueBy(olga, "ENDLESS", "")
			f.start(f.runner)
			f.await(id, func(i *store.Import) bool { return i.Read > 0 })
			change(f, func(tx *store.Tx) (int, error) { return 0, test.lose(tx, olga) })
			if i := f.await(id, ended); i.State != store.ImportFailed || string(i.Error) != test.why || i.Read == 0 {
				t.Errorf("%s after %d hosts: %q, want %q", i.State, i.Read, i.Error, test.why)
			}
		})
		t.Run(name+", while it waits", func(t *testing.T) {
			t.Parallel()
			f := newFixture(t, time.Minute)
			olga := f.poster("olga")
			id := f.queueBy(olga, "RECORDS", server)
			change(f, func(tx *store.Tx) (int, error) { return 0, test.lose(tx, olga) })
			f.start(f.runner)
			i := f.await(id, ended)
			if i.State != store.ImportFailed || string(i.Error) != test.why || i.Read > 0 || len(f.assets()) > 0 {
				t.Errorf("%s after %d hosts: %q, want %q", i.State, i.Read, i.Error, test.why)
			}
		})
	}
}
