package store

// The catalogues of attributes and platforms that every new store holds. Clients know some of their ids. They are laid
// down without audit rows, since nobody did it.

// builtIn is an attribute type of the store's own, with its attributes.
type builtIn struct {
	id       int
	name     string
	readOnly bool
	first    int // the id of the first attribute; the others follow
	names    []string
	ranked   bool // the attributes have a ValueInt, from the highest down to 1
}

func builtInAttributes() []builtIn {
	return []builtIn{
		{id: 1, name: "Geography", first: 20, names: []string{"Africa", "North America", "South America", "Antarctica", "Asia", "Europe", "Oceania"}},
		{id: 2, name: "Business Unit", first: 1, names: []string{"Engineering", "Finance", "Human Resources", "Information Technology", "Operations", "Sales"}},
		{id: 3, name: "Criticality", readOnly: true, first: 16, names: []string{"Critical", "High", "Medium", "Low"}, ranked: true},
		{id: 4, name: "Manufacturer", first: 30, names: []string{"Cisco", "Dell", "Hewlett Packard Enterprise", "Lenovo", "VMware"}},
	}
}

func seedAttributes(tx *Tx) error {
	tx = tx.Unaudited()
	for _, b := range builtInAttributes() {
		if err := AttributeTypes.Insert(tx, &AttributeType{AttributeTypeID: b.id, Name: b.name, IsReadOnly: b.readOnly}); err != nil {
			return err
		}
		for i, name := range b.names {
			a := &Attribute{AttributeID: b.first + i, AttributeTypeID: b.id, ShortName: name}
			if b.ranked {
				a.ValueInt = new(len(b.names) - i)
			}
			if err := Attributes.Insert(tx, a); err != nil {
				return err
			}
		}
	}
	return nil
}

// The sessions that platforms have by default.
const (
	remoteDesktop = "RDP"
	secureShell   = "SSH"
)

func builtInPlatforms() []*Platform {
	unix := Platform{SupportsElevationFlag: true, DSSFlag: true, DSSAutoManagementFlag: true, LoginAccountFlag: true, DefaultSessionType: secureShell}
	windows := Platform{DomainNameFlag: true, DefaultSessionType: remoteDesktop}
	return []*Platform{
		windows.named(1, "Windows", "Windows", 0),
		unix.named(2, "Linux", "Linux", 22),
		new(Platform).named(8, "Oracle", "Oracle", 1521),
		new(Platform).named(9, "Sybase ASE", "Sybase", 5000),
		new(Platform).named(platformMySQL, "MySQL", "MySQL", 3306),
		new(Platform).named(platformMSSQLServer, "MS SQL Server", "MSSQL", 1433),
		windows.named(25, "Active Directory", "AD", 0),
		unix.named(26, "AIX", "AIX", 22),
		new(Platform).named(43, "Teradata", "Teradata", 1025),
		new(Platform).named(74, "MongoDB", "MongoDB", 27017),
		new(Platform).named(79, "PostgreSQL", "PostgreSQL", 5432),
	}
}

// named is a platform like p, on which passwords can be managed; without a default port it has none to set.
func (p Platform) named(id int, name, short string, port int) *Platform {
	p.PlatformID, p.Name, p.ShortName = id, name, short
	p.ManageableFlag, p.AutoManagementFlag = true, true
	if port != 0 {
		p.PortFlag, p.DefaultPort = true, &port
	}
	return &p
}

func seedPlatforms(tx *Tx) error {
	for _, p := range builtInPlatforms() {
		if err := Platforms.Insert(tx.Unaudited(), p); err != nil {
			return err
		}
	}
	return nil
}

// BuiltInPlatforms returns the platforms that every new store holds. They are the caller's.
func BuiltInPlatforms() []*Platform { return builtInPlatforms() }

// IsBuiltIn reports whether the id of an attribute, an attribute type or a platform is of the store's own.
func IsBuiltIn(id int) bool { return id < firstOwnID }
