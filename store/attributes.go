package store

// AttributeType is what attributes are grouped by (the document's "Attribute types"). Those of the store itself are
// read-only or below id 10000.
type AttributeType struct {
	AttributeTypeID int
	Name            string
	IsReadOnly      bool
}

// Attribute is what an asset can carry (the document's "Attributes").
type Attribute struct {
	AttributeID       int
	AttributeTypeID   int
	ParentAttributeID *int
	ShortName         string
	LongName          string
	Description       string
	ValueInt          *int
	IsReadOnly        bool
}
