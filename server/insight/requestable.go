package insight

import (
	"iter"

	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/server/api"
	"github.com/musterhq/muster/store"
	"github.com/musterhq/muster/store/record"
)

// What is asked for on the object of a request, in the words of a page.
var (
	requestsAccount = authz.OnObject("the role Requestor on the managed account")
	isISA           = authz.OnObject("the role Information Security Administrator on the managed account")
	isAdmin         = authz.OnObject("membership of Administrators")
	readsRequests   = requestsAccount.Or(isISA).Or(isAdmin)
)

// code is the body of a refusal by a store.Code.
type code int

// requestable are the accounts that a caller can request. Both names together ask for one account, whatever stands beside them.
var requestable = []api.Route{
	api.GET("ManagedAccounts", readsRequests, "Returns a list of managed accounts that the caller can request.", listRequestable).RefusesWith(code(0), 403).Beyond(seenLive),
	api.GET("ManagedAccounts?systemName&accountName", readsRequests, "Returns the managed account of a system and a name that the caller can request.", oneRequestable).RefusesWith(code(0), 403).Beyond(seenLive),
}

// requestableAccount is an account as those see it who request it.
type requestableAccount struct {
	PlatformID             int         `example:"2"`                                    // ID of the platform of the system.
	SystemId               int         `example:"1"`                                    // ID of the managed system.
	SystemName             string      `example:"web01"`                                // Name of the managed system.
	InstanceName           string      `example:"SQLEXPRESS"`                           // Name of the instance of a database.
	DomainName             store.Text  `example:"meridian"`                             // Domain of the account.
	AccountId              int         `example:"1"`                                    // ID of the managed account.
	AccountName            string      `example:"root"`                                 // Name of the account.
	UserPrincipalName      store.Text  `example:"root@meridian.lab.example"`            // Principal name of an account of a directory.
	ApplicationID          int         `example:"0"`                                    // ID of the application; 0: none.
	ApplicationDisplayName store.Text  `example:"Event Viewer"`                         // Name of the application. It is always null.
	DefaultReleaseDuration int         `example:"120"`                                  // Minutes that a release lasts unless a request says otherwise.
	MaximumReleaseDuration int         `example:"525600"`                               // Minutes that a release lasts at most.
	LastChangeDate         record.Time `example:"2026-05-04T08:15:30.123Z"`             // When the password was changed last.
	NextChangeDate         record.Time `example:"2027-01-01T23:30:00Z"`                 // When the password changes next.
	IsChanging             bool        `example:"false"`                                // Whether the password is changing.
	ChangeState            int         `example:"0"`                                    // State of a change: 0 idle, 1 changing, 2 queued.
	IsISAAccess            bool        `example:"false"`                                // Whether the caller reaches the account as an ISA.
	PreferredNodeID        store.Text  `example:"8f8b1f6e-4d1a-4a57-9f62-0f3c1c4c7a10"` // ID of the preferred node. It is always null.
	AccountDescription     store.Text  `example:"Break glass"`                          // Description of the account.
}

type requestableQuery struct {
	Type                   string `form:"type" example:"system" enums:"system,recent,domainlinked,database,cloud,application"` // Type of the accounts.
	SystemName             string `form:"systemName" example:"web01"`                                                          // Name of the managed system.
	AccountName            string `form:"accountName" example:"root"`                                                          // Name of the managed account: name, domain\name, or the principal name.
	SystemID               int    `form:"systemID" example:"1"`                                                                // ID of the managed system.
	WorkgroupName          string `form:"workgroupName" example:"Meridian"`                                                    // Name of the Workgroup.
	ApplicationDisplayName string `form:"applicationDisplayName"`                                                              // Name of the application; only with type application.
	IPAddress              string `form:"ipAddress" example:"192.0.2.11"`                                                      // IP address of the system; only with type system, domainlinked or database.
	Limit                  *int   `form:"limit"`                                                                               // Number of records to return (default: 1000; at most 100000).
	Offset                 *int   `form:"offset"`                                                                              // Number of records to skip.
}

func (q requestableQuery) find(tx *store.Tx) (iter.Seq2[*requestableAccount, error], error) {
	f := store.AccountFilter{
		SystemName: q.SystemName, AccountName: q.AccountName, WorkgroupName: q.WorkgroupName,
		IPAddress: q.IPAddress, SystemID: q.SystemID,
	}
	var err error
	if f.Type, err = store.AccountType(q.Type); err != nil {
		return nil, err
	}
	if q.ApplicationDisplayName != "" && f.Type != store.ApplicationAccounts {
		return nil, store.Invalid("applicationDisplayName: type %s is required beside it", store.ApplicationAccounts)
	}
	if err := f.Validate(); err != nil {
		return nil, err
	}
	roles, err := store.RolesOfActor(tx)
	if err != nil {
		return nil, err
	}
	found, err := store.RequestableAccounts(tx, roles, f)
	if err != nil {
		return nil, err
	}
	return mapped(found, func(a *store.AccountOnSystem) (*requestableAccount, error) { return showRequestable(a, roles) }), nil
}

// listRequestable answers with a bare list whether or not a limit is given.
func listRequestable(tx *store.Tx, in requestableQuery) (api.Page[requestableAccount], error) {
	found, err := in.find(tx)
	if err != nil {
		return api.Page[requestableAccount]{}, err
	}
	list := record.Filtered(func(*store.Tx) iter.Seq2[*requestableAccount, error] { return found })
	return api.Bare[requestableAccount](api.Paging{Limit: in.Limit, Offset: in.Offset}, list, 1000)
}

func oneRequestable(tx *store.Tx, in requestableQuery) (*requestableAccount, error) {
	found, err := in.find(tx)
	if err != nil {
		return nil, err
	}
	for a, err := range found {
		return a, err
	}
	return nil, record.Error(store.ErrNotFound, "Managed Account not found")
}

func showRequestable(a *store.AccountOnSystem, roles *store.AccountRoles) (*requestableAccount, error) {
	isa, err := roles.On(a, store.RoleISA)
	return &requestableAccount{
		PlatformID: a.System.PlatformID, SystemId: a.ManagedSystemID, SystemName: a.System.SystemName, InstanceName: string(a.System.InstanceName),
		DomainName: a.DomainName, AccountId: a.ManagedAccountID, AccountName: a.AccountName, UserPrincipalName: a.UserPrincipalName,
		DefaultReleaseDuration: a.ReleaseDuration, MaximumReleaseDuration: a.MaxReleaseDuration,
		LastChangeDate: a.LastChangeDate, NextChangeDate: a.NextChangeDate, IsChanging: a.IsChanging, ChangeState: a.ChangeState,
		IsISAAccess: isa, AccountDescription: a.Description,
	}, err
}
