package store

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/store/kv"
	"github.com/musterhq/muster/store/kv/badgerkv"
)

// lab is the store of one test: a real engine in memory, what every new store holds, and a clock that stands still
// until the test moves it. When the test is over, every key in it must be accounted for.
type lab struct {
	*DB
	t      tb
	ctx    context.Context
	engine kv.Engine
	clock  *clock

	unsound bool // the test damages the store
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
	return Options{Vault: vault, Hasher: authz.NewHasher(2), Now: now}
}

// seeded is what a new store holds. Seeding costs a password hash, so the tests share one.
var seeded = sync.OnceValues(func() (pairs []kv.Pair, err error) {
	engine, err := badgerkv.Open(badgerkv.Options{InMemory: true})
	if err != nil {
		return nil, err
	}
	db, err := Open(context.Background(), unclosed{engine}, options(func() time.Time { return begin }), func() (FirstStart, error) { return firstStart, nil })
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

// newLab opens the store of a test.
func newLab(t tb) *lab {
	t.Helper()
	pairs, err := seeded()
	if err != nil {
		t.Fatalf("seed: %v", err)
	}
	engine, err := badgerkv.Open(badgerkv.Options{InMemory: true})
	if err != nil {
		t.Fatalf("%v", err)
	}
	l := &lab{t: t, ctx: t.Context(), engine: engine, clock: &clock{now: begin}}
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
func (l *lab) in(t tb) *lab {
	within := *l
	within.t = t
	return &within
}

// reopen opens the store anew. Without a Close before it, the store has crashed.
func (l *lab) reopen() {
	l.t.Helper()
	db, err := Open(l.ctx, unclosed{l.engine}, options(l.clock.Now), func() (FirstStart, error) {
		return FirstStart{}, errors.New("the store is not empty")
	})
	if err != nil {
		l.t.Fatalf("Open: %v", err)
	}
	l.DB = db
}

// mustBeSound fails the test for every key that does not follow from the records and links, and for every one that is missing.
func (l *lab) mustBeSound() {
	l.t.Helper()
	err := l.engine.View(context.Background(), func(r kv.Reader) error {
		found, err := faults(r)
		for _, fault := range found {
			l.t.Errorf("the store is damaged: %s", fault)
		}
		return err
	})
	if err != nil {
		l.t.Fatalf("walk the store: %v", err)
	}
}

// view reads as muster.
func view[R any](l *lab, fn func(*Tx) (R, error)) R {
	l.t.Helper()
	result, err := View(l.ctx, l.DB, System("test"), fn)
	if err != nil {
		l.t.Fatalf("%v", err)
	}
	return result
}

// update writes as muster.
func update[R any](l *lab, fn func(*Tx) (R, error)) R {
	l.t.Helper()
	result, err := Update(l.ctx, l.DB, System("test"), fn)
	if err != nil {
		l.t.Fatalf("%v", err)
	}
	return result
}

// change writes as muster.
func (l *lab) change(fn func(*Tx) error) {
	l.t.Helper()
	if err := Change(l.ctx, l.DB, System("test"), fn); err != nil {
		l.t.Fatalf("%v", err)
	}
}

// refused writes as muster, fails the test unless that is refused for the given reason, and returns the words of the refusal.
func (l *lab) refused(kind error, fn func(*Tx) error) string {
	l.t.Helper()
	err := Change(l.ctx, l.DB, System("test"), fn)
	if !errors.Is(err, kind) {
		l.t.Fatalf("the error is %v, want one that is: %v", err, kind)
	}
	return err.Error()
}

// get reads one record.
func get[ID int | string, T any](l *lab, c *Collection[ID, T], id ID) *T {
	l.t.Helper()
	return view(l, func(tx *Tx) (*T, error) { return c.Get(tx, id) })
}

// asset inserts an asset in the first Workgroup, unless it names another, and returns its id.
func (l *lab) asset(a Asset) int {
	l.t.Helper()
	if a.WorkgroupID == 0 {
		a.WorkgroupID = firstWorkgroupID
	}
	l.change(func(tx *Tx) error { return Assets.Insert(tx, &a) })
	return a.AssetID
}

// workgroup inserts a Workgroup, in the default Organization unless another is given, and returns its id.
func (l *lab) workgroup(name, organization string) int {
	l.t.Helper()
	return update(l, func(tx *Tx) (int, error) {
		w := &Workgroup{Name: name, OrganizationID: organization}
		if organization == "" {
			var err error
			if w.OrganizationID, err = DefaultOrganization(tx); err != nil {
				return 0, err
			}
		}
		err := Workgroups.Insert(tx, w)
		return w.ID, err
	})
}

// keys lists the keys that begin with a prefix, as they read in a dump.
func (l *lab) keys(prefix string) (found []string) {
	l.t.Helper()
	err := l.engine.View(l.ctx, func(r kv.Reader) error {
		for pair, err := range r.Scan(kv.Prefix([]byte(prefix))) {
			if err != nil {
				return err
			}
			found = append(found, string(pair.Key))
		}
		return nil
	})
	if err != nil {
		l.t.Fatalf("%v", err)
	}
	return found
}

// audits lists the audit rows that fn leaves, oldest first, each as one line:
//
//	Edit Workgroup: Name "Floor 1" → "Floor 2"
//
// Door and Registration, with which the details of every row begin, have a test of their own and are left out.
func (l *lab) audits(fn func()) []string {
	l.t.Helper()
	before := l.lastAudit()
	fn()
	rows := []string{}
	for _, a := range view(l, func(tx *Tx) ([]*Audit, error) { return gather(Audits.All(tx)) }) {
		if a.AuditID > before {
			rows = append(rows, a.line())
		}
	}
	return rows
}

func (l *lab) lastAudit() int {
	l.t.Helper()
	last := 0
	for _, a := range view(l, func(tx *Tx) ([]*Audit, error) { return gather(Audits.All(tx)) }) {
		last = max(last, a.AuditID)
	}
	return last
}

func (a *Audit) line() string {
	line := fmt.Sprintf("%s %s:", a.ActionType, a.Section)
	for i, d := range a.Details[min(2, len(a.Details)):] {
		if i > 0 {
			line += ","
		}
		line += fmt.Sprintf(" %s %q → %q", d.Name, d.OldValue, d.NewValue)
	}
	return strings.TrimSuffix(line, ":")
}

// gather makes a slice of what a transaction yields.
func gather[T any](records iter.Seq2[T, error]) ([]T, error) {
	found := []T{}
	for record, err := range records {
		if err != nil {
			return nil, err
		}
		found = append(found, record)
	}
	return found, nil
}

// equal fails the test unless two lists are the same.
func equal[T comparable](t tb, what string, got, want []T) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s\n got %v\nwant %v", what, lines(got), lines(want))
	}
}

func lines[T any](list []T) string {
	var b strings.Builder
	for _, item := range list {
		fmt.Fprintf(&b, "\n     %v", item)
	}
	return b.String()
}

// atOnce runs fn in n goroutines that begin together, and returns their errors.
func atOnce(n int, fn func(i int) error) []error {
	errs := make([]error, n)
	start := make(chan struct{})
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			<-start
			errs[i] = fn(i)
		})
	}
	close(start)
	all.Wait()
	return errs
}

// oneIn is rapid.Check with one in n of its cases, for a property of which every case opens a store.
func oneIn(n int, t *testing.T, property func(*rapid.T)) {
	t.Helper()
	checks, err := strconv.Atoi(flag.Lookup("rapid.checks").Value.String())
	if err != nil {
		t.Fatal(err)
	}
	left := max(1, checks/n)
	rapid.Check(t, func(t *rapid.T) {
		if left == 0 {
			return
		}
		left--
		passed := false
		defer func() {
			if !passed || t.Failed() {
				left = -1 // no end: rapid looks for a smaller case that fails
			}
		}()
		property(t)
		passed = true
	})
}

var _ tb = testing.TB(nil)
