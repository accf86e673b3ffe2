package lab

import (
	"net/netip"

	"github.com/musterhq/muster/store"
)

// Asset is something with an address, known by its name within its Workgroup.
type Asset struct {
	Place
	IPAddress       string           `lab:"required"` // IP address of the asset.
	AssetName       *string          // Name of the asset; its address as 010.000.000.005 unless it is given.
	AssetType       *string          // Type of the asset: Server, Workstation, Printer, …
	DnsName         *string          // DNS name of the asset.
	DomainName      *string          // Domain of the asset.
	MacAddress      *string          // MAC address of the asset.
	OperatingSystem *string          // Operating system of the asset.
	Description     *string          // Description of the asset.
	Attributes      Entries          // Attributes that the asset carries at least: names by attribute type.
	Databases       []*Database      // Databases that the asset has at least.
	ManagedSystems  []*ManagedSystem // What of the asset is managed.
}

// Database is a database instance on an asset, known by its Port and its InstanceName.
type Database struct {
	Place
	Platform          string  `lab:"required"` // Name of the platform.
	Port              int     `lab:"required"` // Port, 1 to 65535.
	InstanceName      *string // Name of the instance; required unless IsDefaultInstance.
	IsDefaultInstance *bool   // Whether it is the default instance, of MS SQL Server and MySQL.
	Version           *string // Version of the database.
	Template          *string // Template of the database.
}

func (a *Asset) steps(w *Workgroup) []step {
	all := []step{{a, func(p *loader) error { return a.put(p, w) }}}
	for _, e := range a.Attributes {
		for _, name := range e.Names {
			all = append(all, step{name, func(p *loader) error { return a.carry(p, w, e, name) }})
		}
	}
	times := map[store.Database]int{}
	for _, d := range a.Databases {
		same := store.Database{Port: d.Port, InstanceName: store.Text(or(d.InstanceName, ""))}
		nth := times[same]
		times[same]++
		all = append(all, step{d, func(p *loader) error { return d.put(p, w, a, nth) }})
	}
	for _, s := range a.ManagedSystems {
		all = append(all, s.steps(w, a)...)
	}
	return all
}

// name is that by which the asset is known.
func (a *Asset) name() string {
	if name := or(a.AssetName, ""); name != "" {
		return name
	}
	address, err := netip.ParseAddr(a.IPAddress)
	if err != nil {
		return a.IPAddress // which the store refuses
	}
	return store.PaddedAddress(address)
}

func (a *Asset) label(w *Workgroup) string { return quoted(w.Name, a.name()) }

// find returns the asset, which a step before has made.
func (a *Asset) find(p *loader, w *Workgroup) (*store.Asset, error) {
	_, workgroup, err := w.find(p)
	if err != nil {
		return nil, err
	}
	return store.AssetByName(p.tx, workgroup.ID, a.name())
}

func (a *Asset) put(p *loader, w *Workgroup) error {
	_, workgroup, err := w.find(p)
	if err != nil {
		return err
	}
	found, err := store.AssetByName(p.tx, workgroup.ID, a.name())
	_, err = put(p, store.Assets, a, a.label(w), found, err, func(r *store.Asset, _ bool) error {
		r.WorkgroupID, r.AssetName = workgroup.ID, a.name()
		return nil
	})
	return err
}

func (a *Asset) carry(p *loader, w *Workgroup, e *Entry, name *Name) error {
	asset, err := a.find(p, w)
	if err != nil {
		return err
	}
	attribute, err := carried(p, e, name)
	if err != nil {
		return err
	}
	_, has, err := store.AssetAttribute.Get(p.tx, asset.AssetID, attribute.AttributeID)
	if err != nil || has {
		return err
	}
	p.say(name, add, "Attribute "+quoted(e.Key, name.Text)+" to Asset "+a.label(w))
	_, err = store.AssignAttribute(p.tx, asset.AssetID, attribute.AttributeID)
	return err
}

// put brings in the nth of the databases that have the same port and name.
func (d *Database) put(p *loader, w *Workgroup, a *Asset, nth int) error {
	asset, err := a.find(p, w)
	if err != nil {
		return err
	}
	platform, err := p.platform("Platform", d.Platform)
	if err != nil {
		return err
	}
	var found *store.Database
	err = store.ErrNotFound
	for r, failed := range store.DatabasesOf(p.tx, asset.AssetID) {
		if failed != nil {
			return failed
		}
		if r.Port != d.Port || string(r.InstanceName) != or(d.InstanceName, "") {
			continue
		}
		if nth--; nth < 0 {
			found, err = r, nil
			break
		}
	}
	_, err = put(p, store.Databases, d, quoted(w.Name, a.name(), or(d.InstanceName, d.Platform)), found, err, func(r *store.Database, _ bool) error {
		r.AssetID, r.PlatformID = asset.AssetID, platform
		return nil
	})
	return err
}

func (c *collector) assets(workgroupID int) (all []*Asset, err error) {
	for r, err := range store.AssetsOf(c.tx, workgroupID) {
		if err != nil {
			return nil, err
		}
		a := &Asset{}
		show(a, r)
		attributes, err := linked(store.AssetAttribute.From(c.tx, r.AssetID))
		if err != nil {
			return nil, err
		}
		a.Attributes = c.entries(attributes)
		for d, err := range store.DatabasesOf(c.tx, r.AssetID) {
			if err != nil {
				return nil, err
			}
			database := &Database{Platform: c.platformNames[d.PlatformID]}
			show(database, d)
			a.Databases = append(a.Databases, database)
		}
		if a.ManagedSystems, err = c.managedSystems(r); err != nil {
			return nil, err
		}
		all = append(all, a)
	}
	return all, nil
}
