package store

import "net/http"

// Code is an error of Password Safe that a caller reads as four digits, without a text: clients compare the whole body.
type Code int

// The codes. What begins with 403 is an ErrDenied, what begins with 409 an ErrExists.
const (
	CodeNoRole           Code = 4031 // the caller lacks the role or the permission for the account or the request
	CodeNotApprover      Code = 4033 // only approvers may
	CodeNotApproved      Code = 4034 // the request is not approved yet
	CodeTooFewApprovers  Code = 4035 // the access policy wants more approvers than there are
	CodeRequestsConflict Code = 4091 // there is a request for the account already
)

// Error says for logs what the digits mean.
func (c Code) Error() string {
	switch c {
	case CodeNoRole:
		return "4031: a role on the managed account is required"
	case CodeNotApprover:
		return "4033: the role Approver for the managed account is required"
	case CodeNotApproved:
		return "4034: the request is not approved yet"
	case CodeTooFewApprovers:
		return "4035: the access policy wants more approvers than there are"
	}
	return "4091: a request for the managed account already exists"
}

// Is makes a code an ErrDenied or an ErrExists.
func (c Code) Is(target error) bool {
	if c/10 == http.StatusConflict {
		return target == ErrExists
	}
	return target == ErrDenied
}
