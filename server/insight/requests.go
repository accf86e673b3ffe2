package insight

import (
	"net/http"
	"strings"

	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/server/api"
	"github.com/musterhq/muster/store"
	"github.com/musterhq/muster/store/record"
)

var (
	ownsRequest  = authz.OnObject("the request to be one's own")
	approves     = authz.OnObject("the role Approver on the managed account")
	seesRequests = authz.OnObject("the role Requestor on a managed account").Or(approves).Or(isAdmin)
)

const aRequest = "the ID of a request that is open"

// The life of a request: it is posted, may have to be approved, and is checked in.
var requests = []api.Route{
	api.GET("Requests", seesRequests, "Returns a list of pending and active requests, one's own or those to approve.", listRequests).RefusesWith(code(0), 403).Beyond(seenLive),
	api.POST("Requests", requestsAccount, "Creates a request for a managed account.", postRequest).OrAnswers(http.StatusOK).Refuses(http.StatusNotFound).RefusesWith(code(0), 403, 409).Beyond(seenLive).
		FillIn("SystemID and AccountID of a managed account that the caller can request"),
	api.PUT("Requests/{id}/Checkin", ownsRequest, "Checks a request in.", checkin).Answers(204).RefusesWith(code(0), 403).FillIn(aRequest).Named("checkinRequest").Beyond(seenLive),
	api.PUT("Requests/Release/{id}", ownsRequest, "Checks a request in, by the path of earlier versions.", checkin).Answers(204).RefusesWith(code(0), 403).FillIn(aRequest).Named("releaseRequest").Deprecated().Beyond(vendorPage),
	api.PUT("Requests/{id}/Approve", approves, "Approves a pending request.", approve).Answers(204).RefusesWith(code(0), 403, 409).FillIn(aRequest).Named("approveRequest").Beyond(vendorPage),
	api.PUT("Requests/{id}/Deny", approves, "Denies a pending or an active request.", deny).Answers(204).RefusesWith(code(0), 403, 409).FillIn(aRequest).Named("denyRequest").Beyond(vendorPage),
	api.PUT("Requests/{id}/RotateOnCheckin", ownsRequest, "Has the password changed when the request is checked in.", rotateOnCheckin).Answers(204).RefusesWith(code(0), 403).FillIn(aRequest).Named("rotateRequestOnCheckin").Beyond(vendorPage),
	api.POST("ManagedAccounts/{id}/Requests/Terminate", quarantines, "Cancels all open requests for a managed account.", terminate(store.TerminateRequestsFor)).
		Answers(204).Named("terminateManagedAccountRequests").Beyond(vendorPage),
	api.POST("ManagedSystems/{id}/Requests/Terminate", quarantines, "Cancels all open requests for the accounts of a managed system.", terminate(store.TerminateRequestsOn)).
		Answers(204).Named("terminateManagedSystemRequests").Beyond(vendorPage),
	api.POST("Users/{id}/Requests/Terminate", quarantines, "Cancels all open requests of a user.", terminate(store.TerminateRequestsBy)).
		Answers(204).Named("terminateUserRequests").Beyond(vendorPage),
}

// request is a request as clients read it.
type request struct {
	RequestID          int         `example:"1"`                             // ID of the request.
	SystemID           int         `example:"1"`                             // ID of the managed system.
	SystemName         string      `example:"web01"`                         // Name of the managed system.
	AccountID          int         `example:"1"`                             // ID of the managed account.
	AccountName        string      `example:"root"`                          // Name of the managed account.
	DomainName         store.Text  `example:"meridian"`                      // Domain of the managed account.
	AliasID            *int        `example:"1"`                             // ID of the alias by which the account was requested. It is always null.
	ApplicationID      *int        `example:"1"`                             // ID of the application. It is always null.
	RequestReleaseDate record.Time `example:"2026-05-04T08:15:30Z"`          // When the time of the request begins.
	ApprovedDate       record.Time `example:"2026-05-04T08:15:30Z"`          // When the request was approved.
	CanceledDate       record.Time `example:"2026-05-04T08:15:30Z"`          // When the request was canceled or denied.
	ExpiresDate        record.Time `example:"2026-05-04T10:15:30Z"`          // When the time of the request ends.
	Status             string      `example:"Active" enums:"Pending,Active"` // Status of the request: Pending or Active.
	AccessType         string      `example:"View" enums:"View,RDP,SSH,App"` // Kind of access: View, RDP, SSH or App.
	Reason             store.Text  `example:"nightly job"`                   // Why the account was requested.
	RequestorName      string      `example:"olga"`                          // Name of the user who made the request.
	RequestorUserID    int         `example:"3"`                             // ID of the user who made the request.
}

func showRequest(tx *store.Tx, r *store.Request) request {
	return request{
		RequestID: r.RequestID, SystemID: r.SystemID, SystemName: r.SystemName, AccountID: r.AccountID, AccountName: r.AccountName, DomainName: r.DomainName,
		RequestReleaseDate: r.RequestReleaseDate, ApprovedDate: r.ApprovedDate, CanceledDate: r.CanceledDate, ExpiresDate: r.ExpiresDate,
		Status: r.StatusAt(tx.Now), AccessType: r.AccessType, Reason: r.Reason, RequestorName: r.RequestorName, RequestorUserID: r.RequestorUserID,
	}
}

type requestQuery struct {
	Status string `form:"status" example:"all" enums:"all,active,pending"` // Status of the requests (default: all).
	Queue  string `form:"queue" example:"req" enums:"req,app"`             // Whose requests: req, one's own (default); app, those to approve.
}

func listRequests(tx *store.Tx, in requestQuery) ([]request, error) {
	f := store.RequestFilter{}
	switch strings.ToLower(in.Status) {
	case "", "all":
	case "active":
		f.Status = store.RequestActive
	case "pending":
		f.Status = store.RequestPending
	default:
		return nil, store.Invalid("status: all, active or pending is expected")
	}
	switch strings.ToLower(in.Queue) {
	case "", "req":
	case "app":
		f.ToApprove = true
	default:
		return nil, store.Invalid("queue: req or app is expected")
	}
	open, err := store.OpenRequests(tx, f)
	shown := []request{}
	for _, r := range open {
		shown = append(shown, showRequest(tx, r))
	}
	return shown, err
}

type newRequest struct{ Body requestFields }

type requestFields struct {
	SystemID               int    `binding:"required" example:"1"`          // ID of the managed system to request.
	AccountID              int    `binding:"required" example:"1"`          // ID of the managed account to request.
	ApplicationID          int    `example:"1" prefill:"-"`                 // ID of the application for an application-based request.
	DurationMinutes        int    `binding:"required" example:"5"`          // Minutes that the request lasts (1-525600).
	AccessType             string `example:"View" enums:"View,RDP,SSH,App"` // Kind of access requested (default: View).
	Reason                 string `example:"nightly job"`                   // Why the account is requested.
	AccessPolicyScheduleID int    `example:"1" prefill:"-"`                 // ID of the schedule of an access policy. If omitted, the one with the fewest approvers is taken.
	ConflictOption         string `example:"reuse" enums:"reuse,renew"`     // What becomes of an active request of the caller: reuse answers with it, renew cancels it.
	TicketSystemID         int    `example:"1" prefill:"-"`                 // ID of the ticket system.
	TicketNumber           string `example:"INC0012345" prefill:"-"`        // Number of the ticket.
	RotateOnCheckin        *bool  `example:"true" prefill:"-"`              // Whether the password changes when the request is checked in (default: true).
}

func postRequest(tx *store.Tx, in newRequest) (api.Reply[int], error) {
	b := in.Body
	r, reused, err := store.PostRequest(tx, store.NewRequest{
		SystemID: b.SystemID, AccountID: b.AccountID, DurationMinutes: b.DurationMinutes, AccessType: b.AccessType, ApplicationID: b.ApplicationID,
		Reason: b.Reason, ScheduleID: b.AccessPolicyScheduleID, ConflictOption: b.ConflictOption,
		TicketSystemID: b.TicketSystemID, TicketNumber: b.TicketNumber, RotateOnCheckin: b.RotateOnCheckin == nil || *b.RotateOnCheckin,
	})
	if err != nil {
		return api.Reply[int]{}, err
	}
	reply := api.Reply[int]{Body: r.RequestID}
	if reused {
		reply.Status = http.StatusOK
	}
	return reply, nil
}

type reasonByID struct {
	byID
	Body reasonFields
}

type reasonFields struct {
	Reason string `example:"done"` // A reason or comment, up to 1000 characters.
}

func checkin(tx *store.Tx, in reasonByID) (api.None, error) {
	return api.None{}, store.Checkin(tx, in.ID, in.Body.Reason)
}

func approve(tx *store.Tx, in reasonByID) (api.None, error) {
	return api.None{}, store.Approve(tx, in.ID, in.Body.Reason)
}

func deny(tx *store.Tx, in reasonByID) (api.None, error) {
	return api.None{}, store.Deny(tx, in.ID, in.Body.Reason)
}

func rotateOnCheckin(tx *store.Tx, in byID) (api.None, error) {
	return api.None{}, store.RotateOnCheckin(tx, in.ID)
}

// terminate is the handler of what cancels requests.
func terminate(cancel func(*store.Tx, int) error) api.Handler[reasonByID, api.None] {
	return func(tx *store.Tx, in reasonByID) (api.None, error) { return api.None{}, cancel(tx, in.ID) }
}
