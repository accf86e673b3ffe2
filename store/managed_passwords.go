package store

import (
	"errors"
	"fmt"
)

// AccountPassword are the secrets of a managed account, each sealed.
type AccountPassword struct {
	ManagedAccountID int
	Sealed           []byte // the password
	SealedKey        []byte
	SealedPassphrase []byte
	SealedOnSystem   []byte // what the system has, if that is another password
}

// AccountSecrets are the secrets of a managed account; what is empty it has not.
type AccountSecrets struct {
	Password   string
	PrivateKey string
	Passphrase string
	OnSystem   string // the password that the system has, if that is another one
}

// SetAccountPassword seals and keeps the password of a managed account, in place of all secrets that it has.
func SetAccountPassword(tx *Tx, accountID int, password string) error {
	return setSecrets(tx, accountID, &AccountSecrets{Password: password})
}

// sealedPart is one of the secrets of an account, open and sealed.
type sealedPart struct {
	what   string // names it within the context that it is sealed for
	plain  *string
	sealed *[]byte
}

func (p *AccountPassword) parts(s *AccountSecrets) []sealedPart {
	return []sealedPart{
		{"", &s.Password, &p.Sealed}, {"key", &s.PrivateKey, &p.SealedKey}, {"passphrase", &s.Passphrase, &p.SealedPassphrase}, {"system", &s.OnSystem, &p.SealedOnSystem},
	}
}

func setSecrets(tx *Tx, accountID int, s *AccountSecrets) (err error) {
	p := &AccountPassword{ManagedAccountID: accountID}
	for _, one := range p.parts(s) {
		if *one.plain == "" && one.what != "" {
			continue
		}
		if *one.sealed, err = tx.Vault().Seal([]byte(*one.plain), sealedForAccount(accountID)+one.what); err != nil {
			return err
		}
	}
	return replace(tx, AccountPasswords, p)
}

// open opens the secrets. What another master key sealed is as good as none.
func (p *AccountPassword) open(tx *Tx) (s *AccountSecrets, err error) {
	s = &AccountSecrets{}
	for _, one := range p.parts(s) {
		if len(*one.sealed) == 0 {
			continue
		}
		if *one.plain, err = reveal(tx, *one.sealed, sealedForAccount(p.ManagedAccountID)+one.what); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// UnreachableSystem marks a managed system of the lab that answers nobody: no password can be changed or tested there.
type UnreachableSystem struct{ ManagedSystemID int }

// SetReachable says whether a managed system of the lab can be reached, as all can unless this says otherwise.
func SetReachable(tx *Tx, systemID int, reachable bool) error {
	marked, err := UnreachableSystems.Has(tx, systemID)
	switch {
	case err != nil || marked != reachable:
		return err
	case reachable:
		return UnreachableSystems.Delete(tx, systemID)
	}
	return UnreachableSystems.Insert(tx, &UnreachableSystem{systemID})
}

// IsReachable reports whether passwords can be changed and tested on a system of the lab.
func IsReachable(tx *Tx, s *ManagedSystem) (bool, error) {
	marked, err := UnreachableSystems.Has(tx, s.ManagedSystemID)
	return !marked, err
}

// sealedForAccount is the context that the password of a managed account is sealed for.
func sealedForAccount(id int) string { return fmt.Sprintf("password of managed account %d", id) }

// replace stores a record whether or not there is one by its id.
func replace[T any](tx *Tx, c *Collection[int, T], record *T) error {
	err := c.Put(tx, record)
	if errors.Is(err, ErrNotFound) {
		err = c.Insert(tx, record)
	}
	return err
}
