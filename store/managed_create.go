package store

import (
	"cmp"
	"errors"
	"net/netip"

	"github.com/musterhq/muster/store/record"
)

// ManageAsset makes the asset of a new system managed. It returns ErrNotFound for an asset that the actor may not see and ErrExists for
// one that is managed.
func ManageAsset(tx *Tx, s *ManagedSystem) (*ManagedSystem, error) {
	asset, err := AssetByID(tx, *s.AssetID)
	if err != nil {
		return nil, err
	}
	if _, err := SystemOfAsset(tx, asset.AssetID); !errors.Is(err, ErrNotFound) {
		return nil, cmp.Or(err, record.Error(ErrExists, "a managed system for Asset %d already exists", asset.AssetID))
	}
	if err := Assets.Touch(tx, asset); err != nil { // of two at once, one runs again
		return nil, err
	}
	return insertSystem(tx, s)
}

// ManageDatabase makes a database managed, with the same errors as ManageAsset.
func ManageDatabase(tx *Tx, s *ManagedSystem) (*ManagedSystem, error) {
	d, err := DatabaseByID(tx, *s.DatabaseID)
	if err != nil {
		return nil, err
	}
	if _, err := SystemOfDatabase(tx, d.DatabaseID); !errors.Is(err, ErrNotFound) {
		return nil, cmp.Or(err, record.Error(ErrExists, "a managed system for Database %d already exists", d.DatabaseID))
	}
	asset, err := AssetByID(tx, d.AssetID)
	if err != nil {
		return nil, err
	}
	if err := Assets.Touch(tx, asset); err != nil {
		return nil, err
	}
	s.AssetID, s.PlatformID, s.InstanceName, s.IsDefaultInstance = &d.AssetID, d.PlatformID, d.InstanceName, &d.IsDefaultInstance
	if d.Port != 0 {
		s.Port = &d.Port
	}
	s.SystemName = cutRunes(asset.AssetName+"/"+string(d.InstanceName), maxSystemName)
	return insertSystem(tx, s)
}

// ManageInWorkgroup makes a managed system in a Workgroup that the actor may see: for an asset and a database on the asset of the
// address or the name, which it makes if it does not exist; for a directory and a cloud on none.
func ManageInWorkgroup(tx *Tx, s *ManagedSystem) (*ManagedSystem, error) {
	if _, err := WorkgroupByID(tx, s.WorkgroupID); err != nil {
		return nil, err
	}
	if s.HostName == "" {
		return nil, Invalid("HostName is required")
	}
	switch s.EntityTypeID {
	case AssetEntity, DatabaseEntity:
	case DirectoryEntity, CloudEntity:
		return insertSystem(tx, s)
	default:
		return nil, Invalid("EntityTypeID: 1 to 4 is expected")
	}
	asset, err := s.assetToManage(tx)
	if err != nil {
		return nil, err
	}
	if s.AssetID = &asset.AssetID; s.EntityTypeID == AssetEntity {
		s.InstanceName, s.IsDefaultInstance, s.ForestName, s.AccessURL = "", nil, "", ""
		return ManageAsset(tx, s)
	}
	if s.InstanceName == "" && (s.IsDefaultInstance == nil || !*s.IsDefaultInstance) {
		return nil, Invalid("InstanceName is required unless IsDefaultInstance is true")
	}
	d := &Database{AssetID: asset.AssetID, PlatformID: s.PlatformID, InstanceName: s.InstanceName, Port: valueOf(s.Port)}
	if d.IsDefaultInstance = s.IsDefaultInstance != nil && *s.IsDefaultInstance; d.Port == 0 {
		return nil, Invalid("Port is required")
	}
	if err := Databases.Insert(tx, d); err != nil {
		return nil, err
	}
	s.DatabaseID = &d.DatabaseID
	return ManageDatabase(tx, s)
}

// assetToManage finds or makes the asset of a system by its address, or by its name where it has none.
func (s *ManagedSystem) assetToManage(tx *Tx) (*Asset, error) {
	if s.IPAddress == "" {
		return AssetByName(tx, s.WorkgroupID, string(s.HostName))
	}
	address, err := netip.ParseAddr(unpadded(string(s.IPAddress)))
	if err != nil {
		return nil, Invalid("IPAddress: %q is no address", record.AuditText(string(s.IPAddress)))
	}
	found, _, err := assetAt(tx, s.WorkgroupID, Facts{Address: address, AssetName: string(s.HostName)})
	if found != nil || err != nil {
		return found, err
	}
	a := &Asset{WorkgroupID: s.WorkgroupID, IPAddress: address.Unmap().String(), AssetName: string(s.HostName), DnsName: s.DNSName}
	return a, Assets.Insert(tx, a)
}

func insertSystem(tx *Tx, s *ManagedSystem) (*ManagedSystem, error) {
	if err := cmp.Or(s.checkManager(), s.settleDurations(), ManagedSystems.Insert(tx, s)); err != nil {
		return nil, err
	}
	return s, s.describe(tx)
}

// checkManager returns an ErrInvalid for a system that is managed automatically by nobody. A system that is not has no manager.
func (s *ManagedSystem) checkManager() error {
	if !s.AutoManagementFlag {
		s.FunctionalAccountID = nil
		return nil
	}
	if valueOf(s.FunctionalAccountID) == 0 {
		return Invalid("FunctionalAccountID is required while AutoManagementFlag is true")
	}
	return nil
}

func (s *ManagedSystem) settleDurations() error {
	return settleDurations(&s.ReleaseDuration, &s.MaxReleaseDuration, defaultReleaseDuration, defaultMaxReleaseDuration)
}

// settleDurations gives durations that are not given their defaults, and returns an ErrInvalid for a given one above the longest. A
// default is cut to the longest instead: nobody asked for it.
func settleDurations(release, most *int, usual, usualMost int) error {
	*most = cmp.Or(*most, usualMost)
	*release = cmp.Or(*release, min(usual, *most))
	if *release > *most && *release <= longestRelease {
		return Invalid("ReleaseDuration is longer than MaxReleaseDuration")
	}
	return nil
}

// Reset returns a system as it is before anything is given: with what no caller changes, and defaults otherwise.
func (s *ManagedSystem) Reset() *ManagedSystem {
	return &ManagedSystem{
		ManagedSystemID: s.ManagedSystemID, EntityTypeID: s.EntityTypeID, AssetID: s.AssetID, DatabaseID: s.DatabaseID, WorkgroupID: s.WorkgroupID,
		DirectoryID: s.DirectoryID, CloudID: s.CloudID, SystemName: s.SystemName, HostName: s.HostName, DNSName: s.DNSName, IPAddress: s.IPAddress,
		AccountNameFormat: s.AccountNameFormat,
	}
}

// UpdateManagedSystem stores a system that was reset and given its members.
func UpdateManagedSystem(tx *Tx, s *ManagedSystem) (*ManagedSystem, error) {
	if s.AssetID == nil {
		if _, err := WorkgroupByID(tx, s.WorkgroupID); err != nil {
			return nil, cmp.Or(record.Ignore(ErrNotFound, err), Invalid("WorkgroupID: there is no Workgroup %d", s.WorkgroupID))
		}
		s.SystemName = string(s.HostName)
	}
	if err := cmp.Or(s.checkManager(), s.settleDurations(), ManagedSystems.Put(tx, s)); err != nil {
		return nil, err
	}
	return s, s.describe(tx)
}

// DeleteManagedSystem deletes a system. Open requests for its accounts are canceled at once, the accounts are swept.
func DeleteManagedSystem(tx *Tx, s *ManagedSystem) error {
	if err := cancelRequestsOn(tx, s.ManagedSystemID); err != nil {
		return err
	}
	return ManagedSystems.Delete(tx, s.ManagedSystemID)
}

// NewManagedAccount returns an account as it is before anything is given, with what it inherits from a system that the actor may see.
func NewManagedAccount(tx *Tx, systemID int) (*ManagedAccount, error) {
	s, err := ManagedSystemByID(tx, systemID)
	if err != nil {
		return nil, err
	}
	return &ManagedAccount{
		ManagedSystemID: systemID, PasswordRuleID: s.PasswordRuleID, ChangePasswordAfterAnyReleaseFlag: s.ChangePasswordAfterAnyReleaseFlag,
		ChangeFrequencyType: s.ChangeFrequencyType, ChangeFrequencyDays: s.ChangeFrequencyDays, ChangeTime: s.ChangeTime,
	}, nil
}

// CreateManagedAccount stores a new account with its secrets. It returns ErrExists for a name that is taken.
func CreateManagedAccount(tx *Tx, a *ManagedAccount, secrets AccountSecrets) error {
	if err := a.checkGiven(tx, secrets); err != nil {
		return err
	}
	if secrets.Password != "" || secrets.PrivateKey != "" {
		a.LastChangeDate = tx.Now
	}
	if err := ManagedAccounts.Insert(tx, a); err != nil {
		return err
	}
	if a.LastChangeDate.IsZero() {
		return nil
	}
	return setSecrets(tx, a.ManagedAccountID, &secrets)
}

// checkGiven returns an ErrExists for a name that is taken and an ErrInvalid for what an account cannot be given.
func (a *ManagedAccount) checkGiven(tx *Tx, secrets AccountSecrets) error {
	if a.DomainName = noneIsNone(a.DomainName); a.ManagedAccountID == 0 && !a.AutoManagementFlag && secrets.Password == "" && secrets.PrivateKey == "" {
		return Invalid("Password is required unless AutoManagementFlag is true")
	}
	if err := checkAccount(string(a.DomainName), a.AccountName, secrets.Password); err != nil {
		return err
	}
	s, err := ManagedSystemByID(tx, a.ManagedSystemID)
	if err != nil {
		return err
	}
	if err := settleDurations(&a.ReleaseDuration, &a.MaxReleaseDuration, s.ReleaseDuration, s.MaxReleaseDuration); err != nil {
		return err
	}
	same, err := ManagedAccountByName(tx, a.ManagedSystemID, string(a.DomainName), a.AccountName)
	if err == nil && same.ManagedAccountID != a.ManagedAccountID {
		return record.Error(ErrExists, "Managed System/Account already exists: %d/%s", a.ManagedSystemID, a.AccountName)
	}
	return record.Ignore(ErrNotFound, err)
}

// noneIsNone takes the word None for no domain, as a client sends it.
func noneIsNone(domain Text) Text {
	if record.Fold(string(domain)) == "none" {
		return ""
	}
	return domain
}

// Reset returns an account as it is before anything is given.
func (a *AccountOnSystem) Reset() *ManagedAccount {
	return &ManagedAccount{
		ManagedAccountID: a.ManagedAccountID, ManagedSystemID: a.ManagedSystemID, ParentAccountID: a.ParentAccountID,
		IsSubscribedAccount: a.IsSubscribedAccount, LastChangeDate: a.LastChangeDate, ChangeState: a.ChangeState,
	}
}

// UpdateManagedAccount stores an account that was reset and given its members; secrets that are empty stay.
func UpdateManagedAccount(tx *Tx, a *ManagedAccount, given AccountSecrets) error {
	if err := a.checkGiven(tx, given); err != nil {
		return err
	}
	if given.Password == "" && given.PrivateKey == "" {
		return ManagedAccounts.Put(tx, a)
	}
	secrets, err := secretsOf(tx, a.ManagedAccountID)
	if err != nil {
		return err
	}
	secrets.Password, secrets.OnSystem = cmp.Or(given.Password, secrets.Password), ""
	if given.PrivateKey != "" {
		secrets.PrivateKey, secrets.Passphrase = given.PrivateKey, given.Passphrase
	}
	a.LastChangeDate = tx.Now
	return cmp.Or(ManagedAccounts.Put(tx, a), setSecrets(tx, a.ManagedAccountID, secrets))
}

// DeleteAccountsOn deletes all accounts of a managed system that the actor may see.
func DeleteAccountsOn(tx *Tx, systemID int) error {
	if _, err := ManagedSystemByID(tx, systemID); err != nil {
		return err
	}
	accounts, err := record.Collect(AccountsOf(tx, systemID))
	if err != nil {
		return err
	}
	for _, a := range accounts {
		if err := ManagedAccounts.Delete(tx, a.ManagedAccountID); err != nil {
			return err
		}
	}
	return nil
}
