package store

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"net/netip"
	"testing"
	"time"

	"github.com/musterhq/muster/store/kv"
	"github.com/musterhq/muster/store/record"
)

// failing is an engine whose calls fail once: the one after so many others. A commit is a call too; a late one fails after it has
// happened, as when the answer is lost.
type failing struct {
	kv.Engine
	left  int
	late  bool
	fired bool
}

var errInjected = errors.New("injected fault")

func (f *failing) call() error {
	if f.left--; f.left == 0 {
		f.fired = true
		return errInjected
	}
	return nil
}

func (f *failing) View(ctx context.Context, fn func(kv.Reader) error) error {
	if err := f.call(); err != nil {
		return err
	}
	return f.Engine.View(ctx, func(r kv.Reader) error { return fn(failingReader{r, f}) })
}

func (f *failing) Update(ctx context.Context, fn func(kv.Txn) error) error {
	if err := f.call(); err != nil {
		return err
	}
	err := f.Engine.Update(ctx, func(w kv.Txn) error {
		if err := fn(failingTxn{failingReader{w, f}, w}); err != nil || f.late {
			return err
		}
		return f.call()
	})
	if err == nil && f.late {
		err = f.call()
	}
	return err
}

func (f *failing) Close() error { return nil }

type failingReader struct {
	kv.Reader
	f *failing
}

func (r failingReader) Get(keys ...[]byte) ([][]byte, error) {
	if err := r.f.call(); err != nil {
		return nil, err
	}
	return r.Reader.Get(keys...)
}

func (r failingReader) Scan(rg kv.Range, more ...kv.Range) iter.Seq2[kv.Pair, error] {
	return func(yield func(kv.Pair, error) bool) {
		if err := r.f.call(); err != nil {
			yield(kv.Pair{}, err)
			return
		}
		r.Reader.Scan(rg, more...)(yield)
	}
}

type failingTxn struct {
	failingReader
	w kv.Txn
}

func (t failingTxn) Set(key, value []byte) error    { return errors.Join(t.f.call(), t.w.Set(key, value)) }
func (t failingTxn) Delete(key []byte) error        { return errors.Join(t.f.call(), t.w.Delete(key)) }
func (t failingTxn) Add(key []byte, by int64) error { return errors.Join(t.f.call(), t.w.Add(key, by)) }

// acts are representative ones, on a store with one asset, and a user group 7 without members.
var acts = []struct {
	name   string
	audits int // the rows that it leaves
	do     func(tx *Tx) error
}{
	{"an asset is created", 1, func(tx *Tx) error {
		return Assets.Insert(tx, &Asset{WorkgroupID: firstWorkgroupID, AssetName: "db01", IPAddress: "10.0.0.2", OperatingSystem: "Plan 9"})
	}},
	{"an asset is changed", 1, func(tx *Tx) error {
		a, err := Assets.Get(tx, 1)
		if err != nil {
			return err
		}
		a.AssetName, a.DnsName = "web02", "web02.fixture.example"
		return Assets.Put(tx, a)
	}},
	{"an asset is deleted", 1, func(tx *Tx) error { return Assets.Delete(tx, 1) }},
	{"a user joins a group", 1, func(tx *Tx) error { _, err := Join(tx, applicationID, 7); return err }},
	{"a user leaves a group", 1, func(tx *Tx) error { return Leave(tx, applicationID, Administrators) }},
	{"a user is quarantined", 1, func(tx *Tx) error { _, err := QuarantineUser(tx, applicationID); return err }},
	{"a user is deleted", 1, func(tx *Tx) error { return DeleteUser(tx, applicationID) }},
	{"a rule is made", 1, func(tx *Tx) error {
		return InsertRule(tx, &SmartRule{Title: "Web", Category: "Lab", RuleType: AssetRule}, Selection{Attributes: []int{1}})
	}},
	{"an import is accepted", 1, func(tx *Tx) error {
		return QueueImport(tx, &Import{WorkgroupID: firstWorkgroupID, ImportType: "NESSUS", Filter: AllAssets}, "spooled")
	}},
	{"a batch of an import is written", 0, func(tx *Tx) error {
		for n := range 4 {
			f := Facts{Address: netip.AddrFrom4([4]byte{10, 0, 0, byte(n)}), AssetName: fmt.Sprintf("host%d", n), OperatingSystem: "Linux"}
			if _, _, err := UpsertAsset(tx, firstWorkgroupID, f); err != nil {
				return err
			}
		}
		return nil
	}},
	{"somebody signs in", 1, func(tx *Tx) error {
		in, err := OnHost(tx, "administrator")
		if err != nil {
			return err
		}
		if err := RecordLogin(tx, in); err != nil {
			return err
		}
		_, _, err = NewSession(tx, in, "insight", time.Hour, 0)
		return err
	}},
	{"an API key is read", 1, func(tx *Tx) error { _, err := ReadApiKey(tx, keyRegistration); return err }},
	{"audits are sealed", 0, func(tx *Tx) error { _, err := record.SealBlock(tx); return err }},
}

// TestNoFaultPartsAChangeFromItsAudit fails every single call that an act makes of the engine, one after the other, with the
// commit itself before and after it has happened. After a restart the act is either there with all that belongs to it, its audit
// rows among it, or nothing of it is, and the store is whole.
func TestNoFaultPartsAChangeFromItsAudit(t *testing.T) {
	t.Parallel()
	for _, act := range acts {
		for _, late := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, late=%t", act.name, late), func(t *testing.T) {
				t.Parallel()
				f := newFaults(t)
				before := f.shape()
				change := func() error { return Change(f.ctx, f.DB, System("test"), act.do) }
				if err := change(); err != nil {
					t.Fatal(err)
				}
				after := f.shape()
				if maps.Equal(before, after) && act.name != "an asset is changed" {
					t.Fatal("the act changes nothing; this proves nothing")
				}
				if n := after["au="] - before["au="]; n != act.audits {
					t.Errorf("the act leaves %d audit rows, want %d", n, act.audits)
				}
				calls := f.walk(change, late, before, after)
				t.Logf("%d calls", calls)
				if calls < 3 {
					t.Errorf("only %d calls were made to fail", calls)
				}
			})
		}
	}
}

// faultLab is a lab that an act is tried on.
type faultLab struct {
	*fixture
	begin map[string]string
}

func newFaults(t *testing.T) *faultLab {
	l := newFixture(t)
	l.asset(Asset{AssetName: "web01", IPAddress: "10.0.0.1"})
	l.change(func(tx *Tx) error {
		if err := UserGroups.Insert(tx, &UserGroup{GroupID: 7, Name: "Operators", GroupType: BeyondInsightType, IsActive: true}); err != nil {
			return err
		}
		return AssetAttribute.Set(tx, 1, 2, 0)
	})
	return &faultLab{fixture: l, begin: l.whole()}
}

// whole is all that the store holds.
func (l *fixture) whole() map[string]string {
	l.t.Helper()
	all := map[string]string{}
	for pair, err := range l.pairs() {
		if err != nil {
			l.t.Fatalf("%v", err)
		}
		all[string(pair.Key)] = string(pair.Value)
	}
	return all
}

func (l *fixture) pairs() iter.Seq2[kv.Pair, error] {
	return func(yield func(kv.Pair, error) bool) {
		err := l.engine.View(l.ctx, func(r kv.Reader) error {
			for pair, err := range r.Scan(kv.Range{}) {
				if !yield(pair, err) || err != nil {
					return nil
				}
			}
			return nil
		})
		if err != nil {
			yield(kv.Pair{}, err)
		}
	}
}

// shape counts the keys of each tag and kind, which differs for every way in which a part of an act could be missing. An asset
// that changes keeps its shape but for its audit row, so the names of assets belong to it.
func (l *fixture) shape() map[string]int {
	l.t.Helper()
	shape := map[string]int{}
	for key := range l.whole() {
		if key[2] != record.KindSequence {
			shape[key[:3]]++
		}
		if key[:3] == "asn" {
			shape[record.KeyText([]byte(key))]++
		}
	}
	return shape
}

// reset brings the store back to the beginning.
func (f *faultLab) reset() {
	f.t.Helper()
	now := f.whole()
	f.raw(func(w kv.Txn) error {
		for key := range now {
			if _, stays := f.begin[key]; !stays {
				if err := w.Delete([]byte(key)); err != nil {
					return err
				}
			}
		}
		for key, value := range f.begin {
			if is, there := now[key]; !there || value != is {
				if err := w.Set([]byte(key), []byte(value)); err != nil {
					return err
				}
			}
		}
		return nil
	})
	f.reopen()
}

// walk fails one call after the other until there is none left, and returns how many there were.
func (f *faultLab) walk(change func() error, late bool, before, after map[string]int) int {
	f.t.Helper()
	for n := 1; ; n++ {
		f.reset()
		engine := &failing{Engine: f.engine, left: -1, late: late}
		db, err := Open(f.ctx, engine, options(f.clock.Now), nil)
		if err != nil {
			f.t.Fatalf("%v", err)
		}
		engine.left, f.DB = n, db
		err = change()
		f.reopen() // without a Close, as after a crash
		got := f.shape()
		switch done := maps.Equal(got, after); {
		case !engine.fired && (err != nil || !done):
			f.t.Fatalf("without a fault: %v, %v", err, got)
		case !engine.fired:
			return n - 1
		case err == nil && !done:
			f.t.Errorf("call %d: no error, and the act is not there", n)
		case !done && !maps.Equal(got, before):
			f.t.Fatalf("call %d: part of the act is there: %v, want %v or %v", n, got, before, after)
		}
		f.mustBeSound()
		if problems := f.verified(false); len(problems) > 0 {
			f.t.Fatalf("call %d: %q", n, problems)
		}
	}
}
