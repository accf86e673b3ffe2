package store

import (
	"cmp"
	"strings"

	"github.com/google/uuid"

	"github.com/musterhq/muster/store/record"
)

// The EntityTypeIDs: what a managed system is.
const (
	AssetEntity     = 1
	DatabaseEntity  = 2
	DirectoryEntity = 3
	CloudEntity     = 4
)

// ManagedSystem is a system whose accounts are looked after. One with an AssetID has its names and its address from the asset, which
// the store fills in for a caller; one without is in a Workgroup itself.
type ManagedSystem struct {
	ManagedSystemID                    int    `example:"1"`                                    // ID of the managed system.
	EntityTypeID                       int    `example:"1"`                                    // ID of its entity type: 1 Asset, 2 Database, 3 Directory, 4 Cloud.
	AssetID                            *int   `example:"1"`                                    // ID of the asset that is managed, or on which the database is.
	DatabaseID                         *int   `example:"2"`                                    // ID of the database that is managed.
	DirectoryID                        *int   `example:"3"`                                    // ID of the directory that is managed.
	CloudID                            *int   `example:"4"`                                    // ID of the cloud that is managed.
	WorkgroupID                        int    `example:"2"`                                    // ID of the Workgroup that the system is in.
	HostName                           Text   `example:"web01"`                                // Name of the host, or the domain of a directory.
	DNSName                            Text   `example:"web01.meridian.lab.example"`           // DNS name of the host.
	IPAddress                          Text   `example:"192.0.2.11"`                           // IP address of the host.
	InstanceName                       Text   `example:"SQLEXPRESS"`                           // Name of the instance of a database.
	IsDefaultInstance                  *bool  `example:"true"`                                 // Whether the database is the default instance.
	Template                           Text   `example:"Unix"`                                 // Template of the platform. It is always null.
	ForestName                         Text   `example:"meridian.lab.example"`                 // Forest of a directory.
	UseSSL                             *bool  `example:"true"`                                 // Whether a directory is asked by TLS.
	OracleInternetDirectoryID          Text   `example:"c1f3f5a0-54f5-4f0b-8a1f-1a2b3c4d5e6f"` // ID of an Oracle Internet Directory.
	OracleInternetDirectoryServiceName Text   `example:"orcl"`                                 // Service of an Oracle Internet Directory.
	SystemName                         string `example:"web01"`                                // Name of the managed system: the asset's name unless another is given.
	PlatformID                         int    `example:"2"`                                    // ID of its platform.
	NetBiosName                        Text   `example:"WEB01"`                                // NetBIOS name of the system.
	Port                               *int   `example:"22"`                                   // Port by which the system is managed; null: that of the platform.
	Timeout                            int    `example:"30"`                                   // Seconds until a connection to the system is given up.
	Description                        Text   `example:"Web server"`                           // Description of the system.
	ContactEmail                       Text   `example:"olga@meridian.lab.example"`            // Email address of the person in charge of the system.
	PasswordRuleID                     int    `example:"0"`                                    // ID of the rule by which passwords are made.
	DSSKeyRuleID                       *int   `example:"0"`                                    // ID of the rule by which keys are made.
	ReleaseDuration                    int    `example:"120"`                                  // Minutes that a release lasts unless a request says otherwise.
	MaxReleaseDuration                 int    `example:"525600"`                               // Minutes that a release lasts at most.
	ISAReleaseDuration                 int    `example:"120"`                                  // Minutes that a release by an ISA lasts unless the request says otherwise.
	AutoManagementFlag                 bool   `example:"true"`                                 // Whether the passwords of its accounts are managed automatically.
	FunctionalAccountID                *int   `example:"1"`                                    // ID of the functional account that manages the system.
	LoginAccountID                     *int   `example:"1"`                                    // ID of the account that signs in for sessions.
	ElevationCommand                   Text   `example:"sudo"`                                 // Command that raises the rights of the functional account.
	SshKeyEnforcementMode              *int   `example:"0"`                                    // How the host's key is checked: 0 not, 1 the first is taken, 2 strictly.
	CheckPasswordFlag                  bool   `example:"false"`                                // Whether passwords are tested.
	ChangePasswordAfterAnyReleaseFlag  bool   `example:"false"`                                // Whether a password changes after it was released.
	ResetPasswordOnMismatchFlag        bool   `example:"false"`                                // Whether a password that a test finds wrong is set again.
	ChangeFrequencyType                string `example:"first" enums:"first,last,xdays"`       // When passwords change: first or last day of the month, or every so many days.
	ChangeFrequencyDays                int    `example:"30"`                                   // Days between changes of type xdays.
	ChangeTime                         string `example:"23:30"`                                // Time of day of the change, in UTC.
	AccountNameFormat                  int    `example:"0"`                                    // How accounts are named: 0 domain and account, 1 UPN, 2 SAM.
	RemoteClientType                   Text   `example:"None"`                                 // Remote client of the system: None or EPM.
	ApplicationHostID                  *int   `example:"1"`                                    // ID of the system that hosts applications for it.
	IsApplicationHost                  bool   `example:"false"`                                // Whether the system hosts applications.
	AccessURL                          Text   `example:"https://cloud.example/"`               // Address of a cloud.
}

// The longest members of what is managed, in code points: those of the documents, and ours where they say none.
const (
	maxSystemName  = 129
	maxAccountName = 245
	maxDomain      = 255
	maxPurpose     = 1000
	maxPassword    = 1000
	maxAccessURL   = 2048
)

// Defaults and limits of what is managed. The longest release is the vendor's, a year in minutes.
const (
	defaultTimeout            = 30
	maxTimeout                = 86_400
	defaultReleaseDuration    = 120
	defaultMaxReleaseDuration = longestRelease
	longestRelease            = 525_600
	defaultChangeDays         = 30
	maxChangeDays             = 999
	defaultChangeTime         = "23:30"
)

// The ChangeFrequencyTypes.
const (
	changeFirst = "first"
	changeLast  = "last"
	changeXDays = "xdays"
)

// Normalize gives a system what is not given: the defaults of the document. Systems of older stores lack members that came later.
func (s *ManagedSystem) Normalize() {
	s.EntityTypeID = cmp.Or(s.EntityTypeID, AssetEntity)
	s.Timeout = cmp.Or(s.Timeout, defaultTimeout)
	s.ReleaseDuration = cmp.Or(s.ReleaseDuration, defaultReleaseDuration)
	s.MaxReleaseDuration = cmp.Or(s.MaxReleaseDuration, defaultMaxReleaseDuration)
	s.ISAReleaseDuration = cmp.Or(s.ISAReleaseDuration, defaultReleaseDuration)
	s.ChangeFrequencyType = cmp.Or(strings.ToLower(s.ChangeFrequencyType), changeFirst)
	if s.ChangeFrequencyType != changeXDays {
		s.ChangeFrequencyDays = defaultChangeDays
	}
	s.ChangeTime = cmp.Or(s.ChangeTime, defaultChangeTime)
	s.RemoteClientType = cmp.Or(s.RemoteClientType, "None")
	if _, err := uuid.Parse(string(s.OracleInternetDirectoryID)); err != nil {
		s.OracleInternetDirectoryID = ""
	}
}

// Validate gives the system its defaults and checks it: lengths, numbers, and what has to exist.
func (s *ManagedSystem) Validate(tx *Tx) error {
	if err := s.settleIn(tx); err != nil {
		return err
	}
	s.Normalize()
	if err := cmp.Or(s.checkTexts(), s.checkNumbers(), knownPlatform(tx, s.PlatformID)); err != nil {
		return err
	}
	if _, err := PasswordRuleByID(s.PasswordRuleID); err != nil {
		return Invalid("PasswordRuleID: there is no Password Rule %d", s.PasswordRuleID)
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

// settleIn finds the asset of a system, or the Workgroup of one that has none, and its name. What the asset says is not stored twice.
func (s *ManagedSystem) settleIn(tx *Tx) error {
	if s.AssetID == nil {
		known, err := Workgroups.Has(tx, s.WorkgroupID)
		if err == nil && !known {
			err = Invalid("WorkgroupID: there is no Workgroup %d", s.WorkgroupID)
		}
		s.SystemName = cmp.Or(s.SystemName, string(s.HostName))
		return err
	}
	asset, err := Assets.Get(tx, *s.AssetID)
	if err != nil {
		return cmp.Or(record.Ignore(ErrNotFound, err), Invalid("AssetID: there is no Asset %d", *s.AssetID))
	}
	s.WorkgroupID, s.HostName, s.DNSName, s.IPAddress = 0, "", "", ""
	s.SystemName = cmp.Or(s.SystemName, asset.AssetName)
	return nil
}

func (s *ManagedSystem) checkTexts() error {
	return cmp.Or(
		required("SystemName", s.SystemName, maxSystemName), short("HostName", string(s.HostName), 128), short("DnsName", string(s.DNSName), 255),
		short("IPAddress", string(s.IPAddress), 46), short("InstanceName", string(s.InstanceName), 100), short("ForestName", string(s.ForestName), 64),
		short("OracleInternetDirectoryServiceName", string(s.OracleInternetDirectoryServiceName), 200),
		short("NetBiosName", string(s.NetBiosName), maxDomain), short("ContactEmail", string(s.ContactEmail), maxPurpose),
		short("Description", string(s.Description), maxPurpose), short("ElevationCommand", string(s.ElevationCommand), 80),
		short("AccessURL", string(s.AccessURL), maxAccessURL), short("RemoteClientType", string(s.RemoteClientType), 20),
	)
}

func (s *ManagedSystem) checkNumbers() error {
	if s.EntityTypeID < AssetEntity || s.EntityTypeID > CloudEntity {
		return Invalid("EntityTypeID: 1 to 4 is expected")
	}
	if s.Port != nil {
		if err := within("Port", *s.Port, MaxPort); err != nil {
			return err
		}
	}
	if mode := s.SshKeyEnforcementMode; mode != nil && (*mode < 0 || *mode > 2) {
		return Invalid("SshKeyEnforcementMode: 0 to 2 is expected")
	}
	if s.AccountNameFormat < 0 || s.AccountNameFormat > 2 {
		return Invalid("AccountNameFormat: 0 to 2 is expected")
	}
	return cmp.Or(
		within("Timeout", s.Timeout, maxTimeout), checkDurations(s.ReleaseDuration, s.MaxReleaseDuration, s.ISAReleaseDuration),
		checkChange(s.ChangeFrequencyType, s.ChangeFrequencyDays, s.ChangeTime),
	)
}

// within checks a number that has to be 1 at least.
func within(member string, n, most int) error {
	if n < 1 || n > most {
		return Invalid("%s: 1 to %d is expected", member, most)
	}
	return nil
}

func checkDurations(release, maxRelease, isaRelease int) error {
	return cmp.Or(
		within("ReleaseDuration", release, longestRelease), within("MaxReleaseDuration", maxRelease, longestRelease),
		within("ISAReleaseDuration", isaRelease, longestRelease),
	)
}

func checkChange(frequency string, days int, at string) error {
	switch frequency {
	case changeFirst, changeLast:
	case changeXDays:
		if err := within("ChangeFrequencyDays", days, maxChangeDays); err != nil {
			return err
		}
	default:
		return Invalid("ChangeFrequencyType: %s, %s or %s is expected", changeFirst, changeLast, changeXDays)
	}
	if !isTimeOfDay(at) {
		return Invalid("ChangeTime: a time of day such as %s is expected", defaultChangeTime)
	}
	return nil
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
	if err := SetReachable(tx, old.ManagedSystemID, true); err != nil {
		return err
	}
	return record.SweepLater(tx, sweepOfManagedSystem, old.ManagedSystemID)
}

func clearManagedSystem(b *record.SweepBatch, id int) error {
	return record.Remove(b, ManagedAccounts, AccountsOf(b.Tx, id))
}

// workgroup returns the Workgroup of a system, that of its asset if it has one. A system whose asset was just deleted, and that is
// still to be swept, is as good as gone.
func (s *ManagedSystem) workgroup(tx *Tx) (id int, exists bool, err error) {
	if s.AssetID == nil {
		return s.WorkgroupID, true, nil
	}
	at, exists, err := locate(tx, *s.AssetID)
	return at.workgroup, exists, err
}
