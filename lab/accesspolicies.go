package lab

import "github.com/musterhq/muster/store"

// AccessPolicy says when and how managed accounts may be used, and is known by its name.
type AccessPolicy struct {
	Place
	Name           string            `lab:"required"` // Name of the access policy.
	AccessPolicyID *int              // Its id; given out from 5001 on unless it is given. That of an existing policy stays.
	Description    *string           // Description of the policy.
	Schedules      []*AccessSchedule // When, and then how; in place of all that the policy has.
}

// AccessSchedule is a span of time and what may be done in it.
type AccessSchedule struct {
	Place
	RequireReason       *bool         // Whether a reason must be given.
	RequireTicketSystem *bool         // Whether a ticket must be given.
	TicketSystemID      *int          // ID of the ticket system.
	AccessTypes         []*AccessType // What may be done.
}

// AccessType is a way of using a managed account.
type AccessType struct {
	Place
	AccessType    string `lab:"required" choices:"accessTypes"` // View, RDP, SSH or App.
	IsSession     *bool  // Whether it is a session.
	RecordSession *bool  // Whether the session is recorded.
	MinApprovers  *int   // How many must approve; 0: it is approved at once.
	MaxConcurrent *int   // How many at the same time; 0: any number.
}

func (a *AccessPolicy) put(p *loader) error {
	found, err := store.AccessPolicyByName(p.tx, a.Name)
	_, err = put(p, store.AccessPolicies, a, quoted(a.Name), found, err, func(r *store.AccessPolicy, _ bool) error {
		if a.Schedules == nil {
			return nil
		}
		r.Schedules = []store.AccessSchedule{}
		for i, s := range a.Schedules {
			schedule := store.AccessSchedule{ScheduleID: i + 1, AccessTypes: []store.AccessType{}}
			fill(&schedule, s, true)
			for _, t := range s.AccessTypes {
				var access store.AccessType
				fill(&access, t, true)
				schedule.AccessTypes = append(schedule.AccessTypes, access)
			}
			r.Schedules = append(r.Schedules, schedule)
		}
		return nil
	})
	return err
}

func (c *collector) accessPolicies() (all []*AccessPolicy, err error) {
	for r, err := range store.AccessPolicies.All(c.tx) {
		if err != nil {
			return nil, err
		}
		a := &AccessPolicy{Schedules: []*AccessSchedule{}}
		show(a, r)
		for _, s := range r.Schedules {
			schedule := &AccessSchedule{}
			show(schedule, &s)
			for _, t := range s.AccessTypes {
				access := &AccessType{}
				show(access, &t)
				schedule.AccessTypes = append(schedule.AccessTypes, access)
			}
			a.Schedules = append(a.Schedules, schedule)
		}
		all = append(all, a)
		c.accessPolicyNames[r.AccessPolicyID] = r.Name
	}
	return all, nil
}
