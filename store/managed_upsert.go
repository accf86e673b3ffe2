package store

import (
	"cmp"
	"crypto/subtle"
	"errors"

	"github.com/musterhq/muster/store/kv"
	"github.com/musterhq/muster/store/record"
)

// AccountFacts are what an importer knows of a managed account.
type AccountFacts struct {
	DomainName, AccountName, DistinguishedName, Description string
	Password                                                string // goes no further than to where it is sealed
	ApiEnabled, AutoManagementFlag                          *bool
	ReleaseDuration, MaxReleaseDuration                     int
}

// UpsertManagedAccount brings in the account of a domain and a name on a managed system. A password that is another one
// than the account has replaces it and moves LastChangeDate.
func UpsertManagedAccount(tx *Tx, systemID int, f AccountFacts) (Outcome, error) {
	tx = tx.Unaudited()
	if err := checkAccount(f.DomainName, f.AccountName, f.Password); err != nil {
		return Unchanged, err
	}
	a, err := ManagedAccountByName(tx, systemID, f.DomainName, f.AccountName)
	if errors.Is(err, ErrNotFound) {
		a, err = &ManagedAccount{ManagedSystemID: systemID}, nil
	}
	if err != nil {
		return Unchanged, err
	}
	before := *a
	a.learn(f)
	has, err := a.HasPassword(tx, f.Password)
	if err != nil {
		return Unchanged, err
	}
	if !has {
		a.LastChangeDate = tx.Now
	}
	outcome, err := upsert(tx, ManagedAccounts, a, &before)
	if err != nil || has {
		return outcome, err
	}
	return changedToo(outcome), SetAccountPassword(tx, a.ManagedAccountID, f.Password)
}

func (a *ManagedAccount) learn(f AccountFacts) {
	replaceIfKnown(&a.AccountName, f.AccountName)
	replaceIfKnown(&a.DomainName, Text(f.DomainName))
	replaceIfKnown(&a.DistinguishedName, Text(f.DistinguishedName))
	replaceIfKnown(&a.Description, Text(f.Description))
	replaceIfKnown(&a.ReleaseDuration, f.ReleaseDuration)
	replaceIfKnown(&a.MaxReleaseDuration, f.MaxReleaseDuration)
	if f.ApiEnabled != nil {
		a.ApiEnabled = *f.ApiEnabled
	}
	if f.AutoManagementFlag != nil {
		a.AutoManagementFlag = *f.AutoManagementFlag
	}
}

// HasPassword reports whether a password is that of the account, or not known.
func (a *ManagedAccount) HasPassword(tx *Tx, password string) (bool, error) {
	if password == "" {
		return true, nil
	}
	kept, err := AccountPasswords.Get(tx, a.ManagedAccountID)
	if err != nil {
		return false, record.Ignore(ErrNotFound, err)
	}
	return holds(tx, kept.Sealed, sealedForAccount(a.ManagedAccountID), password), nil
}

// holds reports whether something sealed is a password. What cannot be opened, because it was sealed under another master
// key, is none, and is replaced.
func holds(tx *Tx, sealed []byte, context, password string) bool {
	plain, err := tx.Vault().Open(sealed, context)
	return err == nil && subtle.ConstantTimeCompare(plain, []byte(password)) == 1
}

// FunctionalFacts are what an importer knows of a functional account.
type FunctionalFacts struct {
	PlatformID                                        int
	DomainName, AccountName, DisplayName, Description string
	Password                                          string // goes no further than to where it is sealed
}

// UpsertFunctionalAccount brings in the functional account of a platform, a domain and a name. A password that is another one
// than the account has replaces it. An account of those that are UsedElsewhere is refused, whatever is said of it: that a password
// changes nothing would tell that it is the right one.
func UpsertFunctionalAccount(tx *Tx, f FunctionalFacts, elsewhere map[int]bool) (Outcome, error) {
	tx = tx.Unaudited()
	if err := checkAccount(f.DomainName, f.AccountName, f.Password); err != nil {
		return Unchanged, err
	}
	a, err := FunctionalAccountByName(tx, f.PlatformID, f.DomainName, f.AccountName)
	if errors.Is(err, ErrNotFound) {
		a, err = &FunctionalAccount{PlatformID: f.PlatformID}, nil
	}
	if err != nil {
		return Unchanged, err
	}
	if elsewhere[a.FunctionalAccountID] {
		return Unchanged, Invalid("a managed system that you may not see uses it")
	}
	before := *a
	replaceIfKnown(&a.AccountName, f.AccountName)
	replaceIfKnown(&a.DomainName, Text(f.DomainName))
	replaceIfKnown(&a.DisplayName, f.DisplayName)
	replaceIfKnown(&a.Description, Text(f.Description))
	has, err := a.HasPassword(tx, f.Password)
	if err != nil {
		return Unchanged, err
	}
	outcome, err := upsert(tx, FunctionalAccounts, a, &before)
	if err != nil || has {
		return outcome, err
	}
	return changedToo(outcome), SetFunctionalPassword(tx, a.FunctionalAccountID, f.Password)
}

// HasPassword reports whether a password is that of the account, or not known.
func (a *FunctionalAccount) HasPassword(tx *Tx, password string) (bool, error) {
	if password == "" {
		return true, nil
	}
	kept, err := FunctionalPasswords.Get(tx, a.FunctionalAccountID)
	if err != nil {
		return false, record.Ignore(ErrNotFound, err)
	}
	return holds(tx, kept.Sealed, sealedForFunctionalAccount(a.FunctionalAccountID), password), nil
}

// changedToo is an outcome to which the change of a password has come.
func changedToo(o Outcome) Outcome {
	if o == Unchanged {
		return Updated
	}
	return o
}

// checkAccount checks what must be right before an account is looked for or something of it is written. An index takes
// the two names together, and folded they may have grown.
func checkAccount(domain, name, password string) error {
	if err := cmp.Or(
		required("AccountName", name, maxAccountName), short("DomainName", domain, maxDomain), short("Password", password, maxPassword),
	); err != nil {
		return err
	}
	if len(K(0, record.Fold(domain), record.Fold(name)))+indexPrefix > kv.MaxKey {
		return Invalid("AccountName and DomainName take more room than an index has")
	}
	return nil
}

// indexPrefix is the length of a collection's tag and an index's kind.
const indexPrefix = 3

// RevealAccountPassword returns the password of a managed account, empty if it has none.
func RevealAccountPassword(tx *Tx, accountID int) (string, error) {
	p, err := AccountPasswords.Get(tx, accountID)
	if err != nil {
		return "", record.Ignore(ErrNotFound, err)
	}
	return reveal(tx, p.Sealed, sealedForAccount(accountID))
}

// RevealFunctionalPassword returns the password of a functional account, empty if it has none.
func RevealFunctionalPassword(tx *Tx, accountID int) (string, error) {
	p, err := FunctionalPasswords.Get(tx, accountID)
	if err != nil {
		return "", record.Ignore(ErrNotFound, err)
	}
	return reveal(tx, p.Sealed, sealedForFunctionalAccount(accountID))
}
