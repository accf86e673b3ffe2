package runner_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"iter"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/importers/runner"
	"github.com/musterhq/muster/plugins/host"
	"github.com/musterhq/muster/store"
	"github.com/musterhq/muster/store/kv"
	"github.com/musterhq/muster/store/kv/badgerkv"
	"github.com/musterhq/muster/store/record"
)

type fixture struct {
	t      *testing.T
	db     *store.DB
	folder string
	host   *host.Host
	runner *runner.Runner
}

func newFixture(t *testing.T, deadline time.Duration) *fixture {
	t.Helper()
	engine, err := badgerkv.Open(badgerkv.Options{InMemory: true, Small: true})
	must(t, err)
	return newFixtureOn(t, engine, deadline)
}

func newFixtureOn(t *testing.T, engine kv.Engine, deadline time.Duration) *fixture {
	t.Helper()
	vault, err := authz.NewVault(bytes.Repeat([]byte{7}, 32))
	must(t, err)
	f := &fixture{t: t, folder: filepath.Join(t.TempDir(), "imports")}
	f.db, err = store.Open(t.Context(), engine, store.Options{Vault: vault, Hasher: authz.CheapHasher(1)}, func() (store.FirstStart, error) {
		return store.FirstStart{User: "administrator", Password: "secret", ApiKey: authz.NewAPIKey(), ClientID: authz.NewClientID(), ClientSecret: authz.NewClientSecret()}, nil
	})
	must(t, err)
	t.Cleanup(func() { must(t, f.db.Close()) })
	self, err := os.Executable()
	must(t, err)
	f.host = host.New(host.Options{Executable: self, BuiltIn: importers, Deadline: deadline})
	f.runner = f.newRunner()
	return f
}

func (f *fixture) newRunner() *runner.Runner {
	f.t.Helper()
	r, err := runner.New(f.t.Context(), runner.Options{DB: f.db, Host: f.host, Folder: f.folder})
	must(f.t, err)
	return r
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// start runs the runner until stop is called or the test ends.
func (f *fixture) start(r *runner.Runner) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { r.Run(ctx); close(done) }()
	stop = func() { cancel(); <-done }
	f.t.Cleanup(stop)
	return stop
}

// queue queues an import of a file into Workgroup 1 and returns its id.
func (f *fixture) queue(typ, filter, content string) int {
	f.t.Helper()
	file, size, err := f.runner.Spool(1<<30, errors.New("too large"), func(s io.Writer) error {
		_, err := io.WriteString(s, content)
		return err
	})
	must(f.t, err)
	id, err := store.Update(f.t.Context(), f.db, store.Actor{UserID: 1, UserName: "administrator", Door: "test"}, func(tx *store.Tx) (int, error) {
		i := &store.Import{WorkgroupID: 1, ImportType: typ, Filter: filter, BytesTotal: size}
		err := store.QueueImport(tx, i, file)
		return i.ImportID, err
	})
	must(f.t, err)
	f.runner.Wake()
	return id
}

// await waits until an import is as wanted and returns it.
func (f *fixture) await(id int, wanted func(*store.Import) bool) *store.Import {
	f.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		i, err := view(f, func(tx *store.Tx) (*store.Import, error) { return store.ImportByID(tx, id) })
		must(f.t, err)
		if wanted(i) {
			return i
		}
	}
	f.t.Fatalf("import %d does not get there", id)
	return nil
}

func view[R any](f *fixture, fn func(*store.Tx) (R, error)) (R, error) {
	return store.View(f.t.Context(), f.db, store.System("test"), fn)
}

// each returns something of each of some records.
func each[T, R any](f *fixture, records func(*store.Tx) iter.Seq2[*T, error], of func(*T) R) []R {
	f.t.Helper()
	all, err := view(f, func(tx *store.Tx) (all []R, err error) {
		for record, err := range records(tx) {
			if err != nil {
				return nil, err
			}
			all = append(all, of(record))
		}
		return all, nil
	})
	must(f.t, err)
	return all
}

// audits are those of a user, or of all.
func audits(userName string) func(*store.Tx) iter.Seq2[*store.Audit, error] {
	return func(tx *store.Tx) iter.Seq2[*store.Audit, error] {
		return record.FindAudits(tx, store.AuditFilter{UserName: userName})
	}
}

func ended(i *store.Import) bool { return !i.EndDate.IsZero() }

// counts are Read, Created, Updated, Unchanged, Skipped and Filtered.
func counts(i *store.Import) [6]int {
	return [6]int{i.Read, i.Created, i.Updated, i.Unchanged, i.Skipped, i.Filtered}
}
