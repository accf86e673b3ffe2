package insight

import (
	"github.com/musterhq/muster/server/api"
	"github.com/musterhq/muster/store"
	"github.com/musterhq/muster/store/record"
)

// accessPolicies is not in the documents; clients look an access policy up by it.
var accessPolicies = []api.Route{
	api.GET("AccessPolicies", readsAccounts, "Returns a list of access policies.", listAccessPolicies),
	api.POST("AccessPolicies/Test", requestsAccount, "Returns the access policies by which a managed account can be requested.", testPolicies).
		Answers(200).ReadOnly().Named("testAccessPolicies").Refuses(404).RefusesWith(code(0), 403).Beyond(vendorPage),
	api.GET("TicketSystems", anyRole, "Returns a list of ticket systems.", listTicketSystems).RefusesWith(code(0), 403).Beyond(clientsNeed),
}

var anyRole = seesRequests.Or(isISA)

func listAccessPolicies(tx *store.Tx, _ api.None) ([]*store.AccessPolicy, error) {
	return record.Collect(store.AccessPolicies.All(tx))
}

type policyTest struct{ Body policyTestFields }

type policyTestFields struct {
	SystemID        int `binding:"required" example:"1"` // ID of the managed system.
	AccountID       int `binding:"required" example:"1"` // ID of the managed account.
	DurationMinutes int `binding:"required" example:"5"` // Minutes that the request would last.
}

func testPolicies(tx *store.Tx, in policyTest) ([]*store.AccessPolicy, error) {
	return store.UsablePolicies(tx, in.Body.SystemID, in.Body.AccountID, in.Body.DurationMinutes)
}

// ticketSystem is a system of tickets.
type ticketSystem struct {
	TicketSystemID   int        `example:"1"`           // ID of the ticket system.
	IsActive         bool       `example:"true"`        // Whether the ticket system is in use.
	TicketSystemName string     `example:"Helpdesk"`    // Name of the ticket system.
	Description      store.Text `example:"Our tickets"` // Description of the ticket system.
	IsDefaultSystem  bool       `example:"false"`       // Whether it is taken unless another is named.
}

// listTicketSystems lists none: no ticket system is connected to a lab.
func listTicketSystems(tx *store.Tx, _ api.None) ([]ticketSystem, error) {
	roles, err := store.RolesOfActor(tx)
	if err == nil && !roles.Any(store.RoleRequestor, store.RoleApprover, store.RoleRequestorApprover, store.RoleISA) {
		err = store.CodeNoRole
	}
	return []ticketSystem{}, err
}
