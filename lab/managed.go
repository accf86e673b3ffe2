package lab

import "github.com/musterhq/muster/store"

// ManagedSystem is a system on an asset whose accounts are looked after, known by its name.
type ManagedSystem struct {
	Place
	Platform           string                 `lab:"required"` // Name of the platform.
	SystemName         *string                // Name of the system; that of the asset unless it is given.
	NetBiosName        *string                // NetBIOS name of the system.
	ContactEmail       *string                // Whom to write to.
	Description        *string                // Description of the system.
	Port               *int                   // Port of the sessions.
	Timeout            *int                   // Seconds; 30 unless it is given.
	FunctionalAccount  *FunctionalAccountName // The functional account that manages the system.
	AutoManagementFlag *bool                  // Whether passwords are changed by a program.
	ReleaseDuration    *int                   // Minutes; 120 unless it is given.
	MaxReleaseDuration *int                   // Minutes; 525600 unless it is given.
	ISAReleaseDuration *int                   // Minutes; 120 unless it is given.
	Reachable          *bool                  // Whether passwords can be changed and tested there; true unless it is given.
	Accounts           []*ManagedAccount      // Managed accounts that the system has at least.
}

// ManagedAccount is an account on a managed system, known by its domain and its name.
type ManagedAccount struct {
	Place
	AccountName        string  `lab:"required"` // Name of the account.
	DomainName         *string // Its domain.
	DistinguishedName  *string // Its distinguished name.
	Description        *string // Description of the account.
	ApiEnabled         *bool   // Whether the account may be requested by API.
	AutoManagementFlag *bool   // Whether the password is changed by a program.
	ReleaseDuration    *int    // Minutes; that of the system unless it is given.
	MaxReleaseDuration *int    // Minutes; that of the system unless it is given.
	ISAReleaseDuration *int    // Minutes; that of the system unless it is given.

	MaxConcurrentRequests             *int    // Number of active requests at the same time, 0 for any; 1 unless it is given.
	ChangePasswordAfterAnyReleaseFlag *bool   // Whether the password changes after it was released.
	UserPrincipalName                 *string // Its principal name, of a directory.
	Credential
}

func (s *ManagedSystem) steps(w *Workgroup, a *Asset) []step {
	all := []step{{s, func(p *loader) error { return s.put(p, w, a) }}}
	for _, account := range s.Accounts {
		all = append(all, step{account, func(p *loader) error { return account.put(p, w, a, s) }})
	}
	return all
}

// name is that by which the system is known.
func (s *ManagedSystem) name(a *Asset) string {
	if name := or(s.SystemName, ""); name != "" {
		return name
	}
	return a.name()
}

func (s *ManagedSystem) put(p *loader, w *Workgroup, a *Asset) error {
	asset, err := a.find(p, w)
	if err != nil {
		return err
	}
	platform, err := p.platform("Platform", s.Platform)
	if err != nil {
		return err
	}
	functional, err := s.functionalAccount(p)
	if err != nil {
		return err
	}
	found, err := store.ManagedSystemIn(p.tx, asset.AssetID, s.name(a))
	r, err := put(p, store.ManagedSystems, s, quoted(w.Name, a.name(), s.name(a)), found, err, func(r *store.ManagedSystem, _ bool) error {
		r.AssetID, r.PlatformID, r.SystemName = &asset.AssetID, platform, s.name(a)
		if functional != nil {
			r.FunctionalAccountID = functional
		}
		return nil
	})
	if err != nil || s.Reachable == nil {
		return err
	}
	return store.SetReachable(p.tx, r.ManagedSystemID, *s.Reachable)
}

func (s *ManagedSystem) functionalAccount(p *loader) (*int, error) {
	f := s.FunctionalAccount
	if f == nil {
		return nil, nil
	}
	platform, err := p.platform("Platform", or(f.Platform, s.Platform))
	if err != nil {
		return nil, f.wrongly(err)
	}
	found, err := store.FunctionalAccountByName(p.tx, platform, or(f.DomainName, ""), f.AccountName)
	if found, err = refer("AccountName", found, err); err != nil {
		return nil, f.wrongly(err)
	}
	return &found.FunctionalAccountID, nil
}

func (m *ManagedAccount) put(p *loader, w *Workgroup, a *Asset, s *ManagedSystem) error {
	asset, err := a.find(p, w)
	if err != nil {
		return err
	}
	system, err := store.ManagedSystemIn(p.tx, asset.AssetID, s.name(a))
	if err != nil {
		return err
	}
	label := quoted(w.Name, s.name(a), m.AccountName)
	found, err := store.ManagedAccountByName(p.tx, system.ManagedSystemID, or(m.DomainName, ""), m.AccountName)
	r, err := put(p, store.ManagedAccounts, m, label, found, err, func(r *store.ManagedAccount, _ bool) error {
		r.ManagedSystemID = system.ManagedSystemID
		return nil
	})
	if err != nil || m.Password == nil {
		return err
	}
	return m.keep(p, m, store.ManagedAccounts.Name()+" "+label,
		func(password string) (bool, error) { return r.HasPassword(p.tx, password) },
		func(password string) error {
			r.LastChangeDate = p.tx.Now
			if err := store.ManagedAccounts.Put(p.tx.Unaudited(), r); err != nil {
				return err
			}
			return store.SetAccountPassword(p.tx, r.ManagedAccountID, password)
		})
}

// reachable is what a lab file says of a system that cannot be reached, nothing of others.
func (c *collector) reachable(s *store.ManagedSystem) (*bool, error) {
	yes, err := store.IsReachable(c.tx, s)
	if yes || err != nil {
		return nil, err
	}
	return &yes, nil
}

func (c *collector) managedSystems(asset *store.Asset) (all []*ManagedSystem, err error) {
	for r, err := range store.ManagedSystemsOn(c.tx, asset.AssetID) {
		if err != nil {
			return nil, err
		}
		s := &ManagedSystem{Platform: c.platformNames[r.PlatformID]}
		r.Normalize()
		if s.Reachable, err = c.reachable(r); err != nil {
			return nil, err
		}
		if show(s, r); r.FunctionalAccountID != nil {
			s.FunctionalAccount = c.functionalNames[*r.FunctionalAccountID]
		}
		if *s.SystemName == asset.AssetName {
			s.SystemName = nil
		}
		for account, err := range store.AccountsOf(c.tx, r.ManagedSystemID) {
			if err != nil {
				return nil, err
			}
			m := &ManagedAccount{}
			account.Normalize()
			show(m, account)
			if *account.MaxConcurrentRequests == 1 {
				m.MaxConcurrentRequests = nil
			}
			if account.ISAReleaseDuration == r.ISAReleaseDuration {
				m.ISAReleaseDuration = nil
			}
			if account.ReleaseDuration == r.ReleaseDuration {
				m.ReleaseDuration = nil
			}
			if account.MaxReleaseDuration == r.MaxReleaseDuration {
				m.MaxReleaseDuration = nil
			}
			if err := c.reveal(&m.Credential, account.ManagedAccountID, store.RevealAccountPassword); err != nil {
				return nil, err
			}
			s.Accounts = append(s.Accounts, m)
		}
		all = append(all, s)
	}
	return all, nil
}
