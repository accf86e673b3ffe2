package store

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/store/kv"
	"github.com/musterhq/muster/store/kv/badgerkv"
)

// fixture is the store of one test: a real engine in memory, what every new store holds, and a clock that stands still
// until the test moves it. When the test is over, every key in it must be accounted for.
type fixture struct {
	*DB
	t      tb
	ctx    context.Context
	engine kv.Engine
	clock  *clock
	under  *replaceable // the engine of DB

	unsound bool // the test damages the store
	limits  SignInLimits
	peers   int // addresses that sign-ins failed from
}

// tb is what testing.TB and *rapid.T have in common.
type tb interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
	Cleanup(func())
	Context() context.Context
}

// begin is when every lab begins.
var begin = time.Date(2024, 12, 6, 17, 59, 40, 360_000_000, time.UTC)

type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) step(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// firstStart is what every lab is seeded with. The key is in upper case, since clients send it in either.
var firstStart = FirstStart{
	User: "administrator", Password: "correct horse; battery]",
	ApiKey:       strings.Repeat("0123456789ABCDEF", 8),
	ClientID:     "5E0A0C8E-5C9B-4B8F-9A38-7A2E2F3E9D11",
	ClientSecret: "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXPJBSWY3DPEHP",
}

// The ids in a new store, in the order of its seeding.
const (
	keyRegistration   = 1 // "muster key"
	tokenRegistration = 2 // "muster token"
	administratorID   = 1
	applicationID     = 2
	firstWorkgroupID  = 1
)

// anotherOrganization is the id of an Organization that tests may make.
const anotherOrganization = "8c6f1d0e-2f0b-4c59-9d2e-5d7c3b1a9f42"

func options(now func() time.Time) Options {
	vault, err := authz.NewVault(bytes.Repeat([]byte{7}, authz.MasterKey))
	if err != nil {
		panic(err)
	}
	return Options{Vault: vault, Hasher: authz.CheapHasher(2), Now: now}
}

// seeded is what a new store holds. Seeding costs a password hash, so the tests share one.
var seeded = sync.OnceValues(func() (pairs []kv.Pair, err error) {
	engine, err := badgerkv.Open(badgerkv.Options{InMemory: true})
	if err != nil {
		return nil, err
	}
	o := options(func() time.Time { return begin })
	db, err := Open(context.Background(), unclosed{engine}, o, func() (FirstStart, error) { return firstStart, nil })
	if err != nil {
		return nil, err
	}
	if err := db.Close(); err != nil {
		return nil, err
	}
	err = engine.View(context.Background(), func(r kv.Reader) error {
		for pair, err := range r.Scan(kv.Range{}) {
			if err != nil {
				return err
			}
			pairs = append(pairs, kv.Pair{Key: bytes.Clone(pair.Key), Value: bytes.Clone(pair.Value)})
		}
		return nil
	})
	return pairs, errors.Join(err, engine.Close())
})

// unclosed is an engine that outlives the DB over it, so that another DB can be opened on the same keys.
type unclosed struct{ kv.Engine }

func (unclosed) Close() error { return nil }

// replaceable is an engine in whose place a test can put another.
type replaceable struct{ kv.Engine }

// newFixture opens the store of a test, a small one, or that of a benchmark, which measures one of the size of a server's.
func newFixture(t tb) *fixture {
	t.Helper()
	_, measured := t.(*testing.B)
	return newFixtureIn(t, badgerkv.Options{InMemory: true, Small: !measured})
}

// newFixtureIn is newFixture in a store of any kind.
func newFixtureIn(t tb, o badgerkv.Options) *fixture {
	t.Helper()
	pairs, err := seeded()
	if err != nil {
		t.Fatalf("seed: %v", err)
	}
	engine, err := badgerkv.Open(o)
	if err != nil {
		t.Fatalf("%v", err)
	}
	l := &fixture{t: t, ctx: t.Context(), engine: engine, clock: &clock{now: begin}}
	err = engine.Update(l.ctx, func(tx kv.Txn) error {
		for _, pair := range pairs {
			if err := tx.Set(pair.Key, pair.Value); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatalf("%v", err)
	}
	l.reopen()
	t.Cleanup(func() {
		if !l.unsound {
			l.mustBeSound()
		}
		if err := errors.Join(l.DB.Close(), engine.Close()); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return l
}

// in is the lab within a subtest.
func (l *fixture) in(t tb) *fixture {
	within := *l
	within.t = t
	return &within
}

// reopen opens the store again. Without a Close before it, the store has crashed.
func (l *fixture) reopen() {
	l.t.Helper()
	o := options(l.clock.Now)
	o.Lockouts = l.limits
	l.under = &replaceable{unclosed{l.engine}}
	db, err := Open(l.ctx, l.under, o, func() (FirstStart, error) {
		return FirstStart{}, errors.New("the store is not empty")
	})
	if err != nil {
		l.t.Fatalf("Open: %v", err)
	}
	db.responseTime.note(time.Microsecond) // so that refusals cost no time here
	db.responseTime.noted = time.Now().Add(time.Hour)
	l.DB = db
}

// mustBeSound fails the test for every key that does not follow from the records and links, and for every one that is missing.
func (l *fixture) mustBeSound() {
	l.t.Helper()
	found, err := View(context.Background(), l.DB, System("test"), faults)
	for _, fault := range found {
		l.t.Errorf("the store is damaged: %s", fault)
	}
	if err != nil {
		l.t.Fatalf("walk the store: %v", err)
	}
}

var _ tb = testing.TB(nil)
