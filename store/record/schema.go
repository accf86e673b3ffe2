package record

import "context"

// Schema says which records a store has, and what package record must know of them. It is given to New and Verify.
type Schema struct {
	// Version is written into a new store, and into backups. A change of the key layout or of a record's meaning raises it and
	// adds a migration.
	Version int
	// Registry has the collections and links.
	Registry *Registry
	// Facts are the names of what the store knows of itself besides; see StoreKey. Prefixes are what other keys begin with
	// that belong to no collection or link.
	Facts, Prefixes []string
	// Migrations bring a store from a version to the next: the first one from 1 to 2. One that is interrupted runs again at
	// the next start, since its version is written last. Nothing else uses the store meanwhile.
	Migrations []func(context.Context, *DB) error
	// Sweeps say what to do for each kind; one stands before those that it queues.
	Sweeps []Sweep
	// Owners returns to whom records belong that are nothing without. What it returns is used for one verification.
	Owners func() []Ownership
	// VerifyFacts checks Facts.
	VerifyFacts func(v *Verification) error
	// Repaired is called in a transaction after Verify has repaired links.
	Repaired func(tx *Tx) error
}

// Registry are the collections and links that were declared in it, in their order.
type Registry struct{ declared []Declaration }

// Declaration is what can be asked of a collection or a link whatever its types are.
type Declaration interface {
	// Describe says how it was declared.
	Describe() Description
	// Expected adds every pair of a store that its records or links call for, themselves included: what tests compare with what is there.
	Expected(tx *Tx, all map[string][]byte) error

	verify(v *Verification) error // checks all that is stored under the declaration's tag
	prefixes() []string           // what its keys begin with, or are
}

// own has the collections that every store has.
var own Registry

// Work and what was done. Audits are stored in the order of time, and are sealed in blocks.
var (
	Jobs = NewCollection[int, Job](&own, "jo", "Job", func(j *Job) *int { return &j.ID }).Unaudited()

	JobsByTime = Jobs.IndexBy('t', func(j *Job) Key { return K(j.Kind, j.NotBefore) })

	Audits = NewCollection[int, Audit](&own, "au", "User Audit", func(a *Audit) *int { return &a.AuditID }).Unaudited().
		SortedBy(func(a *Audit) Key { return K(a.CreateDate) })

	AuditSeals = NewCollection[int, AuditSeal](&own, "al", "Audit Seal", func(s *AuditSeal) *int { return &s.Block }).Unaudited()
)

// Declared returns all collections and links of a store, those of this package first.
func (s *Schema) Declared() []Declaration {
	return append(own.declared[:len(own.declared):len(own.declared)], s.Registry.declared...)
}

// Keys returns the keys of what the store knows of itself.
func (s *Schema) Keys() (keys []string) {
	for _, name := range append([]string{"schema", AuditHead}, s.Facts...) {
		keys = append(keys, string(StoreKey(name)))
	}
	return keys
}

// prefixes are those of keys that belong to no declaration.
func (s *Schema) prefixes() []string {
	return append(append(s.Keys(), string(UnsealedKey(0)[:3])), s.Prefixes...)
}
