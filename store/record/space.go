package record

import (
	"context"
	"time"
)

// Room returns ErrNoSpace if so many bytes may not be written beside the store, as spooled files are.
func (db *DB) Room(bytes int) error {
	if db.room == nil {
		return nil
	}
	return db.room(bytes)
}

type patience struct{}

// Patient returns a context in which Update waits for room on the disk instead of returning ErrNoSpace: for work in the
// background, which pauses so and goes on by itself.
func Patient(ctx context.Context) context.Context { return context.WithValue(ctx, patience{}, true) }

// Impatient undoes Patient.
func Impatient(ctx context.Context) context.Context {
	return context.WithValue(ctx, patience{}, false)
}

func isPatient(ctx context.Context) bool {
	patient, _ := ctx.Value(patience{}).(bool)
	return patient
}

// lookForSpaceEvery is how soon what waits for room sees it.
const lookForSpaceEvery = time.Second

func waitForSpace(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(lookForSpaceEvery):
		return nil
	}
}
