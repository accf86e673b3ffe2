package store

import "github.com/musterhq/muster/store/record"

// DefaultAccessPolicy is the id of the access policy that every store has.
const DefaultAccessPolicy = 5000

// AccessPolicy says when and how managed accounts may be used: what a role on a Smart Rule, or an Application user,
// refers to.
type AccessPolicy struct {
	AccessPolicyID int              `example:"5000"`                      // ID of the access policy.
	Name           string           `example:"Office Hours"`              // Name of the access policy.
	Description    string           `example:"A reason and one approver"` // Description of the access policy.
	Schedules      []AccessSchedule // When requests are possible, and how.
}

// AccessSchedule is a span of time in an access policy and what may be done in it.
type AccessSchedule struct {
	ScheduleID          int          `example:"1"`     // ID of the schedule within its policy.
	RequireReason       bool         `example:"true"`  // Whether a request has to say why.
	RequireTicketSystem bool         `example:"false"` // Whether a request has to name a ticket.
	TicketSystemID      *int         `example:"1"`     // ID of the ticket system.
	AccessTypes         []AccessType // The kinds of access that can be requested.
}

// AccessType is a way of using a managed account.
type AccessType struct {
	AccessType    string `example:"SSH" enums:"View,RDP,SSH,App"` // Kind of access: View, RDP, SSH or App.
	IsSession     bool   `example:"true"`                         // Whether the access is a session.
	RecordSession bool   `example:"true"`                         // Whether the session is recorded.
	MinApprovers  int    `example:"1"`                            // Number of people who have to approve a request; 0: it is approved at once.
	MaxConcurrent int    `example:"1"`                            // Number of requests at the same time; 0: any number.
}

func (p *AccessPolicy) Validate(*Tx) error {
	if p.Schedules == nil {
		p.Schedules = []AccessSchedule{}
	}
	for i := range p.Schedules {
		if p.Schedules[i].AccessTypes == nil {
			p.Schedules[i].AccessTypes = []AccessType{}
		}
	}
	return required("Name", p.Name, 256)
}

// seedAccessPolicies lays down the access policy by which every request is approved at once.
func seedAccessPolicies(tx *Tx) error {
	always := AccessSchedule{ScheduleID: 1, AccessTypes: []AccessType{
		{AccessType: "View"},
		{AccessType: "RDP", IsSession: true},
		{AccessType: "SSH", IsSession: true},
		{AccessType: "App", IsSession: true},
	}}
	return AccessPolicies.Insert(tx.Unaudited(), &AccessPolicy{
		AccessPolicyID: DefaultAccessPolicy, Name: "Default Auto-Approve Access Policy",
		Description: "Built in: every request is approved at once", Schedules: []AccessSchedule{always},
	})
}

// AccessPolicyByName returns the access policy of a name.
func AccessPolicyByName(tx *Tx, name string) (*AccessPolicy, error) {
	return accessPolicyByName.One(tx, K(record.Fold(name)), name)
}
