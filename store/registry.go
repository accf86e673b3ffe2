package store

import "github.com/musterhq/muster/authz"

// verifiable is what can be asked of a collection or a link whatever its types are.
type verifiable interface {
	// verify checks all that is kept under the declaration's tag.
	verify(v *verification) error
	// prefixes are what its keys begin with, or are.
	prefixes() []string
}

// registered are all collections and links, in the order in which schema.go declares them.
var registered []verifiable

// register adds a declaration to what is verified and documented.
func register[D verifiable](d D) D {
	registered = append(registered, d)
	return d
}

// storeKeys are the keys of what the store knows of itself.
func storeKeys() []string {
	keys := []string{}
	for _, name := range []string{"schema", signingKeys, defaultOrganization, auditHead} {
		keys = append(keys, string(storeKey(name)))
	}
	return keys
}

// ownPrefixes are those of keys that belong to no declaration.
func ownPrefixes() []string {
	return append(storeKeys(), string(epochKey(0)[:3]), string(sequenceKey(epochTag)), string(sequenceKey(ruleIDs)), string(unsealedKey(0)[:3]))
}

// permissions are not records, but links name them. The compiler initializes them before schema.go, which keeps its order.
var permissions = others{"Permission", func(_ *Tx, id int) (bool, error) { return authz.Permission(id).Valid(), nil }}

// collection declares and registers a kind of record; id names the member that holds its id.
func collection[ID int | string, T any](tag, name string, id func(*T) *ID) *Collection[ID, T] {
	return register(&Collection[ID, T]{tag: tag, name: name, id: id})
}

// in declares the place by which lists of the records are ordered before the id.
func (c *Collection[ID, T]) in(place func(*T) Key) *Collection[ID, T] {
	c.place = place
	return c
}

// from declares the first id that the collection gives out; those below are the store's own.
func (c *Collection[ID, T]) from(lowest int) *Collection[ID, T] {
	c.lowest = lowest
	return c
}

// unaudited declares that changes of the records are no acts of their own.
func (c *Collection[ID, T]) unaudited() *Collection[ID, T] {
	c.silent = true
	return c
}

// secrets declares that audits say that a record changed, never how.
func (c *Collection[ID, T]) secrets() *Collection[ID, T] {
	c.secret = true
	return c
}
