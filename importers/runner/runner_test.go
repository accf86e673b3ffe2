package runner_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/musterhq/muster/plugins"
	"github.com/musterhq/muster/store"
)

// The importers of these tests. LINES reads an address and perhaps a name a line; the others misbehave after the
// first line.
var importers = []plugins.Importer{
	{Type: "LINES", Import: lines(nil)},
	{Type: "RECORDS", Import: records},
	{Type: "ENDLESS", Import: endless},
	{Type: "CRASH", Import: lines(func(context.Context) error { os.Exit(3); return nil })},
	{Type: "PANIC", Import: lines(func(context.Context) error { panic("no such plug") })},
	{Type: "HANG", Import: lines(func(context.Context) error { select {} })},
	{Type: "FLOOD", Import: lines(func(context.Context) error {
		for range 1 << 14 {
			fmt.Fprintln(os.Stderr, strings.Repeat("noise ", 20))
		}
		return errors.New("line 2: enough said")
	})},
}

func lines(then func(context.Context) error) func(context.Context, plugins.File, func(plugins.Record) error) error {
	return func(ctx context.Context, f plugins.File, emit func(plugins.Record) error) error {
		for s := bufio.NewScanner(f); s.Scan(); {
			address, name, _ := strings.Cut(s.Text(), " ")
			if err := emit(plugins.Record{IPAddress: address, AssetName: name}.Normalized()); err != nil {
				return err
			}
			if then != nil {
				return then(ctx)
			}
		}
		return nil
	}
}

// The test binary serves the importers when it is started as one.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == "importer" {
		plugins.Serve(importers[slices.IndexFunc(importers, func(i plugins.Importer) bool { return i.Type == os.Args[2] })])
		return
	}
	os.Exit(m.Run())
}

func TestImport(t *testing.T) {
	t.Parallel()
	f := newFixture(t, time.Minute)
	f.start(f.runner)
	file := "10.0.0.1 one\n10.0.0.2\nnobody\n10.0.1.1\n2001:db8::1\n"
	for _, step := range []struct {
		name, filter, file string
		want               [6]int
	}{
		{"a filter lets some of it through", "10.0.0.0/24", file, [6]int{5, 2, 0, 0, 1, 2}},
		{"without one the rest comes in", store.AllAssets, file, [6]int{5, 2, 0, 2, 1, 0}},
		{"the same file again changes nothing", store.AllAssets, file, [6]int{5, 0, 0, 4, 1, 0}},
		{"a new name is an update", store.AllAssets, "10.0.0.2 two", [6]int{1, 0, 1, 0, 0, 0}},
		{"an empty file is no host", store.AllAssets, "", [6]int{}},
	} {
		i := f.await(f.queue("LINES", step.filter, step.file), ended)
		if i.State != store.ImportDone || counts(i) != step.want || i.BytesRead != len(step.file) {
			t.Errorf("%s: %s %q %v, %d bytes, want %v", step.name, i.State, i.Error, counts(i), i.BytesRead, step.want)
		}
		if i.Skipped != len(i.Warnings) {
			t.Errorf("%s: %d skipped, warnings %q", step.name, i.Skipped, i.Warnings)
		}
	}
	if left, err := os.ReadDir(f.folder); err != nil || len(left) > 0 {
		t.Errorf("spooled files are left: %v %v", left, err)
	}
}

// TestMisbehavingImporters shows that whatever an importer does ends its own import, with a reason, and no other's.
func TestMisbehavingImporters(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 8*time.Second)
	f.start(f.runner)
	file := "10.9.0.1\n10.9.0.2\n"
	reasons := map[string]string{"CRASH": "exit", "PANIC": "no such plug", "HANG": "8s", "FLOOD": "line 2: enough said"}
	ids := map[string]int{}
	for typ := range reasons {
		ids[typ] = f.queue(typ, store.AllAssets, file)
	}
	good := f.queue("LINES", store.AllAssets, file)
	for typ, reason := range reasons {
		i := f.await(ids[typ], ended)
		if i.State != store.ImportFailed || !strings.Contains(string(i.Error), reason) {
			t.Errorf("%s: %s %q, want Failed with %q", typ, i.State, i.Error, reason)
		}
	}
	if i := f.await(good, ended); i.State != store.ImportDone || i.Read != 2 {
		t.Errorf("the good import beside them: %s %q", i.State, i.Error)
	}
}

// TestStoppedImportGoesOn stops a runner in the middle of an import; the next one begins it again and ends complete.
func TestStoppedImportGoesOn(t *testing.T) {
	t.Parallel()
	f := newFixture(t, time.Minute)
	const hosts = 3000
	var file strings.Builder
	for n := range hosts {
		fmt.Fprintf(&file, "10.8.%d.%d\n", n/250, n%250)
	}
	stop := f.start(f.runner)
	id := f.queue("LINES", store.AllAssets, file.String())
	f.await(id, func(i *store.Import) bool { return i.Read > 0 })
	stop()
	if i := f.await(id, func(*store.Import) bool { return true }); i.State == store.ImportDone {
		t.Skip("the import was over before it could be stopped")
	} else if i.State != store.ImportQueued {
		t.Fatalf("a stopped import is %s", i.State)
	}
	next := f.newRunner()
	f.start(next)
	i := f.await(id, ended)
	if i.State != store.ImportDone || i.Read != hosts || i.Unchanged == 0 || i.Created+i.Unchanged != hosts {
		t.Errorf("%s %q %v", i.State, i.Error, counts(i))
	}
}

// TestAuditsOfAnImport finds two rows: accepted, and ended with the counts; the assets themselves leave none.
func TestAuditsOfAnImport(t *testing.T) {
	t.Parallel()
	f := newFixture(t, time.Minute)
	f.start(f.runner)
	f.await(f.queue("LINES", store.AllAssets, "10.0.0.1\n10.0.0.2\n"), ended)
	rows := each(f, audits("administrator"), func(a *store.Audit) string {
		row := fmt.Sprint(a.ActionType, " ", a.Section)
		for _, d := range a.Details {
			if d.Name == "State" || d.Name == "Created" {
				row += " " + d.NewValue
			}
		}
		return row
	})
	if want := []string{"Import Import Done 2", "Import Import Queued"}; !slices.Equal(rows, want) {
		t.Errorf("audits %q, want %q", rows, want)
	}
}

// TestOrphansAreSwept removes files that no import names, as a crash between spooling and accepting leaves them.
func TestOrphansAreSwept(t *testing.T) {
	t.Parallel()
	f := newFixture(t, time.Minute)
	orphan := filepath.Join(f.folder, "orphan")
	must(t, os.WriteFile(orphan, nil, 0o600))
	f.queue("LINES", store.AllAssets, "10.0.0.1\n")
	f.newRunner()
	left, err := os.ReadDir(f.folder)
	must(t, err)
	if len(left) != 1 || left[0].Name() == "orphan" {
		t.Errorf("left: %v, want the queued import's file alone", left)
	}
}

// TestSpoolLimit keeps nothing of what is too large.
func TestSpoolLimit(t *testing.T) {
	t.Parallel()
	f := newFixture(t, time.Minute)
	tooLarge := errors.New("too large")
	_, _, err := f.runner.Spool(10, tooLarge, func(s io.Writer) error {
		_, err := io.Copy(s, strings.NewReader("eleven bytes"))
		return err
	})
	left, _ := os.ReadDir(f.folder)
	if !errors.Is(err, tooLarge) || len(left) != 0 {
		t.Errorf("%v, left %v", err, left)
	}
}

// TestCancel ends an importer that would run forever, and leaves what it has found.
func TestCancel(t *testing.T) {
	t.Parallel()
	f := newFixture(t, time.Minute)
	f.start(f.runner)
	id := f.queue("HANG", store.AllAssets, "10.0.0.1\n")
	f.await(id, func(i *store.Import) bool { return i.State == store.ImportRunning })
	began := time.Now()
	file, err := store.Update(t.Context(), f.db, store.System("test"), func(tx *store.Tx) (string, error) { return store.CancelImport(tx, id) })
	must(t, err)
	f.runner.Stop(id)
	f.runner.Discard(file)
	// The worker is free for the next one, and writes no more about this one.
	for range 3 {
		f.await(f.queue("LINES", store.AllAssets, "10.0.0.2\n"), ended)
	}
	if i := f.await(id, ended); i.State != store.ImportCanceled || i.Error != "" || time.Since(began) > 20*time.Second {
		t.Errorf("%s %q after %s", i.State, i.Error, time.Since(began))
	}
	if left, err := os.ReadDir(f.folder); err != nil || len(left) > 0 {
		t.Errorf("spooled files are left: %v %v", left, err)
	}
}
