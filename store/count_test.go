package store

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/musterhq/muster/store/kv"
)

// changesOf is how many keys are read for the count of a Workgroup's assets.
func (l *lab) changesOf(workgroup int) int {
	l.t.Helper()
	return view(l, func(tx *Tx) (int, error) { return count(changes(tx.r, assetsInWorkgroup.prefix(K(workgroup)))) })
}

// counted is the count of every Workgroup's assets by Of, which must be that by All.
func (l *lab) counted(workgroups ...int) (counts []int) {
	l.t.Helper()
	all := view(l, func(tx *Tx) (map[int]int, error) {
		all := map[int]int{}
		for c, err := range assetsInWorkgroup.All(tx) {
			if err != nil {
				return nil, err
			}
			id, _, err := cutInt(c.Key)
			if err != nil {
				return nil, err
			}
			all[id] = c.Count
		}
		return all, nil
	})
	for _, w := range workgroups {
		n := view(l, func(tx *Tx) (int, error) { return assetsInWorkgroup.Of(tx, K(w)) })
		if n != all[w] {
			l.t.Errorf("Workgroup %d has %d assets by Of and %d by All", w, n, all[w])
		}
		counts = append(counts, n)
	}
	return counts
}

// walked is the same by a walk over the assets.
func (l *lab) walked(workgroups ...int) (counts []int) {
	l.t.Helper()
	for _, w := range workgroups {
		counts = append(counts, view(l, func(tx *Tx) (int, error) { return count(AssetsOf(tx, w)) }))
	}
	return counts
}

// Whatever happens to assets, in transactions of any size, in crashes, folds and refusals between them: the counts are
// those of a walk.
func TestCountsAreThoseOfAWalk(t *testing.T) {
	t.Parallel()
	oneIn(4, t, func(t *rapid.T) {
		l := newLab(t)
		workgroups := []int{firstWorkgroupID, l.workgroup("Floor 1", ""), l.workgroup("Floor 2", "")}
		next := 0
		workgroup := rapid.SampledFrom(workgroups)
		errRefused := errors.New("refused")
		step := func(t *rapid.T, tx *Tx) error {
			assets, err := gather(Assets.All(tx))
			if err != nil {
				return err
			}
			what := rapid.SampledFrom([]string{"insert", "insert", "upsert", "rename", "move", "delete"}).Draw(t, "what")
			if what == "insert" || len(assets) == 0 {
				next++
				return Assets.Insert(tx, &Asset{WorkgroupID: workgroup.Draw(t, "in"), AssetName: fmt.Sprint("srv", next), IPAddress: "10.0.0.1"})
			}
			a := rapid.SampledFrom(assets).Draw(t, "asset")
			switch what {
			case "upsert":
				_, _, err = UpsertAsset(tx, workgroup.Draw(t, "in"), benchFacts(rapid.IntRange(1, 9).Draw(t, "host")))
				return err
			case "rename":
				next++
				a.AssetName = fmt.Sprint("srv", next)
				return Assets.Put(tx, a)
			case "move":
				a.WorkgroupID = workgroup.Draw(t, "to")
				return Assets.Put(tx, a) // refused where its name is taken, and all of the transaction with it
			}
			return Assets.Delete(tx, a.AssetID)
		}
		t.Repeat(map[string]func(*rapid.T){
			"": func(t *rapid.T) { equal(t, "assets", l.in(t).counted(workgroups...), l.in(t).walked(workgroups...)) },
			"a transaction": func(t *rapid.T) {
				steps := rapid.IntRange(1, 6).Draw(t, "steps")
				fails := rapid.Bool().Draw(t, "fails")
				err := Change(l.ctx, l.DB, System("test"), func(tx *Tx) error {
					for range steps {
						if err := step(t, tx); err != nil {
							return err
						}
					}
					if n, err := assetsInWorkgroup.Of(tx, K(firstWorkgroupID)); err != nil {
						return err
					} else if walked, err := count(AssetsOf(tx, firstWorkgroupID)); err != nil || n != walked {
						return fmt.Errorf("within the transaction %d are counted and %d walked, %w", n, walked, err)
					}
					if fails {
						return errRefused
					}
					return nil
				})
				if err != nil && !errors.Is(err, ErrExists) && !errors.Is(err, errRefused) {
					t.Fatal(err)
				}
			},
			"a fold": func(t *rapid.T) {
				w := workgroup.Draw(t, "of")
				if err := foldCounts(l.ctx, l.DB, []string{string(assetsInWorkgroup.prefix(K(w)))}); err != nil {
					t.Fatal(err)
				}
				if n := l.in(t).changesOf(w); n > 1 {
					t.Fatalf("%d keys are left by the fold", n)
				}
			},
			"a crash": func(*rapid.T) { l.reopen() },
		})
	})
}

// Those who insert at once do not make each other run again, whatever folds and reads meanwhile; and no reader sees a count
// that a walk of the same snapshot does not find.
func TestInsertsAtOnceDoNotFightOverTheCount(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	const creators, each = 8, 40
	ctx, stop := context.WithCancel(l.ctx)
	background := make(chan struct{})
	go func() {
		defer close(background)
		for ctx.Err() == nil {
			if err := foldCounts(ctx, l.DB, []string{string(assetsInWorkgroup.prefix(K(firstWorkgroupID)))}); err != nil && ctx.Err() == nil {
				t.Errorf("fold: %v", err)
			}
			_, err := View(ctx, l.DB, System("test"), func(tx *Tx) (int, error) {
				n, err := assetsInWorkgroup.Of(tx, K(firstWorkgroupID))
				if err != nil {
					return 0, err
				}
				walked, err := count(AssetsOf(tx, firstWorkgroupID))
				if err == nil && n != walked {
					err = fmt.Errorf("%d are counted and %d walked", n, walked)
				}
				return n, err
			})
			if err != nil && ctx.Err() == nil {
				t.Errorf("read: %v", err)
			}
		}
	}()
	runs := make([]int, creators)
	for _, err := range atOnce(creators, func(i int) error {
		for k := range each {
			err := Change(l.ctx, l.DB, System("test"), func(tx *Tx) error {
				runs[i]++
				tx = tx.Unaudited()
				return Assets.Insert(tx, &Asset{WorkgroupID: firstWorkgroupID, AssetName: fmt.Sprintf("srv%d-%d", i, k), IPAddress: fmt.Sprintf("10.0.%d.%d", i, k)})
			})
			if err != nil {
				return err
			}
		}
		return nil
	}) {
		if err != nil {
			t.Error(err)
		}
	}
	stop()
	<-background
	for i, n := range runs {
		if n != each {
			t.Errorf("creator %d ran %d transactions for %d assets", i, n, each)
		}
	}
	equal(t, "assets", l.counted(firstWorkgroupID), []int{creators * each})
}

// KeepCounts folds what an earlier process left, and what piles up.
func TestCountsAreFoldedAsTheyPileUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t)
		next := 0
		insert := func(n int) {
			for range n {
				next++
				l.asset(Asset{IPAddress: benchAddress(next).String()})
			}
		}
		insert(foldAt - 1)
		l.reopen()
		insert(1)
		if n := l.changesOf(firstWorkgroupID); n != foldAt {
			t.Fatalf("%d changes before the fold", n)
		}
		ctx, stop := context.WithCancel(l.ctx)
		done := make(chan struct{})
		go func() { KeepCounts(ctx, l.DB); close(done) }()
		time.Sleep(time.Second)
		synctest.Wait()
		if n := l.changesOf(firstWorkgroupID); n != 1 {
			t.Errorf("%d changes of an earlier process are left", n)
		}
		insert(3 * foldAt)
		time.Sleep(time.Second)
		synctest.Wait()
		if n := l.changesOf(firstWorkgroupID); n > foldAt {
			t.Errorf("%d changes have piled up", n)
		}
		equal(t, "assets", l.counted(firstWorkgroupID), []int{4 * foldAt})
		stop()
		<-done
	})
}

// A store of a muster that kept no counts is counted when it is opened, also if that is interrupted, and whatever lies there.
func TestAnOlderStoreIsCounted(t *testing.T) {
	t.Parallel()
	for name, before := range map[string]func(tx *Tx) error{
		"for the first time":             func(*Tx) error { return nil },
		"after it was interrupted":       func(tx *Tx) error { return tx.w.Set(assetBase(firstWorkgroupID), K(7)) },
		"with counts of what is no more": func(tx *Tx) error { return tx.w.Set(assetBase(17), K(7)) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLab(t)
			other := l.workgroup("Floor 1", "")
			for i := range 5 {
				l.asset(Asset{IPAddress: benchAddress(i).String()})
			}
			l.asset(Asset{WorkgroupID: other, IPAddress: "10.0.0.1"})
			l.change(func(tx *Tx) error {
				var keys [][]byte
				for pair, err := range tx.r.Scan(kv.Prefix(assetsInWorkgroup.prefix(nil))) {
					if err != nil {
						return err
					}
					keys = append(keys, slices.Clone(pair.Key))
				}
				for _, key := range keys {
					if err := tx.w.Delete(key); err != nil {
						return err
					}
				}
				return first(before(tx), tx.w.Set(storeKey("schema"), K(1)))
			})
			l.reopen()
			equal(t, "assets", l.counted(firstWorkgroupID, other, 17), []int{5, 1, 0})
			if version, err := l.version(l.ctx); err != nil || version != SchemaVersion {
				t.Errorf("the store has schema %d, error %v", version, err)
			}
		})
	}
}

// assetBase is the key of the base of a Workgroup's count.
func assetBase(workgroup int) []byte {
	return append(assetsInWorkgroup.prefix(K(workgroup)), make([]byte, len(changeID{}))...)
}

// However many assets a transaction brings, moves and takes away, it leaves one change for each Workgroup, and none where
// nothing came of it.
func TestATransactionLeavesOneChangeACount(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	other := l.workgroup("Floor 1", "")
	l.change(func(tx *Tx) error {
		for i := range 50 {
			if _, _, err := UpsertAsset(tx, firstWorkgroupID, benchFacts(i)); err != nil {
				return err
			}
		}
		a := &Asset{WorkgroupID: other, IPAddress: "10.0.0.1"}
		return first(Assets.Insert(tx, a), Assets.Delete(tx, a.AssetID))
	})
	got := map[int]int{firstWorkgroupID: l.changesOf(firstWorkgroupID), other: l.changesOf(other)}
	if want := map[int]int{firstWorkgroupID: 1, other: 0}; !maps.Equal(got, want) {
		t.Errorf("changes by Workgroup: %v, want %v", got, want)
	}
	equal(t, "assets", l.counted(firstWorkgroupID, other), []int{50, 0})
}
