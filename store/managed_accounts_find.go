package store

import (
	"cmp"
	"errors"
	"iter"
	"maps"
	"slices"

	"github.com/musterhq/muster/store/record"
)

// AccountOnSystem is a managed account together with its system.
type AccountOnSystem struct {
	*ManagedAccount
	System *ManagedSystem
}

// ManagedAccountByID returns a managed account on an asset that the actor may see, or ErrNotFound.
func ManagedAccountByID(tx *Tx, id int) (*AccountOnSystem, error) {
	a, err := ManagedAccounts.Get(tx, id)
	if err != nil {
		return nil, err
	}
	s, err := ManagedSystemByID(tx, a.ManagedSystemID)
	if err != nil {
		return nil, cmp.Or(record.Ignore(ErrNotFound, err), record.NotFound(ManagedAccounts.Name(), id))
	}
	a.Normalize()
	return &AccountOnSystem{a, s}, nil
}

// ManagedAccountByName returns the account of a domain and a name on a managed system, without regard to case, or
// ErrNotFound.
func ManagedAccountByName(tx *Tx, systemID int, domain, name string) (*ManagedAccount, error) {
	return managedAccountByName.One(tx, K(systemID, record.Fold(name), record.Fold(domain)), name)
}

// FindManagedAccounts yields the managed accounts of a name on the systems of a name, on assets that the actor may see.
// Names compare without regard to case; an empty one leaves the choice open.
func FindManagedAccounts(tx *Tx, systemName, accountName string) iter.Seq2[*AccountOnSystem, error] {
	if systemName != "" {
		return accountsOnSystems(tx, managedSystemsByName.Each(tx, K(record.Fold(systemName))), accountName)
	}
	all := ManagedAccounts.All(tx)
	if accountName != "" {
		all = managedAccountsByName.Each(tx, K(record.Fold(accountName)))
	}
	return withSystems(tx, all)
}

// accountsOnSystems yields the accounts of a name, or all, on those of the systems that the actor may see.
func accountsOnSystems(tx *Tx, systems iter.Seq2[*ManagedSystem, error], accountName string) iter.Seq2[*AccountOnSystem, error] {
	return func(yield func(*AccountOnSystem, error) bool) {
		for s, err := range seenSystems(tx, systems) {
			if err != nil {
				yield(nil, err)
				return
			}
			accounts := AccountsOf(tx, s.ManagedSystemID)
			if accountName != "" {
				accounts = managedAccountByName.Each(tx, K(s.ManagedSystemID, record.Fold(accountName)))
			}
			for a, err := range accounts {
				if err == nil {
					a.Normalize()
				}
				if !yield(&AccountOnSystem{a, s}, err) || err != nil {
					return
				}
			}
		}
	}
}

// AccountsOf yields the accounts of a managed system.
func AccountsOf(tx *Tx, systemID int) iter.Seq2[*ManagedAccount, error] {
	return ManagedAccounts.In(tx, K(systemID))
}

// AccountsOnSystem yields the accounts of a managed system that the actor may see, with it.
func AccountsOnSystem(tx *Tx, systemID int) iter.Seq2[*AccountOnSystem, error] {
	return withSystems(tx, AccountsOf(tx, systemID))
}

// AccountOnSystemByName returns the account of a name on a managed system that the actor may see, the first of several domains, or
// ErrNotFound.
func AccountOnSystemByName(tx *Tx, systemID int, name string) (*AccountOnSystem, error) {
	s, err := ManagedSystemByID(tx, systemID)
	if err != nil {
		return nil, err
	}
	for a, err := range managedAccountByName.Each(tx, K(systemID, record.Fold(name))) {
		if err != nil {
			return nil, err
		}
		a.Normalize()
		return &AccountOnSystem{a, s}, nil
	}
	return nil, record.NotFound(ManagedAccounts.Name(), name)
}

// AccountByNames returns the managed account of a name on the systems of an asset of a Workgroup, all by their names, that the actor
// may see, or ErrNotFound.
func AccountByNames(tx *Tx, workgroup, asset, account string) (*AccountOnSystem, error) {
	in, err := workgroupsNamed(tx, workgroup)
	if err != nil {
		return nil, err
	}
	for _, id := range slices.Sorted(maps.Keys(in)) {
		a, err := AssetByName(tx, id, asset)
		if errors.Is(err, ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		for found, err := range accountsOnSystems(tx, ManagedSystemsOn(tx, a.AssetID), account) {
			return found, err
		}
	}
	return nil, record.NotFound(ManagedAccounts.Name(), account)
}

// withSystems yields accounts with their systems and leaves out those that the actor may not see. Accounts of one system
// behind each other cost one look at it.
func withSystems(tx *Tx, accounts iter.Seq2[*ManagedAccount, error]) iter.Seq2[*AccountOnSystem, error] {
	return func(yield func(*AccountOnSystem, error) bool) {
		sees := workgroupSight{tx: tx, seen: map[int]bool{}}
		var last *ManagedSystem
		var visible bool
		for a, err := range accounts {
			if err == nil && (last == nil || last.ManagedSystemID != a.ManagedSystemID) {
				last, visible, err = systemOf(tx, a, &sees)
			}
			if err == nil && !visible {
				continue
			}
			if err == nil {
				a.Normalize()
			}
			if !yield(&AccountOnSystem{a, last}, err) || err != nil {
				return
			}
		}
	}
}

// systemOf returns the system of an account and whether the actor may see it. One that has just been deleted, whose
// accounts are still to be swept, is as good as there and not seen.
func systemOf(tx *Tx, a *ManagedAccount, sees *workgroupSight) (s *ManagedSystem, visible bool, err error) {
	s, err = ManagedSystems.Get(tx, a.ManagedSystemID)
	if errors.Is(err, ErrNotFound) {
		return &ManagedSystem{ManagedSystemID: a.ManagedSystemID}, false, nil
	}
	if err == nil {
		visible, err = s.visible(tx, sees)
	}
	return s, visible, err
}
