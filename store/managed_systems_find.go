package store

import (
	"iter"

	"github.com/musterhq/muster/store/record"
)

// ManagedSystemByID returns a managed system on an asset that the actor may see, or ErrNotFound.
func ManagedSystemByID(tx *Tx, id int) (*ManagedSystem, error) {
	s, err := ManagedSystems.Get(tx, id)
	if err != nil {
		return nil, err
	}
	visible, err := s.visible(tx, &workgroupSight{tx: tx, seen: map[int]bool{}})
	if err == nil && !visible {
		err = record.NotFound(ManagedSystems.Name(), id)
	}
	if err != nil {
		return nil, err
	}
	return s, s.describe(tx)
}

// describe gives a system that was read what is not stored of it: defaults, and what its asset says.
func (s *ManagedSystem) describe(tx *Tx) error {
	s.Normalize()
	switch s.EntityTypeID {
	case DirectoryEntity:
		s.DirectoryID = &s.ManagedSystemID
	case CloudEntity:
		s.CloudID = &s.ManagedSystemID
	}
	if s.AssetID == nil {
		return nil
	}
	asset, err := Assets.Get(tx, *s.AssetID)
	if err != nil {
		return record.Ignore(ErrNotFound, err)
	}
	s.WorkgroupID, s.HostName, s.DNSName, s.IPAddress = asset.WorkgroupID, Text(asset.AssetName), asset.DnsName, Text(asset.IPAddress)
	return nil
}

// ManagedSystemsOn yields the managed systems on an asset.
func ManagedSystemsOn(tx *Tx, assetID int) iter.Seq2[*ManagedSystem, error] {
	return managedSystemsByAsset.Each(tx, K(assetID))
}

// FindManagedSystems yields the managed systems that the actor may see, of a name and of an entity type. Names compare without regard
// to case; an empty name and the entity type 0 leave the choice open.
func FindManagedSystems(tx *Tx, name string, entityType int) iter.Seq2[*ManagedSystem, error] {
	all := ManagedSystems.All(tx)
	if name != "" {
		all = managedSystemsByName.Each(tx, K(record.Fold(name)))
	}
	return record.Where(visibleSystems(tx, all), func(s *ManagedSystem) (bool, error) { return entityType == 0 || s.EntityTypeID == entityType, nil })
}

// SystemsInWorkgroup yields the managed systems of a Workgroup that the actor may see.
func SystemsInWorkgroup(tx *Tx, workgroupID int) iter.Seq2[*ManagedSystem, error] {
	return record.Where(VisibleManagedSystems(tx), func(s *ManagedSystem) (bool, error) { return s.WorkgroupID == workgroupID, nil })
}

// SystemsOfFunctionalAccount yields the managed systems that a functional account manages and that the actor may see.
func SystemsOfFunctionalAccount(tx *Tx, accountID int) iter.Seq2[*ManagedSystem, error] {
	return record.Where(VisibleManagedSystems(tx), func(s *ManagedSystem) (bool, error) { return valueOf(s.FunctionalAccountID) == accountID, nil })
}

// SystemOfAsset returns the first managed system on an asset that the actor may see, or ErrNotFound.
func SystemOfAsset(tx *Tx, assetID int) (*ManagedSystem, error) {
	if _, err := AssetByID(tx, assetID); err != nil {
		return nil, err
	}
	for s, err := range visibleSystems(tx, ManagedSystemsOn(tx, assetID)) {
		if err != nil || s.EntityTypeID == AssetEntity {
			return s, err
		}
	}
	return nil, record.Error(ErrNotFound, "Asset %d is not managed", assetID)
}

// SystemOfDatabase returns the managed system of a database on an asset that the actor may see, or ErrNotFound.
func SystemOfDatabase(tx *Tx, databaseID int) (*ManagedSystem, error) {
	d, err := DatabaseByID(tx, databaseID)
	if err != nil {
		return nil, err
	}
	for s, err := range visibleSystems(tx, ManagedSystemsOn(tx, d.AssetID)) {
		if err != nil || valueOf(s.DatabaseID) == databaseID {
			return s, err
		}
	}
	return nil, record.Error(ErrNotFound, "Database %d is not managed", databaseID)
}

// VisibleManagedSystems yields the managed systems on assets that the actor may see.
func VisibleManagedSystems(tx *Tx) iter.Seq2[*ManagedSystem, error] {
	return visibleSystems(tx, ManagedSystems.All(tx))
}

// visibleSystems leaves out the systems that the actor may not see, and describes the others.
func visibleSystems(tx *Tx, all iter.Seq2[*ManagedSystem, error]) iter.Seq2[*ManagedSystem, error] {
	return record.Where(seenSystems(tx, all), func(s *ManagedSystem) (bool, error) { return true, s.describe(tx) })
}

// seenSystems leaves out the systems that the actor may not see.
func seenSystems(tx *Tx, all iter.Seq2[*ManagedSystem, error]) iter.Seq2[*ManagedSystem, error] {
	sees := workgroupSight{tx: tx, seen: map[int]bool{}}
	return record.Where(all, func(s *ManagedSystem) (bool, error) { return s.visible(tx, &sees) })
}

// visible reports whether a system is on an asset that there is and that the actor may see.
func (s *ManagedSystem) visible(tx *Tx, sees *workgroupSight) (bool, error) {
	in, exists, err := s.workgroup(tx)
	if err != nil || !exists {
		return false, err
	}
	return sees.workgroup(in)
}

// ManagedSystemIn returns the managed system on an asset that has a name.
func ManagedSystemIn(tx *Tx, assetID int, name string) (*ManagedSystem, error) {
	for s, err := range ManagedSystemsOn(tx, assetID) {
		if err != nil || record.Fold(s.SystemName) == record.Fold(name) {
			return s, err
		}
	}
	return nil, record.NotFound(ManagedSystems.Name(), name)
}
