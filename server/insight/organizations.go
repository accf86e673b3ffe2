package insight

import (
	"github.com/musterhq/muster/server/api"
	"github.com/musterhq/muster/store"
	"github.com/musterhq/muster/store/record"
)

var organizations = []api.Route{
	api.GET("Organizations", readsAssets, "Returns a list of organizations to which the current user has permission.", listOrganizations),
	api.GET("Organizations/{id}", readsInItsPlace, "Returns an organization by ID.", organizationByID),
	api.GET("Organizations?name", readsInItsPlace, "Returns an organization by name.", organizationByName),
}

func listOrganizations(tx *store.Tx, _ api.None) ([]*store.Organization, error) {
	return record.Collect(store.Visible(tx, store.Organizations, func(o *store.Organization) string { return o.OrganizationID }))
}

type organizationID struct {
	ID string `uri:"id"` // ID of the organization.
}

func organizationByID(tx *store.Tx, in organizationID) (*store.Organization, error) {
	return store.OrganizationByID(tx, in.ID)
}

type organizationName struct {
	Name string `form:"name" example:"Meridian Logistics"` // Name of the organization.
}

func organizationByName(tx *store.Tx, in organizationName) (*store.Organization, error) {
	return store.OrganizationByName(tx, in.Name)
}
