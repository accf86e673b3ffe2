package lab

import (
	"context"

	"golang.org/x/sync/errgroup"

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
	if err := f.prepare(ctx, db, o.By); err != nil {
		return nil, err
	}
	steps := f.steps()
	changes := []Change{}
	touched := make([]bool, len(steps))
	err := store.Rehearse(ctx, db, o.By, func(tx *store.Tx) error {
		p := &loader{tx: tx, changes: &changes, seen: map[string]*Place{}}
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

// hashedAtOnce is how many passwords are looked at at the same time: those who sign in meanwhile want some of the cores, too.
const hashedAtOnce = 2

// prepare hashes the passwords of users. A thousand of them take a minute.
func (f *File) prepare(ctx context.Context, db *store.DB, by store.Actor) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(hashedAtOnce)
	for _, u := range f.Users {
		g.Go(func() error { return u.prepare(ctx, db, by) })
	}
	return g.Wait()
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
			p := &loader{tx: tx}
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
