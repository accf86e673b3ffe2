package store

import (
	"errors"
	"strings"
	"testing"

	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/store/record"
)

// TestNoFaultIsLost fails every single call of the engine that a question makes, one after the other: the fault is the answer. One that is
// passed over would let somebody in, or count too little, while the disk cannot be read.
func TestNoFaultIsLost(t *testing.T) {
	t.Parallel()
	somebody := Actor{UserID: 99, UserName: "somebody", Groups: []int{7}}
	for name, ask := range map[string]func(tx *Tx) error{
		"may a user be changed":         func(tx *Tx) error { return MayChangeUser(tx, applicationID) },
		"may a registration be changed": func(tx *Tx) error { return MayChangeRegistration(tx, keyRegistration) },
		"may a right be given": func(tx *Tx) error {
			return MayGive(tx, authz.Grant{Permission: authz.AssetManagement, Level: authz.ReadWrite})
		},
		"how many assets are there": func(tx *Tx) error { _, err := assetsInWorkgroup.Of(tx, K(firstWorkgroupID)); return err },
		"how many assets are there by id": func(tx *Tx) error {
			for _, err := range assetsInWorkgroup.All(tx) {
				if err != nil {
					return err
				}
			}
			return nil
		},
		"release all jobs":            func(tx *Tx) error { return record.ReleaseAll(tx, "test") },
		"reclaim all imports":         func(tx *Tx) error { _, err := ReclaimImports(tx); return err },
		"which groups has a user":     func(tx *Tx) error { _, err := GroupsOf(tx, applicationID); return err },
		"what may a user do":          func(tx *Tx) error { _, err := RightsOf(tx, applicationID); return err },
		"which rules select an asset": func(tx *Tx) error { _, err := verdicts(tx, 1); return err },
		"refresh the rules":           func(tx *Tx) error { _, err := refreshSome(tx.Unaudited(), 1, 10); return err },
		"a title that is free":        func(tx *Tx) error { _, err := freeTitle(tx, "Web"); return err },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFaults(t)
			f.change(func(tx *Tx) error {
				if err := record.Enqueue(tx, "test", 1); err != nil {
					return err
				}
				_, err := record.Take(tx, "test", "owner", lastMoment)
				return errors.Join(err, markAsset(tx, 1))
			})
			engine := &failing{Engine: f.engine, left: -1}
			db, err := Open(f.ctx, engine, options(f.clock.Now), nil)
			if err != nil {
				t.Fatal(err)
			}
			for n := 1; ; n++ {
				engine.left, engine.fired = n, false
				err := Change(f.ctx, db, somebody, func(tx *Tx) error {
					err := ask(tx)
					if err == nil && !engine.fired {
						return errAsked // nothing is kept
					}
					return err
				})
				if !engine.fired {
					if n < 3 {
						t.Errorf("only %d calls", n-1)
					}
					return
				}
				if !errors.Is(err, errInjected) {
					t.Errorf("call %d fails, and the answer is %v", n, err)
				}
			}
		})
	}
}

var errAsked = errors.New("asked")

// TestFreeTitles makes rules of one wanted title that is longer than a title may be.
func TestFreeTitles(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	wanted := strings.Repeat("ü", MaxRuleTitle+5)
	for _, want := range []string{strings.Repeat("ü", MaxRuleTitle), strings.Repeat("ü", MaxRuleTitle-4) + " (2)", strings.Repeat("ü", MaxRuleTitle-4) + " (3)"} {
		got := update(l, func(tx *Tx) (string, error) {
			title, err := freeTitle(tx, wanted)
			if err != nil {
				return "", err
			}
			return title, SmartRules.Insert(tx, &SmartRule{Title: title, Category: "Test"})
		})
		if got != want {
			t.Errorf("the title is %q, want %q", got, want)
		}
	}
}

// TestRefreshOfADeletedAsset refreshes the rules of an asset that is gone, before the sweep comes to it: no rule keeps it.
func TestRefreshOfADeletedAsset(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	floors := l.attributes(1)
	gone, stays := l.asset(Asset{IPAddress: "10.0.0.1", AssetName: "gone"}), l.asset(Asset{IPAddress: "10.0.0.2", AssetName: "stays"})
	l.carry(gone, floors...)
	l.carry(stays, floors...)
	rule := l.rule("floor", floors...)
	l.settle()
	l.change(func(tx *Tx) error {
		return errors.Join(markAsset(tx, gone), markAsset(tx, stays), Assets.Delete(tx, gone))
	})
	if err := RefreshRules(l.ctx, l.DB); err != nil {
		t.Fatal(err)
	}
	for asset, want := range map[int]bool{gone: false, stays: true} {
		is := view(l, func(tx *Tx) (bool, error) { _, is, err := RuleAsset.Get(tx, rule, asset); return is, err })
		exists := view(l, func(tx *Tx) (bool, error) { _, exists, err := locate(tx, asset); return exists, err })
		if is != want || exists != want {
			t.Errorf("asset %d: it exists %t, and is a member %t, want %t", asset, exists, is, want)
		}
	}
	l.settle()
}
