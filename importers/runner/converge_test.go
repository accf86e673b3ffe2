package runner_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/musterhq/muster/plugins"
	"github.com/musterhq/muster/store"
	"github.com/musterhq/muster/store/kv"
	"github.com/musterhq/muster/store/kv/badgerkv"
	"github.com/musterhq/muster/store/record"
)

// TestConverge imports files one after the other: with names that move between hosts, two hosts with one name, names in other letter
// cases, MAC addresses that move, and assets that no import has made. Whatever the order of their hosts and the size of the
// batches, and wherever a server was killed meanwhile, the assets end equal and as namesAfter says; the same file again
// changes nothing.
func TestConverge(t *testing.T) {
	t.Parallel()
	mortal := newMortal(t)
	rapid.Check(t, func(t *rapid.T) {
		one, other := newWorld(t, mortal), newWorld(t, mortal)
		assets := drawAssets(t)
		one.insert(assets)
		other.insert(assets)
		defer one.clear()
		defer other.clear()
		for range rapid.IntRange(1, 3).Draw(t, "files") {
			file := drawFile(t)
			want := namesAfter(one.assets(), file)
			one.imports(file, drawWrites(t))
			other.importsKilled(rapid.Permutation(file).Draw(t, "order"), drawWrites(t), rapid.IntRange(1, 12).Draw(t, "commits"))
			if diff := cmp.Diff(one.sketches(), other.sketches(), comparable); diff != "" {
				t.Fatalf("the order of the hosts makes a difference:\n%s", diff)
			}
			if diff := cmp.Diff(want, one.names()); diff != "" {
				t.Fatalf("the names differ:\n%s", diff)
			}
			before := one.assets()
			again := one.imports(rapid.Permutation(file).Draw(t, "order again"), drawWrites(t))
			if again.Created+again.Updated > 0 || again.Unchanged != len(file) {
				t.Fatalf("the same file again: %v", counts(again))
			}
			if diff := cmp.Diff(before, one.assets(), comparable); diff != "" {
				t.Fatalf("the same file again changes\n%s", diff)
			}
		}
	})
}

// mortal is an engine whose process is killed after so many commits.
type mortal struct {
	kv.Engine
	commits atomic.Int64

	fixture *fixture
	worlds  int
}

const immortal = 1 << 60

var errKilled = errors.New("the server was killed")

func newMortal(t *testing.T) *mortal {
	t.Helper()
	engine, err := badgerkv.Open(badgerkv.Options{InMemory: true, Small: true})
	must(t, err)
	m := &mortal{Engine: engine}
	m.commits.Store(immortal)
	m.fixture = newFixtureOn(t, m, time.Minute)
	return m
}

// Update is that of the engine until the commits are used up.
func (m *mortal) Update(ctx context.Context, fn func(kv.Txn) error) error {
	if m.commits.Add(-1) < 0 {
		return errKilled
	}
	return m.Engine.Update(ctx, fn)
}

// world is a Workgroup of its own.
type world struct {
	t *rapid.T
	*mortal
	workgroup int
}

func newWorld(t *rapid.T, m *mortal) world {
	m.worlds++
	g := &store.Workgroup{Name: fmt.Sprint("world ", m.worlds)}
	w := world{t: t, mortal: m}
	w.change(func(tx *store.Tx) (err error) {
		if g.OrganizationID, err = store.DefaultOrganization(tx); err != nil {
			return err
		}
		return store.Workgroups.Insert(tx, g)
	})
	w.workgroup = g.ID
	return w
}

func (w world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w world) change(fn func(*store.Tx) error) {
	w.t.Helper()
	w.must(store.Change(context.Background(), w.fixture.db, store.System("test"), fn))
}

func (w world) insert(assets []store.Asset) {
	w.t.Helper()
	w.change(func(tx *store.Tx) error {
		for _, a := range assets {
			if a.WorkgroupID = w.workgroup; store.Assets.Insert(tx, &a) != nil {
				return errors.New("an asset is refused")
			}
		}
		return nil
	})
}

// clear deletes the assets, so that lists of other worlds stay short.
func (w world) clear() {
	for _, a := range w.assets() {
		w.change(func(tx *store.Tx) error { return store.Assets.Delete(tx, a.AssetID) })
	}
}

// queue queues an import for RunRecords, which needs no file.
func (w world) queue() (id int) {
	w.t.Helper()
	w.change(func(tx *store.Tx) error {
		i := &store.Import{WorkgroupID: w.workgroup, ImportType: "RECORDS", Filter: store.AllAssets}
		err := store.QueueImport(tx, i, "none")
		id = i.ImportID
		return err
	})
	return id
}

// imports runs an import that nothing disturbs, in batches of about so many writes.
func (w world) imports(file []plugins.Record, writes int) *store.Import {
	w.t.Helper()
	id := w.queue()
	w.must(w.fixture.runner.RunRecords(context.Background(), file, writes))
	return w.ended(id)
}

// importsKilled runs an import of a server that is killed after so many commits, and then that of the next one.
func (w world) importsKilled(file []plugins.Record, writes, commits int) {
	w.t.Helper()
	id := w.queue()
	w.commits.Store(int64(commits))
	err := w.fixture.runner.RunRecords(context.Background(), file, writes)
	w.commits.Store(immortal)
	if err != nil {
		if !errors.Is(err, errKilled) {
			w.t.Fatal(err)
		}
		w.fixture.runner = w.fixture.newRunner()
		w.must(w.fixture.runner.RunRecords(context.Background(), file, writes))
	}
	w.ended(id)
}

func (w world) ended(id int) *store.Import {
	w.t.Helper()
	i, err := view(w.fixture, func(tx *store.Tx) (*store.Import, error) { return store.ImportByID(tx, id) })
	w.must(err)
	if i.State != store.ImportDone || i.Read != i.Created+i.Updated+i.Unchanged {
		w.t.Fatalf("%s %q %v", i.State, i.Error, counts(i))
	}
	return i
}

// assets are those of the Workgroup, in the order of their ids.
func (w world) assets() (mine []store.Asset) {
	w.t.Helper()
	for _, a := range each(w.fixture, store.Assets.All, func(a *store.Asset) store.Asset { return *a }) {
		if a.WorkgroupID == w.workgroup {
			a.WorkgroupID = 0
			mine = append(mine, a)
		}
	}
	slices.SortFunc(mine, func(a, b store.Asset) int { return a.AssetID - b.AssetID })
	return mine
}

// sketches are the assets without their ids and dates.
func (w world) sketches() (all []store.Asset) {
	w.t.Helper()
	for _, a := range w.assets() {
		a.AssetID, a.CreateDate, a.LastUpdateDate = 0, store.Time{}, store.Time{}
		all = append(all, a)
	}
	slices.SortFunc(all, func(a, b store.Asset) int {
		return strings.Compare(a.IPAddress+a.AssetName, b.IPAddress+b.AssetName)
	})
	return all
}

// names are the names at each address; one that is an address has no number.
func (w world) names() map[string][]string {
	w.t.Helper()
	found := map[string][]string{}
	for _, a := range w.assets() {
		found[a.IPAddress] = append(found[a.IPAddress], unnumbered(a.AssetName))
	}
	for _, at := range found {
		slices.Sort(at)
	}
	return found
}

var (
	someAddresses = []string{"10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.5", "10.0.0.6", "2001:db8::7"}
	someNames     = []string{"", "srv01", "SRV01", "srv02", "Srv02", "srv03", "srv04", "ÄRGER", "ärger"}
	someMACs      = []string{"", "00:11:22:33:44:01", "00:11:22:33:44:02"}
)

// drawAssets draws assets that no import has made: several may have one address.
func drawAssets(t *rapid.T) (assets []store.Asset) {
	for range rapid.IntRange(0, 5).Draw(t, "assets") {
		a := store.Asset{IPAddress: rapid.SampledFrom(someAddresses).Draw(t, "address"), AssetName: rapid.SampledFrom(someNames).Draw(t, "name")}
		if a.AssetName == "" {
			a.AssetName = padded(a.IPAddress)
		}
		if !slices.ContainsFunc(assets, func(b store.Asset) bool { return record.Fold(a.AssetName) == record.Fold(b.AssetName) }) {
			assets = append(assets, a)
		}
	}
	return assets
}

// drawFile draws some hosts, each with an address of its own.
func drawFile(t *rapid.T) (file []plugins.Record) {
	for _, address := range rapid.Permutation(someAddresses).Draw(t, "addresses")[:rapid.IntRange(0, len(someAddresses)).Draw(t, "hosts")] {
		file = append(file, plugins.Record{
			IPAddress: address, AssetName: rapid.SampledFrom(someNames).Draw(t, "name"), MacAddress: rapid.SampledFrom(someMACs).Draw(t, "MAC"),
			OperatingSystem: rapid.SampledFrom([]string{"", "Linux", "AIX"}).Draw(t, "OS"),
		})
	}
	return file
}

// drawWrites draws the size of a batch: of one host and more.
func drawWrites(t *rapid.T) int { return rapid.SampledFrom([]int{10, 20, 30, 2500}).Draw(t, "writes") }

func padded(address string) string { return store.PaddedAddress(netip.MustParseAddr(address)) }

var comparable = cmpopts.EquateComparable(store.Time{})
