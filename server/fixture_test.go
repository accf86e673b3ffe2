package server_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/directory"
	"github.com/musterhq/muster/directory/roster"
	"github.com/musterhq/muster/importers/builtin"
	"github.com/musterhq/muster/importers/runner"
	"github.com/musterhq/muster/plugins"
	"github.com/musterhq/muster/plugins/host"
	"github.com/musterhq/muster/server"
	"github.com/musterhq/muster/server/insight"
	"github.com/musterhq/muster/store"
	"github.com/musterhq/muster/store/kv"
	"github.com/musterhq/muster/store/kv/badgerkv"
)

// The test binary is the importer too, as muster's is: that is how the server starts one.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == "importer" {
		formats := builtin.Importers()
		if i := slices.IndexFunc(formats, func(f plugins.Importer) bool { return f.Type == os.Args[2] }); i >= 0 {
			plugins.Serve(formats[i])
		}
		return
	}
	os.Exit(m.Run())
}

// fixture is a server over a new store, with a clock of its own.
type fixture struct {
	t      testing.TB
	db     *store.DB
	server *server.Server
	http   http.Handler
	first  store.FirstStart
	clock  atomic.Int64      // nanoseconds since 1970
	users  map[string]string // tokens by door and name
	peer   string            // the address that requests come from
	roster *roster.Roster
	engine kv.Engine
	vault  *authz.Vault
}

// began is the moment at which every lab begins.
var began = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

const (
	bodyLimit   = 64 << 10
	importLimit = 256 << 10
)

// ground is what a lab stands on. Each that is zero is that of newFixture.
type ground struct {
	engine badgerkv.Options
	first  store.FirstStart
	limits store.SignInLimits // to the sign-ins that may fail
	hasher *authz.Hasher
	log    *slog.Logger // of the store
}

func newFixture(t testing.TB, manual bool, adjust ...func(*server.Options)) *fixture {
	t.Helper()
	return newLabOn(t, ground{}, manual, adjust...)
}

func newLabOn(t testing.TB, on ground, manual bool, adjust ...func(*server.Options)) *fixture {
	t.Helper()
	if on.engine.Dir == "" {
		_, measured := t.(*testing.B)
		on.engine.InMemory, on.engine.Small = true, !measured
	}
	if on.hasher == nil {
		on.hasher = authz.CheapHasher(2)
	}
	if on.first.User == "" {
		on.first = store.FirstStart{
			User: "administrator", Password: "correct horse", ApiKey: strings.Repeat("0123456789abcdef", 8),
			ClientID: "11111111-2222-4333-8444-555555555555", ClientSecret: strings.Repeat("s3cr", 10),
		}
	}
	l := &fixture{t: t, users: map[string]string{}, peer: "192.0.2.1", first: on.first}
	l.clock.Store(began.UnixNano())
	engine, err := badgerkv.Open(on.engine)
	must(t, err)
	vault, err := authz.NewVault(bytes.Repeat([]byte{7}, 32))
	must(t, err)
	l.engine, l.vault = engine, vault
	l.db, err = store.Open(t.Context(), engine, store.Options{
		Vault: vault, Hasher: on.hasher, Lockouts: on.limits, Log: on.log, Now: func() time.Time { return time.Unix(0, l.clock.Load()) },
	}, func() (store.FirstStart, error) { return l.first, nil })
	must(t, err)
	self, err := os.Executable()
	must(t, err)
	formats := builtin.Importers()
	imports, err := runner.New(t.Context(), runner.Options{
		DB: l.db, Folder: t.TempDir(), Host: host.New(host.Options{Executable: self, BuiltIn: formats, Logger: on.engine.Logger}), Log: on.engine.Logger,
	})
	must(t, err)
	o := server.Options{DB: l.db, Runner: imports, Manual: manual, BodyLimit: bodyLimit, ImportLimit: importLimit, MetaAccessRequests: 10, Log: testLog(t)}
	o.Roster = roster.New(roster.Options{DB: l.db, Client: directory.New(directory.Options{})})
	o.TrustedProxies, err = store.ParseRanges("203.0.113.0/24")
	must(t, err)
	for _, f := range formats {
		o.Importers = append(o.Importers, f.Type)
	}
	for _, adjust := range adjust {
		adjust(&o)
	}
	l.roster = o.Roster
	l.server = server.New(o)
	l.http = l.server.Handler()
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { imports.Run(ctx); close(done) }()
	t.Cleanup(func() {
		stop()
		<-done
		l.roster.Close()
		must(t, l.db.Close())
	})
	return l
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// requirePassword has the API registration of the first key ask for the user's password.
func (l *fixture) requirePassword() *fixture {
	l.t.Helper()
	must(l.t, store.Change(l.t.Context(), l.db, system, func(tx *store.Tx) error {
		r, err := store.ApiRegistrations.Get(tx, 1)
		if err != nil {
			return err
		}
		r.UserPasswordRequired = true
		return store.ApiRegistrations.Put(tx.Unaudited(), r)
	}))
	return l
}

// system acts as muster itself, to lay down what a test needs.
var system = store.System("test")

// tokenOf returns a BeyondInsight token of a user, who is made with the given grants unless he exists: name is enough for
// one that does.
func (l *fixture) tokenOf(name string, grants ...authz.Grant) string {
	l.t.Helper()
	return l.tokenAt(insight.Name, name, grants...)
}

// tokenAt is tokenOf for a door.
func (l *fixture) tokenAt(door, name string, grants ...authz.Grant) string {
	l.t.Helper()
	if token := l.users[door+" "+name]; token != "" {
		return token
	}
	token, err := store.Update(l.t.Context(), l.db, system, func(tx *store.Tx) (string, error) {
		quiet := tx.Unaudited()
		if _, err := store.UserByName(tx, name); err != nil {
			if err := makeUser(quiet, name, grants); err != nil {
				return "", err
			}
		}
		in, err := store.OnHost(tx, name)
		if err != nil {
			return "", err
		}
		token, _, err := store.NewSession(tx, in, door, 12*time.Hour, 0)
		return token, err
	})
	must(l.t, err)
	l.users[door+" "+name] = token
	return token
}

// makeUser makes a user in a group of the same name with the grants, both API registrations, the default Organization and
// Read/Write on the Smart Rules that there are.
func makeUser(tx *store.Tx, name string, grants []authz.Grant) error {
	u := &store.User{UserType: store.BeyondInsightType, UserName: name, FirstName: "Test", IsActive: true, EmailAddress: store.Text(strings.ReplaceAll(name, " ", ".") + "@lab.example")}
	g := &store.UserGroup{Name: name, GroupType: store.BeyondInsightType, IsActive: true}
	if err := store.Users.Insert(tx, u); err != nil {
		return err
	}
	if err := store.UserSecrets.Insert(tx, &store.UserSecret{UserID: u.UserID, Version: 1}); err != nil {
		return err
	}
	if err := store.UserGroups.Insert(tx, g); err != nil {
		return err
	}
	if err := store.GroupMember.Set(tx, g.GroupID, u.UserID, 0); err != nil {
		return err
	}
	for _, grant := range grants {
		if err := store.GroupPermission.Set(tx, g.GroupID, int(grant.Permission), int(grant.Level)); err != nil {
			return err
		}
	}
	for _, registration := range []int{1, 2} { // those of a new store
		if err := store.GroupRegistration.Set(tx, g.GroupID, registration, 0); err != nil {
			return err
		}
	}
	for r, err := range store.SmartRules.All(tx) {
		if err != nil {
			return err
		}
		if err := store.GroupRule.Set(tx, g.GroupID, r.SmartRuleID, int(authz.ReadWrite)); err != nil {
			return err
		}
	}
	organization, err := store.DefaultOrganization(tx)
	if err != nil {
		return err
	}
	return store.GroupOrganization.Set(tx, g.GroupID, organization, 0)
}

// request sends one request and returns the answer.
func (l *fixture) request(method, path, body string, header http.Header) *httptest.ResponseRecorder {
	l.t.Helper()
	r := httptest.NewRequestWithContext(l.t.Context(), method, path, strings.NewReader(body))
	r.RemoteAddr = net.JoinHostPort(l.peer, "4711")
	for name, values := range header {
		r.Header[name] = values
	}
	w := httptest.NewRecorder()
	l.http.ServeHTTP(w, r)
	return w
}

// as is the header of a caller with a token.
func as(token string) http.Header {
	if token == "" {
		return http.Header{}
	}
	return http.Header{"Authorization": {"Bearer " + token}, "Content-Type": {"application/json"}}
}

// awaitImports waits until no import is under way.
func (l *fixture) awaitImports() {
	l.t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for {
		busy, err := store.View(l.t.Context(), l.db, system, store.ImportsUnderWay)
		must(l.t, err)
		if !busy {
			return
		}
		if time.Now().After(deadline) {
			l.t.Fatal("the import does not end")
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func text(t testing.TB, r io.Reader) string {
	t.Helper()
	b, err := io.ReadAll(r)
	must(t, err)
	return string(b)
}
