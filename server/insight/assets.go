package insight

import (
	"strconv"
	"strings"

	"github.com/musterhq/muster/server/api"
	"github.com/musterhq/muster/store"
)

var assets = []api.Route{
	api.GET("Assets/{id}", readsAssets, "Returns an asset by ID.", assetByID).
		Prints("WorkgroupID AssetID AssetName DnsName DomainName IPAddress MacAddress AssetType Description OperatingSystem CreateDate LastUpdateDate"),
	api.GET("Workgroups/{workgroupID}/Assets", readsAssets, "Returns a list of assets by Workgroup ID.", assetsByWorkgroupID).
		Prints(assetMembers),
	api.GET("Workgroups/{workgroupName}/Assets", readsAssets, "Returns a list of assets by Workgroup name.", assetsByWorkgroupName).
		Prints(assetMembers),
	api.GET("Workgroups/{workgroupName}/Assets?name", readsAssets, "Returns an asset by Workgroup name and asset name.", assetByName).
		Prints(assetMembers),
	api.POST("Workgroups/{workgroupID}/Assets", writesAssets, "Creates a new asset in the Workgroup, referenced by ID.", createAssetByWorkgroupID).
		Prints(assetMembers),
	api.POST("Workgroups/{workgroupName}/Assets", writesAssets, "Creates a new asset in the Workgroup referenced by name.", createAssetByWorkgroupName).
		Prints(assetMembers),
	api.PUT("Assets/{id}", writesAssets, "Updates an existing asset by ID.", updateAsset).
		Prints(assetMembers),
	api.POST("Assets/Search", readsAssets, "Returns a list of assets that match the given search criteria.", searchAssets).Named("searchAssets").ReadOnly().Answers(200).
		Prints(assetMembers),
	api.DELETE("Assets/{id}", writesAssets, "Deletes an asset by ID.", deleteAsset),
	api.DELETE("Workgroups/{workgroupName}/Assets?name", writesAssets, "Deletes an asset by Workgroup name and asset name.", deleteAssetByName),
}

// assetMembers are the members of an asset that all headings but GET Assets/{id} print.
const assetMembers = "WorkgroupID AssetID AssetName DnsName DomainName IPAddress MacAddress AssetType OperatingSystem CreateDate LastUpdateDate"

type assetPage = api.Page[store.Asset]

func assetByID(tx *store.Tx, in byID) (api.Record[store.Asset], error) {
	row, err := store.AssetRow(tx, in.ID)
	return api.Record[store.Asset]{RawMessage: row}, err
}

type inWorkgroupID struct {
	WorkgroupID api.Number `uri:"workgroupID"` // ID of the Workgroup.
}

type inWorkgroupName struct {
	WorkgroupName string `uri:"workgroupName"` // Name of the Workgroup.
}

type assetsInWorkgroupID struct {
	inWorkgroupID
	api.Paging
}

func assetsByWorkgroupID(tx *store.Tx, in assetsInWorkgroupID) (assetPage, error) {
	w, err := workgroupAt(tx, in.WorkgroupID)
	if err != nil {
		return assetPage{}, err
	}
	return api.Of[store.Asset](in.Paging, store.AssetsIn(w.ID))
}

type assetsInWorkgroupName struct {
	inWorkgroupName
	api.Paging
}

func assetsByWorkgroupName(tx *store.Tx, in assetsInWorkgroupName) (assetPage, error) {
	w, err := store.WorkgroupByName(tx, in.WorkgroupName)
	if err != nil {
		return assetPage{}, err
	}
	return api.Of[store.Asset](in.Paging, store.AssetsIn(w.ID))
}

type assetName struct {
	inWorkgroupName
	Name string `form:"name" example:"web01"` // Name of the asset.
}

func assetByName(tx *store.Tx, in assetName) (*store.Asset, error) {
	w, err := workgroupOr(tx, in.WorkgroupName)
	if err != nil {
		return nil, err
	}
	return store.AssetByName(tx, w.ID, in.Name)
}

// workgroupOr finds the Workgroup of a row that the document has for names only, where clients give an id too.
func workgroupOr(tx *store.Tx, nameOrID string) (*store.Workgroup, error) {
	w, err := store.WorkgroupByName(tx, nameOrID)
	return orName(w, err, func() (*store.Workgroup, error) {
		id, err := strconv.Atoi(nameOrID)
		if err != nil {
			return nil, store.ErrNotFound
		}
		return store.WorkgroupByID(tx, id)
	})
}

type newAsset struct {
	Version string `form:"version"` // The minor version of the API, 3.1 for instance.
	Body    assetFields
}

type newAssetByID struct {
	inWorkgroupID
	newAsset
}

type newAssetByName struct {
	inWorkgroupName
	newAsset
}

type assetFields struct {
	IPAddress       string     `binding:"required,max=45" example:"10.99.0.10"`    // Asset IP address.
	AssetName       string     `binding:"max=128" example:"example01"`             // Asset name. If it is not given, a padded IP address is used.
	DnsName         store.Text `binding:"max=255" example:"example01.lab.example"` // Asset DNS name.
	DomainName      store.Text `binding:"max=64" example:"lab.example"`            // Asset domain name.
	MacAddress      store.Text `binding:"max=128" example:"00:50:56:00:00:99"`     // Asset MAC address.
	AssetType       store.Text `binding:"max=64" example:"Server"`                 // Asset type.
	Description     store.Text `binding:"max=255" example:"Made in Swagger UI"`    // Asset description. It is only updated if the version in the URL is 3.1 or greater.
	OperatingSystem store.Text `binding:"max=255" example:"Ubuntu 24.04"`          // Asset operating system.
}

func createAssetByWorkgroupID(tx *store.Tx, in newAssetByID) (*store.Asset, error) {
	w, err := workgroupAt(tx, in.WorkgroupID)
	if err != nil {
		return nil, err
	}
	return in.create(tx, w)
}

func createAssetByWorkgroupName(tx *store.Tx, in newAssetByName) (*store.Asset, error) {
	w, err := store.WorkgroupByName(tx, in.WorkgroupName)
	if err != nil {
		return nil, err
	}
	return in.create(tx, w)
}

func (in newAsset) create(tx *store.Tx, w *store.Workgroup) (*store.Asset, error) {
	b := in.Body
	a := &store.Asset{
		WorkgroupID: w.ID, IPAddress: strings.TrimSpace(b.IPAddress), AssetName: b.AssetName, DnsName: b.DnsName, DomainName: b.DomainName,
		MacAddress: b.MacAddress, AssetType: b.AssetType, OperatingSystem: b.OperatingSystem,
	}
	if writesDescription(in.Version) {
		a.Description = b.Description
	}
	return a, store.Assets.Insert(tx, a)
}

// writesDescription reports whether a version is 3.1 or greater.
func writesDescription(version string) bool {
	major, minor, _ := strings.Cut(strings.TrimPrefix(strings.ToLower(version), "v"), ".")
	m, err := strconv.Atoi(major)
	n, _ := strconv.Atoi(minor)
	return err == nil && (m > 3 || m == 3 && n >= 1)
}

type changedAsset struct {
	byID
	Version string `form:"version"` // The minor version of the API, 3.1 for instance.
	Body    changedAssetFields
}

type changedAssetFields struct {
	WorkgroupID     int         `binding:"required" example:"2"`                                 // ID of the Workgroup to which the asset belongs.
	AssetName       string      `binding:"required,max=128" example:"web01"`                     // Asset name.
	DnsName         store.Text  `binding:"present,max=255" example:"web01.meridian.lab.example"` // Asset DNS name.
	DomainName      store.Text  `binding:"present,max=64" example:"ad.meridian.lab.example"`     // Asset domain name. An empty value is accepted and clears any existing value.
	IPAddress       string      `binding:"required,max=45" example:"10.20.1.16"`                 // Asset IP address.
	MacAddress      store.Text  `binding:"present,max=128" example:"00:50:56:00:00:10"`          // Asset MAC address. An empty value is accepted and clears any existing value.
	AssetType       store.Text  `binding:"present,max=64" example:"Server"`                      // Asset type. An empty value is accepted and clears any existing value.
	Description     *store.Text `binding:"max=255" example:"Serves the tracking page"`           // Asset description. It is only updated if the version in the URL is 3.1 or greater.
	OperatingSystem store.Text  `binding:"present,max=255" example:"Ubuntu 24.04"`               // Asset operating system. An empty value is accepted and clears any existing value.
}

func updateAsset(tx *store.Tx, in changedAsset) (*store.Asset, error) {
	a, err := store.AssetByID(tx, in.ID)
	if err != nil {
		return nil, err
	}
	b := in.Body
	if err := knownWorkgroup(tx, b.WorkgroupID); err != nil {
		return nil, err
	}
	a.WorkgroupID, a.AssetName, a.DnsName, a.DomainName = b.WorkgroupID, b.AssetName, b.DnsName, b.DomainName
	a.IPAddress, a.MacAddress, a.AssetType, a.OperatingSystem = strings.TrimSpace(b.IPAddress), b.MacAddress, b.AssetType, b.OperatingSystem
	if b.Description != nil && writesDescription(in.Version) {
		a.Description = *b.Description
	}
	return a, store.Assets.Put(tx, a)
}

type assetSearch struct {
	api.Paging
	Body assetCriteria
}

type assetCriteria struct {
	AssetName  string `binding:"max=255" example:"web01"`                                  // Asset name.
	DnsName    string `binding:"max=255" example:"web01.meridian.lab.example" prefill:"-"` // Asset DNS name.
	DomainName string `binding:"max=255" example:"ad.meridian.lab.example" prefill:"-"`    // Asset domain name.
	IPAddress  string `example:"10.20.1.0/24"`                                             // A single IP address, a comma-delimited list of IP addresses, an IP range, or CIDR notation.
	MacAddress string `binding:"max=255" example:"00:50:56:00:00:10" prefill:"-"`          // Asset MAC address.
	AssetType  string `binding:"max=255" example:"Server" prefill:"-"`                     // Asset type.
}

func searchAssets(tx *store.Tx, in assetSearch) (assetPage, error) {
	found, err := store.SearchAssets(store.AssetCriteria(in.Body))
	if err != nil {
		return assetPage{}, err
	}
	return api.Of[store.Asset](in.Paging, found)
}

func deleteAsset(tx *store.Tx, in byID) (api.None, error) {
	if _, err := store.AssetByID(tx, in.ID); err != nil {
		return api.None{}, err
	}
	return api.None{}, store.Assets.Delete(tx, in.ID)
}

func deleteAssetByName(tx *store.Tx, in assetName) (api.None, error) {
	a, err := assetByName(tx, in)
	if err != nil {
		return api.None{}, err
	}
	return api.None{}, store.Assets.Delete(tx, a.AssetID)
}
