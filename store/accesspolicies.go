package store

// DefaultAccessPolicy is the id of the access policy that every store has.
const DefaultAccessPolicy = 5000

// AccessPolicy says when and how managed accounts may be used: what a role on a Smart Rule, or an Application user,
// refers to.
type AccessPolicy struct {
	AccessPolicyID int
	Name           string
	Description    string
	Schedules      []AccessSchedule
}

// AccessSchedule is a span of time in an access policy and what may be done in it.
type AccessSchedule struct {
	ScheduleID          int
	RequireReason       bool
	RequireTicketSystem bool
	TicketSystemID      *int
	AccessTypes         []AccessType
}

// AccessType is a way of using a managed account.
type AccessType struct {
	AccessType    string // View, RDP, SSH or App
	IsSession     bool
	RecordSession bool
	MinApprovers  int // 0: approved at once
	MaxConcurrent int // 0: any number
}

func (p *AccessPolicy) check(*Tx) error {
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
