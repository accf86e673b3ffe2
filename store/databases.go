package store

import (
	"cmp"
	"errors"
	"iter"

	"github.com/musterhq/muster/store/record"
)

// Database is an instance of a database server on an asset (the document's "Databases").
type Database struct {
	AssetID           int  `example:"12"`                      // ID of the asset that the database is on.
	DatabaseID        int  `example:"2"`                       // ID of the database.
	PlatformID        int  `example:"79"`                      // ID of the database's platform.
	InstanceName      Text `example:"tracking"`                // Name of the database instance.
	IsDefaultInstance bool `example:"false"`                   // True if the database instance is the default instance, otherwise false.
	Port              int  `example:"5432"`                    // The database port.
	Version           Text `example:"17.2"`                    // The database version.
	Template          Text `example:"host={host} port={port}"` // The database connection template.
}

// The longest members of a database, in code points. The document says nothing of templates.
const (
	MaxInstanceName = 100
	MaxVersion      = 20
	MaxTemplate     = 4096
)

// MaxPort is the highest port there is.
const MaxPort = 1<<16 - 1

func (d *Database) Validate(tx *Tx) error {
	if err := cmp.Or(
		short("InstanceName", string(d.InstanceName), MaxInstanceName), short("Version", string(d.Version), MaxVersion),
		short("Template", string(d.Template), MaxTemplate),
	); err != nil {
		return err
	}
	if d.Port < 1 || d.Port > MaxPort {
		return Invalid("Port: 1 to %d is expected", MaxPort)
	}
	p, err := Platforms.Get(tx, d.PlatformID)
	switch {
	case errors.Is(err, ErrNotFound):
		return Invalid("PlatformID: there is no Platform %d", d.PlatformID)
	case err != nil:
		return err
	case d.IsDefaultInstance && !p.hasDefaultInstance():
		return Invalid("IsDefaultInstance: %s has no default instance, only MS SQL Server and MySQL have", p.Name)
	case !d.IsDefaultInstance && d.InstanceName == "":
		return Invalid("InstanceName is required unless IsDefaultInstance is true")
	}
	known, err := Assets.Has(tx, d.AssetID)
	if err == nil && !known {
		err = Invalid("AssetID: there is no Asset %d", d.AssetID)
	}
	return err
}

// DatabaseByID returns a database on an asset that the actor may see, or ErrNotFound.
func DatabaseByID(tx *Tx, id int) (*Database, error) {
	d, err := Databases.Get(tx, id)
	if err != nil {
		return nil, err
	}
	if _, err := AssetByID(tx, d.AssetID); errors.Is(err, ErrNotFound) {
		return nil, record.NotFound(Databases.Name(), id)
	} else if err != nil {
		return nil, err
	}
	return d, nil
}

// VisibleDatabases lists the databases on the assets that the actor may see, in the order of the assets.
func VisibleDatabases() List {
	return record.Filtered(func(tx *Tx) iter.Seq2[*Database, error] {
		return func(yield func(*Database, error) bool) {
			asset, sees := 0, false // of the database before
			for d, err := range Databases.All(tx) {
				if err == nil && d.AssetID != asset {
					asset = d.AssetID
					_, err = AssetByID(tx, asset)
					sees, err = err == nil, record.Ignore(ErrNotFound, err)
				}
				if err == nil && !sees {
					continue
				}
				if !yield(d, err) || err != nil {
					return
				}
			}
		}
	})
}

// DatabasesOn lists the databases on an asset in the order of their ids.
func DatabasesOn(assetID int) List { return record.ListIn(Databases, K(assetID)) }

// DatabasesOf yields the databases of an asset, which may have been deleted.
func DatabasesOf(tx *Tx, assetID int) iter.Seq2[*Database, error] {
	return Databases.In(tx, K(assetID))
}
