package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/store/kv"
	"github.com/musterhq/muster/store/kv/badgerkv"
	"github.com/musterhq/muster/store/record"
)

func TestANewStoreHoldsTheCatalogues(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	organization := view(l, DefaultOrganization)
	if _, err := uuid.Parse(organization); err != nil {
		t.Errorf("the default Organization has the id %q: %v", organization, err)
	}
	if got, want := *get(l, Organizations, organization), (Organization{organization, "Default Organization", true}); got != want {
		t.Errorf("the default Organization is %+v, want %+v", got, want)
	}
	if got, want := *get(l, Workgroups, 1), (Workgroup{organization, 1, "BeyondTrust Workgroup"}); got != want {
		t.Errorf("the first Workgroup is %+v, want %+v", got, want)
	}
	group := get(l, UserGroups, Administrators)
	if group.Name != "Administrators" || group.GroupType != BeyondInsightType || !group.IsActive || group.CreateDate != record.At(begin) {
		t.Errorf("the first group is %+v", group)
	}
	equal(t, "its members", forth(l, GroupMember, Administrators), []string{"1=0", "2=0"})
	equal(t, "its registrations", forth(l, GroupRegistration, Administrators), []string{"1=0", "2=0"})
	registrations := []string{}
	for _, r := range view(l, func(tx *Tx) ([]*ApiRegistration, error) { return record.Collect(ApiRegistrations.All(tx)) }) {
		registrations = append(registrations, fmt.Sprintln(r.Id, r.Name, r.RegistrationType, r.AccessTokenDuration, r.Active, r.Visible))
	}
	equal(t, "API registrations", registrations, []string{
		fmt.Sprintln(keyRegistration, "muster key", ApiKeyPolicy, 0, true, true),
		fmt.Sprintln(tokenRegistration, "muster token", ApiAccessPolicy, 60, true, true),
	})
	administrator, application := get(l, Users, administratorID), get(l, Users, applicationID)
	if administrator.UserName != "administrator" || administrator.FullName() != "Lab Administrator" ||
		administrator.UserType != BeyondInsightType || !administrator.IsActive {
		t.Errorf("the administrator is %+v", administrator)
	}
	if application.FullName() != "muster" || string(application.ClientID) != strings.ToLower(firstStart.ClientID) ||
		application.UserType != ApplicationType || !application.IsActive {
		t.Errorf("the application is %+v", application)
	}
	for _, a := range view(l, func(tx *Tx) ([]*Audit, error) { return record.Collect(record.Audits.All(tx)) }) {
		if a.UserName != "muster" || a.Details[0].NewValue != "first start" {
			t.Errorf("the audit %s is of %s by %s", lineOf(a), a.UserName, a.Details[0].NewValue)
		}
	}
}

func TestTheFirstSignIns(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	in, err := CheckPSAuth(l.ctx, l.DB, Actor{}, authz.PSAuth{
		Key: firstStart.ApiKey, RunAs: firstStart.User, Password: firstStart.Password, HasPassword: true,
	}, nil)
	if err != nil || !in.Rights.Admin {
		t.Errorf("the administrator signed in as %+v, error %v", in, err)
	}
	in, lifetime, err := CheckClient(l.ctx, l.DB, Actor{}, firstStart.ClientID, firstStart.ClientSecret)
	if err != nil || !in.Rights.Admin || lifetime != time.Hour {
		t.Errorf("the application signed in as %+v for %v, error %v", in, lifetime, err)
	}
}

// No secret lies in the store as it is, whatever its record and its encoding.
func TestNoSecretLiesInTheStoreInClear(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	for key, value := range l.dump() {
		for _, secret := range []string{firstStart.Password, firstStart.ApiKey, firstStart.ClientSecret} {
			if strings.Contains(strings.ToLower(key+value), strings.ToLower(secret)) {
				t.Errorf("%q holds the secret %q", key, secret)
			}
		}
	}
}

// inMemory opens an engine that the test closes.
func inMemory(t *testing.T) kv.Engine {
	t.Helper()
	engine, err := badgerkv.Open(badgerkv.Options{InMemory: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := engine.Close(); err != nil {
			t.Error(err)
		}
	})
	return engine
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	noStart := errors.New("the environment has no password")
	for name, test := range map[string]struct {
		before func(l *fixture)
		empty  bool
		first  func() (FirstStart, error)
		vault  byte
		says   string
		is     error
	}{
		"a store of a newer muster": {
			before: func(l *fixture) {
				l.change(func(tx *Tx) error { return tx.Writer.Set(record.StoreKey("schema"), K(SchemaVersion+1)) })
			},
			vault: 7, says: fmt.Sprintf("the store was written by a newer muster (schema %d, this one knows %d)", SchemaVersion+1, SchemaVersion),
		},
		"a store under another master key": {vault: 8, says: "signing-keys: cannot be opened", is: authz.ErrSealed},
		"a first start without its facts": {
			empty: true, first: func() (FirstStart, error) { return FirstStart{}, noStart }, vault: 7, says: noStart.Error(), is: noStart,
		},
		"a first start without a password": {
			empty: true, first: func() (FirstStart, error) { return FirstStart{User: "x"}, nil }, vault: 7,
			says: "seed the store: a password has 1 to 1024 bytes", is: authz.ErrPassword,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newFixture(t)
			engine := l.engine
			if test.empty {
				engine = inMemory(t)
			}
			if test.before != nil {
				test.before(l)
			}
			vault, err := authz.NewVault(bytes.Repeat([]byte{test.vault}, authz.MasterKey))
			if err != nil {
				t.Fatal(err)
			}
			o := options(l.clock.Now)
			o.Vault = vault
			db, err := Open(l.ctx, unclosed{engine}, o, test.first)
			if db != nil || err == nil || err.Error() != test.says || test.is != nil && !errors.Is(err, test.is) {
				t.Errorf("opened %v, error %v; want %s", db, err, test.says)
			}
		})
	}
}

func TestAStoreThatWasNotSeededIsEmpty(t *testing.T) {
	t.Parallel()
	engine := inMemory(t)
	o := options(func() time.Time { return begin })
	_, err := Open(t.Context(), unclosed{engine}, o, func() (FirstStart, error) { return FirstStart{User: "x"}, nil })
	if err == nil {
		t.Fatal("seeded without a password")
	}
	err = engine.View(t.Context(), func(r kv.Reader) error {
		for pair, err := range r.Scan(kv.Range{}) {
			t.Errorf("it holds %q, error %v", pair.Key, err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestReopeningKeepsEverything(t *testing.T) {
	t.Parallel()
	key := bytes.Repeat([]byte{7}, badgerkv.KeySize)
	dir, clock := t.TempDir(), &clock{now: begin}
	open := func(first func() (FirstStart, error)) *fixture {
		engine, err := badgerkv.Open(badgerkv.Options{Dir: dir, Key: key, NoSync: true})
		if err != nil {
			t.Fatal(err)
		}
		db, err := Open(t.Context(), engine, options(clock.Now), first)
		if err != nil {
			t.Fatal(err)
		}
		return &fixture{DB: db, t: t, ctx: t.Context(), engine: engine, clock: clock}
	}
	l := open(func() (FirstStart, error) { return firstStart, nil })
	l.asset(Asset{AssetName: "srv01", IPAddress: "10.0.0.1"})
	token := l.session("administrator", time.Hour, 0)
	if _, err := l.DB.SealAudits(t.Context()); err != nil { // as Close does
		t.Fatal(err)
	}
	before := l.dump()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if err := l.Ready(t.Context()); !errors.Is(err, kv.ErrClosed) {
		t.Errorf("a closed store is ready: %v", err)
	}

	l = open(func() (FirstStart, error) { return FirstStart{}, errors.New("the store is not empty") })
	if err := l.Ready(t.Context()); err != nil {
		t.Errorf("a store is not ready: %v", err)
	}
	if after := l.dump(); !maps.Equal(before, after) {
		t.Errorf("%d keys became %d, or others, or other values", len(before), len(after))
	}
	if claims, _, err := resumeToken(l, token); err != nil || claims != token {
		t.Errorf("the session goes on with %v, error %v", claims, err)
	}
	l.mustBeSound()
	if err := l.Close(); err != nil {
		t.Error(err)
	}
}

func resumeToken(l *fixture, token *authz.Claims) (claims *authz.Claims, session *Session, err error) {
	_, err = View(l.ctx, l.DB, System("test"), func(tx *Tx) (struct{}, error) {
		claims, session, err = Resume(tx, token)
		return struct{}{}, err
	})
	return claims, session, err
}

func TestOptionsMayBeLeftOut(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	o := options(nil)
	db, err := Open(l.ctx, unclosed{l.engine}, o, nil)
	if err != nil {
		t.Fatal(err)
	}
	now, err := View(l.ctx, db, System("test"), func(tx *Tx) (Time, error) { return tx.Now, nil })
	if err != nil || time.Since(time.Time(now)) > time.Minute {
		t.Errorf("the moment is %v, error %v", now, err)
	}
	db.Log().Info("heard by nobody")
}

func TestATransactionKnowsItsContext(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	type key struct{}
	ctx := context.WithValue(l.ctx, key{}, "x")
	got, err := View(ctx, l.DB, System("test"), func(tx *Tx) (any, error) { return tx.Context().Value(key{}), nil })
	if got != "x" || err != nil {
		t.Errorf("got %v, error %v", got, err)
	}
}

func TestAnUpdateThatFailsReturnsNothing(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	got, err := Update(l.ctx, l.DB, System("test"), func(*Tx) (int, error) { return 7, errGivenUp })
	if got != 0 || !errors.Is(err, errGivenUp) {
		t.Errorf("got %d, error %v", got, err)
	}
}
