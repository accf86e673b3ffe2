package store

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/musterhq/muster/store/record"
)

// The ConflictOptions of a new request: what becomes of the caller's active requests for the account.
const (
	ReuseRequest = "reuse" // one is the answer
	RenewRequest = "renew" // they are canceled
)

// NewRequest is what a caller asks for.
type NewRequest struct {
	SystemID, AccountID int
	DurationMinutes     int
	AccessType          string // empty: View
	ApplicationID       int    // of AccessType App
	Reason              string
	ScheduleID          int // of the access policy; 0: the one that asks for the fewest approvers
	ConflictOption      string
	TicketSystemID      int
	TicketNumber        string
	RotateOnCheckin     bool
}

// The AccessTypes of a request for a password and of one for an application.
const (
	viewAccess = "View"
	appAccess  = "App"
)

// PostRequest makes a request of the actor, or finds the one that ConflictOption says to reuse. Besides ErrInvalid and ErrNotFound it
// returns CodeNoRole, CodeTooFewApprovers and CodeRequestsConflict. However many callers ask at once, no account has more active
// requests than its MaxConcurrentRequests.
func PostRequest(tx *Tx, n NewRequest) (r *Request, reused bool, err error) {
	account, roles, err := requestable(tx, n.SystemID, n.AccountID, RoleRequestor, RoleRequestorApprover)
	if err != nil {
		return nil, false, err
	}
	offers, err := offersFor(tx, roles, account)
	if err != nil {
		return nil, false, err
	}
	best, err := n.choose(offers)
	if err != nil {
		return nil, false, err
	}
	if err := cmp.Or(n.check(account, best), enoughApprovers(tx, account, best.access.MinApprovers)); err != nil {
		return nil, false, err
	}
	if same, err := n.settleConflicts(tx, account, best); same != nil || err != nil {
		return same, same != nil, err
	}
	r = n.record(tx, account, best)
	return r, false, Requests.Insert(tx, r)
}

// requestable returns the account of a system for a request, and the roles of the actor. It returns CodeNoRole for an actor without
// one of the roles anywhere, who learns nothing of which accounts there are, and for an account that the API may not request.
func requestable(tx *Tx, systemID, accountID int, needed ...int) (*AccountOnSystem, *AccountRoles, error) {
	roles, err := RolesOfActor(tx)
	if err != nil {
		return nil, nil, err
	}
	if !roles.Any(needed...) {
		return nil, nil, CodeNoRole
	}
	a, err := ManagedAccountByID(tx, accountID)
	if err != nil {
		return nil, nil, err
	}
	if a.ManagedSystemID != systemID {
		return nil, nil, record.Error(ErrNotFound, "Managed Account %d on Managed System %d not found", accountID, systemID)
	}
	if !a.ApiEnabled {
		return nil, nil, CodeNoRole
	}
	return a, roles, nil
}

// offer is a way in which an account can be requested.
type offer struct {
	policy   *AccessPolicy
	schedule AccessSchedule
	access   AccessType
}

// offersFor returns all ways in which an account can be requested by those roles, CodeNoRole for none.
func offersFor(tx *Tx, roles *AccountRoles, a *AccountOnSystem) (all []offer, err error) {
	policies, err := roles.policies(a)
	if err != nil {
		return nil, err
	}
	for _, id := range policies {
		p, err := AccessPolicies.Get(tx, id)
		if err != nil {
			return nil, err
		}
		for _, s := range p.Schedules {
			for _, t := range s.AccessTypes {
				all = append(all, offer{p, s, t})
			}
		}
	}
	if len(all) == 0 {
		return nil, CodeNoRole
	}
	return all, nil
}

// choose returns the offer of the access type that asks for the fewest approvers, or that of the schedule that the caller named.
func (n *NewRequest) choose(offers []offer) (offer, error) {
	wanted := cmp.Or(n.AccessType, viewAccess)
	offers = slices.DeleteFunc(slices.Clone(offers), func(o offer) bool { return !strings.EqualFold(o.access.AccessType, wanted) })
	if len(offers) == 0 {
		return offer{}, CodeNoRole
	}
	if n.ScheduleID != 0 {
		offers = slices.DeleteFunc(offers, func(o offer) bool { return o.schedule.ScheduleID != n.ScheduleID })
		if len(offers) == 0 {
			return offer{}, Invalid("AccessPolicyScheduleID: no schedule %d allows it", n.ScheduleID)
		}
	}
	return slices.MinFunc(offers, func(a, b offer) int { return cmp.Compare(a.access.MinApprovers, b.access.MinApprovers) }), nil
}

// check returns an ErrInvalid for what the account or the schedule does not allow.
func (n *NewRequest) check(a *AccountOnSystem, o offer) error {
	most := min(a.MaxReleaseDuration, longestRelease)
	switch {
	case n.DurationMinutes < 1 || n.DurationMinutes > most:
		return Invalid("DurationMinutes: 1 to %d is expected", most)
	case o.schedule.RequireReason && n.Reason == "":
		return Invalid("Reason is required by the access policy")
	case o.schedule.RequireTicketSystem && (n.TicketSystemID == 0 || n.TicketNumber == ""):
		return Invalid("TicketSystemID and TicketNumber are required by the access policy")
	case n.ConflictOption != "" && !strings.EqualFold(n.ConflictOption, ReuseRequest) && !strings.EqualFold(n.ConflictOption, RenewRequest):
		return Invalid("ConflictOption: %s or %s is expected", ReuseRequest, RenewRequest)
	case strings.EqualFold(o.access.AccessType, appAccess) && n.ApplicationID == 0:
		return Invalid("ApplicationID is required for the access type %s", appAccess)
	case strings.EqualFold(o.access.AccessType, appAccess):
		return record.Error(ErrNotFound, "Application %d not found", n.ApplicationID) // a lab has no applications
	}
	return cmp.Or(short("Reason", n.Reason, maxReason), short("TicketNumber", n.TicketNumber, maxTicketNumber))
}

// enoughApprovers returns CodeTooFewApprovers if fewer users may approve than a policy asks for. The requestor counts only if nobody
// else may.
func enoughApprovers(tx *Tx, a *AccountOnSystem, wanted int) error {
	if wanted == 0 {
		return nil
	}
	approvers, err := approversOf(tx, a)
	if err != nil {
		return err
	}
	if len(approvers) > 1 {
		delete(approvers, tx.By.UserID)
	}
	if len(approvers) < wanted {
		return CodeTooFewApprovers
	}
	return nil
}

// settleConflicts returns the request that is used again, cancels those that are renewed, or returns CodeRequestsConflict.
func (n *NewRequest) settleConflicts(tx *Tx, a *AccountOnSystem, o offer) (same *Request, err error) {
	var open []*Request
	for r, err := range openRequestsFor(tx, a.ManagedAccountID) {
		if err != nil {
			return nil, err
		}
		mine := r.RequestorUserID == tx.By.UserID && r.SystemID == n.SystemID && r.Status == RequestActive && !r.IsISA
		switch {
		case mine && strings.EqualFold(n.ConflictOption, ReuseRequest) && r.AccessType == o.access.AccessType:
			return r, nil
		case mine && strings.EqualFold(n.ConflictOption, RenewRequest):
			if err := r.end(tx, RequestCanceled); err != nil {
				return nil, err
			}
		default:
			open = append(open, r)
		}
	}
	if slices.ContainsFunc(open, func(r *Request) bool { return r.RequestorUserID == tx.By.UserID && !r.IsISA }) || isCrowded(open, a, o.access) {
		return nil, CodeRequestsConflict
	}
	return nil, nil
}

// isCrowded reports whether one active request more is too many for the account or for the access type.
func isCrowded(open []*Request, a *AccountOnSystem, access AccessType) bool {
	active, ofType := 0, 0
	for _, r := range open {
		if r.Status != RequestActive || r.IsISA {
			continue
		}
		active++
		if r.AccessType == access.AccessType {
			ofType++
		}
	}
	most := cmp.Or(valueOf(a.MaxConcurrentRequests), maxOpenRequests)
	return len(open) >= maxOpenRequests || active >= most || access.MaxConcurrent != 0 && ofType >= access.MaxConcurrent
}

func (n *NewRequest) record(tx *Tx, a *AccountOnSystem, o offer) *Request {
	r := newRequest(tx, a, n.DurationMinutes)
	r.AccessType, r.Reason, r.RotateOnCheckin = o.access.AccessType, Text(n.Reason), n.RotateOnCheckin
	r.AccessPolicyID, r.MinApprovers = o.policy.AccessPolicyID, o.access.MinApprovers
	r.TicketNumber = Text(n.TicketNumber)
	if n.TicketSystemID != 0 {
		r.TicketSystemID = &n.TicketSystemID
	}
	if r.MinApprovers > 0 {
		r.Status, r.ApprovedDate = RequestPending, Time{}
	}
	return r
}

// newRequest is an active request of the actor that begins now.
func newRequest(tx *Tx, a *AccountOnSystem, minutes int) *Request {
	return &Request{
		SystemID: a.ManagedSystemID, AccountID: a.ManagedAccountID,
		SystemName: a.System.SystemName, AccountName: a.AccountName, DomainName: a.DomainName,
		RequestorUserID: tx.By.UserID, RequestorName: tx.By.UserName, Status: RequestActive, AccessType: viewAccess,
		RequestReleaseDate: tx.Now, ApprovedDate: tx.Now, ExpiresDate: tx.Now.Add(time.Duration(minutes) * time.Minute),
		Approvals: []Approval{}, RotateOnCheckin: true,
	}
}

// UsablePolicies returns the access policies by which the actor can request an account for so many minutes, none if that is too long.
func UsablePolicies(tx *Tx, systemID, accountID, minutes int) ([]*AccessPolicy, error) {
	usable := []*AccessPolicy{}
	a, roles, err := requestable(tx, systemID, accountID, RoleRequestor, RoleRequestorApprover)
	if err != nil || minutes < 1 || minutes > a.MaxReleaseDuration {
		return usable, err
	}
	ids, err := roles.policies(a)
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		p, err := AccessPolicies.Get(tx, id)
		if err != nil {
			return nil, err
		}
		usable = append(usable, p)
	}
	return usable, nil
}
