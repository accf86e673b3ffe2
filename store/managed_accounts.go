package store

import (
	"cmp"
	"strings"
	"time"

	"github.com/musterhq/muster/store/record"
)

// ManagedAccount is an account on a managed system. Its secrets are in a record of its own.
type ManagedAccount struct {
	ManagedAccountID                  int    `example:"1"`                                    // ID of the managed account.
	ManagedSystemID                   int    `example:"1"`                                    // ID of the managed system that the account is on.
	DomainName                        Text   `example:"meridian"`                             // Domain of the account.
	AccountName                       string `example:"root"`                                 // Name of the account.
	DistinguishedName                 Text   `example:"uid=root,dc=lab,dc=example"`           // Distinguished name of an account of a directory.
	PasswordFallbackFlag              bool   `example:"false"`                                // Whether the password is used where a key fails.
	UserPrincipalName                 Text   `example:"root@meridian.lab.example"`            // Principal name of an account of a directory.
	SAMAccountName                    Text   `example:"root"`                                 // SAM account name of an account of a directory.
	LoginAccountFlag                  bool   `example:"false"`                                // Whether the account signs in for sessions.
	Description                       Text   `example:"Break glass"`                          // Description of the account.
	PasswordRuleID                    int    `example:"0"`                                    // ID of the rule by which its passwords are made.
	ApiEnabled                        bool   `example:"true"`                                 // Whether the account can be requested by the API.
	ReleaseNotificationEmail          Text   `example:"olga@meridian.lab.example"`            // Who is told of a release.
	ChangeServicesFlag                bool   `example:"false"`                                // Whether services get a new password too.
	RestartServicesFlag               bool   `example:"false"`                                // Whether services start again then.
	ChangeTasksFlag                   bool   `example:"false"`                                // Whether scheduled tasks get a new password too.
	ReleaseDuration                   int    `example:"120"`                                  // Minutes that a release lasts unless a request says otherwise.
	MaxReleaseDuration                int    `example:"525600"`                               // Minutes that a release lasts at most.
	ISAReleaseDuration                int    `example:"120"`                                  // Minutes that a release by an ISA lasts unless the request says otherwise.
	MaxConcurrentRequests             *int   `example:"1"`                                    // Number of active requests at the same time; 0: any number.
	AutoManagementFlag                bool   `example:"true"`                                 // Whether the account's password is managed automatically.
	DSSAutoManagementFlag             bool   `example:"false"`                                // Whether the account's key is managed automatically.
	CheckPasswordFlag                 bool   `example:"false"`                                // Whether the password is tested.
	ResetPasswordOnMismatchFlag       bool   `example:"false"`                                // Whether a password that a test finds wrong is set again.
	ChangePasswordAfterAnyReleaseFlag bool   `example:"false"`                                // Whether the password changes after it was released.
	ChangeFrequencyType               string `example:"first" enums:"first,last,xdays"`       // When the password changes: first or last day of the month, or every so many days.
	ChangeFrequencyDays               int    `example:"30"`                                   // Days between changes of type xdays.
	ChangeTime                        string `example:"23:30"`                                // Time of day of the change, in UTC.
	NextChangeDate                    Time   `example:"2027-01-01T23:30:00Z"`                 // When the password changes next.
	ParentAccountID                   *int   `example:"1"`                                    // ID of the account whose password this one shares.
	IsSubscribedAccount               bool   `example:"false"`                                // Whether the account shares the password of another.
	LastChangeDate                    Time   `example:"2026-05-04T08:15:30.123Z"`             // When the password was changed last.
	IsChanging                        bool   `example:"false"`                                // Whether the password is changing.
	ChangeState                       int    `example:"0"`                                    // State of a change: 0 idle, 1 changing, 2 queued.
	UseOwnCredentials                 bool   `example:"false"`                                // Whether the account changes its own password.
	ChangeIISAppPoolFlag              bool   `example:"false"`                                // Whether application pools of IIS get a new password too.
	RestartIISAppPoolFlag             bool   `example:"false"`                                // Whether application pools of IIS start again then.
	WorkgroupID                       *int   `example:"2"`                                    // ID of the Workgroup of the account.
	ChangeWindowsAutoLogonFlag        bool   `example:"false"`                                // Whether the automatic logon of Windows gets a new password too.
	ChangeComPlusFlag                 bool   `example:"false"`                                // Whether COM+ applications get a new password too.
	ChangeDComFlag                    bool   `example:"false"`                                // Whether DCOM applications get a new password too.
	ChangeSComFlag                    bool   `example:"false"`                                // Whether SCOM identities get a new password too.
	ObjectID                          Text   `example:"8f8b1f6e-4d1a-4a57-9f62-0f3c1c4c7a10"` // ID of an account of Entra ID.
}

// The most active requests at the same time, and how many there may be unless an account says otherwise.
const (
	maxConcurrentRequests     = 999
	defaultConcurrentRequests = 1
)

// Normalize gives an account the defaults of the document. Accounts of older stores lack members that came later.
func (a *ManagedAccount) Normalize() {
	a.ReleaseDuration = cmp.Or(a.ReleaseDuration, defaultReleaseDuration)
	a.MaxReleaseDuration = cmp.Or(a.MaxReleaseDuration, defaultMaxReleaseDuration)
	a.ISAReleaseDuration = cmp.Or(a.ISAReleaseDuration, defaultReleaseDuration)
	if a.MaxConcurrentRequests == nil {
		n := defaultConcurrentRequests
		a.MaxConcurrentRequests = &n
	}
	a.ChangeFrequencyType = cmp.Or(strings.ToLower(a.ChangeFrequencyType), changeFirst)
	if a.ChangeFrequencyType != changeXDays {
		a.ChangeFrequencyDays = defaultChangeDays
	}
	a.ChangeTime = cmp.Or(a.ChangeTime, defaultChangeTime)
}

// Validate gives the account what its system has where nothing is given, and checks it.
func (a *ManagedAccount) Validate(tx *Tx) error {
	system, err := ManagedSystems.Get(tx, a.ManagedSystemID)
	if err != nil {
		return cmp.Or(record.Ignore(ErrNotFound, err), Invalid("ManagedSystemID: there is no Managed System %d", a.ManagedSystemID))
	}
	system.Normalize()
	a.ReleaseDuration = cmp.Or(a.ReleaseDuration, system.ReleaseDuration)
	a.MaxReleaseDuration = cmp.Or(a.MaxReleaseDuration, system.MaxReleaseDuration)
	a.ISAReleaseDuration = cmp.Or(a.ISAReleaseDuration, system.ISAReleaseDuration)
	a.Normalize()
	if _, err := PasswordRuleByID(a.PasswordRuleID); err != nil {
		return Invalid("PasswordRuleID: there is no Password Rule %d", a.PasswordRuleID)
	}
	if n := *a.MaxConcurrentRequests; n < 0 || n > maxConcurrentRequests {
		return Invalid("MaxConcurrentRequests: 0 to %d is expected", maxConcurrentRequests)
	}
	return cmp.Or(
		required("AccountName", a.AccountName, maxAccountName), short("DomainName", string(a.DomainName), maxDomain),
		short("DistinguishedName", string(a.DistinguishedName), maxPurpose), short("Description", string(a.Description), 1024),
		short("UserPrincipalName", string(a.UserPrincipalName), 500), short("SAMAccountName", string(a.SAMAccountName), 20),
		short("ReleaseNotificationEmail", string(a.ReleaseNotificationEmail), 255), short("ObjectID", string(a.ObjectID), 36),
		checkDurations(a.ReleaseDuration, a.MaxReleaseDuration, a.ISAReleaseDuration),
		checkChange(a.ChangeFrequencyType, a.ChangeFrequencyDays, a.ChangeTime),
	)
}

// isTimeOfDay reports whether a text is a time such as 23:30.
func isTimeOfDay(text string) bool {
	_, err := time.Parse("15:04", text)
	return err == nil && len(text) == len("15:04")
}

// AfterWrite cancels the requests for a deleted account and deletes its password.
func (a *ManagedAccount) AfterWrite(tx *Tx, old *ManagedAccount) error {
	if a != nil {
		return nil
	}
	if err := cancelRequests(tx, old.ManagedAccountID); err != nil {
		return err
	}
	return record.Ignore(ErrNotFound, AccountPasswords.Delete(tx, old.ManagedAccountID))
}
