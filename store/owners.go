package store

import (
	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/store/record"
)

// owners say to whom records belong that are nothing without. Marks of assets and sessions are left out: they may outlive what
// they are about until somebody comes across them.
func owners() []record.Ownership {
	return []record.Ownership{
		record.Owned(Workgroups, func(w *Workgroup) string { return w.OrganizationID }, Organizations, ""),
		record.Owned(DeviceGroups, func(g *DeviceGroup) int { return g.WorkgroupID }, Workgroups, ""),
		record.Owned(Assets, func(a *Asset) int { return a.WorkgroupID }, Workgroups, ""),
		record.Owned(Databases, func(d *Database) int { return d.AssetID }, Assets, sweepOfAsset),
		record.Owned(ManagedSystems, func(s *ManagedSystem) int { return valueOf(s.AssetID) }, Assets, sweepOfAsset),
		record.Owned(ManagedAccounts, func(a *ManagedAccount) int { return a.ManagedSystemID }, ManagedSystems, sweepOfManagedSystem),
		record.Owned(AccountPasswords, func(p *AccountPassword) int { return p.ManagedAccountID }, ManagedAccounts, ""),
		record.Owned(UnreachableSystems, func(s *UnreachableSystem) int { return s.ManagedSystemID }, ManagedSystems, ""),
		record.Owned(FunctionalPasswords, func(p *FunctionalPassword) int { return p.FunctionalAccountID }, FunctionalAccounts, ""),
		record.Owned(UserSecrets, func(s *UserSecret) int { return s.UserID }, Users, ""),
		record.Owned(LastLogins, func(l *LastLogin) int { return l.UserID }, Users, ""),
		record.Owned(ApiKeys, func(k *ApiKey) int { return k.Id }, ApiRegistrations, ""),
		record.Owned(Attributes, func(a *Attribute) int { return a.AttributeTypeID }, AttributeTypes, sweepOfAttributeType),
		record.Owned(Attributes, func(a *Attribute) int { return valueOf(a.ParentAttributeID) }, Attributes, sweepOfAttribute),
		record.Owned(Criteria, func(c *RuleCriteria) int { return c.SmartRuleID }, SmartRules, sweepOfRule),
		record.Owned(RuleRoles, func(r *GroupRuleRoles) int { return r.GroupID }, UserGroups, sweepOfUserGroup),
		record.Owned(RuleRoles, func(r *GroupRuleRoles) int { return r.SmartRuleID }, SmartRules, sweepOfRule),
		record.Owned(SecretsFolders, func(f *SecretsFolder) string { return f.ParentID }, SecretsFolders, ""),
		record.Owned(SecretsFolders, func(f *SecretsFolder) int { return f.UserGroupID }, UserGroups, ""),
		record.Owned(SafePermissions, func(p *SafePermission) string { return p.SafeID }, SecretsFolders, ""),
		record.Owned(SafePermissions, func(p *SafePermission) int { return p.principal(PrincipalUser) }, Users, sweepOfUser),
		record.Owned(SafePermissions, func(p *SafePermission) int { return p.principal(PrincipalGroup) }, UserGroups, sweepOfUserGroup),
		record.Owned(Secrets, func(s *Secret) string { return s.FolderID }, SecretsFolders, ""),
		record.Owned(SecretValues, func(v *SecretValue) int { return v.SecretID }, Secrets, ""),
		record.Owned(SecretFiles, func(f *SecretFile) int { return f.SecretID }, Secrets, ""),
		record.Owned(secretParts, func(p *secretPart) int { return p.FileID }, SecretFiles, sweepOfSecretFile),
		record.Owned(Addresses, func(a *Address) int { return a.AddressGroupID }, AddressGroups, sweepOfAddressGroup),
		record.Owned(AddressGroups, func(g *AddressGroup) string { return string(g.OrganizationID) }, Organizations, ""),
		record.Owned(EPMApplications, func(a *EPMApplication) int { return a.PolicyID }, EPMPolicies, ""),
		record.Owned(importTallies, func(t *importTally) int { return t.ID / ImportWriters }, Imports, ""),
		record.Owned(ImportFiles, func(f *ImportFile) int { return f.ImportID }, Imports, ""),
		record.Owned(deliveryParts, func(p *deliveryPart) int { return p.ReportDeliveryId }, deliveriesAndDrafts, sweepOfDelivery),
		record.Owned(DirectoryCredentials, func(c *DirectoryCredential) int { return c.DirectoryID }, Directories, ""),
	}
}

var deliveriesAndDrafts = record.OtherRecords{What: "Subscription Delivery", Exists: func(tx *Tx, id int) (bool, error) {
	if there, err := Deliveries.Has(tx, id); there || err != nil {
		return there, err
	}
	return deliveryDrafts.Has(tx, id)
}}

func valueOf(n *int) int {
	if n == nil {
		return 0
	}
	return *n
}

// permissions are not records, but links name them.
var permissions = record.OtherRecords{What: "Permission", Exists: func(_ *Tx, id int) (bool, error) { return authz.Permission(id).Valid(), nil }}
