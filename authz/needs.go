package authz

// What an import brings in beside hosts has rows of its own. These needs are declared once, for those rows and for the imports: a
// piece of an import needs what its row needs.
var (
	QueuesImports            = Writes(ScanManagement)
	WritesAssetAttributes    = Writes(AssetManagement).And(Writes(AttributeManagement))
	WritesDatabases          = Writes(AssetManagement)
	WritesManagedSystems     = Writes(PasswordSafeSystemManagement)
	WritesManagedAccounts    = Writes(PasswordSafeAccountManagement)
	WritesFunctionalAccounts = Writes(PasswordSafeAccountManagement)
)
