package store

import (
	"cmp"
	"iter"
	"time"

	"github.com/musterhq/muster/store/record"
)

// The States of an import.
const (
	ImportQueued   = "Queued"
	ImportRunning  = "Running"
	ImportDone     = "Done"
	ImportFailed   = "Failed"
	ImportCanceled = "Canceled"
)

// AllAssets is the import Filter that lets every address through.
const AllAssets = "All Assets"

// MaxWarnings is how many warnings of an import are kept.
const MaxWarnings = 100

// Import is a file that was posted and what became of it. Read counts hosts, not rows; in a Done import
// Read = Created + Updated + Unchanged + Skipped + Filtered.
type Import struct {
	ImportID    int    `example:"1"`                                                // ID of the import.
	WorkgroupID int    `example:"1"`                                                // ID of the Workgroup to import into.
	ImportType  string `example:"NESSUS"`                                           // Type of the import file. Formats of your own are types too.
	FileName    Text   `example:"scan.csv"`                                         // Name of the import file.
	Filter      string `example:"All Assets"`                                       // Which addresses are imported.
	State       string `example:"Done" enums:"Queued,Running,Done,Failed,Canceled"` // How far the import is: Queued, Running, Done, Failed or Canceled.
	Error       Text   `example:"the file is not CSV"`                              // Why the import failed.
	ImportCounts
	BytesTotal int      `example:"7070"`                     // Bytes of the file.
	Warnings   []string `example:"line 7: no address"`       // What the importer warned of, the first 100.
	UserID     int      `example:"1"`                        // ID of the user who imports.
	CreateDate Time     `example:"2026-05-04T08:15:30.123Z"` // When the import was accepted.
	StartDate  Time     `example:"2026-05-04T08:15:31.02Z"`  // When it began, for the last time if it was interrupted.
	EndDate    Time     `example:"2026-05-04T08:15:32.4Z"`   // When it ended.
}

// ImportFile is where the content of an import lies until it ends, and who posted it.
type ImportFile struct {
	ImportID int
	File     string // the name of the spooled file, within the import folder
	By       Actor  // for the audit row of the end
}

// importJobs is the Kind of the jobs that run imports.
const importJobs = "import"

// QueueImport stores an accepted import together with its job and its audit row. The file must be on disk already.
func QueueImport(tx *Tx, i *Import, file string) error {
	i.State, i.CreateDate, i.UserID, i.Warnings = ImportQueued, tx.Now, tx.By.UserID, []string{}
	if err := Imports.Insert(tx, i); err != nil {
		return err
	}
	if err := ImportFiles.Insert(tx, &ImportFile{ImportID: i.ImportID, File: file, By: tx.By}); err != nil {
		return err
	}
	if err := record.Enqueue(tx, importJobs, i.ImportID); err != nil {
		return err
	}
	return tx.Audit(record.ActionImport, Imports.Name(), record.Detail("ImportID", "", i.ImportID), record.Detail("State", "", i.State),
		record.Detail("ImportType", "", i.ImportType), record.Detail("FileName", "", i.FileName), record.Detail("WorkgroupID", "", i.WorkgroupID))
}

// TakeImport takes the next import that waits, for as long as the lease says. It returns nil when none waits. Users take
// turns: turn tells when a user's last one was taken, in any unit.
func TakeImport(tx *Tx, owner string, lease time.Duration, turn func(userID int) int) (*Job, error) {
	return record.TakeFairly(tx, importJobs, owner, lease, turn)
}

// EndImport writes what became of an import, as ImportByID has returned it within the transaction, its audit row for whoever
// posted it, and takes its job off the queue. It returns the name of the spooled file, which is no longer needed, or an error of Holds.
func EndImport(tx *Tx, i *Import, job *Job) (file string, err error) {
	if err := record.Holds(tx, job); err != nil {
		return "", err
	}
	f, err := ImportFiles.Get(tx, i.ImportID)
	if err != nil {
		return "", err
	}
	return f.File, endImport(tx.As(f.By), i, ImportRunning, job)
}

// endImport writes an import that has ended, and removes what it needed until then.
func endImport(tx *Tx, i *Import, before string, job *Job) error {
	i.EndDate = tx.Now
	if err := Imports.Put(tx, i); err != nil {
		return err
	}
	if err := clearTallies(tx, i.ImportID); err != nil {
		return err
	}
	if err := tx.Audit(record.ActionImport, Imports.Name(), record.Detail("ImportID", i.ImportID, i.ImportID), record.Detail("State", before, i.State),
		record.Detail("Error", "", i.Error), record.Detail("Read", "", i.Read), record.Detail("Created", "", i.Created), record.Detail("Updated", "", i.Updated),
		record.Detail("Unchanged", "", i.Unchanged), record.Detail("Skipped", "", i.Skipped), record.Detail("Filtered", "", i.Filtered)); err != nil {
		return err
	}
	if err := ImportFiles.Delete(tx, i.ImportID); err != nil {
		return err
	}
	return record.Jobs.Delete(tx, job.ID)
}

// CancelImport ends an import that waits or runs, for the actor. Hosts that it has brought in stay, and its counts say how
// many. Whoever runs it learns of it by Holds. It returns the name of the spooled file, which is no longer needed,
// ErrNotFound as ImportByID, or ErrBusy for an import that has ended.
func CancelImport(tx *Tx, id int) (file string, err error) {
	i, err := ImportByID(tx, id)
	if err != nil {
		return "", err
	}
	if !i.EndDate.IsZero() {
		return "", record.Error(ErrBusy, "Import %d has ended: it is %s", id, i.State)
	}
	f, err := ImportFiles.Get(tx, id)
	if err != nil {
		return "", err
	}
	for job, err := range record.JobsByTime.Each(tx, K(importJobs)) {
		if err != nil {
			return "", err
		}
		if job.Subject != id {
			continue
		}
		if job, err = record.Jobs.Get(tx, job.ID); err != nil { // a point read, so that its taker's commit makes this one run again
			return "", err
		}
		before := i.State
		i.State = ImportCanceled
		return f.File, endImport(tx, i, before, job)
	}
	return "", record.NotFound(Imports.Name(), id) // it has just ended
}

// ImportByID returns an import into a Workgroup that the actor may see, with its counts as they are now, or ErrNotFound.
func ImportByID(tx *Tx, id int) (*Import, error) {
	i, err := Imports.Get(tx, id)
	if err != nil {
		return nil, err
	}
	sees := workgroupSight{tx: tx, seen: map[int]bool{}}
	if visible, err := sees.workgroup(i.WorkgroupID); err != nil || !visible {
		return nil, cmp.Or(err, record.NotFound(Imports.Name(), id))
	}
	return i, i.count(tx)
}

// ListImports lists the imports into Workgroups that the actor may see, newest first.
func ListImports() List {
	newestFirst := Imports.Span(nil, nil)
	newestFirst.Reverse = true
	return record.Filtered(func(tx *Tx) iter.Seq2[*Import, error] {
		sees := workgroupSight{tx: tx, seen: map[int]bool{}}
		return func(yield func(*Import, error) bool) {
			for i, err := range Imports.Records(tx, newestFirst) {
				visible := false
				if err == nil {
					visible, err = sees.workgroup(i.WorkgroupID)
				}
				if err == nil && !visible {
					continue
				}
				if err == nil {
					err = i.count(tx)
				}
				if !yield(i, err) || err != nil {
					return
				}
			}
		}
	})
}

// BeginImport marks a taken import as running, its counts again, and returns the name of its spooled file.
func BeginImport(tx *Tx, job *Job) (*Import, string, error) {
	i, err := Imports.Get(tx, job.Subject)
	if err != nil {
		return nil, "", err
	}
	f, err := ImportFiles.Get(tx, i.ImportID)
	if err != nil {
		return nil, "", err
	}
	i.State, i.StartDate, i.Warnings = ImportRunning, tx.Now, []string{}
	i.ImportCounts = ImportCounts{}
	if err := clearTallies(tx, i.ImportID); err != nil {
		return nil, "", err
	}
	return i, f.File, Imports.Put(tx, i)
}

// ReturnImport gives a running import back to the queue, unless it has ended or another has taken it.
func ReturnImport(tx *Tx, job *Job) error {
	if err := record.Holds(tx, job); err != nil {
		return record.Ignore(ErrBusy, record.Ignore(ErrNotFound, err))
	}
	i, err := Imports.Get(tx, job.Subject)
	if err != nil {
		return err
	}
	i.State = ImportQueued
	if err := Imports.Put(tx, i); err != nil {
		return err
	}
	return record.Release(tx, job)
}

// ReclaimImports gives back to the queue what an earlier process was running, and returns the names of the spooled
// files that are still needed.
func ReclaimImports(tx *Tx) (map[string]bool, error) {
	files := map[string]bool{}
	var running []*Import
	for f, err := range ImportFiles.All(tx) {
		if err != nil {
			return nil, err
		}
		files[f.File] = true
		i, err := Imports.Get(tx, f.ImportID)
		if err != nil {
			return nil, err
		}
		if i.State == ImportRunning {
			running = append(running, i)
		}
	}
	for _, i := range running {
		i.State = ImportQueued
		if err := Imports.Put(tx, i); err != nil {
			return nil, err
		}
	}
	return files, record.ReleaseAll(tx, importJobs)
}

// ImportsUnderWay reports whether any import has not ended.
func ImportsUnderWay(tx *Tx) (bool, error) {
	for _, err := range ImportFiles.All(tx) {
		return err == nil, err
	}
	return false, nil
}
