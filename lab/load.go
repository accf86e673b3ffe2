package lab

import (
	"context"

	"github.com/musterhq/muster/store"
)

// LoadOptions say how a file is loaded.
type LoadOptions struct {
	By     store.Actor // who loads, as audits say; muster itself unless it is given
	DryRun bool        // nothing is changed
	Values func(Source) (string, error)
}

// changesAtOnce is how many changes a transaction makes: with index entries and audit rows, about 400 writes.
const changesAtOnce = 30

// Load brings a file into the store and returns what it changes, in the order of the file's sections; with DryRun, what it
// would change. It is rehearsed first: a file that is refused, with an *Error, has changed nothing. Then it is done, some
// changes in a transaction. If that breaks off (a crash, a change by others that contradicts the file), what was done stays, and
// loading the file again does the rest. Two loads of one store must not run at the same time.
func Load(ctx context.Context, db *store.DB, f *File, o LoadOptions) ([]Change, error) {
	if o.By.UserName == "" {
		o.By = store.System("lab file")
	}
	values := o.Values
	if values == nil {
		values = func(s Source) (string, error) { return s.Read(".") }
	}
	if err := f.Resolve(values); err != nil {
		return nil, err
	}
	for _, u := range f.Users {
		if err := u.prepare(ctx, db, o.By); err != nil {
			return nil, err
		}
	}
	steps := f.steps()
	changes := []Change{}
	touched := make([]bool, len(steps))
	err := store.Rehearse(ctx, db, o.By, func(tx *store.Tx) error {
		p := &pass{tx: tx, changes: &changes, seen: map[string]*Place{}}
		for i, s := range steps {
			before := len(changes)
			if err := s.run(p); err != nil {
				return err
			}
			touched[i] = len(changes) > before
		}
		return nil
	})
	if err != nil || o.DryRun {
		return changes, err
	}
	return changes, perform(ctx, db, o.By, steps, touched)
}

// perform does the steps that change anything.
func perform(ctx context.Context, db *store.DB, by store.Actor, steps []step, touched []bool) error {
	var left []step
	for i, s := range steps {
		if touched[i] {
			left = append(left, s)
		}
	}
	for len(left) > 0 {
		some := left[:min(changesAtOnce, len(left))]
		left = left[len(some):]
		if err := store.Change(ctx, db, by, func(tx *store.Tx) error {
			p := &pass{tx: tx}
			for _, s := range some {
				if err := s.run(p); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			return err
		}
	}
	return nil
}
