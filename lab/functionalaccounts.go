package lab

import (
	"github.com/musterhq/muster/store"
)

// FunctionalAccount is what manages systems. It is known by its platform, its domain and its name.
type FunctionalAccount struct {
	Place
	AccountName string  `lab:"required"` // Name of the account.
	Platform    string  `lab:"required"` // Name of its platform.
	DomainName  *string // Its domain.
	DisplayName *string // Name to show; the AccountName unless it is given.
	Description *string // Description of the account.
	Credential
}

// FunctionalAccountName names a functional account.
type FunctionalAccountName struct {
	Place
	AccountName string  `lab:"required"` // Name of the account.
	Platform    *string // Name of its platform; that of the managed system unless it is given.
	DomainName  *string // Its domain.
}

func (a *FunctionalAccount) put(p *loader) error {
	platform, err := p.platform("Platform", a.Platform)
	if err != nil {
		return err
	}
	found, err := store.FunctionalAccountByName(p.tx, platform, or(a.DomainName, ""), a.AccountName)
	r, err := put(p, store.FunctionalAccounts, a, quoted(a.Platform, a.AccountName), found, err, func(r *store.FunctionalAccount, _ bool) error {
		r.PlatformID = platform
		return nil
	})
	if err != nil || a.Password == nil {
		return err
	}
	return a.keep(p, a, store.FunctionalAccounts.Name()+" "+quoted(a.Platform, a.AccountName),
		func(password string) (bool, error) { return r.HasPassword(p.tx, password) },
		func(password string) error { return store.SetFunctionalPassword(p.tx, r.FunctionalAccountID, password) })
}

func (c *collector) functionalAccounts() (all []*FunctionalAccount, err error) {
	for r, err := range store.FunctionalAccounts.All(c.tx) {
		if err != nil {
			return nil, err
		}
		a := &FunctionalAccount{Platform: c.platformNames[r.PlatformID]}
		if show(a, r); a.DisplayName != nil && *a.DisplayName == a.AccountName {
			a.DisplayName = nil
		}
		if err := c.reveal(&a.Credential, r.FunctionalAccountID, store.RevealFunctionalPassword); err != nil {
			return nil, err
		}
		all = append(all, a)
		c.functionalNames[r.FunctionalAccountID] = &FunctionalAccountName{AccountName: r.AccountName, Platform: &a.Platform, DomainName: a.DomainName}
	}
	return all, nil
}
