package insight

import (
	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/server/api"
	"github.com/musterhq/muster/store"
	"github.com/musterhq/muster/store/record"
)

var addressGroups = []api.Route{
	api.GET("Organizations/{orgID}/AddressGroups", readsInItsPlace, "List the address groups for a given organization.", addressGroupsByOrganization),
	api.GET("AddressGroups", readsInItsPlace, "List the address groups.", listAddressGroups),
	api.GET("AddressGroups/{addressGroupId}/Addresses", readsInItsPlace, "List the addresses for an address group.", addressesByGroup).
		Prints(addressMembers),
	api.POST("AddressGroups/{id}/Addresses", writesAssets, "Create an address in an Address Book.", createAddress).
		Prints(addressMembers),
	api.DELETE("AddressGroups/{addressGroupId}", writesInItsPlace, "Delete the address group and all its addresses.", deleteAddressGroup),
	api.DELETE("AddressGroups/{addressGroupId}/Addresses", writesInItsPlace, "Delete the addresses within the address group.", deleteAddresses),
	api.GET("AddressGroups/?name", readsAssets, "Returns the Address Group by name.", addressGroupByName).
		Prints(addressGroupMembers),
	api.GET("AddressGroups/{id}", readsAssets, "Returns the Address Group by ID.", addressGroupByID).
		Prints(addressGroupMembers),
	api.PUT("AddressGroups/{id}", writesAssets, "Updates an Address Group by ID.", updateAddressGroup).Harmful().
		Prints(addressGroupMembers),
	api.POST("AddressGroups", writesAssets, "Creates an Address Book.", createAddressGroup).
		Prints(addressGroupMembers),
}

// The members that the headings print of an address in its group, and of an address group that is no part of a list.
const (
	addressMembers      = "AddressID AddressGroupID Omit Type Value LastUpdatedDate"
	addressGroupMembers = "AddressGroupID Name"
)

var writesInItsPlace = authz.Organization().And(writesAssets)

type inOrganization struct {
	OrganizationID string `uri:"orgID"` // Organization ID.
}

func addressGroupsByOrganization(tx *store.Tx, in inOrganization) ([]*store.AddressGroup, error) {
	o, err := store.OrganizationByID(tx, in.OrganizationID)
	if err != nil {
		return nil, err
	}
	return record.Collect(store.AddressGroupsOf(tx, o.OrganizationID))
}

func listAddressGroups(tx *store.Tx, _ api.None) ([]*store.AddressGroup, error) {
	return record.Collect(store.Visible(tx, store.AddressGroups, func(g *store.AddressGroup) string { return string(g.OrganizationID) }))
}

type inAddressGroup struct {
	AddressGroupID int `uri:"addressGroupId"` // Address Group ID.
}

type addressesInGroup struct {
	inAddressGroup
	api.Paging
}

func addressesByGroup(tx *store.Tx, in addressesInGroup) (page api.Page[store.Address], err error) {
	if _, err := store.AddressGroupByID(tx, in.AddressGroupID); err != nil {
		return page, err
	}
	list, err := store.AddressesIn(tx, in.AddressGroupID)
	if err != nil {
		return page, err
	}
	return api.Of[store.Address](in.Paging, list)
}

func deleteAddressGroup(tx *store.Tx, in inAddressGroup) (api.None, error) {
	if _, err := store.AddressGroupByID(tx, in.AddressGroupID); err != nil {
		return api.None{}, err
	}
	return api.None{}, store.AddressGroups.Delete(tx, in.AddressGroupID)
}

func deleteAddresses(tx *store.Tx, in inAddressGroup) (api.None, error) {
	return api.None{}, store.DeleteAddresses(tx, in.AddressGroupID)
}

type addressGroupName struct {
	Name string `form:"name" example:"Servers"` // Name of the Address Group.
}

func addressGroupByName(tx *store.Tx, in addressGroupName) (*store.AddressGroup, error) {
	return store.AddressGroupByName(tx, in.Name)
}

func addressGroupByID(tx *store.Tx, in byID) (*store.AddressGroup, error) {
	return store.AddressGroupByID(tx, in.ID)
}

type addressGroupFields struct {
	Name string `binding:"required,max=225" example:"Example networks"` // Name of the Address Group.
}

type changedAddressGroup struct {
	byID
	Body addressGroupFields
}

func updateAddressGroup(tx *store.Tx, in changedAddressGroup) (*store.AddressGroup, error) {
	g, err := store.AddressGroupByID(tx, in.ID)
	if err != nil {
		return nil, err
	}
	g.Name = in.Body.Name
	return g, store.AddressGroups.Put(tx, g)
}

type newAddressGroup struct{ Body addressGroupFields }

// createAddressGroup makes a group that is everybody's: the document gives its maker no way to name an Organization.
func createAddressGroup(tx *store.Tx, in newAddressGroup) (*store.AddressGroup, error) {
	g := &store.AddressGroup{Name: in.Body.Name}
	return g, store.AddressGroups.Insert(tx, g)
}
