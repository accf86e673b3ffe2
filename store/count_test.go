package store

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/musterhq/muster/store/kv"
	"github.com/musterhq/muster/store/record"
)

// counted is the count of every Workgroup's assets by Of, which must be that by All.
func (l *fixture) counted(workgroups ...int) (counts []int) {
	l.t.Helper()
	all := view(l, func(tx *Tx) (map[int]int, error) {
		all := map[int]int{}
		for c, err := range assetsInWorkgroup.All(tx) {
			if err != nil {
				return nil, err
			}
			id, _, err := record.CutInt(c.Key)
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
func (l *fixture) walked(workgroups ...int) (counts []int) {
	l.t.Helper()
	for _, w := range workgroups {
		counts = append(counts, view(l, func(tx *Tx) (int, error) { return record.CountOf(AssetsOf(tx, w)) }))
	}
	return counts
}

// Whatever happens to assets, in transactions of any size, with crashes and refusals between them: the counts are
// those of a walk.
func TestCountsAreThoseOfAWalk(t *testing.T) {
	t.Parallel()
	oneIn(4, t, func(t *rapid.T) {
		l := newFixture(t)
		workgroups := []int{firstWorkgroupID, l.workgroup("Floor 1", ""), l.workgroup("Floor 2", "")}
		next := 0
		workgroup := rapid.SampledFrom(workgroups)
		errRefused := errors.New("refused")
		step := func(t *rapid.T, tx *Tx) error {
			assets, err := record.Collect(Assets.All(tx))
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
				before := l.in(t).counted(firstWorkgroupID)[0]
				err := Change(l.ctx, l.DB, System("test"), func(tx *Tx) error {
					for range steps {
						if err := step(t, tx); err != nil {
							return err
						}
					}
					if n, err := assetsInWorkgroup.Of(tx, K(firstWorkgroupID)); err != nil || n != before {
						return fmt.Errorf("within the transaction %d are counted, and %d before it, %w", n, before, err)
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
			"a crash": func(*rapid.T) { l.reopen() },
		})
	})
}

// Those who insert at once do not make each other run again, whoever reads meanwhile; and no reader sees a count
// that a walk of the same snapshot does not find.
func TestInsertsAtOnceDoNotFightOverTheCount(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	const creators, each = 8, 40
	ctx, stop := context.WithCancel(l.ctx)
	background := make(chan struct{})
	go func() {
		defer close(background)
		for ctx.Err() == nil {
			_, err := View(ctx, l.DB, System("test"), func(tx *Tx) (int, error) {
				n, err := assetsInWorkgroup.Of(tx, K(firstWorkgroupID))
				if err != nil {
					return 0, err
				}
				walked, err := record.CountOf(AssetsOf(tx, firstWorkgroupID))
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

// A store of a muster that kept its counts otherwise, or none, is counted when it is opened, also if that is interrupted, and
// whatever lies there.
func TestAnOlderStoreIsCounted(t *testing.T) {
	t.Parallel()
	// As schema 2 kept it: what each transaction changed, under the key of its own, and all that was folded under zeros.
	change := func(tx *Tx, by int, id byte) error {
		key := append(assetsInWorkgroup.Key(K(firstWorkgroupID)), make([]byte, 15)...)
		return tx.Writer.Set(append(key, id), K(by))
	}
	right := func(tx *Tx) error { return tx.Writer.Set(assetsInWorkgroup.Key(K(firstWorkgroupID)), kv.EncodeSum(5)) }
	for name, older := range map[string]struct {
		schema int
		before func(tx *Tx) error
	}{
		"that had no counts":             {1, func(*Tx) error { return nil }},
		"with what transactions changed": {2, func(tx *Tx) error { return cmp.Or(change(tx, 3, 0), change(tx, 2, 7)) }},
		"after it was interrupted":       {2, func(tx *Tx) error { return cmp.Or(change(tx, 3, 0), right(tx)) }},
		"with counts of what is no more": {2, func(tx *Tx) error { return tx.Writer.Set(assetsInWorkgroup.Key(K(17)), K(7)) }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newFixture(t)
			other := l.workgroup("Floor 1", "")
			for i := range 5 {
				l.asset(Asset{IPAddress: benchAddress(i).String()})
			}
			l.asset(Asset{WorkgroupID: other, IPAddress: "10.0.0.1"})
			l.change(func(tx *Tx) error {
				for _, w := range []int{firstWorkgroupID, other} {
					if err := cmp.Or(tx.Writer.Delete(assetsInWorkgroup.Key(K(w))), tx.Writer.Delete(assetsInBlock.Key(K(w, 0)))); err != nil {
						return err
					}
				}
				return nil
			})
			l.change(func(tx *Tx) error {
				return cmp.Or(older.before(tx), tx.Writer.Set(record.StoreKey("schema"), K(older.schema)))
			})
			l.reopen()
			equal(t, "assets", l.counted(firstWorkgroupID, other, 17), []int{5, 1, 0})
			version := view(l, func(tx *Tx) ([]byte, error) { return tx.Get(record.StoreKey("schema")) })
			if !bytes.Equal(version, K(SchemaVersion)) {
				t.Errorf("the store has schema %x", version)
			}
		})
	}
}

// However many assets a transaction brings, moves and takes away, it leaves one key for the count of each Workgroup, and none
// where there are none.
func TestACountIsOneKey(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	other := l.workgroup("Floor 1", "")
	l.change(func(tx *Tx) error {
		for i := range 50 {
			if _, _, err := UpsertAsset(tx, firstWorkgroupID, benchFacts(i)); err != nil {
				return err
			}
		}
		a := &Asset{WorkgroupID: other, IPAddress: "10.0.0.1"}
		return cmp.Or(Assets.Insert(tx, a), Assets.Delete(tx, a.AssetID))
	})
	id := l.asset(Asset{WorkgroupID: other, IPAddress: "10.0.0.1"})
	l.change(func(tx *Tx) error { return Assets.Delete(tx, id) })
	n := view(l, func(tx *Tx) (int, error) {
		return record.CountOf(tx.Reader.Scan(kv.Prefix(assetsInWorkgroup.Key(nil))))
	})
	if n != 1 {
		t.Errorf("%d keys for the count of one Workgroup", n)
	}
	equal(t, "assets", l.counted(firstWorkgroupID, other), []int{50, 0})
}
