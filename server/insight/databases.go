package insight

import (
	"net/http"

	"github.com/musterhq/muster/server/api"
	"github.com/musterhq/muster/store"
)

var databases = []api.Route{
	api.GET("Databases", readsAssets, "Returns a list of databases.", listDatabases).Manual(http.StatusCreated),
	api.GET("Databases/{id}", readsAssets, "Returns a database by ID.", databaseByID).Manual(http.StatusCreated).
		Prints("AssetID DatabaseID PlatformID InstanceName IsDefaultInstance Port Version"),
	api.GET("Assets/{id}/Databases", readsAssets, "Returns a list of databases for the given asset.", databasesByAsset).Manual(http.StatusCreated),
	api.POST("Assets/{id}/Databases", writesDatabases, "Creates a new database in the asset referenced by ID.", createDatabase).Manual(http.StatusOK),
	api.PUT("Databases/{id}", writesDatabases, "Updates an existing database by ID.", updateDatabase),
	api.DELETE("Databases/{id}", writesDatabases, "Deletes a database by ID.", deleteDatabase),
}

type databasePage = api.Page[store.Database]

func listDatabases(*store.Tx, api.None) (databasePage, error) {
	return api.Of[store.Database](api.Paging{}, store.VisibleDatabases())
}

func databaseByID(tx *store.Tx, in byID) (*store.Database, error) {
	return store.DatabaseByID(tx, in.ID)
}

func databasesByAsset(tx *store.Tx, in byID) (databasePage, error) {
	a, err := store.AssetByID(tx, in.ID)
	if err != nil {
		return databasePage{}, err
	}
	return api.Of[store.Database](api.Paging{}, store.DatabasesOn(a.AssetID))
}

type newDatabase struct {
	byID
	Body newDatabaseFields
}

type newDatabaseFields struct {
	PlatformID int `binding:"required" example:"79"`   // ID of the platform.
	Port       int `binding:"required" example:"5432"` // The database port.
	databaseFields
}

type databaseFields struct {
	InstanceName      store.Text `binding:"max=100" example:"tracking"`                 // Name of the database instance. It is required when IsDefaultInstance is false.
	IsDefaultInstance bool       `example:"false" default:"false"`                      // True if the database instance is the default instance, otherwise false. Only MS SQL Server and MySQL platforms support setting this value to true.
	Version           store.Text `binding:"max=20" example:"17.2"`                      // The database version.
	Template          store.Text `binding:"max=4096" example:"host={host} port={port}"` // The database connection template.
}

// on sets what both bodies of a database have in common.
func (f databaseFields) on(d *store.Database) {
	d.InstanceName, d.IsDefaultInstance, d.Version, d.Template = f.InstanceName, f.IsDefaultInstance, f.Version, f.Template
}

func createDatabase(tx *store.Tx, in newDatabase) (*store.Database, error) {
	a, err := store.AssetByID(tx, in.ID)
	if err != nil {
		return nil, err
	}
	d := &store.Database{AssetID: a.AssetID, PlatformID: in.Body.PlatformID, Port: in.Body.Port}
	in.Body.on(d)
	return d, store.Databases.Insert(tx, d)
}

type changedDatabase struct {
	byID
	Body changedDatabaseFields
}

type changedDatabaseFields struct {
	PlatformID int  `binding:"required" example:"79"` // ID of the platform.
	Port       *int `example:"5432"`                  // The database port. If it is not given, it stays as it is.
	databaseFields
}

func updateDatabase(tx *store.Tx, in changedDatabase) (*store.Database, error) {
	d, err := store.DatabaseByID(tx, in.ID)
	if err != nil {
		return nil, err
	}
	d.PlatformID = in.Body.PlatformID
	if in.Body.Port != nil {
		d.Port = *in.Body.Port
	}
	in.Body.on(d)
	return d, store.Databases.Put(tx, d)
}

func deleteDatabase(tx *store.Tx, in byID) (api.None, error) {
	if _, err := store.DatabaseByID(tx, in.ID); err != nil {
		return api.None{}, err
	}
	return api.None{}, store.Databases.Delete(tx, in.ID)
}
