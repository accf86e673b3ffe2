package store

// verifiable is what can be asked of a collection or a link whatever its types are.
type verifiable interface {
	// verify checks all that is kept under the declaration's tag.
	verify(v *verification) error
	// prefixes are what its keys begin with, or are.
	prefixes() []string
}

// declarations are all collections and links, in the order of schema.go.
func declarations() []verifiable {
	return []verifiable{
		Organizations, Workgroups, DeviceGroups, Assets, OperatingSystems,
		Users, UserSecrets, LastLogins, UserGroups, ApiRegistrations, ApiKeys, Sessions, requestWindows, Lockouts,
		AttributeTypes, Attributes, SmartRules, Criteria, AssetMarks,
		ManagedSystems, ManagedAccounts, AccountPasswords, FunctionalAccounts, FunctionalPasswords,
		Platforms, Databases,
		GroupMember, GroupPermission, GroupRegistration, GroupRule, AssetAttribute, RuleAttribute, RuleAsset, GroupOrganization,
		Imports, importTallies, ImportFiles, Jobs, Audits, auditSeals,
		Plugins,
		AddressGroups, Addresses, addressClearings,
		EPMPolicies, EPMApplications,
		Subscriptions, SubscriptionRuns, Deliveries, deliveryParts, deliveryDrafts,
		AccessPolicies,
		RuleRoles, Secrets, OwnRoles, SecretOwner,
		Directories, DirectoryCredentials,
	}
}

// storeKeys are the keys of what the store knows of itself.
func storeKeys() []string {
	keys := []string{}
	for _, name := range []string{"schema", signingKeys, defaultOrganization, auditHead} {
		keys = append(keys, string(storeKey(name)))
	}
	return keys
}

// ownPrefixes are those of keys that belong to no declaration.
func ownPrefixes() []string {
	return append(storeKeys(), string(epochKey(0)[:3]), string(sequenceKey(epochTag)), string(sequenceKey(ruleIDs)), string(unsealedKey(0)[:3]))
}
