// Package authz says what a caller may do and how they prove who they are: the catalogues of permissions and access
// levels, the needs of endpoints, signed claims, the credentials of a request, and the hashing and sealing of
// secrets. It is a leaf, knowing neither the store nor HTTP, so that each of its rules can be read and tested alone.
package authz

import (
	"fmt"
	"maps"
	"slices"
)

// Level is how far a permission, or the access to a Smart Rule, reaches. Its values are bits, chosen by the vendor,
// so that have&want == want tells whether one level includes another. The zero value is None.
type Level int

// The access levels, with the ids of GET AccessLevels.
const (
	None      Level = 0
	Read      Level = 1
	ReadWrite Level = 3
)

// Levels returns the catalogue in the order of the ids. The slice is the caller's.
func Levels() []Level { return []Level{None, Read, ReadWrite} }

// ValidLevel reports whether l is in the catalogue. 2 is not: there is no writing without reading.
func ValidLevel(l Level) bool { return slices.Contains(Levels(), l) }

// Includes reports whether whoever has l has want as well.
func (l Level) Includes(want Level) bool { return l&want == want }

// String returns the vendor's name, as the API answers it.
func (l Level) String() string {
	switch l {
	case None:
		return "None"
	case Read:
		return "Read"
	case ReadWrite:
		return "Read/Write"
	default:
		return fmt.Sprintf("Level(%d)", int(l))
	}
}

// Permission is something a user group can be granted, each at a Level. The zero value is no permission.
type Permission int

// The permissions. The vendor does not publish its ids and clients look them up by name, so these are ours; they are
// stored with every group and must never change. Published scripts post 52 and 76 without looking them up: those two
// name permissions that guard no endpoint, so that nobody is given rights by a number that meant something else.
const (
	AssetManagement                   Permission = 1
	AttributeManagement               Permission = 2
	UserAccountsManagement            Permission = 3
	UserAuditManagement               Permission = 4
	ScanManagement                    Permission = 5
	AnalyticsAndReporting             Permission = 6
	APIRegistrationManagement         Permission = 7
	PasswordSafeAPIGlobalQuarantine   Permission = 8
	CredentialManagement              Permission = 9
	SmartRuleManagementAsset          Permission = 10
	SmartRuleManagementManagedAccount Permission = 11
	PasswordSafeAccountManagement     Permission = 12
	PasswordSafeSystemManagement      Permission = 13
	SecretsSafe                       Permission = 14
	EPM                               Permission = 15
	EPMPolicy                         Permission = 16
	ManagementConsoleAccess           Permission = 52
	SmartRuleManagementManagedSystem  Permission = 76
)

var permissionNames = map[Permission]string{
	AssetManagement:                   "Asset Management",
	AttributeManagement:               "Attribute Management",
	UserAccountsManagement:            "User Accounts Management",
	UserAuditManagement:               "User Audit Management",
	ScanManagement:                    "Scan Management",
	AnalyticsAndReporting:             "Analytics and Reporting",
	APIRegistrationManagement:         "API Registration Management",
	PasswordSafeAPIGlobalQuarantine:   "Password Safe API Global Quarantine",
	CredentialManagement:              "Credential Management",
	SmartRuleManagementAsset:          "Smart Rule Management - Asset",
	SmartRuleManagementManagedAccount: "Smart Rule Management - Managed Account",
	PasswordSafeAccountManagement:     "Password Safe Account Management",
	PasswordSafeSystemManagement:      "Password Safe System Management",
	SecretsSafe:                       "Secrets Safe",
	EPM:                               "EPM",
	EPMPolicy:                         "EPM Policy",
	ManagementConsoleAccess:           "Management Console Access",
	SmartRuleManagementManagedSystem:  "Smart Rule Management - Managed System",
}

// Permissions returns the catalogue in the order of the ids. The slice is the caller's.
func Permissions() []Permission { return slices.Sorted(maps.Keys(permissionNames)) }

// Valid reports whether p is in the catalogue.
func (p Permission) Valid() bool { return permissionNames[p] != "" }

// String returns the vendor's name, by which clients find the id.
func (p Permission) String() string {
	if name, ok := permissionNames[p]; ok {
		return name
	}
	return fmt.Sprintf("Permission(%d)", int(p))
}
