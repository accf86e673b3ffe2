package store

import (
	"iter"
	"slices"

	"github.com/musterhq/muster/store/record"
)

// Request asks for the password of a managed account, or for a session with it, for a time. While it is active, its maker may
// read the password.
type Request struct {
	RequestID       int
	SystemID        int
	AccountID       int
	SystemName      string // as it was when the request was made
	AccountName     string
	DomainName      Text
	RequestorUserID int
	RequestorName   string
	Status          string // as it was stored last; see StatusAt
	AccessType      string // View, RDP, SSH or App
	Reason          Text
	TicketSystemID  *int
	TicketNumber    Text

	RequestReleaseDate Time // when its time begins
	ApprovedDate       Time // null: not yet
	CanceledDate       Time // when it was canceled or denied
	ExpiresDate        Time
	ClosedDate         Time // when it ceased to be open; null: it is open

	AccessPolicyID  int
	MinApprovers    int
	Approvals       []Approval
	RotateOnCheckin bool
	IsRead          bool // its password was given out
	IsISA           bool // made by an ISA, who needs no approval
}

// Approval is what an approver said of a request.
type Approval struct {
	UserID  int
	Date    Time
	Comment Text
}

// The Statuses of a request. Only the first two are open.
const (
	RequestPending   = "Pending"
	RequestActive    = "Active"
	RequestDenied    = "Denied"
	RequestCheckedIn = "CheckedIn"
	RequestExpired   = "Expired"
	RequestCanceled  = "Canceled"
)

// What bounds requests. The longest texts are in code points.
const (
	maxReason       = 1000
	maxTicketNumber = 20
	maxOpenRequests = 999 // of an account whose MaxConcurrentRequests says no number
)

// isOpen reports whether the store has the request as open: it may have expired since.
func (r *Request) isOpen() bool { return r.ClosedDate.IsZero() }

// StatusAt is the status at a moment: an open request whose time is over has expired, whether or not that was written down yet.
func (r *Request) StatusAt(now Time) string {
	if r.isOpen() && !now.Before(r.ExpiresDate) {
		return RequestExpired
	}
	return r.Status
}

// IsActive reports whether the password can be read at a moment.
func (r *Request) IsActive(now Time) bool { return r.StatusAt(now) == RequestActive }

// isPendingOrActive reports whether the request counts at a moment.
func (r *Request) isPendingOrActive(now Time) bool { return r.isOpen() && now.Before(r.ExpiresDate) }

// RequestFilter says which of the actor's requests are wanted.
type RequestFilter struct {
	Status    string // RequestPending, RequestActive; empty: both
	ToApprove bool   // those that the actor may approve, instead of their own
}

// OpenRequests returns the open requests that the actor made, or those that they may approve, the newest first. It returns
// CodeNotApprover or CodeNoRole for an actor without such a role.
func OpenRequests(tx *Tx, f RequestFilter) ([]*Request, error) {
	roles, err := RolesOfActor(tx)
	if err != nil {
		return nil, err
	}
	mine := openRequestsByRequestor.Each(tx, K(tx.By.UserID))
	switch {
	case f.ToApprove && !roles.Any(RoleApprover, RoleRequestorApprover):
		return nil, CodeNotApprover
	case f.ToApprove:
		mine = requestsToApprove(tx, roles)
	case !roles.Any(RoleRequestor, RoleApprover, RoleRequestorApprover):
		return nil, CodeNoRole
	}
	found, err := record.Collect(record.Where(mine, func(r *Request) (bool, error) {
		return r.isPendingOrActive(tx.Now) && (f.Status == "" || f.Status == r.Status), nil
	}))
	slices.SortFunc(found, func(a, b *Request) int { return b.RequestID - a.RequestID })
	return found, err
}

// requestsToApprove yields the open requests for accounts on which the roles have an approver. Of those that need no approval only an
// administrator is shown others'.
func requestsToApprove(tx *Tx, roles *AccountRoles) iter.Seq2[*Request, error] {
	return record.Where(openRequestsByEnd.Each(tx, nil), func(r *Request) (bool, error) { return mayApprove(tx, roles, r) })
}

// mayApprove reports whether the roles include that of an approver of the request's account, which is gone for nobody to approve.
func mayApprove(tx *Tx, roles *AccountRoles, r *Request) (bool, error) {
	account, err := ManagedAccountByID(tx, r.AccountID)
	if err != nil {
		return false, record.Ignore(ErrNotFound, err)
	}
	return roles.On(account, RoleApprover, RoleRequestorApprover)
}

// recentAccounts are the ids of the accounts that the actor requested and whose requests are still stored.
func recentAccounts(tx *Tx) (map[int]bool, error) {
	recent := map[int]bool{}
	for r, err := range requestsByRequestor.Each(tx, K(tx.By.UserID)) {
		if err != nil {
			return nil, err
		}
		recent[r.AccountID] = true
	}
	return recent, nil
}

// openRequestsFor yields the requests for an account that count now. Of two transactions that do so for one account and write a request
// for it, one runs again: what they find is what holds when they commit.
func openRequestsFor(tx *Tx, accountID int) iter.Seq2[*Request, error] {
	return func(yield func(*Request, error) bool) {
		if _, err := openRequestsByAccount.Guard(tx, K(accountID)); err != nil {
			yield(nil, err)
			return
		}
		record.Where(openRequestsByAccount.Each(tx, K(accountID)), func(r *Request) (bool, error) { return r.isPendingOrActive(tx.Now), nil })(yield)
	}
}
