package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
	"testing"

	"github.com/musterhq/muster/store/kv"
	"github.com/musterhq/muster/store/record"
	"pgregory.net/rapid"
)

// pageOf reads a piece of a list, and how many there are.
func pageOf(tx *Tx, list List, offset, limit int) (total int, names []string, err error) {
	if total, err = list.Count(tx); err != nil {
		return 0, nil, err
	}
	found, err := rows[Asset](tx, list, offset, limit)
	for _, a := range found {
		names = append(names, a.AssetName)
	}
	return total, names, err
}

// plainly is the same by a walk over all assets.
func plainly(tx *Tx, counts func(*Asset) bool, offset, limit int) (total int, names []string, err error) {
	for a, err := range Assets.All(tx) {
		if err != nil {
			return 0, nil, err
		}
		if !counts(a) {
			continue
		}
		if total++; total > offset && len(names) < limit {
			names = append(names, a.AssetName)
		}
	}
	return total, names, nil
}

// TestPagesAreThoseOfAWalk compares pages of assets, which are found by counts of blocks, with what a walk over all assets
// finds in the same snapshot: with ids that lie close together and far apart, Workgroups that grow and shrink to nothing,
// and for an actor who sees some Workgroups only.
func TestPagesAreThoseOfAWalk(t *testing.T) {
	t.Parallel()
	oneIn(10, t, func(t *rapid.T) {
		s := newSights(t)
		workgroups := []int{firstWorkgroupID, s.workgroup("Floor 1", ""), s.workgroupThere}
		workgroup := rapid.SampledFrom(workgroups)
		id := rapid.OneOf(rapid.IntRange(2, 40), rapid.IntRange(500, 530), rapid.IntRange(1_000_000, 1_000_300))
		act := func(t *rapid.T, tx *Tx) error {
			all, err := record.Collect(Assets.All(tx))
			if err != nil {
				return err
			}
			what := rapid.SampledFrom([]string{"insert", "insert", "insert", "move", "delete"}).Draw(t, "what")
			if what == "insert" || len(all) == 0 {
				i := id.Draw(t, "id")
				if taken, err := Assets.Has(tx, i); taken || err != nil {
					return err
				}
				return Assets.Insert(tx, &Asset{AssetID: i, WorkgroupID: workgroup.Draw(t, "in"), AssetName: fmt.Sprint("srv", i), IPAddress: "10.0.0.1"})
			}
			a := rapid.SampledFrom(all).Draw(t, "asset")
			if what == "delete" {
				return Assets.Delete(tx, a.AssetID)
			}
			a.WorkgroupID, a.AssetName = workgroup.Draw(t, "to"), fmt.Sprint("srv", a.AssetID)
			return Assets.Put(tx, a)
		}
		compare := func(t *rapid.T, by Actor, list List, counts func(*Asset) bool) {
			offset, limit := rapid.IntRange(0, 20).Draw(t, "offset"), rapid.IntRange(1, 9).Draw(t, "limit")
			_, err := View(s.ctx, s.DB, by, func(tx *Tx) (none struct{}, err error) {
				total, names, err := pageOf(tx, list, offset, limit)
				if err != nil {
					return none, err
				}
				wantTotal, wantNames, err := plainly(tx, counts, offset, limit)
				if err == nil && (total != wantTotal || !slices.Equal(names, wantNames)) {
					t.Fatalf("%d from %d on: %d %q, want %d %q", limit, offset, total, names, wantTotal, wantNames)
				}
				return none, err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"": func(t *rapid.T) {
				w := workgroup.Draw(t, "of")
				compare(t, System("test"), AssetsIn(w), func(a *Asset) bool { return a.WorkgroupID == w })
				compare(t, System("test"), allAssets(), func(*Asset) bool { return true })
				compare(t, s.visitor, AllAssetsVisible(), func(a *Asset) bool { return a.WorkgroupID != s.workgroupThere })
			},
			"a transaction": func(t *rapid.T) {
				steps := rapid.IntRange(1, 8).Draw(t, "steps")
				s.in(t).change(func(tx *Tx) error {
					for range steps {
						if err := act(t, tx); err != nil {
							return err
						}
					}
					return nil
				})
			},
		})
	})
}

// TestPagesWhileWritersWrite reads pages while others insert and delete: each is that of its snapshot.
func TestPagesWhileWritersWrite(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	var writers, readers sync.WaitGroup
	done := make(chan struct{})
	for w := range 3 {
		writers.Go(func() {
			for i := range 60 {
				name := fmt.Sprintf("srv%d-%d", w, i)
				write := func(tx *Tx) error {
					if i%5 == 4 {
						a, err := AssetByName(tx, firstWorkgroupID, fmt.Sprintf("srv%d-%d", w, i-2))
						if err != nil {
							return err
						}
						return Assets.Delete(tx, a.AssetID)
					}
					return Assets.Insert(tx, &Asset{WorkgroupID: firstWorkgroupID, AssetName: name, IPAddress: "10.0.0.1"})
				}
				err := Change(l.ctx, l.DB, System("test"), write)
				for errors.Is(err, kv.ErrBusy) { // all write one address: on a busy machine one may lose every time
					err = Change(l.ctx, l.DB, System("test"), write)
				}
				if err != nil {
					t.Errorf("%s: %v", name, err)
				}
			}
		})
	}
	for r := range 2 {
		readers.Go(func() {
			for n := r; ; n++ {
				select {
				case <-done:
					return
				default:
				}
				offset := n * 7 % 120
				_, err := View(l.ctx, l.DB, System("test"), func(tx *Tx) (none struct{}, err error) {
					total, names, err := pageOf(tx, AssetsIn(firstWorkgroupID), offset, 5)
					if err != nil {
						return none, err
					}
					wantTotal, wantNames, err := plainly(tx, func(*Asset) bool { return true }, offset, 5)
					if err == nil && (total != wantTotal || !slices.Equal(names, wantNames)) {
						t.Errorf("5 from %d on: %d %q, want %d %q", offset, total, names, wantTotal, wantNames)
					}
					return none, err
				})
				if err != nil {
					t.Errorf("page: %v", err)
				}
			}
		})
	}
	writers.Wait()
	close(done)
	readers.Wait()
}

// TestRowsOfCrowdedAssets reads members of a rule that lie close together, far apart and where none is any more.
func TestRowsOfCrowdedAssets(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	const n = 300
	l.change(func(tx *Tx) error {
		for i := range n {
			if err := Assets.Insert(tx.Unaudited(), &Asset{AssetID: 100 + i, WorkgroupID: firstWorkgroupID, AssetName: fmt.Sprint("srv", i), IPAddress: "10.0.0.1"}); err != nil {
				return err
			}
		}
		return nil
	})
	for name, step := range map[string]int{"every one": 1, "every third": 3, "every fiftieth": 50} {
		t.Run(name, func(t *testing.T) {
			l := l.in(t)
			var want, got []string
			places := func(yield func(assetRef, error) bool) {
				for i := -2 * step; i < n+2*step; i += step { // the first and the last are nowhere
					if !yield(assetRef{firstWorkgroupID, 100 + i}, nil) {
						return
					}
				}
			}
			for i := 0; i < n; i += step {
				want = append(want, fmt.Sprint("srv", i))
			}
			view(l, func(tx *Tx) (none struct{}, err error) {
				for row, err := range assetRows(tx, places, math.MaxInt, nil) {
					var a Asset
					if err == nil {
						err = json.Unmarshal(row, &a)
					}
					if err != nil {
						return none, err
					}
					got = append(got, a.AssetName)
				}
				return none, nil
			})
			equal(t, "rows", got, want)
		})
	}
}
