package store

import (
	"errors"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/musterhq/muster/store/record"
)

// takeImport takes and begins the next import as the runner does.
func (l *fixture) takeImport() (*Import, *Job, string) {
	l.t.Helper()
	job := update(l, func(tx *Tx) (*Job, error) { return TakeImport(tx, "worker", lease, noTurns) })
	if job == nil {
		l.t.Fatalf("no import waits")
	}
	var file string
	i := update(l, func(tx *Tx) (i *Import, err error) {
		i, file, err = BeginImport(tx, job)
		return i, err
	})
	return i, job, file
}

func TestTheLifeOfAnImport(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	l.clock.step(time.Second)
	posted := &Import{WorkgroupID: firstWorkgroupID, ImportType: "NESSUS", FileName: "scan.csv", Filter: AllAssets, BytesTotal: 17}
	equal(t, "audits of the post", l.audits(func() {
		if err := Change(l.ctx, l.DB, olga, func(tx *Tx) error { return QueueImport(tx, posted, "spooled") }); err != nil {
			t.Fatal(err)
		}
	}), []string{
		`Import Import: ImportID "" → "1", State "" → "Queued", ImportType "" → "NESSUS", FileName "" → "scan.csv", WorkgroupID "" → "1"`,
	})
	got := get(l, Imports, posted.ImportID)
	if got.State != ImportQueued || got.UserID != olga.UserID || got.CreateDate != record.At(l.clock.Now()) || !got.StartDate.IsZero() || got.Warnings == nil {
		t.Errorf("posted: %+v", got)
	}
	l.mustBeUnderWay(true)

	l.clock.step(time.Second)
	var i *Import
	var job *Job
	equal(t, "audits while it runs", l.audits(func() {
		var file string
		i, job, file = l.takeImport()
		if file != "spooled" || i.State != ImportRunning || i.StartDate != record.At(l.clock.Now()) {
			t.Errorf("begun with the file %q: %+v", file, i)
		}
		i.Warnings = []string{"one is skipped"}
		l.change(func(tx *Tx) error { return Imports.Put(tx, i) })
		l.tally(i.ImportID, 0, ImportCounts{Read: 1, Created: 1, BytesRead: 5})
		l.tally(i.ImportID, 1, ImportCounts{Read: 1, Created: 1, BytesRead: 6})
		l.tally(i.ImportID, 0, ImportCounts{Read: 1, Skipped: 1, BytesRead: 6})
	}), nil)
	i = l.importByID(i.ImportID)
	if want := (ImportCounts{Read: 3, Created: 2, Skipped: 1, BytesRead: 17}); i.ImportCounts != want {
		t.Errorf("its writers have come to %+v, want %+v", i.ImportCounts, want)
	}
	listed := view(l, func(tx *Tx) ([]Import, error) { return rows[Import](tx, ListImports(), 0, 10) })
	if len(listed) != 1 || listed[0].ImportCounts != i.ImportCounts {
		t.Errorf("the list says %+v, want %+v", listed, i.ImportCounts)
	}

	l.clock.step(time.Second)
	i.State = ImportDone
	equal(t, "audits of the end, which are of whoever posted it", l.audits(func() {
		file := update(l, func(tx *Tx) (string, error) { return EndImport(tx, i, job) })
		if file != "spooled" {
			t.Errorf("the file is %q", file)
		}
	}), []string{
		`Import Import: ImportID "1" → "1", State "Running" → "Done", Error "" → "", Read "" → "3", Created "" → "2", Updated "" → "0", ` +
			`Unchanged "" → "0", Skipped "" → "1", Filtered "" → "0"`,
	})
	a := get(l, record.Audits, l.lastAudit())
	if a.UserName != olga.UserName || a.UserID != olga.UserID || a.IPAddress != olga.IPAddress ||
		a.Details[0].NewValue != olga.Door || a.Details[1].NewValue != olga.Registration {
		t.Errorf("the audit is %+v", a)
	}
	got = get(l, Imports, i.ImportID)
	if got.State != ImportDone || got.EndDate != record.At(l.clock.Now()) || got.Read != 3 || !slices.Equal(got.Warnings, i.Warnings) {
		t.Errorf("ended: %+v", got)
	}
	l.mustBeUnderWay(false)
	equal(t, "jobs, tallies and files left", slices.Concat(l.keys("jo="), l.keys("it="), l.keys("if=")), nil)
}

// tally writes down what a writer of an import has made of some hosts.
func (l *fixture) tally(id, writer int, counts ImportCounts) {
	l.t.Helper()
	l.change(func(tx *Tx) error { return Tally(tx, id, writer, counts) })
}

func (l *fixture) importByID(id int) *Import {
	l.t.Helper()
	return view(l, func(tx *Tx) (*Import, error) { return ImportByID(tx, id) })
}

func (l *fixture) mustBeUnderWay(want bool) {
	l.t.Helper()
	if got := view(l, ImportsUnderWay); got != want {
		l.t.Errorf("imports are under way: %v", got)
	}
}

func TestAFailedImportSaysWhy(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	l.queue(firstWorkgroupID)
	i, job, _ := l.takeImport()
	i.State, i.Error = ImportFailed, "line 3: no address"
	equal(t, "audits", l.audits(func() {
		update(l, func(tx *Tx) (string, error) { return EndImport(tx, i, job) })
	}), []string{
		`Import Import: ImportID "1" → "1", State "Running" → "Failed", Error "" → "line 3: no address", Read "" → "0", Created "" → "0", ` +
			`Updated "" → "0", Unchanged "" → "0", Skipped "" → "0", Filtered "" → "0"`,
	})
}

func TestAnImportThatIsGivenBackBeginsAgain(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	id := l.queue(firstWorkgroupID)
	i, job, _ := l.takeImport()
	i.Warnings = []string{"odd"}
	l.change(func(tx *Tx) error { return Imports.Put(tx, i) })
	l.tally(id, 1, ImportCounts{Read: 50, Created: 50, BytesRead: 17})
	equal(t, "audits", l.audits(func() { l.change(func(tx *Tx) error { return ReturnImport(tx, job) }) }), nil)
	if got := get(l, Imports, id); got.State != ImportQueued {
		t.Errorf("given back: %+v", got)
	}
	l.mustBeUnderWay(true)
	again, job, file := l.takeImport()
	if again.ImportID != id || job.Tries != 2 || file != "spooled-1" {
		t.Errorf("begun again: %+v, job %+v, file %q", again, job, file)
	}
	if got := l.importByID(id); got.ImportCounts != (ImportCounts{}) || len(got.Warnings) != 0 || got.BytesTotal != 17 {
		t.Errorf("it does not count afresh: %+v", got)
	}
}

func TestAProcessTakesOverTheImportsOfAnEarlierOne(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	running, ended := l.queue(firstWorkgroupID), l.queue(l.workgroup("Floor 1", ""))
	l.takeImport()
	i, job, _ := l.takeImport()
	i.State = ImportDone
	update(l, func(tx *Tx) (string, error) { return EndImport(tx, i, job) })
	waiting := l.queue(firstWorkgroupID)
	l.reopen()
	files := update(l, ReclaimImports)
	if !maps.Equal(files, map[string]bool{"spooled-1": true}) {
		t.Errorf("the files that are needed are %v", files)
	}
	for id, want := range map[int]string{running: ImportQueued, waiting: ImportQueued, ended: ImportDone} {
		if got := get(l, Imports, id).State; got != want {
			t.Errorf("import %d is %s, want %s", id, got, want)
		}
	}
	taken := []int{}
	for range 2 { // at once, without waiting for the lease of the earlier one
		i, _, _ := l.takeImport()
		taken = append(taken, i.ImportID)
	}
	slices.Sort(taken)
	equal(t, "taken", taken, []int{running, waiting})
}

// A worker that was thought dead must not end what another has taken over: the other would never come to an end.
func TestAWorkerWhoseLeaseLapsedDoesNotEndTheImport(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	id := l.queue(firstWorkgroupID)
	i, late, _ := l.takeImport()
	l.clock.step(lease)
	_, job, _ := l.takeImport()
	i.State = ImportDone
	l.refused(ErrBusy, func(tx *Tx) error { _, err := EndImport(tx, i, late); return err })
	l.change(func(tx *Tx) error { return ReturnImport(tx, late) })
	if got := get(l, Imports, id); got.State != ImportRunning {
		t.Errorf("it is %s", got.State)
	}
	update(l, func(tx *Tx) (string, error) { return EndImport(tx, i, job) })
}

func TestCancelImport(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	cancel := func(id int) (string, error) {
		return Update(l.ctx, l.DB, olga, func(tx *Tx) (string, error) { return CancelImport(tx, id) })
	}
	post := func() int {
		i := &Import{WorkgroupID: firstWorkgroupID, ImportType: "NESSUS", Filter: AllAssets}
		if err := Change(l.ctx, l.DB, olga, func(tx *Tx) error { return QueueImport(tx, i, "spooled") }); err != nil {
			t.Fatal(err)
		}
		return i.ImportID
	}

	waiting := post()
	equal(t, "audits of the cancellation", l.audits(func() {
		file, err := cancel(waiting)
		if err != nil || file == "" {
			t.Errorf("canceling one that waits: %q, %v", file, err)
		}
	}), []string{
		`Import Import: ImportID "1" → "1", State "Queued" → "Canceled", Error "" → "", Read "" → "0", Created "" → "0", Updated "" → "0", ` +
			`Unchanged "" → "0", Skipped "" → "0", Filtered "" → "0"`,
	})
	if i := get(l, Imports, waiting); i.State != ImportCanceled || i.EndDate.IsZero() {
		t.Errorf("canceled: %+v", i)
	}
	if job := update(l, func(tx *Tx) (*Job, error) { return TakeImport(tx, "worker", lease, noTurns) }); job != nil {
		t.Errorf("a canceled import is taken: %+v", job)
	}

	post()
	running, job, _ := l.takeImport()
	l.tally(running.ImportID, 0, ImportCounts{Read: 2, Created: 2})
	if _, err := cancel(running.ImportID); err != nil {
		t.Errorf("canceling one that runs: %v", err)
	}
	if i := get(l, Imports, running.ImportID); i.State != ImportCanceled || i.Created != 2 {
		t.Errorf("canceled: %+v", i)
	}
	for name, fn := range map[string]func(*Tx) error{
		"going on": func(tx *Tx) error { return record.Holds(tx, job) },
		"the end":  func(tx *Tx) error { _, err := EndImport(tx, running, job); return err },
		"again":    func(tx *Tx) error { _, err := CancelImport(tx, running.ImportID); return err },
		"another":  func(tx *Tx) error { _, err := CancelImport(tx, 99); return err },
	} {
		want := ErrNotFound
		if name == "again" {
			want = ErrBusy
		}
		if err := Change(l.ctx, l.DB, olga, fn); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", name, err, want)
		}
	}
	l.mustBeUnderWay(false)
	equal(t, "jobs and files left", append(l.keys("jo="), l.keys("if=")...), nil)
}
