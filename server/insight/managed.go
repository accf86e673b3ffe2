package insight

import (
	"iter"

	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/server/api"
	"github.com/musterhq/muster/store"
	"github.com/musterhq/muster/store/record"
)

var (
	readsManagedSystems  = authz.Reads(authz.PasswordSafeSystemManagement)
	readsManagedAccounts = authz.Reads(authz.PasswordSafeAccountManagement)
	readsManaged         = readsManagedSystems.Or(readsManagedAccounts)
)

// What a page says of how sure the shape of a row beyond the documents is.
const (
	vendorPage  = "The vendor's own pages describe it."
	seenLive    = "The vendor's own pages describe it, and public clients were seen to use it against the product."
	clientsNeed = "Public clients need it; its shape is theirs."
)

// The documents have no rows for what is managed.
var managed = []api.Route{
	api.GET("ManagedSystems", readsManagedSystems, "Returns a list of managed systems.", listManagedSystems).Beyond(seenLive),
	api.GET("ManagedSystems/{id}", readsManagedSystems, "Returns a managed system by ID.", managedSystemByID).Beyond(vendorPage),
	api.GET("Assets/{id}/ManagedSystems", readsManagedSystems, "Returns the managed system of an asset.", systemOf(store.SystemOfAsset)).ManualList().Beyond(vendorPage),
	api.GET("Databases/{id}/ManagedSystems", readsManagedSystems, "Returns the managed system of a database.", systemOf(store.SystemOfDatabase)).FillIn("the ID of a managed database").ManualList().Beyond(vendorPage),
	api.GET("Workgroups/{id}/ManagedSystems", readsManagedSystems, "Returns a list of managed systems in a Workgroup.", listSystemsInWorkgroup).Beyond(vendorPage),
	api.GET("FunctionalAccounts/{id}/ManagedSystems", readsManaged, "Returns a list of managed systems that a functional account manages.", listSystemsOfFunctionalAccount).Beyond(vendorPage),
	api.GET("SmartRules/{id}/ManagedSystems", authz.ReadsSmartRule(), "Returns a list of managed systems of a Smart Rule.", listSystemsOfRule).Beyond(vendorPage),
	api.GET("ManagedAccounts/{id}", readsManagedAccounts, "Returns a managed account by ID.", managedAccountByID).Beyond(vendorPage),
	api.GET("ManagedSystems/{id}/ManagedAccounts", readsManagedAccounts, "Returns a list of managed accounts on a managed system.", listAccountsOnSystem).Beyond(vendorPage),
	api.GET("ManagedSystems/{id}/ManagedAccounts?name", readsManagedAccounts, "Returns a managed account on a managed system by name.", accountOnSystemByName).Beyond(clientsNeed),
	api.GET("SmartRules/{id}/ManagedAccounts", authz.ReadsSmartRule(), "Returns a list of managed accounts of a Smart Rule.", listAccountsOfRule).Beyond(vendorPage),
}

type systemQuery struct {
	Type int    `form:"type" example:"1" enums:"1,2,3,4"` // Entity type of the systems: 1 Asset, 2 Database, 3 Directory, 4 Cloud.
	Name string `form:"name" example:"web01"`             // Name of the managed system.
	api.Paging
}

type systems = api.Page[store.ManagedSystem]

func systemsOf(p api.Paging, all func(*store.Tx) iter.Seq2[*store.ManagedSystem, error]) (systems, error) {
	return api.Of[store.ManagedSystem](p, record.Filtered(all))
}

func listManagedSystems(_ *store.Tx, in systemQuery) (systems, error) {
	return systemsOf(in.Paging, func(tx *store.Tx) iter.Seq2[*store.ManagedSystem, error] {
		return store.FindManagedSystems(tx, in.Name, in.Type)
	})
}

func managedSystemByID(tx *store.Tx, in byID) (*store.ManagedSystem, error) {
	return store.ManagedSystemByID(tx, in.ID)
}

// systemOf is the handler of what has one managed system.
func systemOf(find func(*store.Tx, int) (*store.ManagedSystem, error)) api.Handler[byID, *store.ManagedSystem] {
	return func(tx *store.Tx, in byID) (*store.ManagedSystem, error) { return find(tx, in.ID) }
}

type pageByID struct {
	byID
	api.Paging
}

func listSystemsInWorkgroup(tx *store.Tx, in pageByID) (systems, error) {
	if _, err := store.WorkgroupByID(tx, in.ID); err != nil {
		return systems{}, err
	}
	return systemsOf(in.Paging, func(tx *store.Tx) iter.Seq2[*store.ManagedSystem, error] { return store.SystemsInWorkgroup(tx, in.ID) })
}

func listSystemsOfFunctionalAccount(tx *store.Tx, in pageByID) (systems, error) {
	if _, err := store.FunctionalAccounts.Get(tx, in.ID); err != nil {
		return systems{}, err
	}
	return systemsOf(in.Paging, func(tx *store.Tx) iter.Seq2[*store.ManagedSystem, error] {
		return store.SystemsOfFunctionalAccount(tx, in.ID)
	})
}

func listSystemsOfRule(tx *store.Tx, in pageByID) (systems, error) {
	r, err := store.SmartRuleByID(tx, in.ID)
	if err != nil {
		return systems{}, err
	}
	all, err := store.SystemsOfRule(tx, r)
	if err != nil {
		return systems{}, err
	}
	return systemsOf(in.Paging, func(*store.Tx) iter.Seq2[*store.ManagedSystem, error] { return all })
}

// accountOnSystem is an account as clients read it, who call its ids by two names.
type accountOnSystem struct {
	*store.ManagedAccount
	AccountId  int    `example:"1"`     // ID of the managed account, the same as ManagedAccountID.
	SystemId   int    `example:"1"`     // ID of the managed system, the same as ManagedSystemID.
	SystemName string `example:"web01"` // Name of the managed system.
	PlatformID int    `example:"2"`     // ID of the managed system's platform.
}

func accountView(a *store.AccountOnSystem) *accountOnSystem {
	return &accountOnSystem{
		ManagedAccount: a.ManagedAccount, AccountId: a.ManagedAccountID, SystemId: a.ManagedSystemID,
		SystemName: a.System.SystemName, PlatformID: a.System.PlatformID,
	}
}

func managedAccountByID(tx *store.Tx, in byID) (*accountOnSystem, error) {
	a, err := store.ManagedAccountByID(tx, in.ID)
	if err != nil {
		return nil, err
	}
	return accountView(a), nil
}

type accounts = api.Page[store.ManagedAccount]

// accountsOf is a page of accounts, each as it is without its system.
func accountsOf(p api.Paging, all iter.Seq2[*store.AccountOnSystem, error]) (accounts, error) {
	return api.Of[store.ManagedAccount](p, record.Filtered(func(*store.Tx) iter.Seq2[*store.ManagedAccount, error] {
		return mapped(all, func(a *store.AccountOnSystem) (*store.ManagedAccount, error) { return a.ManagedAccount, nil })
	}))
}

// mapped yields what becomes of each.
func mapped[A, B any](all iter.Seq2[A, error], to func(A) (B, error)) iter.Seq2[B, error] {
	return func(yield func(B, error) bool) {
		for a, err := range all {
			var b B
			if err == nil {
				b, err = to(a)
			}
			if !yield(b, err) || err != nil {
				return
			}
		}
	}
}

func listAccountsOnSystem(tx *store.Tx, in pageByID) (accounts, error) {
	if _, err := store.ManagedSystemByID(tx, in.ID); err != nil {
		return accounts{}, err
	}
	return accountsOf(in.Paging, store.AccountsOnSystem(tx, in.ID))
}

type accountByName struct {
	byID
	Name string `form:"name" example:"root"` // Name of the managed account.
}

func accountOnSystemByName(tx *store.Tx, in accountByName) (*accountOnSystem, error) {
	a, err := store.AccountOnSystemByName(tx, in.ID, in.Name)
	if err != nil {
		return nil, err
	}
	return accountView(a), nil
}

func listAccountsOfRule(tx *store.Tx, in pageByID) (accounts, error) {
	r, err := store.SmartRuleByID(tx, in.ID)
	if err != nil {
		return accounts{}, err
	}
	all, err := store.AccountsOfRule(tx, r)
	if err != nil {
		return accounts{}, err
	}
	return accountsOf(in.Paging, all)
}
