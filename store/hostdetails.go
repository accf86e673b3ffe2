package store

import (
	"cmp"
	"errors"
	"reflect"

	"github.com/musterhq/muster/store/record"
)

// What an importer finds on a host is brought in piece by piece. Each function here is an upsert like UpsertAsset: known
// facts replace what is stored, unknown ones (empty, 0, nil) leave it, the same again changes nothing, and no audit row is
// left. An error that wraps ErrInvalid or ErrNotFound refuses that piece for a reason that names its member; nothing of the
// piece was written then, so the transaction may go on without it.

// AssignAttributeByName lets an asset carry the attribute of a name of the attribute type of a name, both without regard to case.
// It reports whether the asset did not carry it before.
func AssignAttributeByName(tx *Tx, assetID int, typeName, shortName string) (changed bool, err error) {
	tx = tx.Unaudited()
	if cmp.Or(short("", typeName, MaxAttributeName), short("", shortName, MaxAttributeName)) != nil {
		return false, record.Error(ErrNotFound, "there is no Attribute or Attribute Type with a name of more than %d characters", MaxAttributeName)
	}
	t, err := AttributeTypeByName(tx, typeName)
	if errors.Is(err, ErrNotFound) {
		return false, record.Error(ErrNotFound, "there is no Attribute Type %q", typeName)
	}
	if err != nil {
		return false, err
	}
	a, err := attributeByName.One(tx, K(t.AttributeTypeID, record.Fold(shortName)), shortName)
	if err == nil {
		_, err = a.ancestors(tx)
	}
	if errors.Is(err, ErrNotFound) {
		return false, record.Error(ErrNotFound, "there is no Attribute %q of the Attribute Type %q", shortName, t.Name)
	}
	if err != nil {
		return false, err
	}
	if _, carried, err := AssetAttribute.Get(tx, assetID, a.AttributeID); err != nil || carried {
		return false, err
	}
	_, err = AssignAttribute(tx, assetID, a.AttributeID)
	return err == nil, err
}

// DatabaseFacts are what an importer knows of a database.
type DatabaseFacts struct {
	PlatformID        int
	InstanceName      string
	IsDefaultInstance *bool
	Port              int
	Version, Template string
}

// UpsertDatabase brings in a database of an asset: the one with that port and that instance name, without regard to case.
// Two upserts side by side make one database.
func UpsertDatabase(tx *Tx, asset *Asset, f DatabaseFacts) (Outcome, error) {
	tx = tx.Unaudited()
	d, err := databaseAt(tx, asset.AssetID, f)
	if err != nil {
		return Unchanged, err
	}
	if d == nil {
		d = &Database{AssetID: asset.AssetID, Port: f.Port}
	}
	before := *d
	replaceIfKnown(&d.PlatformID, f.PlatformID)
	replaceIfKnown(&d.InstanceName, Text(f.InstanceName))
	replaceIfKnown(&d.Version, Text(f.Version))
	replaceIfKnown(&d.Template, Text(f.Template))
	if f.IsDefaultInstance != nil {
		d.IsDefaultInstance = *f.IsDefaultInstance
	}
	outcome, err := upsert(tx, Databases, d, &before)
	if err == nil && outcome == Created {
		err = Assets.Touch(tx, asset)
	}
	return outcome, err
}

// upsert stores a record that an importer has changed, if it has, or that is new.
func upsert[T any](tx *Tx, c *Collection[int, T], record, before *T) (Outcome, error) {
	outcome, write := Updated, c.Put
	switch {
	case c.ID(record) == 0:
		outcome, write = Created, c.Insert
	case reflect.DeepEqual(record, before):
		return Unchanged, nil
	}
	if err := write(tx, record); err != nil {
		return Unchanged, err
	}
	return outcome, nil
}

// databaseAt finds the database that an upsert is about, nil for none.
func databaseAt(tx *Tx, assetID int, f DatabaseFacts) (*Database, error) {
	for d, err := range DatabasesOf(tx, assetID) {
		if err != nil || d.Port == f.Port && record.Fold(string(d.InstanceName)) == record.Fold(f.InstanceName) {
			return d, err
		}
	}
	return nil, nil
}

// replaceIfKnown sets a member to a fact unless that says that nothing is known.
func replaceIfKnown[T comparable](member *T, fact T) {
	var unknown T
	if fact != unknown {
		*member = fact
	}
}

// SystemFacts are what an importer knows of the managed system of an asset.
type SystemFacts struct {
	SystemName, NetBiosName, ContactEmail, Description string
	PlatformID, Port, Timeout, FunctionalAccountID     int
	AutoManagementFlag                                 *bool
	ReleaseDuration, MaxReleaseDuration                int
}

// UpsertManagedSystem brings in the managed system of an asset: the first one if an asset has several. Two upserts
// side by side make one system.
func UpsertManagedSystem(tx *Tx, asset *Asset, f SystemFacts) (*ManagedSystem, Outcome, error) {
	tx = tx.Unaudited()
	s := &ManagedSystem{AssetID: &asset.AssetID}
	for old, err := range ManagedSystemsOn(tx, asset.AssetID) {
		if err != nil {
			return nil, Unchanged, err
		}
		s = old
		break
	}
	before := *s
	s.learn(f)
	outcome, err := upsert(tx, ManagedSystems, s, &before)
	if err == nil && outcome == Created {
		err = Assets.Touch(tx, asset)
	}
	return s, outcome, err
}

func (s *ManagedSystem) learn(f SystemFacts) {
	replaceIfKnown(&s.SystemName, f.SystemName)
	replaceIfKnown(&s.PlatformID, f.PlatformID)
	replaceIfKnown(&s.NetBiosName, Text(f.NetBiosName))
	replaceIfKnown(&s.ContactEmail, Text(f.ContactEmail))
	replaceIfKnown(&s.Description, Text(f.Description))
	replaceIfKnown(&s.Timeout, f.Timeout)
	replaceIfKnown(&s.ReleaseDuration, f.ReleaseDuration)
	replaceIfKnown(&s.MaxReleaseDuration, f.MaxReleaseDuration)
	if f.Port != 0 {
		s.Port = &f.Port
	}
	if f.FunctionalAccountID != 0 {
		s.FunctionalAccountID = &f.FunctionalAccountID
	}
	if f.AutoManagementFlag != nil {
		s.AutoManagementFlag = *f.AutoManagementFlag
	}
}
