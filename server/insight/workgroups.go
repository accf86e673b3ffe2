package insight

import (
	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/server/api"
	"github.com/musterhq/muster/store"
	"github.com/musterhq/muster/store/record"
)

var workgroups = []api.Route{
	api.GET("Workgroups", authz.Anyone, "Returns a list of Workgroups to which the current user has permission.", listWorkgroups),
	api.GET("Workgroups/{id}", seesWorkgroup, "Returns a Workgroup by ID.", workgroupByID),
	api.GET("Workgroups/{name}", seesWorkgroup, "Returns a Workgroup by name.", workgroupByPathName).Deprecated(),
	api.GET("Workgroups?name", seesWorkgroup, "Returns a Workgroup by name.", workgroupByName),
	api.POST("Workgroups", writesAssets, "Creates a Workgroup.", createWorkgroup),
}

func listWorkgroups(tx *store.Tx, _ api.None) ([]*store.Workgroup, error) {
	return record.Collect(store.Visible(tx, store.Workgroups, func(w *store.Workgroup) string { return w.OrganizationID }))
}

type workgroupID struct {
	ID api.Number `uri:"id"` // ID of the Workgroup.
}

func workgroupByID(tx *store.Tx, in workgroupID) (*store.Workgroup, error) {
	return workgroupAt(tx, in.ID)
}

// workgroupAt finds a Workgroup by digits in a path.
func workgroupAt(tx *store.Tx, id api.Number) (*store.Workgroup, error) {
	if id.Int == 0 {
		return store.WorkgroupByName(tx, id.Text)
	}
	w, err := store.WorkgroupByID(tx, id.Int)
	return orName(w, err, func() (*store.Workgroup, error) { return store.WorkgroupByName(tx, id.Text) })
}

type workgroupPathName struct {
	Name string `uri:"name"` // Name of the Workgroup.
}

func workgroupByPathName(tx *store.Tx, in workgroupPathName) (*store.Workgroup, error) {
	return store.WorkgroupByName(tx, in.Name)
}

type workgroupQueryName struct {
	Name string `form:"name" example:"Meridian Lisbon"` // Name of the Workgroup.
}

func workgroupByName(tx *store.Tx, in workgroupQueryName) (*store.Workgroup, error) {
	return store.WorkgroupByName(tx, in.Name)
}

type newWorkgroup struct{ Body workgroupFields }

type workgroupFields struct {
	OrganizationID string `example:"3f0d6a52-8c1e-4b7a-9a55-0c6b1de7a101"`         // The ID of the organization in which to place the new Workgroup. If empty, the Workgroup is placed in the default organization.
	Name           string `binding:"required,max=256" example:"Example Workgroup"` // The name of the Workgroup.
}

func createWorkgroup(tx *store.Tx, in newWorkgroup) (w *store.Workgroup, err error) {
	w = &store.Workgroup{OrganizationID: in.Body.OrganizationID, Name: in.Body.Name}
	if w.OrganizationID == "" {
		if w.OrganizationID, err = store.OrganizationOfUnplaced(tx); err != nil {
			return nil, err
		}
	}
	return w, store.Workgroups.Insert(tx, w)
}
