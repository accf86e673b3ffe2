package idaas

import (
	"errors"
	"iter"
	"net/http"

	"github.com/musterhq/muster/server/api"
	"github.com/musterhq/muster/store"
	"github.com/musterhq/muster/store/record"
)

var groups = []api.Route{
	api.POST("v1/groups", addsGroups, "Create a group", createGroup).Named("createGroupUsingPOST").Answers(http.StatusOK),
	api.DELETE("v1/groups/{id}", removesGroups, "Remove a group", removeGroup).Named("deleteGroupUsingDELETE").Refuses(http.StatusConflict),
	api.POST("v1/groups/externalid", viewsGroups, "Get a group by externalId", groupByExternalID).Named("groupByExternalIdUsingPOST").Refuses(http.StatusNotFound).ReadOnly().Answers(http.StatusOK),
	api.GET("v1/groups/{id}", viewsGroups, "Get a group", groupByID).Named("groupUsingGET"),
	api.POST("v1/groupspaged", viewsGroups, "List a page of groups", pageOfGroups).Named("groupsPagedUsingPOST").ReadOnly().Answers(http.StatusOK),
	api.GET("v1/groups", viewsGroups, "List groups", listGroups).Named("groupsUsingGET"),
	api.PUT("v1/groups/{id}", editsGroups, "Update a group", updateGroup).Named("updateGroupUsingPUT"),
}

// The kinds of group that the vendor knows.
const (
	typeOwn       = "MGMT_UI" // made by hand or through an API
	typeDirectory = "LDAP_AD" // synchronized with a directory
)

// group is a user group as this door shows it.
type group struct {
	ID                string     `json:"id" example:"3f6c2f0e-8a51-4d0b-9a7e-5d1f60b2c7a4"` // The UUID of the group.
	Name              string     `json:"name" example:"Auditors"`                           // The name of the group.
	ExternalID        store.Text `json:"externalId" example:"meridian-auditors"`            // The id that another system knows the group by.
	Type              string     `json:"type" example:"MGMT_UI" enums:"MGMT_UI,LDAP_AD"`    // MGMT_UI, or LDAP_AD for a group that comes from a directory.
	Created           store.Time `json:"created" example:"2026-05-04T08:15:30Z"`            // When the group was made.
	LastModified      store.Time `json:"lastModified" example:"2026-05-04T08:15:30Z"`       // When the group was changed last; its members are not a part of it.
	Attribute         store.Text `json:"attribute" example:"quarterly"`                     // A text that callers keep with the group.
	DirectoryDesynced bool       `json:"directoryDesynced" example:"false"`                 // Whether the directory that the group comes from has it no longer.
}

func show(g *store.UserGroup) *group {
	shown := &group{
		ID: g.UUID, Name: g.Name, ExternalID: g.ExternalID, Type: typeOwn, Created: g.CreateDate.InSeconds(),
		LastModified: g.LastUpdateDate.InSeconds(), Attribute: g.Attribute, DirectoryDesynced: g.IsGone,
	}
	if store.IsDirectoryType(g.GroupType) {
		shown.Type = typeDirectory
	}
	return shown
}

// shown is show of a group that was looked for or written.
func shown(g *store.UserGroup, err error) (*group, error) {
	if err != nil {
		return nil, coded(err, store.ErrNotFound, groupNotFound)
	}
	return show(g), nil
}

const groupNotFound = "group_not_found"

type groupID struct {
	ID identifier `uri:"id"` // The UUID of the group.
}

// find returns the group that a path names.
func find(tx *store.Tx, in groupID) (*store.UserGroup, error) {
	g, err := store.UserGroupByUUID(tx, string(in.ID))
	return g, coded(err, store.ErrNotFound, groupNotFound)
}

func groupByID(tx *store.Tx, in groupID) (*group, error) { return shown(find(tx, in)) }

type externalID struct{ Body groupIDFields }

type groupIDFields struct {
	ID string `json:"id" binding:"required" example:"meridian-auditors"` // The externalId of the group.
}

func groupByExternalID(tx *store.Tx, in externalID) (*group, error) {
	return shown(store.UserGroupByExternalID(tx, in.Body.ID))
}

func listGroups(*store.Tx, api.None) (api.WholeList[group], error) {
	return api.Whole[group](record.Filtered(func(tx *store.Tx) iter.Seq2[*group, error] {
		return func(yield func(*group, error) bool) {
			for g, err := range store.UserGroups.All(tx) {
				shown, err := shown(g, err)
				if !yield(shown, err) || err != nil {
					return
				}
			}
		}
	})), nil
}

type newGroup struct{ Body groupFields }

type groupFields struct {
	Name       string     `json:"name" binding:"required,max=200" example:"Example group of Entrust"` // The name of the group, which no other has. Max string length is 200.
	ExternalID store.Text `json:"externalId" binding:"max=255" example:"example-group"`               // The id that another system knows the group by, which no other has. Max string length is 255.
	Attribute  store.Text `json:"attribute" binding:"max=255" example:"Made in Swagger UI"`           // A text to keep with the group. Max string length is 255.
}

func createGroup(tx *store.Tx, in newGroup) (*group, error) {
	b := in.Body
	g := &store.UserGroup{Name: b.Name, ExternalID: b.ExternalID, Attribute: b.Attribute, GroupType: store.BeyondInsightType, IsActive: true}
	return shown(g, taken(store.CreateUserGroup(tx, g, store.GroupGrants{})))
}

// taken gives the error of a name or an externalId that another group has its code.
func taken(err error) error {
	d, ok := errors.AsType[*record.Duplicate](err)
	switch {
	case ok && d.Member == store.MemberExternalID:
		return fault{err, "external_id_already_exists"}
	case ok:
		return fault{err, "group_already_exists"}
	}
	return err
}

type changedGroup struct {
	groupID
	Body changedFields
}

type changedFields struct {
	Name       *string     `json:"name" binding:"max=200" example:"Auditors"`                // The new name; absent or null: as it is. Max string length is 200.
	ExternalID *store.Text `json:"externalId" binding:"max=255" example:"meridian-auditors"` // The new externalId; absent or null: as it is, empty: none. Max string length is 255.
	Attribute  *store.Text `json:"attribute" binding:"max=255" example:"quarterly"`          // The new attribute; absent or null: as it is, empty: none. Max string length is 255.
}

func updateGroup(tx *store.Tx, in changedGroup) (*group, error) {
	g, err := find(tx, in.groupID)
	if err != nil {
		return nil, err
	}
	if err := in.Body.change(g); err != nil {
		return nil, err
	}
	return shown(g, taken(store.ChangeUserGroup(tx, g)))
}

// change brings into a group what the body has.
func (b *changedFields) change(g *store.UserGroup) error {
	if b.Name != nil && *b.Name != g.Name {
		switch {
		case *b.Name == "":
			return store.Invalid("name is required: it cannot be empty")
		case store.IsDirectoryType(g.GroupType):
			return inDirectory(g, "its name comes from there")
		}
		g.Name = *b.Name
	}
	if b.ExternalID != nil {
		g.ExternalID = *b.ExternalID
	}
	if b.Attribute != nil {
		g.Attribute = *b.Attribute
	}
	return nil
}

func removeGroup(tx *store.Tx, in groupID) (none api.None, err error) {
	g, err := find(tx, in)
	if err != nil {
		return none, err
	}
	if store.IsDirectoryType(g.GroupType) && !g.IsGone {
		return none, inDirectory(g, "it goes when it goes there")
	}
	return none, store.DeleteUserGroup(tx, g.GroupID)
}
