package store

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/musterhq/muster/store/record"
)

// ownRequest returns a request of the actor: ErrNotFound for one that does not exist, CodeNoRole for another's.
func ownRequest(tx *Tx, id int) (*Request, error) {
	r, err := Requests.Get(tx, id)
	if err == nil && r.RequestorUserID != tx.By.UserID {
		err = CodeNoRole
	}
	if err != nil {
		return nil, err
	}
	return r, nil
}

// Checkin ends an active request of the actor. It returns ErrInvalid for one that is not active.
func Checkin(tx *Tx, id int, reason string) error {
	r, err := ownRequest(tx, id)
	if err != nil {
		return err
	}
	if !r.IsActive(tx.Now) {
		return Invalid("The request is not active")
	}
	if err := short("Reason", reason, maxReason); err != nil {
		return err
	}
	return r.end(tx, RequestCheckedIn)
}

// RotateOnCheckin has the password changed when an open request of the actor ends. It returns ErrInvalid for a request that is over.
func RotateOnCheckin(tx *Tx, id int) error {
	r, err := ownRequest(tx, id)
	if err != nil {
		return err
	}
	if !r.isPendingOrActive(tx.Now) {
		return Invalid("The request is %s", r.StatusAt(tx.Now))
	}
	r.RotateOnCheckin = true
	return Requests.Put(tx, r)
}

// requestToJudge returns a request that the actor may approve or deny, CodeNotApprover for another. Nobody judges their own, unless
// nobody else may.
func requestToJudge(tx *Tx, id int, reason string) (*Request, *AccountOnSystem, error) {
	roles, err := RolesOfActor(tx)
	if err != nil {
		return nil, nil, err
	}
	if !roles.Any(RoleApprover, RoleRequestorApprover) {
		return nil, nil, CodeNotApprover // before they learn which requests there are
	}
	r, err := Requests.Get(tx, id)
	if err != nil {
		return nil, nil, err
	}
	account, err := ManagedAccountByID(tx, r.AccountID)
	if err != nil {
		return nil, nil, cmp.Or(record.Ignore(ErrNotFound, err), error(CodeNotApprover))
	}
	may, err := roles.On(account, RoleApprover, RoleRequestorApprover)
	if err == nil && may && r.RequestorUserID == tx.By.UserID {
		may, err = isOnlyApprover(tx, account)
	}
	if err == nil && !may {
		err = CodeNotApprover
	}
	return r, account, cmp.Or(err, short("Reason", reason, maxReason))
}

func isOnlyApprover(tx *Tx, a *AccountOnSystem) (bool, error) {
	approvers, err := approversOf(tx, a)
	delete(approvers, tx.By.UserID)
	return len(approvers) == 0, err
}

// Approve approves a pending request; it becomes active when as many have approved it as its access policy asks for. It returns
// ErrInvalid for a request that is not pending or that the actor has approved, and CodeRequestsConflict while the account has as many
// active requests as it may.
func Approve(tx *Tx, id int, reason string) error {
	r, account, err := requestToJudge(tx, id, reason)
	if err != nil {
		return err
	}
	if r.StatusAt(tx.Now) != RequestPending {
		return Invalid("The request is not pending")
	}
	if slices.ContainsFunc(r.Approvals, func(a Approval) bool { return a.UserID == tx.By.UserID }) {
		return Invalid("You have approved the request")
	}
	r.Approvals = append(r.Approvals, Approval{tx.By.UserID, tx.Now, Text(reason)})
	if len(r.Approvals) < r.MinApprovers {
		return Requests.Put(tx, r)
	}
	open, err := record.Collect(openRequestsFor(tx, r.AccountID))
	if err != nil {
		return err
	}
	if isCrowded(open, account, r.access(tx)) {
		return CodeRequestsConflict
	}
	r.Status, r.ApprovedDate = RequestActive, tx.Now
	return Requests.Put(tx, r)
}

// access is what the policy of the request says now of its access type, without limits if it says nothing any more.
func (r *Request) access(tx *Tx) AccessType {
	p, err := AccessPolicies.Get(tx, r.AccessPolicyID)
	if err != nil {
		return AccessType{AccessType: r.AccessType}
	}
	for _, s := range p.Schedules {
		for _, t := range s.AccessTypes {
			if t.AccessType == r.AccessType && t.MinApprovers == r.MinApprovers {
				return t
			}
		}
	}
	return AccessType{AccessType: r.AccessType}
}

// Deny ends a pending or an active request as an approver of its account. It returns ErrInvalid for one that is over.
func Deny(tx *Tx, id int, reason string) error {
	r, _, err := requestToJudge(tx, id, reason)
	if err != nil {
		return err
	}
	if !r.isPendingOrActive(tx.Now) {
		return Invalid("The request is %s", r.StatusAt(tx.Now))
	}
	r.Approvals = append(r.Approvals, Approval{tx.By.UserID, tx.Now, Text(reason)})
	return r.end(tx, RequestDenied)
}

// end closes a request and changes the password of its account if the request says so, the account changes its password after a
// release, and the password could be read.
func (r *Request) end(tx *Tx, status string) error {
	wasActive := r.Status == RequestActive
	r.Status, r.ClosedDate = status, tx.Now
	if status == RequestCanceled || status == RequestDenied {
		r.CanceledDate = tx.Now
	}
	if err := Requests.Put(tx, r); err != nil || !wasActive || !r.RotateOnCheckin {
		return err
	}
	a, err := ManagedAccounts.Get(tx, r.AccountID)
	if err != nil || !a.ChangePasswordAfterAnyReleaseFlag {
		return record.Ignore(ErrNotFound, err)
	}
	return rotate(tx, a)
}

// TerminateRequestsFor cancels the open requests for a managed account. It returns ErrNotFound for one that does not exist, as do its
// siblings.
func TerminateRequestsFor(tx *Tx, accountID int) error {
	if _, err := ManagedAccountByID(tx, accountID); err != nil {
		return err
	}
	return cancelRequests(tx, accountID)
}

// TerminateRequestsOn cancels the open requests for all accounts of a managed system.
func TerminateRequestsOn(tx *Tx, systemID int) error {
	if _, err := ManagedSystemByID(tx, systemID); err != nil {
		return err
	}
	return cancelRequestsOn(tx, systemID)
}

// TerminateRequestsBy cancels the open requests that a user made.
func TerminateRequestsBy(tx *Tx, userID int) error {
	if _, err := Users.Get(tx, userID); err != nil {
		return err
	}
	open, err := record.Collect(openRequestsByRequestor.Each(tx, K(userID)))
	return cmp.Or(err, endAll(tx, open))
}

// cancelRequests cancels the open requests for an account.
func cancelRequests(tx *Tx, accountID int) error {
	open, err := record.Collect(openRequestsFor(tx, accountID))
	return cmp.Or(err, endAll(tx, open))
}

// cancelRequestsOn cancels the open requests for all accounts of a system.
func cancelRequestsOn(tx *Tx, systemID int) error {
	for a, err := range AccountsOf(tx, systemID) {
		if err == nil {
			err = cancelRequests(tx, a.ManagedAccountID)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func endAll(tx *Tx, open []*Request) error {
	for _, r := range open {
		if err := r.end(tx, RequestCanceled); err != nil {
			return err
		}
	}
	return nil
}

// How long requests that are over are kept, and how many a transaction of SweepRequests writes.
const (
	requestsKept    = 30 * 24 * time.Hour
	requestsAtATime = 100
)

// SweepRequests ends the requests whose time is over and deletes those that ended a month ago, some at a time, and reports how many.
func SweepRequests(ctx context.Context, db *DB) (int, error) {
	return Update(ctx, db, System("store"), func(tx *Tx) (n int, err error) {
		over, err1 := firstOf(openRequestsByEnd, tx, K(record.MinTime), K(tx.Now))
		old, err2 := firstOf(closedRequests, tx, K(record.MinTime), K(tx.Now.Add(-requestsKept)))
		if err := errors.Join(err1, err2); err != nil {
			return 0, err
		}
		for _, r := range over {
			if err := r.end(tx, RequestExpired); err != nil {
				return 0, err
			}
		}
		for _, r := range old {
			if err := Requests.Delete(tx.Unaudited(), r.RequestID); err != nil {
				return 0, err
			}
		}
		return len(over) + len(old), nil
	})
}

func firstOf(in *record.Index[int, Request], tx *Tx, from, to Key) (some []*Request, err error) {
	for r, err := range in.Between(tx, in.KeyRange(from, to)) {
		if err != nil || len(some) == requestsAtATime {
			return some, err
		}
		some = append(some, r)
	}
	return some, nil
}
