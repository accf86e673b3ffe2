package record

import (
	"cmp"
	"slices"
	"time"

	"github.com/musterhq/muster/store/kv"
)

// Job is a piece of work that must be done even if the process that began it dies. A worker takes it with a lease
// that it extends while it works; the job of a dead worker comes back when its lease ends. So whatever a
// job does must be safe to do again.
type Job struct {
	ID        int
	Kind      string
	Subject   int    // the id of what it is about
	NotBefore Time   // when it may be taken: the end of the lease, of a taken one
	Owner     string // who has taken it
	Tries     int
	UserID    int // whom it serves, 0 for nobody in particular
}

// Enqueue adds a job, to be taken from now on.
func Enqueue(tx *Tx, kind string, subject int) error {
	return Jobs.Insert(tx, &Job{Kind: kind, Subject: subject, NotBefore: tx.Now, UserID: tx.By.UserID})
}

// Take gives the owner the job of a kind that has waited longest, nil when none waits. Of several takers at once
// one gets it.
func Take(tx *Tx, kind, owner string, lease time.Duration) (*Job, error) {
	found, err := nextJob(tx, kind)
	if found == nil || err != nil {
		return nil, err
	}
	return take(tx, found, owner, lease)
}

func take(tx *Tx, found *Job, owner string, lease time.Duration) (*Job, error) {
	job, err := Jobs.Get(tx, found.ID) // a point read, so that another taker's commit makes this one look again
	if err != nil {
		return nil, err
	}
	job.Owner, job.Tries, job.NotBefore = owner, job.Tries+1, tx.Now.Add(lease)
	return job, Jobs.Put(tx, job)
}

// nextJob returns the job of a kind that has waited longest, nil when none waits.
func nextJob(tx *Tx, kind string) (*Job, error) {
	waiting := kv.Range{From: JobsByTime.c.Key('t', K(kind)), To: kv.Prefix(JobsByTime.c.Key('t', K(kind, tx.Now))).To}
	for job, err := range JobsByTime.Between(tx, waiting) {
		return job, err
	}
	return nil, nil
}

// TakeFairly is Take for jobs that serve users: it gives the job that has waited longest of the user who has the fewest
// jobs under way; of several such users, of the one whose turn is the lowest.
func TakeFairly(tx *Tx, kind, owner string, lease time.Duration, turn func(userID int) int) (*Job, error) {
	var first []*Job // of each user, the oldest first
	underWay, waits := map[int]int{}, map[int]bool{}
	for job, err := range JobsByTime.Each(tx, K(kind)) {
		switch {
		case err != nil:
			return nil, err
		case tx.Now.Before(job.NotBefore):
			underWay[job.UserID]++
		case !waits[job.UserID]:
			first, waits[job.UserID] = append(first, job), true
		}
	}
	if len(first) == 0 {
		return nil, nil
	}
	next := slices.MinFunc(first, func(a, b *Job) int {
		return cmp.Or(cmp.Compare(underWay[a.UserID], underWay[b.UserID]), cmp.Compare(turn(a.UserID), turn(b.UserID)))
	})
	return take(tx, next, owner, lease)
}

// JobState is a kind of jobs and what is with them: "waiting", "under way", or "scheduled" for later.
type JobState struct{ Kind, State string }

// QueueDepth counts the jobs of the queue.
func QueueDepth(tx *Tx) (map[JobState]int, error) {
	depth := map[JobState]int{}
	for job, err := range Jobs.All(tx) {
		if err != nil {
			return nil, err
		}
		state := "waiting"
		switch {
		case !tx.Now.Before(job.NotBefore): // also one whose lease ended
		case job.Owner != "":
			state = "under way"
		default:
			state = "scheduled"
		}
		depth[JobState{job.Kind, state}]++
	}
	return depth, nil
}

// Extend prolongs the lease of a job. It returns ErrBusy if the lease had ended and another has taken it.
func Extend(tx *Tx, job *Job, lease time.Duration) error {
	current, err := Held(tx, job)
	if err != nil {
		return err
	}
	current.NotBefore = tx.Now.Add(lease)
	return Jobs.Put(tx, current)
}

// Holds returns nil while a job is its taker's: else ErrBusy if another has taken it, ErrNotFound if it has ended.
func Holds(tx *Tx, job *Job) error {
	_, err := Held(tx, job)
	return err
}

// Held returns a job as it is now, ErrBusy if it is no longer its taker's.
func Held(tx *Tx, job *Job) (*Job, error) {
	current, err := Jobs.Get(tx, job.ID)
	if err == nil && (current.Owner != job.Owner || current.Tries != job.Tries) {
		err = Error(ErrBusy, "job %d was taken over by %s", job.ID, current.Owner)
	}
	return current, err
}

// Release gives a job back to the queue, to be taken at once. It leaves one alone that has ended or that another has
// taken.
func Release(tx *Tx, job *Job) error {
	current, err := Held(tx, job)
	if err != nil {
		return Ignore(ErrBusy, Ignore(ErrNotFound, err))
	}
	current.Owner, current.NotBefore = "", tx.Now
	return Jobs.Put(tx, current)
}

// ReleaseAll gives back what workers of an earlier run of this process held: nobody else works on this store.
func ReleaseAll(tx *Tx, kind string) error {
	var held []*Job
	for job, err := range JobsByTime.Each(tx, K(kind)) {
		if err != nil {
			return err
		}
		if job.Owner != "" {
			held = append(held, job)
		}
	}
	for _, job := range held {
		job.Owner, job.NotBefore = "", tx.Now
		if err := Jobs.Put(tx, job); err != nil {
			return err
		}
	}
	return nil
}
