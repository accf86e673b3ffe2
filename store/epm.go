package store

import (
	"cmp"
	"errors"
	"iter"

	"github.com/google/uuid"

	"github.com/musterhq/muster/store/record"
)

// EPMPolicy is what endpoints get by EPM, Endpoint Privilege Management (the document's "EPM Policies"). Its
// applications are records of their own.
type EPMPolicy struct {
	PolicyID         int    // by which other doors know the policy
	PolicyGUID       string // by which this API does, in small letters; made up if empty
	Name             string
	LastModifiedDate Time // moves with every application that is added
}

func (p *EPMPolicy) Validate(tx *Tx) error {
	if p.PolicyGUID == "" {
		p.PolicyGUID = uuid.NewString()
	}
	id, err := uuid.Parse(p.PolicyGUID)
	if err != nil {
		return Invalid("PolicyGUID: a GUID is expected")
	}
	p.PolicyGUID = id.String()
	if p.LastModifiedDate.IsZero() {
		p.LastModifiedDate = tx.Now
	}
	return required("Name", p.Name, 256)
}

// The longest members of an application, in code points. The document prints none.
const (
	MaxApplicationName = 256 // GroupName, Name and Publisher
	MaxApplicationPath = 1024
)

// EPMApplication is a program that an EPM policy treats as the group says that it is in.
type EPMApplication struct {
	ApplicationID        int
	PolicyID             int
	GroupName            string
	Name                 string
	Path                 string
	Publisher            string
	ChildrenInheritToken bool
}

func (a *EPMApplication) Validate(*Tx) error {
	return cmp.Or(
		required("GroupName", a.GroupName, MaxApplicationName), required("Name", a.Name, MaxApplicationName),
		required("Path", a.Path, MaxApplicationPath), required("Publisher", a.Publisher, MaxApplicationName),
	)
}

// AddEPMApplication adds an application to the policy with the GUID and touches the policy's LastModifiedDate. It
// returns the document's ErrInvalid for a GUID that no policy has.
func AddEPMApplication(tx *Tx, guid string, a *EPMApplication) error {
	unknown := Invalid("Invalid Policy ID")
	id, err := uuid.Parse(guid)
	if err != nil {
		return unknown
	}
	policy, err := epmPolicyByGUID.One(tx, K(id.String()), guid)
	if errors.Is(err, ErrNotFound) {
		return unknown
	}
	if err != nil {
		return err
	}
	a.PolicyID, policy.LastModifiedDate = policy.PolicyID, tx.Now
	if err := EPMApplications.Insert(tx, a); err != nil {
		return err
	}
	return EPMPolicies.Put(tx, policy)
}

// EPMPolicyByName returns the EPM policy of a name.
func EPMPolicyByName(tx *Tx, name string) (*EPMPolicy, error) {
	return epmPolicyByName.One(tx, K(record.Fold(name)), name)
}

// ApplicationsOf yields the applications of an EPM policy, in the order of their groups.
func ApplicationsOf(tx *Tx, policyID int) iter.Seq2[*EPMApplication, error] {
	return EPMApplications.In(tx, K(policyID))
}
