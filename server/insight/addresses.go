package insight

import (
	"github.com/musterhq/muster/server/api"
	"github.com/musterhq/muster/store"
)

var addresses = []api.Route{
	api.GET("Addresses/{id}", readsAssets, "Returns the Address by ID.", addressByID).
		Prints("AddressId AddressGroupId Omit Type Value LastUpdateDate"),
	api.DELETE("Addresses/{id}", writesAssets, "Deletes an Address by ID.", deleteAddress),
	api.PUT("Addresses/{id}", writesAssets, "Updates an Address by ID.", updateAddress).Harmful().
		Prints("AddressID AddressGroupID Omit Type Value LastUpdateDate"),
}

func addressByID(tx *store.Tx, in byID) (*store.Address, error) { return store.AddressByID(tx, in.ID) }

func deleteAddress(tx *store.Tx, in byID) (api.None, error) {
	if _, err := store.AddressByID(tx, in.ID); err != nil {
		return api.None{}, err
	}
	return api.None{}, store.Addresses.Delete(tx, in.ID)
}

type addressFields struct {
	Type  int    `binding:"required" example:"3" enums:"1,2,3,4"`    // Kind of the address: 1 for a single IP address, 2 for an IP address range, 3 for CIDR notation, 4 for a named host.
	Value string `binding:"required,max=225" example:"10.99.0.0/24"` // The address, range a-b, CIDR or host name, as Type says.
	Omit  *bool  `example:"false"`                                   // true to omit this entry, otherwise false. If not given: false for a new entry, unchanged for an existing one.
}

// fill takes the members over into an address.
func (b addressFields) fill(a *store.Address) {
	a.Type, a.Value = b.Type, b.Value
	if b.Omit != nil {
		a.Omit = *b.Omit
	}
}

type newAddress struct {
	GroupID int `uri:"id"` // Address Group ID.
	Body    addressFields
}

func createAddress(tx *store.Tx, in newAddress) (*store.Address, error) {
	g, err := store.AddressGroupByID(tx, in.GroupID)
	if err != nil {
		return nil, err
	}
	a := &store.Address{AddressGroupID: g.AddressGroupID}
	in.Body.fill(a)
	return a, store.Addresses.Insert(tx, a)
}

type changedAddress struct {
	byID
	Body addressFields
}

func updateAddress(tx *store.Tx, in changedAddress) (*store.Address, error) {
	a, err := store.AddressByID(tx, in.ID)
	if err != nil {
		return nil, err
	}
	in.Body.fill(a)
	return a, store.Addresses.Put(tx, a)
}
