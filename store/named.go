package store

import (
	"errors"
	"iter"
	"math"
	"strconv"

	"github.com/musterhq/muster/store/kv"
)

// The records by the names that people know them by, for whoever writes names instead of ids. Names compare without regard
// to case; ErrNotFound says that there is none. They look at all there is, whoever asks.

// WorkgroupIn returns the Workgroup of an Organization and a name.
func WorkgroupIn(tx *Tx, organizationID, name string) (*Workgroup, error) {
	return workgroupByName.One(tx, K(fold(name), organizationID), name)
}

// AttributeIn returns the attribute of a type and a name.
func AttributeIn(tx *Tx, typeID int, name string) (*Attribute, error) {
	a, err := attributeByName.One(tx, K(typeID, fold(name)), name)
	if err == nil {
		_, err = a.ancestors(tx)
	}
	if errors.Is(err, ErrNotFound) {
		return nil, absent(Attributes.name, name)
	}
	return a, err
}

// UserNamed returns the user of a domain, empty for none, and a name.
func UserNamed(tx *Tx, domain, name string) (*User, error) {
	return userByName.One(tx, K(fold(domain), fold(name)), name)
}

// ApiRegistrationByName returns the API registration of a name.
func ApiRegistrationByName(tx *Tx, name string) (*ApiRegistration, error) {
	return apiRegistrationByName.One(tx, K(fold(name)), name)
}

// AccessPolicyByName returns the access policy of a name.
func AccessPolicyByName(tx *Tx, name string) (*AccessPolicy, error) {
	return accessPolicyByName.One(tx, K(fold(name)), name)
}

// EPMPolicyByName returns the EPM policy of a name.
func EPMPolicyByName(tx *Tx, name string) (*EPMPolicy, error) {
	return epmPolicyByName.One(tx, K(fold(name)), name)
}

// PlatformByName returns the platform of a name; there are few.
func PlatformByName(tx *Tx, name string) (*Platform, error) {
	for p, err := range Platforms.All(tx) {
		if err != nil || fold(p.Name) == fold(name) {
			return p, err
		}
	}
	return nil, absent(Platforms.name, name)
}

// RoleByName returns the role of a name, built in or not.
func RoleByName(tx *Tx, name string) (*Role, error) {
	roles, err := Roles(tx)
	for _, r := range roles {
		if fold(r.Name) == fold(name) {
			return &r, nil
		}
	}
	return nil, orElse(err, absent(OwnRoles.name, name))
}

// OwnRoleByName returns the role of a name that is not built in.
func OwnRoleByName(tx *Tx, name string) (*Role, error) {
	return ownRoleByName.One(tx, K(fold(name)), name)
}

// AddressGroupIn returns the address group of an Organization, empty for none, and a name.
func AddressGroupIn(tx *Tx, organizationID, name string) (*AddressGroup, error) {
	return addressGroupByName.One(tx, K(fold(name), fold(organizationID)), name)
}

// AddressIn returns the address of an address group that has a type and a value, in whatever spelling; ErrInvalid is for a
// value that the type does not have.
func AddressIn(tx *Tx, groupID, kind int, value string) (*Address, error) {
	canonical, err := canonicalValue(kind, value)
	if err != nil {
		return nil, err
	}
	a, err := addressByValue.One(tx, K(groupID, kind, fold(canonical)), value)
	if err != nil {
		return nil, err
	}
	if last, err := lastCleared(tx, groupID); err != nil || a.AddressID <= last {
		return nil, orElse(err, absent(Addresses.name, value))
	}
	return a, nil
}

// ManagedSystemIn returns the managed system on an asset that has a name.
func ManagedSystemIn(tx *Tx, assetID int, name string) (*ManagedSystem, error) {
	for s, err := range ManagedSystemsOn(tx, assetID) {
		if err != nil || fold(s.SystemName) == fold(name) {
			return s, err
		}
	}
	return nil, absent(ManagedSystems.name, name)
}

// SecretIn returns the secret in the safe of a user group, 0 for none, that has a name.
func SecretIn(tx *Tx, groupID int, name string) (*Secret, error) {
	for s, err := range secretsByGroup.Each(tx, K(groupID)) {
		if err != nil || fold(s.Name) == fold(name) {
			return s, err
		}
	}
	return nil, absent(Secrets.name, name)
}

// What belongs to a record, in the order of its ids.

// AssetsOf yields the assets of a Workgroup.
func AssetsOf(tx *Tx, workgroupID int) iter.Seq2[*Asset, error] {
	return Assets.records(tx, kv.Prefix(Assets.key(kindRecord, K(workgroupID))))
}

// DatabasesOf yields the databases of an asset.
func DatabasesOf(tx *Tx, assetID int) iter.Seq2[*Database, error] { return databasesOf(tx, assetID) }

// AccountsOf yields the managed accounts of a managed system.
func AccountsOf(tx *Tx, systemID int) iter.Seq2[*ManagedAccount, error] {
	return accountsIn(tx, systemID)
}

// ApplicationsOf yields the applications of an EPM policy, in the order of their groups.
func ApplicationsOf(tx *Tx, policyID int) iter.Seq2[*EPMApplication, error] {
	return EPMApplications.records(tx, kv.Prefix(EPMApplications.key(kindRecord, K(policyID))))
}

// AddressesOf yields the addresses of an address group.
func AddressesOf(tx *Tx, groupID int) iter.Seq2[*Address, error] {
	return func(yield func(*Address, error) bool) {
		last, err := lastCleared(tx, groupID)
		if err != nil {
			yield(nil, err)
			return
		}
		for a, err := range Addresses.records(tx, addressRange(groupID, last+1, math.MaxInt)) {
			if !yield(a, err) || err != nil {
				return
			}
		}
	}
}

// RegistrationNamed returns the API registration of that name, without regard to case, or of that id in digits, or ErrNotFound. Of
// several the oldest is meant.
func RegistrationNamed(tx *Tx, nameOrID string) (*ApiRegistration, error) {
	var found *ApiRegistration
	for r, err := range ApiRegistrations.All(tx) {
		if err != nil {
			return nil, err
		}
		if fold(r.Name) == fold(nameOrID) {
			return r, nil
		}
		if strconv.Itoa(r.Id) == nameOrID {
			found = r
		}
	}
	if found == nil {
		return nil, absent(ApiRegistrations.name, nameOrID)
	}
	return found, nil
}
