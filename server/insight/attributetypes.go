package insight

import (
	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/server/api"
	"github.com/musterhq/muster/store"
	"github.com/musterhq/muster/store/record"
)

var attributeTypes = []api.Route{
	api.GET("AttributeTypes", readsAttributes, "Returns a list of attribute types.", listAttributeTypes),
	api.GET("AttributeTypes/{id}", readsAttributes, "Returns an attribute type by ID.", attributeTypeByID),
	api.POST("AttributeTypes", writesAttributes, "Creates a new attribute type.", createAttributeType),
	api.DELETE("AttributeTypes/{id}", writesAttributes, "Deletes an attribute type and all related attributes by ID.", deleteAttributeType),
}

// entityTypes is not in the document; clients ask for it.
var entityTypes = []api.Route{
	api.GET("EntityTypes", authz.Anyone, "Returns a list of entity types.", listEntityTypes),
}

func listAttributeTypes(tx *store.Tx, _ api.None) ([]*store.AttributeType, error) {
	return record.Collect(store.AttributeTypes.All(tx))
}

func attributeTypeByID(tx *store.Tx, in byID) (*store.AttributeType, error) {
	return store.AttributeTypes.Get(tx, in.ID)
}

type newAttributeType struct{ Body attributeTypeFields }

type attributeTypeFields struct {
	Name string `binding:"required,max=64" example:"Example type"` // Name of the attribute type.
}

func createAttributeType(tx *store.Tx, in newAttributeType) (*store.AttributeType, error) {
	t := &store.AttributeType{Name: in.Body.Name}
	return t, store.AttributeTypes.Insert(tx, t)
}

func deleteAttributeType(tx *store.Tx, in byID) (api.None, error) {
	t, err := store.AttributeTypes.Get(tx, in.ID)
	if err != nil {
		return api.None{}, err
	}
	if err := t.Writable(); err != nil {
		return api.None{}, err
	}
	return api.None{}, store.AttributeTypes.Delete(tx, in.ID)
}

type entityType struct {
	EntityTypeID int    `example:"1"`                                         // ID of the entity type.
	Name         string `example:"Asset"`                                     // Name of the entity type.
	Description  string `example:"Something with an address, in a Workgroup"` // What the entity type is for.
}

func listEntityTypes(*store.Tx, api.None) ([]entityType, error) {
	return []entityType{
		{store.AssetEntity, "Asset", "Something with an address, in a Workgroup"},
		{store.DatabaseEntity, "Database", "A database on an asset"},
		{store.DirectoryEntity, "Directory", "A directory of users"},
		{store.CloudEntity, "Cloud", "A cloud or a service in it"},
	}, nil
}
