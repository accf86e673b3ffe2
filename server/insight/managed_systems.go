package insight

import (
	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/server/api"
	"github.com/musterhq/muster/store"
)

var writesManagedSystems = authz.Writes(authz.PasswordSafeSystemManagement)

// What makes, changes and deletes managed systems.
var managedSystemWrites = []api.Route{
	api.POST("Assets/{id}/ManagedSystems", writesManagedSystems, "Creates a managed system for an asset.", manageAsset).
		Refuses(409).FillIn("the ID of an asset that is not managed").Beyond(seenLive),
	api.POST("Databases/{id}/ManagedSystems", writesManagedSystems, "Creates a managed system for a database.", manageDatabase).
		Refuses(409).FillIn("the ID of a database that is not managed").Beyond(vendorPage),
	api.POST("Workgroups/{id}/ManagedSystems", writesManagedSystems, "Creates a managed system in a Workgroup, and what it is on if that does not exist.", manageInWorkgroup).
		FillIn("the name and the address of a host that is not managed").Refuses(409).Beyond(seenLive),
	api.PUT("ManagedSystems/{id}", writesManagedSystems, "Updates a managed system by ID.", updateSystem).Harmful().Beyond(vendorPage),
	api.DELETE("ManagedSystems/{id}", writesManagedSystems, "Deletes a managed system and its accounts.", deleteSystem).Beyond(vendorPage),
}

// systemFields are the members of a system that a caller may give. What does not concern its entity type is ignored.
type systemFields struct {
	PlatformID                         int     `binding:"required" example:"2"`                             // ID of its platform.
	HostName                           *string `example:"backup77"`                                         // Name of the host, or the domain of a directory; required for an asset, a database, a directory and a cloud in a Workgroup.
	IPAddress                          *string `example:"192.0.2.77"`                                       // IP address of the host; required for an asset in a Workgroup.
	DNSName                            *string `example:"backup01.meridian.lab.example" prefill:"-"`        // DNS name of the host.
	InstanceName                       *string `example:"SQLEXPRESS" prefill:"-"`                           // Name of the instance of a database; required unless it is the default one.
	IsDefaultInstance                  *bool   `example:"true" prefill:"-"`                                 // Whether the database is the default instance.
	ForestName                         *string `example:"meridian.lab.example" prefill:"-"`                 // Forest of a directory.
	UseSSL                             *bool   `example:"true" prefill:"-"`                                 // Whether a directory is asked by TLS.
	OracleInternetDirectoryID          *string `example:"c1f3f5a0-54f5-4f0b-8a1f-1a2b3c4d5e6f" prefill:"-"` // ID of an Oracle Internet Directory.
	OracleInternetDirectoryServiceName *string `example:"orcl" prefill:"-"`                                 // Service of an Oracle Internet Directory.
	NetBiosName                        *string `example:"BACKUP01" prefill:"-"`                             // NetBIOS name of the system.
	Port                               *int    `example:"22" prefill:"-"`                                   // Port by which the system is managed (1-65535).
	Description                        *string `example:"Backup server"`                                    // Description of the system.
	DSSKeyRuleID                       *int    `example:"1" prefill:"-"`                                    // ID of the rule by which keys are made.
	LoginAccountID                     *int    `example:"1" prefill:"-"`                                    // ID of the account that signs in for sessions.
	ElevationCommand                   *string `example:"sudo" prefill:"-"`                                 // Command that raises the rights of the functional account.
	SshKeyEnforcementMode              *int    `example:"1" prefill:"-"`                                    // How the host's key is checked: 0 not, 1 the first is taken, 2 strictly.
	AccountNameFormat                  *int    `example:"1" prefill:"-"`                                    // How accounts are named: 0 domain and account, 1 UPN, 2 SAM.
	RemoteClientType                   *string `example:"None" enums:"None,EPM" prefill:"-"`                // Remote client of the system.
	ApplicationHostID                  *int    `example:"1" prefill:"-"`                                    // ID of the system that hosts applications for it.
	IsApplicationHost                  *bool   `example:"false" prefill:"-"`                                // Whether the system hosts applications.
	AccessURL                          *string `example:"https://cloud.example/" prefill:"-"`               // Address of a cloud.
	managementFields
}

// managementFields say how the accounts of any system are managed.
type managementFields struct {
	Timeout                           *int    `binding:"min=1" example:"30" prefill:"-"`             // Seconds until a connection to the system is given up (default: 30).
	ContactEmail                      *string `example:"olga@meridian.lab.example" prefill:"-"`      // Email address of the person in charge of the system.
	PasswordRuleID                    *int    `example:"1" prefill:"-"`                              // ID of the rule by which passwords are made.
	ReleaseDuration                   *int    `binding:"min=1" example:"120" prefill:"-"`            // Minutes that a release lasts unless a request says otherwise (1-525600, default: 120).
	MaxReleaseDuration                *int    `binding:"min=1" example:"525600" prefill:"-"`         // Minutes that a release lasts at most (1-525600, default: 525600).
	ISAReleaseDuration                *int    `binding:"min=1" example:"120" prefill:"-"`            // Minutes that a release by an ISA lasts (1-525600, default: 120).
	AutoManagementFlag                *bool   `example:"false" prefill:"-"`                          // Whether the passwords of its accounts are managed automatically (default: false).
	FunctionalAccountID               *int    `example:"1" prefill:"-"`                              // ID of the functional account; required if AutoManagementFlag is true, and ignored if it is false.
	CheckPasswordFlag                 *bool   `example:"false" prefill:"-"`                          // Whether passwords are tested.
	ChangePasswordAfterAnyReleaseFlag *bool   `example:"false" prefill:"-"`                          // Whether a password changes after it was released.
	ResetPasswordOnMismatchFlag       *bool   `example:"false" prefill:"-"`                          // Whether a password that a test finds wrong is set again.
	ChangeFrequencyType               *string `example:"first" enums:"first,last,xdays" prefill:"-"` // When passwords change: first or last day of the month, or every so many days.
	ChangeFrequencyDays               *int    `example:"30" prefill:"-"`                             // Days between changes of type xdays (1-999).
	ChangeTime                        *string `example:"23:30" prefill:"-"`                          // Time of day of the change, in UTC.
}

type newSystem struct {
	byID
	Body systemFields
}

func manageAsset(tx *store.Tx, in newSystem) (*store.ManagedSystem, error) {
	s := &store.ManagedSystem{AssetID: &in.ID, EntityTypeID: store.AssetEntity}
	return storeSystem(tx, s, in.Body, store.ManageAsset)
}

// storeSystem stores a system with the members of a body.
func storeSystem(tx *store.Tx, s *store.ManagedSystem, body any, put func(*store.Tx, *store.ManagedSystem) (*store.ManagedSystem, error)) (*store.ManagedSystem, error) {
	if err := setGiven(s, body); err != nil {
		return nil, err
	}
	return put(tx, s)
}

// managedDatabaseFields are what a caller may say of the system of a database; the rest is the database's.
type managedDatabaseFields struct {
	Description *string `example:"Tracking"` // Description of the system.
	managementFields
}

type newDatabaseSystem struct {
	byID
	Body managedDatabaseFields
}

func manageDatabase(tx *store.Tx, in newDatabaseSystem) (*store.ManagedSystem, error) {
	s := &store.ManagedSystem{DatabaseID: &in.ID, EntityTypeID: store.DatabaseEntity}
	return storeSystem(tx, s, in.Body, store.ManageDatabase)
}

type newSystemInWorkgroup struct {
	byID
	Body systemOfTypeFields
}

type systemOfTypeFields struct {
	EntityTypeID int `binding:"required" example:"1" enums:"1,2,3,4"` // What the system is: 1 Asset, 2 Database, 3 Directory, 4 Cloud.
	systemFields
}

func manageInWorkgroup(tx *store.Tx, in newSystemInWorkgroup) (*store.ManagedSystem, error) {
	return storeSystem(tx, &store.ManagedSystem{WorkgroupID: in.ID}, in.Body, store.ManageInWorkgroup)
}

type changedSystem struct {
	byID
	Body changedSystemFields
}

type changedSystemFields struct {
	WorkgroupID *int `example:"2" prefill:"-"` // ID of the Workgroup of a system that is on no asset.
	systemFields
}

func updateSystem(tx *store.Tx, in changedSystem) (*store.ManagedSystem, error) {
	old, err := store.ManagedSystemByID(tx, in.ID)
	if err != nil {
		return nil, err
	}
	return storeSystem(tx, old.Reset(), in.Body, store.UpdateManagedSystem)
}

func deleteSystem(tx *store.Tx, in byID) (api.None, error) {
	s, err := store.ManagedSystemByID(tx, in.ID)
	if err != nil {
		return api.None{}, err
	}
	return api.None{}, store.DeleteManagedSystem(tx, s)
}
