package store

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/musterhq/muster/store/record"
)

// TestTheBackgroundIsPrompt has rules queued in every way, and an attribute deleted, beside the work in the background: nothing waits
// for the next look that is due anyway.
func TestTheBackgroundIsPrompt(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	floors := l.attributes(1)
	asset := l.asset(Asset{IPAddress: "10.0.0.1", AssetName: "a"})
	l.carry(asset, floors...)
	var background sync.WaitGroup
	ctx, stop := context.WithCancel(l.ctx)
	defer background.Wait()
	defer stop()
	background.Go(func() { KeepRules(ctx, l.DB) })
	background.Go(func() { l.DB.KeepSwept(ctx) })
	time.Sleep(100 * time.Millisecond) // its first look is over
	soon := func(what string, done func(tx *Tx) (bool, error)) {
		t.Helper()
		for deadline := time.Now().Add(record.KeepEvery * 3 / 5); ; time.Sleep(5 * time.Millisecond) {
			if is, err := View(l.ctx, l.DB, System("test"), done); err != nil || is {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			if time.Now().After(deadline) {
				t.Fatalf("%s: not after %v", what, record.KeepEvery*3/5)
			}
		}
	}
	rule := l.rule("deferred", floors...)
	isMember := func(tx *Tx) (bool, error) {
		_, is, err := RuleAsset.Get(tx, rule, asset)
		return is, err
	}
	soon("a rule that was made queued", isMember)
	l.change(func(tx *Tx) error { return Attributes.Delete(tx, floors[0]) })
	soon("an asset whose attribute was deleted", func(tx *Tx) (bool, error) {
		is, err := isMember(tx)
		return !is, err
	})
}
