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
)

// The document has no rows for what is managed; these are for clients that look.
var managed = []api.Route{
	api.GET("ManagedSystems", readsManagedSystems, "Returns a list of managed systems.", listManagedSystems),
	api.GET("ManagedSystems/{id}", readsManagedSystems, "Returns a managed system by ID.", managedSystemByID),
	api.GET("ManagedAccounts", readsManagedAccounts, "Returns a list of managed accounts.", listManagedAccounts),
	api.GET("ManagedAccounts/{id}", readsManagedAccounts, "Returns a managed account by ID.", managedAccountByID),
}

func listManagedSystems(_ *store.Tx, in api.Paging) (api.Page[store.ManagedSystem], error) {
	return api.Of[store.ManagedSystem](in, record.Filtered(store.VisibleManagedSystems))
}

func managedSystemByID(tx *store.Tx, in byID) (*store.ManagedSystem, error) {
	return store.ManagedSystemByID(tx, in.ID)
}

// managedAccount is an account as clients read it, who call its ids by two names.
type managedAccount struct {
	*store.ManagedAccount
	AccountId  int    `example:"1"`     // ID of the managed account, the same as ManagedAccountID.
	SystemId   int    `example:"1"`     // ID of the managed system, the same as ManagedSystemID.
	SystemName string `example:"web01"` // Name of the managed system.
	PlatformID int    `example:"2"`     // ID of the managed system's platform.
}

func accountView(a *store.AccountOnSystem) *managedAccount {
	return &managedAccount{
		ManagedAccount: a.ManagedAccount, AccountId: a.ManagedAccountID, SystemId: a.ManagedSystemID,
		SystemName: a.System.SystemName, PlatformID: a.System.PlatformID,
	}
}

type accountQuery struct {
	SystemName  string `form:"systemName" example:"web01"` // Name of the managed system.
	AccountName string `form:"accountName" example:"root"` // Name of the managed account.
	api.Paging
}

func listManagedAccounts(_ *store.Tx, in accountQuery) (api.Page[managedAccount], error) {
	return api.Of[managedAccount](in.Paging, record.Filtered(func(tx *store.Tx) iter.Seq2[*managedAccount, error] {
		return func(yield func(*managedAccount, error) bool) {
			for a, err := range store.FindManagedAccounts(tx, in.SystemName, in.AccountName) {
				if err != nil {
					yield(nil, err)
					return
				}
				if !yield(accountView(a), nil) {
					return
				}
			}
		}
	}))
}

func managedAccountByID(tx *store.Tx, in byID) (*managedAccount, error) {
	a, err := store.ManagedAccountByID(tx, in.ID)
	if err != nil {
		return nil, err
	}
	return accountView(a), nil
}
