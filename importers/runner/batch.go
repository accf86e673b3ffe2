package runner

import (
	"cmp"
	"context"
	"slices"

	"github.com/musterhq/muster/plugins"
)

// The most keys that a piece of one host writes, the most keys and bytes of records that go into a transaction, and about how
// many keys each thing takes with its index entries. A transaction is synced once, however many hosts it brings in; the
// bytes leave room for index entries of hosts whose every name is as long as may be.
const (
	maxWrites   = 500
	batchWrites = 2500
	batchBytes  = 512 << 10

	assetWrites     = 10 // also of a functional account, which takes fewer
	attributeWrites = 3
	databaseWrites  = 3
	systemWrites    = 4
	accountWrites   = 5
	nameWrites      = 10 // of the asset that gets a name and of the one that has it
)

// part is a record, or a piece of one that is too large for one transaction. Or it is what is to become of a name.
type part struct {
	plugins.Record
	more          bool // another piece of the same host follows
	writes, bytes int
	name          *naming
}

// parts cuts a record into pieces that each bring in the same asset and managed system with some of what is on it.
func parts(r plugins.Record) []part {
	if r.HostDetails == nil {
		return []part{{Record: r, writes: assetWrites, bytes: r.Size()}}
	}
	var all []part
	rest := *r.HostDetails
	for more := true; more; {
		p := part{Record: r, writes: assetWrites}
		p.HostDetails = new(plugins.HostDetails)
		p.HostDetails.Attributes, rest.Attributes = cut(rest.Attributes, &p.writes, attributeWrites)
		p.HostDetails.Databases, rest.Databases = cut(rest.Databases, &p.writes, databaseWrites)
		if rest.ManagedSystem != nil && p.writes+systemWrites+accountWrites <= maxWrites {
			p.writes += systemWrites
			now, later := *rest.ManagedSystem, *rest.ManagedSystem
			now.ManagedAccounts, later.ManagedAccounts = cut(rest.ManagedSystem.ManagedAccounts, &p.writes, accountWrites)
			p.HostDetails.ManagedSystem, rest.ManagedSystem = &now, &later
			if len(later.ManagedAccounts) == 0 {
				rest.ManagedSystem = nil
			}
		}
		more = len(rest.Attributes)+len(rest.Databases) > 0 || rest.ManagedSystem != nil
		p.more, p.bytes = more, p.Size()
		all = append(all, p)
	}
	return all
}

// cut returns as much of a list as a transaction has room for, and the rest.
func cut[T any](list []T, writes *int, each int) (now, later []T) {
	n := min(len(list), (maxWrites-*writes)/each)
	*writes += n * each
	return list[:n], list[n:]
}

// batch is what goes into one transaction.
type batch struct {
	parts         []part
	writes, bytes int
}

// take gathers a record, and hands on what was gathered when there is enough of it.
func (i *running) take(ctx context.Context, r plugins.Record) error {
	if r.FunctionalAccount != nil {
		if i.functional++; i.functional > plugins.MaxFunctionalAccounts {
			return nil
		}
	}
	i.claim(r)
	for _, p := range parts(r) {
		if i.batch.writes+p.writes > i.room || i.batch.bytes+p.bytes > batchBytes {
			if err := i.flush(ctx); err != nil {
				return err
			}
		}
		i.batch.parts = append(i.batch.parts, p)
		i.batch.writes += p.writes
		i.batch.bytes += p.bytes
	}
	if i.batch.writes+assetWrites > i.room {
		return i.flush(ctx)
	}
	return nil
}

// finish brings in what is left of the batch, and then the names.
func (i *running) finish(ctx context.Context) error {
	if err := cmp.Or(i.flush(ctx), i.settleAll()); err != nil {
		return err
	}
	for moves := range slices.Chunk(i.names.parts(), max(i.room/nameWrites, 1)) {
		i.batch = batch{parts: moves}
		// One at a time, since each needs to know which hosts the one before has changed.
		if err := cmp.Or(i.flush(ctx), i.settleAll()); err != nil {
			return err
		}
	}
	return nil
}
