package runner_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/musterhq/muster/plugins"
	"github.com/musterhq/muster/store"
)

// endless finds hosts for as long as anybody listens.
func endless(_ context.Context, _ plugins.File, emit func(plugins.Record) error) error {
	for n := 0; ; n++ {
		if err := emit(plugins.Record{IPAddress: fmt.Sprintf("10.%d.%d.%d", n>>16, n>>8&255, n&255)}); err != nil {
			return err
		}
	}
}

// assets returns the addresses of the assets, in the order of their ids.
func (f *fixture) assets() []string {
	f.t.Helper()
	return each(f, store.Assets.All, func(a *store.Asset) string { return a.IPAddress })
}

// TestBatchesOverlap gives ids in the order of the file, over many batches, and makes one asset of a host that comes again, also
// if the batch that has brought it in is still under way.
func TestBatchesOverlap(t *testing.T) {
	t.Parallel()
	f := newFixture(t, time.Minute)
	f.start(f.runner)
	const hosts = 3000
	for net, again := range []int{0, 15} { // every so many hosts, one of about a batch before
		before, want := len(f.assets()), []string{}
		var file strings.Builder
		for n := range hosts {
			want = append(want, fmt.Sprintf("10.%d.%d.%d", net, n/250, n%250))
			fmt.Fprintln(&file, want[n])
			if again > 0 && n > 260 && n%again == 0 {
				fmt.Fprintln(&file, want[n-249])
			}
		}
		read := strings.Count(file.String(), "\n")
		i := f.await(f.queue("LINES", store.AllAssets, file.String()), ended)
		if want := [6]int{read, hosts, 0, read - hosts, 0, 0}; i.State != store.ImportDone || counts(i) != want {
			t.Errorf("%s %q %v, want %v", i.State, i.Error, counts(i), want)
		}
		got := f.assets()[before:]
		if again > 0 { // a batch that found out that it is to run again has later ids
			slices.Sort(got)
			slices.Sort(want)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%d assets, or not in the order of the file", len(got))
		}
	}
}

// TestCanceledCountsAreRight cancels imports in the middle, with batches under way: the counts are of what they have brought in.
func TestCanceledCountsAreRight(t *testing.T) {
	t.Parallel()
	f := newFixture(t, time.Minute)
	f.start(f.runner)
	for round := range 3 {
		before := len(f.assets())
		id := f.queue("ENDLESS", store.AllAssets, "")
		f.await(id, func(i *store.Import) bool { return i.Read > 500*(round+1) })
		_, err := store.Update(t.Context(), f.db, store.System("test"), func(tx *store.Tx) (string, error) { return store.CancelImport(tx, id) })
		must(t, err)
		i := f.await(id, ended)
		f.runner.Stop(id)
		f.await(f.queue("LINES", store.AllAssets, ""), ended)
		if made := len(f.assets()) - before; i.State != store.ImportCanceled || i.Created != made || i.Read != i.Created+i.Unchanged {
			t.Errorf("%s %v, and %d assets were made", i.State, counts(i), made)
		}
	}
}
