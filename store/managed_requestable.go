package store

import (
	"cmp"
	"iter"
	"net/netip"
	"slices"
	"strings"

	"github.com/musterhq/muster/store/record"
)

// AccountFilter says which accounts are wanted of those that the actor can request. All that is given must hold; names compare without
// regard to case.
type AccountFilter struct {
	Type          string // one of those below; empty: any
	SystemName    string
	AccountName   string // name, domain\name or principal name
	WorkgroupName string
	IPAddress     string // of the system; zeros before the numbers count for nothing
	SystemID      int
}

// The Types of an AccountFilter. There are no applications here, so that those have no accounts.
const (
	LocalAccounts       = "system"
	RecentAccounts      = "recent"
	LinkedAccounts      = "domainlinked"
	DatabaseAccounts    = "database"
	CloudAccounts       = "cloud"
	ApplicationAccounts = "application"
)

// AccountType returns the Type that a text means, whatever the case of its letters, empty for an empty one. It returns an ErrInvalid
// that lists the Types for another.
func AccountType(text string) (string, error) {
	types := []string{LocalAccounts, RecentAccounts, LinkedAccounts, DatabaseAccounts, CloudAccounts, ApplicationAccounts}
	if kind := strings.ToLower(text); kind == "" || slices.Contains(types, kind) {
		return kind, nil
	}
	return "", Invalid("type: one of %s is expected", strings.Join(types, ", "))
}

// Validate returns an ErrInvalid for a filter that no list of accounts has.
func (f *AccountFilter) Validate() error {
	if f.IPAddress != "" && f.Type != LocalAccounts && f.Type != LinkedAccounts && f.Type != DatabaseAccounts {
		return Invalid("ipAddress: type %s, %s or %s is required beside it", LocalAccounts, LinkedAccounts, DatabaseAccounts)
	}
	return nil
}

// RequestableAccounts yields the accounts that somebody with these roles can request or read as an ISA: those with ApiEnabled on which
// they have the role, in the order of the accounts. It returns CodeNoRole without such a role anywhere.
func RequestableAccounts(tx *Tx, roles *AccountRoles, f AccountFilter) (iter.Seq2[*AccountOnSystem, error], error) {
	if !roles.Any(RoleRequestor, RoleRequestorApprover, RoleISA) {
		return nil, CodeNoRole
	}
	wanted, err := f.matcher(tx)
	if err != nil {
		return nil, err
	}
	return record.Where(f.candidates(tx), func(a *AccountOnSystem) (bool, error) {
		if !a.ApiEnabled {
			return false, nil
		}
		if ok, err := wanted(a); err != nil || !ok {
			return false, err
		}
		return roles.On(a, RoleRequestor, RoleRequestorApprover, RoleISA)
	}), nil
}

// candidates yields the accounts among which the filter chooses, by an index where there is one.
func (f *AccountFilter) candidates(tx *Tx) iter.Seq2[*AccountOnSystem, error] {
	name := f.AccountName
	if _, plain, ok := strings.Cut(name, `\`); ok {
		name = plain
	}
	if strings.Contains(name, "@") {
		name = "" // a principal name begins with anything
	}
	if f.SystemID != 0 && f.SystemName == "" {
		return withSystems(tx, AccountsOf(tx, f.SystemID))
	}
	return FindManagedAccounts(tx, f.SystemName, name)
}

// matcher returns what decides whether an account is wanted.
func (f *AccountFilter) matcher(tx *Tx) (func(*AccountOnSystem) (bool, error), error) {
	inWorkgroup, err := workgroupsNamed(tx, f.WorkgroupName)
	if err != nil {
		return nil, err
	}
	recent := map[int]bool{}
	if f.Type == RecentAccounts {
		if recent, err = recentAccounts(tx); err != nil {
			return nil, err
		}
	}
	return func(a *AccountOnSystem) (bool, error) {
		switch {
		case f.AccountName != "" && !a.isCalled(f.AccountName), f.SystemID != 0 && a.ManagedSystemID != f.SystemID:
			return false, nil
		case f.Type == RecentAccounts && !recent[a.ManagedAccountID], f.Type != "" && f.Type != RecentAccounts && f.Type != a.kind():
			return false, nil
		case f.WorkgroupName == "" && f.IPAddress == "":
			return true, nil
		}
		s := *a.System
		err := s.describe(tx)
		return (f.WorkgroupName == "" || inWorkgroup[s.WorkgroupID]) && (f.IPAddress == "" || sameAddress(f.IPAddress, string(s.IPAddress))), err
	}, nil
}

// kind is the Type of an account, empty for one that none of them names.
func (a *AccountOnSystem) kind() string {
	return map[int]string{AssetEntity: LocalAccounts, DatabaseEntity: DatabaseAccounts, CloudEntity: CloudAccounts}[a.System.EntityTypeID]
}

// isCalled reports whether a name means the account: its own, with its domain before it, or its principal name.
func (a *AccountOnSystem) isCalled(name string) bool {
	same := func(one, other string) bool { return record.Fold(one) == record.Fold(other) }
	if domain, plain, ok := strings.Cut(name, `\`); ok {
		return same(domain, string(a.DomainName)) && same(plain, a.AccountName)
	}
	return same(name, a.AccountName) || a.UserPrincipalName != "" && same(name, string(a.UserPrincipalName))
}

// workgroupsNamed returns the ids of the Workgroups of a name; there may be one in each Organization.
func workgroupsNamed(tx *Tx, name string) (map[int]bool, error) {
	ids := map[int]bool{}
	if name == "" {
		return ids, nil
	}
	for w, err := range Workgroups.All(tx) {
		if err != nil {
			return nil, err
		}
		if record.Fold(w.Name) == record.Fold(name) {
			ids[w.ID] = true
		}
	}
	return ids, nil
}

// sameAddress reports whether two texts are the same address: 010.000.002.009 is 10.0.2.9.
func sameAddress(one, other string) bool {
	a, err1 := netip.ParseAddr(unpadded(one))
	b, err2 := netip.ParseAddr(unpadded(other))
	return err1 == nil && err2 == nil && a.Unmap() == b.Unmap()
}

// unpadded is an address without zeros before its numbers; another text stays.
func unpadded(address string) string {
	octets := strings.Split(address, ".")
	if len(octets) != 4 {
		return address
	}
	for i, o := range octets {
		octets[i] = cmp.Or(strings.TrimLeft(o, "0"), "0")
	}
	return strings.Join(octets, ".")
}
