package store

// The whole database. A collection's tag and an index's kind are part of every key: docs/keys.md, which is made
// from what stands here, says what the keys look like, and a change needs a new SchemaVersion.

// Places.
var (
	Organizations = collection[string, Organization]("og", "Organization", func(o *Organization) *string { return &o.OrganizationID })

	organizationByName = Organizations.unique('n', "name", func(o *Organization) Key { return K(fold(o.Name)) })

	Workgroups = collection[int, Workgroup]("wg", "Workgroup", func(w *Workgroup) *int { return &w.ID })

	workgroupByName = Workgroups.unique('n', "name", func(w *Workgroup) Key { return K(fold(w.Name), w.OrganizationID) })

	DeviceGroups = collection[int, DeviceGroup]("dg", "Device Group", func(g *DeviceGroup) *int { return &g.WorkgroupID })
)

// Assets lie in the order of their Workgroups, since that is how they are listed.
var (
	Assets = collection[int, Asset]("as", "Asset", func(a *Asset) *int { return &a.AssetID }).
		in(func(a *Asset) Key { return K(a.WorkgroupID) }).givenIDs()

	assetByName       = Assets.unique('n', "name", func(a *Asset) Key { return K(a.WorkgroupID, fold(a.AssetName)) })
	assetsByName      = Assets.index('a', func(a *Asset) Key { return K(fold(a.AssetName)) })
	assetsByAddress   = Assets.index('i', func(a *Asset) Key { return K(a.address()) })
	assetsByPlace     = Assets.guard('p', func(a *Asset) Key { return K(a.WorkgroupID, a.address()) })
	assetsByDnsName   = Assets.index('d', func(a *Asset) Key { return unlessEmpty(a.DnsName) })
	assetsByDomain    = Assets.index('o', func(a *Asset) Key { return unlessEmpty(a.DomainName) })
	assetsByMac       = Assets.index('m', func(a *Asset) Key { return unlessEmpty(a.MacAddress) })
	assetsByType      = Assets.index('t', func(a *Asset) Key { return unlessEmpty(a.AssetType) })
	assetsInWorkgroup = Assets.counts('w', func(a *Asset) Key { return K(a.WorkgroupID) })
	assetsInBlock     = Assets.counts('b', func(a *Asset) Key { return K(a.WorkgroupID, a.Block()) })
	OperatingSystems  = collection[int, OperatingSystem]("os", "Operating System", func(o *OperatingSystem) *int { return &o.OperatingSystemID }).unaudited()
	operatingSystemBy = OperatingSystems.unique('n', "name", func(o *OperatingSystem) Key { return K(fold(o.Name)) })
)

// People and their rights. What must not be sent lies in records of its own, under the id of its owner.
var (
	Users = collection[int, User]("us", "User", func(u *User) *int { return &u.UserID })

	userByName     = Users.unique('n', "name", func(u *User) Key { return K(fold(string(u.DomainName)), fold(u.UserName)) })
	userByClientID = Users.unique('c', "client ID", func(u *User) Key { return unlessEmpty(u.ClientID) })
	userByUUID     = Users.unique('g', "UUID", func(u *User) Key { return K(u.UUID) })

	userByEntry      = Users.unique('e', "entry of a directory", func(u *User) Key { return unlessEmpty(u.DirectoryEntry) })
	usersByPrincipal = Users.index('p', func(u *User) Key { return unlessEmpty(u.PrincipalName) })

	UserSecrets = collection[int, UserSecret]("up", "User Secret", func(s *UserSecret) *int { return &s.UserID }).secrets()
	LastLogins  = collection[int, LastLogin]("ul", "Last Login", func(l *LastLogin) *int { return &l.UserID }).unaudited()

	UserGroups = collection[int, UserGroup]("gp", "User Group", func(g *UserGroup) *int { return &g.GroupID }).
			from(Administrators + 1)

	userGroupByName       = UserGroups.unique('n', "name", func(g *UserGroup) Key { return K(fold(g.Name)) })
	userGroupsByKind      = UserGroups.index('k', func(g *UserGroup) Key { return K(int(g.kind()), fold(g.Name)) })
	userGroupByUUID       = UserGroups.unique('g', "UUID", func(g *UserGroup) Key { return K(g.UUID) })
	userGroupByExternalID = UserGroups.unique('x', MemberExternalID, func(g *UserGroup) Key { return unlessEmpty(g.ExternalID) })
	_                     = UserGroups.unique('e', "entry of a directory", func(g *UserGroup) Key { return unlessEmpty(g.DirectoryEntry) })

	ApiRegistrations = collection[int, ApiRegistration]("ar", "API Registration", func(r *ApiRegistration) *int { return &r.Id })

	apiRegistrationByName = ApiRegistrations.unique('n', "name", func(r *ApiRegistration) Key { return K(fold(r.Name)) })

	ApiKeys = collection[int, ApiKey]("ak", "API Key", func(k *ApiKey) *int { return &k.Id }).secrets()

	apiKeyByFingerprint = ApiKeys.unique('f', "key", func(k *ApiKey) Key { return K(k.Fingerprint) })

	Sessions = collection[string, Session]("se", "Session", func(s *Session) *string { return &s.ID }).unaudited()

	sessionsByEnd = Sessions.index('e', func(s *Session) Key { return K(s.Expires) })

	requestWindows = collection[int, requestWindow]("rq", "Request Window", func(w *requestWindow) *int { return &w.UserID }).unaudited()
	Lockouts       = collection[string, Lockout]("lo", "Lockout", func(l *Lockout) *string { return &l.Of }).unaudited()

	lockoutsByEnd = Lockouts.index('e', func(l *Lockout) Key { return K(l.Ends) })
)

// What assets carry, and what is selected by it.
var (
	AttributeTypes = collection[int, AttributeType]("at", "Attribute Type", func(t *AttributeType) *int { return &t.AttributeTypeID }).
			from(firstOwnID)

	attributeTypeByName = AttributeTypes.unique('n', "name", func(t *AttributeType) Key { return K(fold(t.Name)) })

	Attributes = collection[int, Attribute]("an", "Attribute", func(a *Attribute) *int { return &a.AttributeID }).
			from(firstOwnID).in(func(a *Attribute) Key { return K(a.AttributeTypeID) })

	attributeByName    = Attributes.unique('n', "name", func(a *Attribute) Key { return K(a.AttributeTypeID, fold(a.ShortName)) })
	attributesByParent = Attributes.index('p', func(a *Attribute) Key { return unlessNil(a.ParentAttributeID) })

	SmartRules = collection[int, SmartRule]("sr", "Smart Rule", func(r *SmartRule) *int { return &r.SmartRuleID })

	smartRuleByTitle   = SmartRules.unique('t', "title", func(r *SmartRule) Key { return K(fold(r.Title)) })
	smartRulesByStatus = SmartRules.index('s', func(r *SmartRule) Key { return K(r.Status) })

	Criteria = collection[int, RuleCriteria]("sc", "Smart Rule Criteria", func(c *RuleCriteria) *int { return &c.SmartRuleID }).unaudited()

	AssetMarks = collection[int, AssetMark]("sd", "Asset Mark", func(m *AssetMark) *int { return &m.AssetID }).unaudited()
)

// What is looked after on assets. Accounts lie in the order of their systems.
var (
	ManagedSystems = collection[int, ManagedSystem]("ms", "Managed System", func(s *ManagedSystem) *int { return &s.ManagedSystemID })

	managedSystemsByAsset = ManagedSystems.index('a', func(s *ManagedSystem) Key { return K(s.AssetID) })
	managedSystemsByName  = ManagedSystems.index('n', func(s *ManagedSystem) Key { return K(fold(s.SystemName)) })

	ManagedAccounts = collection[int, ManagedAccount]("ma", "Managed Account", func(a *ManagedAccount) *int { return &a.ManagedAccountID }).
			in(func(a *ManagedAccount) Key { return K(a.ManagedSystemID) })

	managedAccountByName = ManagedAccounts.unique('u', "name", func(a *ManagedAccount) Key {
		return K(a.ManagedSystemID, fold(a.AccountName), fold(string(a.DomainName)))
	})
	managedAccountsByName = ManagedAccounts.index('n', func(a *ManagedAccount) Key { return K(fold(a.AccountName)) })

	AccountPasswords = collection[int, AccountPassword]("mp", "Managed Account Password", func(p *AccountPassword) *int { return &p.ManagedAccountID }).secrets()

	FunctionalAccounts = collection[int, FunctionalAccount]("fa", "Functional Account", func(a *FunctionalAccount) *int { return &a.FunctionalAccountID })

	functionalAccountByName = FunctionalAccounts.unique('n', "name", func(a *FunctionalAccount) Key {
		return K(a.PlatformID, fold(string(a.DomainName)), fold(a.AccountName))
	})

	FunctionalPasswords = collection[int, FunctionalPassword]("fp", "Functional Account Password", func(p *FunctionalPassword) *int { return &p.FunctionalAccountID }).secrets()
)

// Platforms and databases. Databases lie in the order of their assets.
var (
	Platforms = collection[int, Platform]("pl", "Platform", func(p *Platform) *int { return &p.PlatformID }).from(firstOwnID)

	Databases = collection[int, Database]("db", "Database", func(d *Database) *int { return &d.DatabaseID }).
			in(func(d *Database) Key { return K(d.AssetID) })
)

// firstOwnID is the first id of an attribute, an attribute type, a platform or a role that is not the store's own.
const firstOwnID = 10_000

// What belongs to what. A link's epoch says whose rights a change of it touches. Nobody leaves a group but by Leave, or
// with the end of group or user.
var (
	GroupMember = register(&Link[int, int]{tag: "gm", name: "User Group Membership", from: "GroupID", to: "UserID",
		changed: func(tx *Tx, _, user int) error { return tx.bump(user) }}).
		joins(UserGroups, sweepOfUserGroup, Users, sweepOfUser)
	GroupPermission = register(&Link[int, int]{tag: "gr", name: "User Group Permission", from: "GroupID", to: "PermissionID", value: "AccessLevelID",
		changed: func(tx *Tx, _, _ int) error { return tx.bump(everyone) }}).
		joins(UserGroups, sweepOfUserGroup, permissions, "")
	GroupRegistration = register(&Link[int, int]{tag: "ga", name: "User Group API Registration", from: "GroupID", to: "ApplicationRegistrationID",
		changed: func(tx *Tx, _, _ int) error { return tx.bump(everyone) }}).
		joins(UserGroups, sweepOfUserGroup, ApiRegistrations, "")
	GroupRule = register(&Link[int, int]{tag: "gs", name: "User Group Smart Rule", from: "GroupID", to: "SmartRuleID", value: "AccessLevelID"}).
			joins(UserGroups, sweepOfUserGroup, SmartRules, sweepOfRule)
	AssetAttribute = register(&Link[int, int]{tag: "aa", name: "Asset Attribute", from: "AssetID", to: "AttributeID", changed: attributeAssigned}).
			joins(Assets, sweepOfAsset, Attributes, sweepOfAttribute)
	RuleAttribute = register(&Link[int, int]{tag: "rt", name: "Smart Rule Attribute", from: "SmartRuleID", to: "AttributeID"}).
			joins(SmartRules, sweepOfRule, Attributes, sweepOfAttribute)
	RuleAsset = register(&Link[int, int]{tag: "ra", name: "Smart Rule Asset", from: "SmartRuleID", to: "AssetID", value: "WorkgroupID"}).
			joins(SmartRules, sweepOfRule, Assets, sweepOfAsset)
	GroupOrganization = register(&Link[int, string]{tag: "go", name: "User Group Organization", from: "GroupID", to: "OrganizationID",
		changed: func(tx *Tx, _ int, _ string) error { return tx.bump(everyone) }}).
		joins(UserGroups, sweepOfUserGroup, Organizations, "")
)

// Work and what was done. Audits lie in the order of time, and are sealed in blocks.
var (
	Imports = collection[int, Import]("im", "Import", func(i *Import) *int { return &i.ImportID }).unaudited()

	importTallies = collection[int, importTally]("it", "Import Tally", func(t *importTally) *int { return &t.ID }).unaudited()

	ImportFiles = collection[int, ImportFile]("if", "Import File", func(f *ImportFile) *int { return &f.ImportID }).unaudited()

	Jobs = collection[int, Job]("jo", "Job", func(j *Job) *int { return &j.ID }).unaudited()

	jobsByTime = Jobs.index('t', func(j *Job) Key { return K(j.Kind, j.NotBefore) })

	Audits = collection[int, Audit]("au", "User Audit", func(a *Audit) *int { return &a.AuditID }).unaudited().
		in(func(a *Audit) Key { return K(a.CreateDate) })

	auditSeals = collection[int, auditSeal]("al", "Audit Seal", func(s *auditSeal) *int { return &s.Block }).unaudited()
)

// External importers.
var (
	Plugins = collection[string, Plugin]("px", "Plugin", func(p *Plugin) *string { return &p.File })

	pluginByType = Plugins.unique('t', "import type", func(p *Plugin) Key { return K(p.ImportType) })
)

// Address groups. Addresses lie in the order of their groups.
var (
	AddressGroups = collection[int, AddressGroup]("ag", "Address Group", func(g *AddressGroup) *int { return &g.AddressGroupID })

	addressGroupByName = AddressGroups.unique('n', "name", func(g *AddressGroup) Key { return K(fold(g.Name), fold(string(g.OrganizationID))) })

	Addresses = collection[int, Address]("ad", "Address", func(a *Address) *int { return &a.AddressID }).
			in(func(a *Address) Key { return K(a.AddressGroupID) })

	addressByValue = Addresses.unique('v', "type and value", func(a *Address) Key { return K(a.AddressGroupID, a.Type, fold(a.Value)) })

	addressClearings = collection[int, addressClearing]("ac", "Address Clearing", func(c *addressClearing) *int { return &c.AddressGroupID }).unaudited()
)

// EPM policies. Applications lie in the order of their policies and groups.
var (
	EPMPolicies = collection[int, EPMPolicy]("po", "EPM Policy", func(p *EPMPolicy) *int { return &p.PolicyID })

	epmPolicyByGUID = EPMPolicies.unique('g', "GUID", func(p *EPMPolicy) Key { return K(p.PolicyGUID) })
	epmPolicyByName = EPMPolicies.unique('n', "name", func(p *EPMPolicy) Key { return K(fold(p.Name)) })

	EPMApplications = collection[int, EPMApplication]("ea", "EPM Application", func(a *EPMApplication) *int { return &a.ApplicationID }).
			in(func(a *EPMApplication) Key { return K(a.PolicyID, fold(a.GroupName)) })
)

// Reports that were made on a schedule. A delivery's file lies in parts of its own, so that lists do not read it; while it
// is written, a draft stands for the delivery.
var (
	Subscriptions = collection[int, Subscription]("su", "Subscription", func(s *Subscription) *int { return &s.ScheduleId })

	subscriptionByName = Subscriptions.unique('n', "name", func(s *Subscription) Key { return K(fold(s.Name)) })

	SubscriptionRuns = collection[int, SubscriptionRun]("sn", "Subscription Run", func(r *SubscriptionRun) *int { return &r.ScheduleId }).unaudited()

	Deliveries = collection[int, Delivery]("de", "Subscription Delivery", func(d *Delivery) *int { return &d.ReportDeliveryId }).unaudited()

	deliveriesByOwner = Deliveries.index('u', func(d *Delivery) Key { return K(d.UserID) })

	deliveryParts = collection[int, deliveryPart]("dp", "Subscription Delivery Part", func(p *deliveryPart) *int { return &p.PartID }).
			unaudited().in(func(p *deliveryPart) Key { return K(p.ReportDeliveryId) })

	deliveryDrafts = collection[int, deliveryDraft]("dd", "Subscription Delivery Draft", func(d *deliveryDraft) *int { return &d.ReportDeliveryId }).unaudited()
)

// Access policies.
var (
	AccessPolicies = collection[int, AccessPolicy]("ap", "Access Policy", func(p *AccessPolicy) *int { return &p.AccessPolicyID }).
			from(DefaultAccessPolicy + 1)

	accessPolicyByName = AccessPolicies.unique('n', "name", func(p *AccessPolicy) Key { return K(fold(p.Name)) })
)

// What user groups and users have beyond their rights. A group's secrets are guarded: with them it cannot go.
var (
	RuleRoles = collection[int, GroupRuleRoles]("ro", "Smart Rule Roles", func(r *GroupRuleRoles) *int { return &r.ID })

	ruleRolesByPair = RuleRoles.unique('p', "pair", func(r *GroupRuleRoles) Key { return K(r.GroupID, r.SmartRuleID) })
	ruleRolesByRule = RuleRoles.index('r', func(r *GroupRuleRoles) Key { return K(r.SmartRuleID) })

	Secrets = collection[int, Secret]("ss", "Secret", func(s *Secret) *int { return &s.SecretID })

	secretsByGroup = Secrets.guard('g', func(s *Secret) Key { return K(s.GroupID) })

	OwnRoles = collection[int, Role]("rl", "Role", func(r *Role) *int { return &r.RoleID }).from(firstOwnID)

	ownRoleByName = OwnRoles.unique('n', "name", func(r *Role) Key { return K(fold(r.Name)) })

	SecretOwner = register(&Link[int, int]{tag: "so", name: "Secret Owner", from: "SecretID", to: "UserID",
		changed: func(tx *Tx, _, user int) error { return tx.bump(user) }}).
		joins(Secrets, sweepOfSecret, Users, sweepOfUser)
)

// Where users and user groups may come from, and what it is asked with.
var (
	Directories = collection[int, Directory]("di", "Directory", func(d *Directory) *int { return &d.DirectoryID })

	directoriesByPlace = Directories.unique('n', "place", func(d *Directory) Key { return K(d.Kind, fold(d.Host), d.Port) })

	directoriesByShortName = Directories.index('s', func(d *Directory) Key { return unlessEmpty(d.ShortName) })

	DirectoryCredentials = collection[int, DirectoryCredential]("dc", "Directory Credential", func(c *DirectoryCredential) *int { return &c.DirectoryID }).secrets()
)

// unlessEmpty is the folded key of a text that may be absent.
func unlessEmpty(t Text) Key {
	if t == "" {
		return nil
	}
	return K(fold(string(t)))
}

// unlessNil is the key of a number that may be absent.
func unlessNil(n *int) Key {
	if n == nil {
		return nil
	}
	return K(*n)
}
