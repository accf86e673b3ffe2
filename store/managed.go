package store

import (
	"cmp"
	"errors"
	"fmt"

	"github.com/musterhq/muster/store/record"
)

// assetEntity is the EntityTypeID of what is managed on an asset.
const assetEntity = 1

// ManagedSystem is a system whose accounts are looked after, on an asset. It comes in through imports.
type ManagedSystem struct {
	ManagedSystemID     int    `example:"1"`                         // ID of the managed system.
	EntityTypeID        int    `example:"1"`                         // ID of its entity type.
	AssetID             int    `example:"1"`                         // ID of the asset that is managed.
	SystemName          string `example:"web01"`                     // Name of the managed system: the asset's name unless another is given.
	PlatformID          int    `example:"2"`                         // ID of its platform.
	NetBiosName         Text   `example:"WEB01"`                     // NetBIOS name of the system.
	ContactEmail        Text   `example:"olga@meridian.lab.example"` // Email address of the person in charge of the system.
	Description         Text   `example:"Web server"`                // Description of the system.
	Port                *int   `example:"22"`                        // Port by which the system is managed.
	Timeout             int    `example:"30"`                        // Seconds until a connection to the system is given up.
	FunctionalAccountID *int   `example:"1"`                         // ID of the functional account that manages the system.
	AutoManagementFlag  bool   `example:"true"`                      // Whether the passwords of its accounts are managed automatically.
	ReleaseDuration     int    `example:"120"`                       // Minutes that a release lasts unless a request says otherwise.
	MaxReleaseDuration  int    `example:"525600"`                    // Minutes that a release lasts at most.
}

// The longest members of managed systems, managed accounts and functional accounts, in code points (ours).
const (
	maxSystemName  = 129
	maxAccountName = 245
	maxDomain      = 255
	maxPurpose     = 1000
	maxPassword    = 1000
)

// Defaults and limits of what is managed. The longest release is the vendor's, a year in minutes.
const (
	defaultTimeout            = 30
	maxTimeout                = 86_400
	defaultReleaseDuration    = 120
	defaultMaxReleaseDuration = longestRelease
	longestRelease            = 525_600
)

func (s *ManagedSystem) Validate(tx *Tx) error {
	asset, err := Assets.Get(tx, s.AssetID)
	if err != nil {
		return cmp.Or(record.Ignore(ErrNotFound, err), Invalid("AssetID: there is no Asset %d", s.AssetID))
	}
	s.EntityTypeID = assetEntity
	if s.SystemName == "" {
		s.SystemName = asset.AssetName
	}
	for _, d := range []struct {
		member *int
		value  int
	}{{&s.Timeout, defaultTimeout}, {&s.ReleaseDuration, defaultReleaseDuration}, {&s.MaxReleaseDuration, defaultMaxReleaseDuration}} {
		if *d.member == 0 {
			*d.member = d.value
		}
	}
	if err := cmp.Or(
		required("SystemName", s.SystemName, maxSystemName), short("NetBiosName", string(s.NetBiosName), maxDomain),
		short("ContactEmail", string(s.ContactEmail), maxPurpose), short("Description", string(s.Description), maxPurpose),
		within("Timeout", s.Timeout, maxTimeout), checkDurations(s.ReleaseDuration, s.MaxReleaseDuration), knownPlatform(tx, s.PlatformID),
	); err != nil {
		return err
	}
	if s.Port != nil {
		if err := within("Port", *s.Port, MaxPort); err != nil {
			return err
		}
	}
	if s.FunctionalAccountID == nil {
		return nil
	}
	known, err := FunctionalAccounts.Has(tx, *s.FunctionalAccountID)
	if err == nil && !known {
		err = Invalid("FunctionalAccountID: there is no Functional Account %d", *s.FunctionalAccountID)
	}
	return err
}

// within checks a number that has to be 1 at least.
func within(member string, n, most int) error {
	if n < 1 || n > most {
		return Invalid("%s: 1 to %d is expected", member, most)
	}
	return nil
}

func checkDurations(release, maxRelease int) error {
	return cmp.Or(within("ReleaseDuration", release, longestRelease), within("MaxReleaseDuration", maxRelease, longestRelease))
}

func knownPlatform(tx *Tx, id int) error {
	known, err := Platforms.Has(tx, id)
	switch {
	case err != nil || known:
		return err
	case id == 0:
		return Invalid("PlatformID is required")
	}
	return Invalid("PlatformID: there is no Platform %d", id)
}

// AfterWrite sweeps away the accounts of a deleted system.
func (s *ManagedSystem) AfterWrite(tx *Tx, old *ManagedSystem) error {
	if s != nil {
		return nil
	}
	return record.SweepLater(tx, sweepOfManagedSystem, old.ManagedSystemID)
}

func clearManagedSystem(b *record.SweepBatch, id int) error {
	return record.Remove(b, ManagedAccounts, AccountsOf(b.Tx, id))
}

// ManagedAccount is an account on a managed system. Its password lies in a record of its own.
type ManagedAccount struct {
	ManagedAccountID   int    `example:"1"`                          // ID of the managed account.
	ManagedSystemID    int    `example:"1"`                          // ID of the managed system that the account is on.
	DomainName         Text   `example:"meridian"`                   // Domain of the account.
	AccountName        string `example:"root"`                       // Name of the account.
	DistinguishedName  Text   `example:"uid=root,dc=lab,dc=example"` // Distinguished name of an account of a directory.
	Description        Text   `example:"Break glass"`                // Description of the account.
	ApiEnabled         bool   `example:"true"`                       // Whether the account can be requested by the API.
	AutoManagementFlag bool   `example:"true"`                       // Whether the account's password is managed automatically.
	ReleaseDuration    int    `example:"120"`                        // Minutes that a release lasts unless a request says otherwise.
	MaxReleaseDuration int    `example:"525600"`                     // Minutes that a release lasts at most.
	LastChangeDate     Time   `example:"2026-05-04T08:15:30.123Z"`   // When the password was changed last.
}

func (a *ManagedAccount) Validate(tx *Tx) error {
	system, err := ManagedSystems.Get(tx, a.ManagedSystemID)
	if err != nil {
		return cmp.Or(record.Ignore(ErrNotFound, err), Invalid("ManagedSystemID: there is no Managed System %d", a.ManagedSystemID))
	}
	if a.ReleaseDuration == 0 {
		a.ReleaseDuration = system.ReleaseDuration
	}
	if a.MaxReleaseDuration == 0 {
		a.MaxReleaseDuration = system.MaxReleaseDuration
	}
	return cmp.Or(
		required("AccountName", a.AccountName, maxAccountName), short("DomainName", string(a.DomainName), maxDomain),
		short("DistinguishedName", string(a.DistinguishedName), maxPurpose), short("Description", string(a.Description), maxPurpose),
		checkDurations(a.ReleaseDuration, a.MaxReleaseDuration),
	)
}

// AfterWrite deletes the password of a deleted account.
func (a *ManagedAccount) AfterWrite(tx *Tx, old *ManagedAccount) error {
	if a != nil {
		return nil
	}
	return record.Ignore(ErrNotFound, AccountPasswords.Delete(tx, old.ManagedAccountID))
}

// AccountPassword is the password of a managed account, sealed. Nothing shows it.
type AccountPassword struct {
	ManagedAccountID int
	Sealed           []byte
}

// SetAccountPassword seals and keeps the password of a managed account, in place of the one it has.
func SetAccountPassword(tx *Tx, accountID int, password string) error {
	sealed, err := tx.Vault().Seal([]byte(password), sealedForAccount(accountID))
	if err != nil {
		return err
	}
	return replace(tx, AccountPasswords, &AccountPassword{accountID, sealed})
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

// FunctionalAccount is what manages systems. It comes in through imports; no endpoint lists it.
type FunctionalAccount struct {
	FunctionalAccountID int
	PlatformID          int
	DomainName          Text
	AccountName         string
	DisplayName         string
	Description         Text
}

func (a *FunctionalAccount) Validate(tx *Tx) error {
	if a.DisplayName == "" {
		a.DisplayName = a.AccountName
	}
	return cmp.Or(
		required("AccountName", a.AccountName, maxAccountName), short("DomainName", string(a.DomainName), maxDomain),
		short("DisplayName", a.DisplayName, maxDomain), short("Description", string(a.Description), maxPurpose),
		knownPlatform(tx, a.PlatformID),
	)
}

// AfterWrite deletes the password of a deleted account.
func (a *FunctionalAccount) AfterWrite(tx *Tx, old *FunctionalAccount) error {
	if a != nil {
		return nil
	}
	return record.Ignore(ErrNotFound, FunctionalPasswords.Delete(tx, old.FunctionalAccountID))
}

// FunctionalPassword is the password of a functional account, sealed. Nothing shows it.
type FunctionalPassword struct {
	FunctionalAccountID int
	Sealed              []byte
}

// SetFunctionalPassword seals and keeps the password of a functional account, in place of the one it has.
func SetFunctionalPassword(tx *Tx, accountID int, password string) error {
	sealed, err := tx.Vault().Seal([]byte(password), sealedForFunctionalAccount(accountID))
	if err != nil {
		return err
	}
	return replace(tx, FunctionalPasswords, &FunctionalPassword{accountID, sealed})
}

func sealedForFunctionalAccount(id int) string {
	return fmt.Sprintf("password of functional account %d", id)
}

// FunctionalAccountByName returns the functional account of a platform, a domain and a name, without regard to case, or
// ErrNotFound.
func FunctionalAccountByName(tx *Tx, platformID int, domain, name string) (*FunctionalAccount, error) {
	return functionalAccountByName.One(tx, K(platformID, record.Fold(domain), record.Fold(name)), name)
}
