package store

// Platform is a kind of system that accounts are kept on. The document names its id only; the members are those that
// the vendor's clients read.
type Platform struct {
	PlatformID              int
	Name                    string
	ShortName               string
	PortFlag                bool // whether a port can be set
	DefaultPort             *int
	SupportsElevationFlag   bool // sudo and the like
	DomainNameFlag          bool // whether a functional account has a domain
	AutoManagementFlag      bool // whether passwords can be changed by a program
	DSSAutoManagementFlag   bool
	ManageableFlag          bool // whether there can be functional accounts
	DSSFlag                 bool
	LoginAccountFlag        bool
	DefaultSessionType      Text // RDP, SSH, or null
	ApplicationHostFlag     bool
	RequiresApplicationHost bool
	RequiresTenantID        bool
	RequiresObjectID        bool
	RequiresSecret          bool
}

func (p *Platform) check(*Tx) error {
	return first(required("Name", p.Name, 256), short("ShortName", p.ShortName, 256))
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
