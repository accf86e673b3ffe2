package store

import "github.com/musterhq/muster/store/record"

// The whole database. A collection's tag and an index's kind are part of every key: docs/keys.md, which is made
// from what stands here, says what the keys look like, and a change needs a new SchemaVersion.

// Places.
var (
	Organizations = record.NewCollection[string, Organization](&registry, "og", "Organization", func(o *Organization) *string { return &o.OrganizationID })

	organizationByName = Organizations.UniqueBy('n', "name", func(o *Organization) Key { return K(record.Fold(o.Name)) })

	Workgroups = record.NewCollection[int, Workgroup](&registry, "wg", "Workgroup", func(w *Workgroup) *int { return &w.ID })

	workgroupByName = Workgroups.UniqueBy('n', "name", func(w *Workgroup) Key { return K(record.Fold(w.Name), w.OrganizationID) })

	DeviceGroups = record.NewCollection[int, DeviceGroup](&registry, "dg", "Device Group", func(g *DeviceGroup) *int { return &g.WorkgroupID })
)

// Assets lie in the order of their Workgroups, since that is how they are listed.
var (
	Assets = record.NewCollection[int, Asset](&registry, "as", "Asset", func(a *Asset) *int { return &a.AssetID }).
		SortedBy(func(a *Asset) Key { return K(a.WorkgroupID) }).GivenIDs()

	assetByName       = Assets.UniqueBy('n', "name", func(a *Asset) Key { return K(a.WorkgroupID, record.Fold(a.AssetName)) })
	assetsByName      = Assets.IndexBy('a', func(a *Asset) Key { return K(record.Fold(a.AssetName)) })
	assetsByAddress   = Assets.IndexBy('i', func(a *Asset) Key { return K(a.address()) })
	assetsByPlace     = Assets.GuardedBy('p', func(a *Asset) Key { return K(a.WorkgroupID, a.address()) })
	assetsByDnsName   = Assets.IndexBy('d', func(a *Asset) Key { return unlessEmpty(a.DnsName) })
	assetsByDomain    = Assets.IndexBy('o', func(a *Asset) Key { return unlessEmpty(a.DomainName) })
	assetsByMac       = Assets.IndexBy('m', func(a *Asset) Key { return unlessEmpty(a.MacAddress) })
	assetsByType      = Assets.IndexBy('t', func(a *Asset) Key { return unlessEmpty(a.AssetType) })
	assetsInWorkgroup = Assets.CountBy('w', func(a *Asset) Key { return K(a.WorkgroupID) })
	assetsInBlock     = Assets.CountBy('b', func(a *Asset) Key { return K(a.WorkgroupID, a.Block()) })
	OperatingSystems  = record.NewCollection[int, OperatingSystem](&registry, "os", "Operating System", func(o *OperatingSystem) *int { return &o.OperatingSystemID }).Unaudited()
	operatingSystemBy = OperatingSystems.UniqueBy('n', "name", func(o *OperatingSystem) Key { return K(record.Fold(o.Name)) })
)

// People and their rights. What must not be sent lies in records of its own, under the id of its owner.
var (
	Users = record.NewCollection[int, User](&registry, "us", "User", func(u *User) *int { return &u.UserID })

	userByName     = Users.UniqueBy('n', "name", func(u *User) Key { return K(record.Fold(string(u.DomainName)), record.Fold(u.UserName)) })
	userByClientID = Users.UniqueBy('c', "client ID", func(u *User) Key { return unlessEmpty(u.ClientID) })
	userByUUID     = Users.UniqueBy('g', "UUID", func(u *User) Key { return K(u.UUID) })

	userByEntry      = Users.UniqueBy('e', "entry of a directory", func(u *User) Key { return unlessEmpty(u.DirectoryEntry) })
	usersByPrincipal = Users.IndexBy('p', func(u *User) Key { return unlessEmpty(u.PrincipalName) })

	UserSecrets = record.NewCollection[int, UserSecret](&registry, "up", "User Secret", func(s *UserSecret) *int { return &s.UserID }).Secret()
	LastLogins  = record.NewCollection[int, LastLogin](&registry, "ul", "Last Login", func(l *LastLogin) *int { return &l.UserID }).Unaudited()

	UserGroups = record.NewCollection[int, UserGroup](&registry, "gp", "User Group", func(g *UserGroup) *int { return &g.GroupID }).
			LowestID(Administrators + 1)

	userGroupByName       = UserGroups.UniqueBy('n', "name", func(g *UserGroup) Key { return K(record.Fold(g.Name)) })
	userGroupsByKind      = UserGroups.IndexBy('k', func(g *UserGroup) Key { return K(int(g.kind()), record.Fold(g.Name)) })
	userGroupByUUID       = UserGroups.UniqueBy('g', "UUID", func(g *UserGroup) Key { return K(g.UUID) })
	userGroupByExternalID = UserGroups.UniqueBy('x', MemberExternalID, func(g *UserGroup) Key { return unlessEmpty(g.ExternalID) })
	_                     = UserGroups.UniqueBy('e', "entry of a directory", func(g *UserGroup) Key { return unlessEmpty(g.DirectoryEntry) })

	ApiRegistrations = record.NewCollection[int, ApiRegistration](&registry, "ar", "API Registration", func(r *ApiRegistration) *int { return &r.Id })

	apiRegistrationByName = ApiRegistrations.UniqueBy('n', "name", func(r *ApiRegistration) Key { return K(record.Fold(r.Name)) })

	ApiKeys = record.NewCollection[int, ApiKey](&registry, "ak", "API Key", func(k *ApiKey) *int { return &k.Id }).Secret()

	apiKeyByFingerprint = ApiKeys.UniqueBy('f', "key", func(k *ApiKey) Key { return K(k.Fingerprint) })

	Sessions = record.NewCollection[string, Session](&registry, "se", "Session", func(s *Session) *string { return &s.ID }).Unaudited()

	sessionsByEnd = Sessions.IndexBy('e', func(s *Session) Key { return K(s.Expires) })

	requestWindows = record.NewCollection[int, requestWindow](&registry, "rq", "Request Window", func(w *requestWindow) *int { return &w.UserID }).Unaudited()
	Lockouts       = record.NewCollection[string, Lockout](&registry, "lo", "Lockout", func(l *Lockout) *string { return &l.Of }).Unaudited()

	lockoutsByEnd = Lockouts.IndexBy('e', func(l *Lockout) Key { return K(l.Ends) })
)

// What assets carry, and what is selected by it.
var (
	AttributeTypes = record.NewCollection[int, AttributeType](&registry, "at", "Attribute Type", func(t *AttributeType) *int { return &t.AttributeTypeID }).
			LowestID(firstOwnID)

	attributeTypeByName = AttributeTypes.UniqueBy('n', "name", func(t *AttributeType) Key { return K(record.Fold(t.Name)) })

	Attributes = record.NewCollection[int, Attribute](&registry, "an", "Attribute", func(a *Attribute) *int { return &a.AttributeID }).
			LowestID(firstOwnID).SortedBy(func(a *Attribute) Key { return K(a.AttributeTypeID) })

	attributeByName    = Attributes.UniqueBy('n', "name", func(a *Attribute) Key { return K(a.AttributeTypeID, record.Fold(a.ShortName)) })
	attributesByParent = Attributes.IndexBy('p', func(a *Attribute) Key { return unlessNil(a.ParentAttributeID) })

	SmartRules = record.NewCollection[int, SmartRule](&registry, "sr", "Smart Rule", func(r *SmartRule) *int { return &r.SmartRuleID })

	smartRuleByTitle   = SmartRules.UniqueBy('t', "title", func(r *SmartRule) Key { return K(record.Fold(r.Title)) })
	smartRulesByStatus = SmartRules.IndexBy('s', func(r *SmartRule) Key { return K(r.Status) })

	Criteria = record.NewCollection[int, RuleCriteria](&registry, "sc", "Smart Rule Criteria", func(c *RuleCriteria) *int { return &c.SmartRuleID }).Unaudited()

	AssetMarks = record.NewCollection[int, AssetMark](&registry, "sd", "Asset Mark", func(m *AssetMark) *int { return &m.AssetID }).Unaudited()
)

// What is looked after on assets. Accounts lie in the order of their systems.
var (
	ManagedSystems = record.NewCollection[int, ManagedSystem](&registry, "ms", "Managed System", func(s *ManagedSystem) *int { return &s.ManagedSystemID })

	managedSystemsByAsset = ManagedSystems.IndexBy('a', func(s *ManagedSystem) Key { return unlessNil(s.AssetID) })
	managedSystemsByName  = ManagedSystems.IndexBy('n', func(s *ManagedSystem) Key { return K(record.Fold(s.SystemName)) })

	ManagedAccounts = record.NewCollection[int, ManagedAccount](&registry, "ma", "Managed Account", func(a *ManagedAccount) *int { return &a.ManagedAccountID }).
			SortedBy(func(a *ManagedAccount) Key { return K(a.ManagedSystemID) })

	managedAccountByName = ManagedAccounts.UniqueBy('u', "name", func(a *ManagedAccount) Key {
		return K(a.ManagedSystemID, record.Fold(a.AccountName), record.Fold(string(a.DomainName)))
	})
	managedAccountsByName = ManagedAccounts.IndexBy('n', func(a *ManagedAccount) Key { return K(record.Fold(a.AccountName)) })

	AccountPasswords = record.NewCollection[int, AccountPassword](&registry, "mp", "Managed Account Password", func(p *AccountPassword) *int { return &p.ManagedAccountID }).Secret()

	UnreachableSystems = record.NewCollection[int, UnreachableSystem](&registry, "mu", "Unreachable System", func(s *UnreachableSystem) *int { return &s.ManagedSystemID }).Unaudited()

	FunctionalAccounts = record.NewCollection[int, FunctionalAccount](&registry, "fa", "Functional Account", func(a *FunctionalAccount) *int { return &a.FunctionalAccountID })

	functionalAccountByName = FunctionalAccounts.UniqueBy('n', "name", func(a *FunctionalAccount) Key {
		return K(a.PlatformID, record.Fold(string(a.DomainName)), record.Fold(a.AccountName))
	})

	FunctionalPasswords = record.NewCollection[int, FunctionalPassword](&registry, "fp", "Functional Account Password", func(p *FunctionalPassword) *int { return &p.FunctionalAccountID }).Secret()
)

// Requests for managed accounts. Those that are open are found by account, by requestor and by their end.
var (
	Requests = record.NewCollection[int, Request](&registry, "re", "Request", func(r *Request) *int { return &r.RequestID })

	openRequestsByAccount   = Requests.GuardedBy('a', func(r *Request) Key { return whileOpen(r, K(r.AccountID)) })
	openRequestsByRequestor = Requests.IndexBy('r', func(r *Request) Key { return whileOpen(r, K(r.RequestorUserID)) })
	openRequestsByEnd       = Requests.IndexBy('e', func(r *Request) Key { return whileOpen(r, K(r.ExpiresDate)) })
	requestsByRequestor     = Requests.IndexBy('u', func(r *Request) Key { return K(r.RequestorUserID) })
	closedRequests          = Requests.IndexBy('c', func(r *Request) Key { return onceClosed(r, K(r.ClosedDate)) })
)

// Platforms and databases. Databases lie in the order of their assets.
var (
	Platforms = record.NewCollection[int, Platform](&registry, "pl", "Platform", func(p *Platform) *int { return &p.PlatformID }).LowestID(firstOwnID)

	Databases = record.NewCollection[int, Database](&registry, "db", "Database", func(d *Database) *int { return &d.DatabaseID }).
			SortedBy(func(d *Database) Key { return K(d.AssetID) })
)

// firstOwnID is the first id of an attribute, an attribute type, a platform or a role that is not the store's own.
const firstOwnID = 10_000

// What belongs to what. A link's epoch says whose rights a change of it touches. Nobody leaves a group but by Leave, or
// with the end of group or user.
var (
	GroupMember = record.NewLink[int, int](&registry, "gm", "User Group Membership", "GroupID", "UserID").
			Joins(UserGroups, sweepOfUserGroup, Users, sweepOfUser).
			AfterWrite(func(tx *Tx, _, user int) error { return bump(tx, user) })
	GroupPermission = record.NewLink[int, int](&registry, "gr", "User Group Permission", "GroupID", "PermissionID").Value("AccessLevelID").
			Joins(UserGroups, sweepOfUserGroup, permissions, "").
			AfterWrite(func(tx *Tx, _, _ int) error { return bump(tx, everyone) })
	GroupRegistration = record.NewLink[int, int](&registry, "ga", "User Group API Registration", "GroupID", "ApplicationRegistrationID").
				Joins(UserGroups, sweepOfUserGroup, ApiRegistrations, "").
				AfterWrite(func(tx *Tx, _, _ int) error { return bump(tx, everyone) })
	GroupRule = record.NewLink[int, int](&registry, "gs", "User Group Smart Rule", "GroupID", "SmartRuleID").Value("AccessLevelID").
			Joins(UserGroups, sweepOfUserGroup, SmartRules, sweepOfRule)
	AssetAttribute = record.NewLink[int, int](&registry, "aa", "Asset Attribute", "AssetID", "AttributeID").
			Joins(Assets, sweepOfAsset, Attributes, sweepOfAttribute).
			AfterWrite(attributeAssigned)
	RuleAttribute = record.NewLink[int, int](&registry, "rt", "Smart Rule Attribute", "SmartRuleID", "AttributeID").
			Joins(SmartRules, sweepOfRule, Attributes, sweepOfAttribute)
	RuleAsset = record.NewLink[int, int](&registry, "ra", "Smart Rule Asset", "SmartRuleID", "AssetID").Value("WorkgroupID").
			Joins(SmartRules, sweepOfRule, Assets, sweepOfAsset)
	GroupOrganization = record.NewLink[int, string](&registry, "go", "User Group Organization", "GroupID", "OrganizationID").
				Joins(UserGroups, sweepOfUserGroup, Organizations, "").
				AfterWrite(func(tx *Tx, _ int, _ string) error { return bump(tx, everyone) })
)

// Imports.
var (
	Imports = record.NewCollection[int, Import](&registry, "im", "Import", func(i *Import) *int { return &i.ImportID }).Unaudited()

	importTallies = record.NewCollection[int, importTally](&registry, "it", "Import Tally", func(t *importTally) *int { return &t.ID }).Unaudited()

	ImportFiles = record.NewCollection[int, ImportFile](&registry, "if", "Import File", func(f *ImportFile) *int { return &f.ImportID }).Unaudited()
)

// External importers.
var (
	Plugins = record.NewCollection[string, Plugin](&registry, "px", "Plugin", func(p *Plugin) *string { return &p.File })

	pluginByType = Plugins.UniqueBy('t', "import type", func(p *Plugin) Key { return K(p.ImportType) })
)

// Address groups. Addresses lie in the order of their groups.
var (
	AddressGroups = record.NewCollection[int, AddressGroup](&registry, "ag", "Address Group", func(g *AddressGroup) *int { return &g.AddressGroupID })

	addressGroupByName = AddressGroups.UniqueBy('n', "name", func(g *AddressGroup) Key { return K(record.Fold(g.Name), record.Fold(string(g.OrganizationID))) })

	Addresses = record.NewCollection[int, Address](&registry, "ad", "Address", func(a *Address) *int { return &a.AddressID }).
			SortedBy(func(a *Address) Key { return K(a.AddressGroupID) })

	addressByValue = Addresses.UniqueBy('v', "type and value", func(a *Address) Key { return K(a.AddressGroupID, a.Type, record.Fold(a.Value)) })

	addressClearings = record.NewCollection[int, addressClearing](&registry, "ac", "Address Clearing", func(c *addressClearing) *int { return &c.AddressGroupID }).Unaudited()
)

// EPM policies. Applications lie in the order of their policies and groups.
var (
	EPMPolicies = record.NewCollection[int, EPMPolicy](&registry, "po", "EPM Policy", func(p *EPMPolicy) *int { return &p.PolicyID })

	epmPolicyByGUID = EPMPolicies.UniqueBy('g', "GUID", func(p *EPMPolicy) Key { return K(p.PolicyGUID) })
	epmPolicyByName = EPMPolicies.UniqueBy('n', "name", func(p *EPMPolicy) Key { return K(record.Fold(p.Name)) })

	EPMApplications = record.NewCollection[int, EPMApplication](&registry, "ea", "EPM Application", func(a *EPMApplication) *int { return &a.ApplicationID }).
			SortedBy(func(a *EPMApplication) Key { return K(a.PolicyID, record.Fold(a.GroupName)) })
)

// Reports that were made on a schedule. A delivery's file lies in parts of its own, so that lists do not read it; while it
// is written, a draft stands for the delivery.
var (
	Subscriptions = record.NewCollection[int, Subscription](&registry, "su", "Subscription", func(s *Subscription) *int { return &s.ScheduleId })

	subscriptionByName = Subscriptions.UniqueBy('n', "name", func(s *Subscription) Key { return K(record.Fold(s.Name)) })

	SubscriptionRuns = record.NewCollection[int, SubscriptionRun](&registry, "sn", "Subscription Run", func(r *SubscriptionRun) *int { return &r.ScheduleId }).Unaudited()

	Deliveries = record.NewCollection[int, Delivery](&registry, "de", "Subscription Delivery", func(d *Delivery) *int { return &d.ReportDeliveryId }).Unaudited()

	deliveriesByOwner = Deliveries.IndexBy('u', func(d *Delivery) Key { return K(d.UserID) })

	deliveryParts = record.NewCollection[int, deliveryPart](&registry, "dp", "Subscription Delivery Part", func(p *deliveryPart) *int { return &p.PartID }).
			Unaudited().SortedBy(func(p *deliveryPart) Key { return K(p.ReportDeliveryId) })

	deliveryDrafts = record.NewCollection[int, deliveryDraft](&registry, "dd", "Subscription Delivery Draft", func(d *deliveryDraft) *int { return &d.ReportDeliveryId }).Unaudited()
)

// Access policies.
var (
	AccessPolicies = record.NewCollection[int, AccessPolicy](&registry, "ap", "Access Policy", func(p *AccessPolicy) *int { return &p.AccessPolicyID }).
			LowestID(DefaultAccessPolicy + 1)

	accessPolicyByName = AccessPolicies.UniqueBy('n', "name", func(p *AccessPolicy) Key { return K(record.Fold(p.Name)) })
)

// What user groups have beyond their rights.
var (
	RuleRoles = record.NewCollection[int, GroupRuleRoles](&registry, "ro", "Smart Rule Roles", func(r *GroupRuleRoles) *int { return &r.ID })

	ruleRolesByPair = RuleRoles.UniqueBy('p', "pair", func(r *GroupRuleRoles) Key { return K(r.GroupID, r.SmartRuleID) })
	ruleRolesByRule = RuleRoles.IndexBy('r', func(r *GroupRuleRoles) Key { return K(r.SmartRuleID) })

	OwnRoles = record.NewCollection[int, Role](&registry, "rl", "Role", func(r *Role) *int { return &r.RoleID }).LowestID(firstOwnID)

	ownRoleByName = OwnRoles.UniqueBy('n', "name", func(r *Role) Key { return K(record.Fold(r.Name)) })
)

// Secrets Safe. What lies in a folder is guarded: with it the folder cannot go. Values and files lie sealed in records of their
// own, a file in parts.
var (
	SecretsFolders = record.NewCollection[string, SecretsFolder](&registry, "sf", "Secrets Safe Folder", func(f *SecretsFolder) *string { return &f.ID })

	folderByName    = SecretsFolders.UniqueBy('n', "name", func(f *SecretsFolder) Key { return K(f.ParentID, record.Fold(f.Name)) })
	foldersByParent = SecretsFolders.GuardedBy('p', func(f *SecretsFolder) Key { return unlessEmpty(Text(f.ParentID)) })
	safeByGroup     = SecretsFolders.UniqueBy('g', "user group", func(f *SecretsFolder) Key {
		if f.UserGroupID == 0 {
			return nil
		}
		return K(f.UserGroupID)
	})

	SafePermissions = record.NewCollection[int, SafePermission](&registry, "sp", "Safe Permission", func(p *SafePermission) *int { return &p.ID })

	safePermissionBy           = SafePermissions.UniqueBy('s', "principal", func(p *SafePermission) Key { return K(p.SafeID, p.PrincipalType, p.PrincipalID) })
	safePermissionsByPrincipal = SafePermissions.IndexBy('p', func(p *SafePermission) Key { return K(p.PrincipalType, p.PrincipalID) })

	Secrets = record.NewCollection[int, Secret](&registry, "ss", "Secret", func(s *Secret) *int { return &s.SecretID })

	secretByUUID    = Secrets.UniqueBy('i', "id", func(s *Secret) Key { return K(s.ID) })
	secretByTitle   = Secrets.UniqueBy('t', "title", func(s *Secret) Key { return K(s.FolderID, record.Fold(s.Title)) })
	secretsByTitle  = Secrets.IndexBy('a', func(s *Secret) Key { return K(record.Fold(s.Title)) })
	secretsByFolder = Secrets.GuardedBy('f', func(s *Secret) Key { return K(s.FolderID) })

	SecretOwner = record.NewLink[int, int](&registry, "so", "Secret Owner", "SecretID", "UserID").
			Joins(Secrets, sweepOfSecret, Users, sweepOfUser).
			AfterWrite(func(tx *Tx, _, user int) error { return bump(tx, user) })
	SecretOwnerGroup = record.NewLink[int, int](&registry, "sg", "Secret Owner Group", "SecretID", "GroupID").
				Joins(Secrets, sweepOfSecret, UserGroups, sweepOfUserGroup)

	SecretValues = record.NewCollection[int, SecretValue](&registry, "sv", "Secret Value", func(v *SecretValue) *int { return &v.SecretID }).Secret()

	SecretFiles = record.NewCollection[int, SecretFile](&registry, "sx", "Secret File", func(f *SecretFile) *int { return &f.FileID }).Unaudited()

	secretFileDrafts = SecretFiles.IndexBy('d', func(f *SecretFile) Key {
		if f.SecretID != 0 {
			return nil
		}
		return K(f.FileID)
	})

	secretParts = record.NewCollection[int, secretPart](&registry, "sy", "Secret File Part", func(p *secretPart) *int { return &p.PartID }).
			Unaudited().SortedBy(func(p *secretPart) Key { return K(p.FileID) })
)

// Where users and user groups may come from, and what it is asked with.
var (
	Directories = record.NewCollection[int, Directory](&registry, "di", "Directory", func(d *Directory) *int { return &d.DirectoryID })

	directoriesByPlace = Directories.UniqueBy('n', "place", func(d *Directory) Key { return K(d.Kind, record.Fold(d.Host), d.Port) })

	directoriesByShortName = Directories.IndexBy('s', func(d *Directory) Key { return unlessEmpty(d.ShortName) })

	DirectoryCredentials = record.NewCollection[int, DirectoryCredential](&registry, "dc", "Directory Credential", func(c *DirectoryCredential) *int { return &c.DirectoryID }).Secret()
)
