package insight

import (
	"github.com/musterhq/muster/server/api"
	"github.com/musterhq/muster/store"
	"github.com/musterhq/muster/store/record"
)

var assetAttributes = []api.Route{
	api.GET("Assets/{assetID}/Attributes", readsAssetAttributes, "Returns a list of attributes by Asset ID.", listAssetAttributes),
	api.POST("Assets/{assetID}/Attributes/{attributeID}", writesAssetAttributes, "Assigns an attribute to an asset.", assignAttribute).Named("assignAttributeToAsset"),
	api.DELETE("Assets/{assetID}/Attributes", writesAssetAttributes, "Deletes all asset attributes by asset ID.", deleteAssetAttributes).Named("removeAttributesFromAsset"),
	api.DELETE("Assets/{assetID}/Attributes/{attributeID}", writesAssetAttributes, "Deletes an asset attribute by asset ID and attribute ID.", deleteAssetAttribute).Named("removeAttributeFromAsset"),
}

var attributes = []api.Route{
	api.GET("AttributeTypes/{attributeTypeID}/Attributes", readsAttributes, "Returns a list of attribute definitions by attribute type.", attributesByType),
	api.GET("Attributes/{id}", readsAttributes, "Returns an attribute definition by ID.", attributeByID),
	api.POST("AttributeTypes/{attributeTypeID}/Attributes", writesAttributes, "Creates a new attribute definition by attribute type ID.", createAttribute),
	api.DELETE("Attributes/{id}", writesAttributes, "Deletes an attribute definition by ID.", deleteAttribute),
}

type inAssetID struct {
	AssetID int `uri:"assetID"` // ID of the asset.
}

type assetAndAttribute struct {
	inAssetID
	AttributeID int `uri:"attributeID"` // ID of the attribute.
}

func listAssetAttributes(tx *store.Tx, in inAssetID) ([]*store.Attribute, error) {
	if _, err := store.AssetByID(tx, in.AssetID); err != nil {
		return nil, err
	}
	return store.AssetAttributes(tx, in.AssetID)
}

func assignAttribute(tx *store.Tx, in assetAndAttribute) (*store.Attribute, error) {
	return store.AssignAttribute(tx, in.AssetID, in.AttributeID)
}

func deleteAssetAttributes(tx *store.Tx, in inAssetID) (api.None, error) {
	return api.None{}, store.TakeAttributes(tx, in.AssetID)
}

func deleteAssetAttribute(tx *store.Tx, in assetAndAttribute) (api.None, error) {
	return api.None{}, store.TakeAttribute(tx, in.AssetID, in.AttributeID)
}

// attributeDefinition is an attribute with those directly within it.
type attributeDefinition struct {
	store.Attribute
	ChildAttributes []*store.Attribute // The attributes directly within this one.
}

type inAttributeTypeID struct {
	AttributeTypeID int `uri:"attributeTypeID"` // ID of the attribute type.
}

func attributesByType(tx *store.Tx, in inAttributeTypeID) ([]attributeDefinition, error) {
	list, err := store.AttributesOf(tx, in.AttributeTypeID)
	if err != nil {
		return nil, err
	}
	children := map[int][]*store.Attribute{}
	for _, a := range list {
		if a.ParentAttributeID != nil {
			children[*a.ParentAttributeID] = append(children[*a.ParentAttributeID], a)
		}
	}
	definitions := []attributeDefinition{}
	for _, a := range list {
		definitions = append(definitions, attributeDefinition{*a, append([]*store.Attribute{}, children[a.AttributeID]...)})
	}
	return definitions, nil
}

func attributeByID(tx *store.Tx, in byID) (*attributeDefinition, error) {
	a, err := store.AttributeByID(tx, in.ID)
	if err != nil {
		return nil, err
	}
	children, err := record.Collect(store.ChildAttributes(tx, a.AttributeID))
	return &attributeDefinition{*a, children}, err
}

type newAttribute struct {
	inAttributeTypeID
	Body attributeFields
}

type attributeFields struct {
	ParentAttributeID *int   `example:"10000" prefill:"-"`                    // ID of the attribute in which to place the new one, of the same type. Can be null.
	ShortName         string `binding:"required,max=64" example:"Row C"`      // Short name of the attribute.
	LongName          string `binding:"max=64" example:"Row C, by the door"`  // Long name of the attribute. If it is not given, the short name is used.
	Description       string `binding:"max=255" example:"Made in Swagger UI"` // Description of the attribute.
	ValueInt          *int   `example:"3"`                                    // A number that goes with the attribute. Can be null.
}

func createAttribute(tx *store.Tx, in newAttribute) (*attributeDefinition, error) {
	t, err := store.AttributeTypes.Get(tx, in.AttributeTypeID)
	if err != nil {
		return nil, err
	}
	if err := t.Writable(); err != nil {
		return nil, err
	}
	b := in.Body
	a := &store.Attribute{
		AttributeTypeID: t.AttributeTypeID, ParentAttributeID: b.ParentAttributeID,
		ShortName: b.ShortName, LongName: b.LongName, Description: b.Description, ValueInt: b.ValueInt,
	}
	err = store.Attributes.Insert(tx, a)
	return &attributeDefinition{*a, []*store.Attribute{}}, err
}

func deleteAttribute(tx *store.Tx, in byID) (api.None, error) {
	a, err := store.AttributeByID(tx, in.ID)
	if err != nil {
		return api.None{}, err
	}
	if err := a.Writable(); err != nil {
		return api.None{}, err
	}
	return api.None{}, store.Attributes.Delete(tx, in.ID)
}
