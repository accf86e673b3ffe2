package store

import (
	"cmp"

	"github.com/musterhq/muster/store/record"
)

// Platform is a kind of system that accounts are kept on. The document names its id only; the members are those that
// the vendor's clients read.
type Platform struct {
	PlatformID              int    `example:"2"`                   // ID of the platform.
	Name                    string `example:"Linux"`               // Name of the platform.
	ShortName               string `example:"Linux"`               // Short name of the platform.
	PortFlag                bool   `example:"true"`                // Whether a port can be set.
	DefaultPort             *int   `example:"22"`                  // The port that is used unless another is set.
	SupportsElevationFlag   bool   `example:"true"`                // Whether commands can run with more rights, by sudo for example.
	DomainNameFlag          bool   `example:"false"`               // Whether a functional account has a domain.
	AutoManagementFlag      bool   `example:"true"`                // Whether passwords can be changed automatically.
	DSSAutoManagementFlag   bool   `example:"true"`                // Whether DSS keys can be changed automatically.
	ManageableFlag          bool   `example:"true"`                // Whether there can be functional accounts.
	DSSFlag                 bool   `example:"true"`                // Whether accounts can have DSS keys.
	LoginAccountFlag        bool   `example:"true"`                // Whether accounts to log in with can be set.
	DefaultSessionType      Text   `example:"SSH" enums:"RDP,SSH"` // Kind of session that is begun unless another is asked for: RDP, SSH, or null.
	ApplicationHostFlag     bool   `example:"false"`               // Whether systems of the platform can host applications.
	RequiresApplicationHost bool   `example:"false"`               // Whether systems of the platform need a host for applications.
	RequiresTenantID        bool   `example:"false"`               // Whether functional accounts need a tenant ID.
	RequiresObjectID        bool   `example:"false"`               // Whether functional accounts need an object ID.
	RequiresSecret          bool   `example:"false"`               // Whether functional accounts need a secret.
}

func (p *Platform) Validate(*Tx) error {
	return cmp.Or(required("Name", p.Name, 256), short("ShortName", p.ShortName, 256))
}

// The ids of the platforms that rules are made for.
const (
	platformMySQL       = 10
	platformMSSQLServer = 11
)

// hasDefaultInstance reports whether a server of the platform can have an instance without a name.
func (p *Platform) hasDefaultInstance() bool {
	return p.PlatformID == platformMySQL || p.PlatformID == platformMSSQLServer
}

// PlatformByName returns the platform of a name; there are few.
func PlatformByName(tx *Tx, name string) (*Platform, error) {
	for p, err := range Platforms.All(tx) {
		if err != nil || record.Fold(p.Name) == record.Fold(name) {
			return p, err
		}
	}
	return nil, record.NotFound(Platforms.Name(), name)
}
