package lab

import (
	"strings"

	"github.com/musterhq/muster/store"
)

// EPMPolicy is a policy of Endpoint Privilege Management, known by its name.
type EPMPolicy struct {
	Place
	Name         string            `lab:"required"` // Name of the policy.
	PolicyGUID   *string           // Its id in the BeyondInsight API; made up unless it is given. That of an existing policy stays.
	PolicyID     *int              // Its id in the MetaAccess API. That of an existing policy stays.
	Applications []*EPMApplication // Applications that the policy has at least.
}

// EPMApplication is a program that an EPM policy treats as its group says. It is known by all that it says: an application that
// differs in anything is another one.
type EPMApplication struct {
	Place
	GroupName            string `lab:"required"` // The group of the policy that the application is in.
	Name                 string `lab:"required"` // Name of the application.
	Path                 string `lab:"required"` // Path of its executable.
	Publisher            string `lab:"required"` // Its publisher.
	ChildrenInheritToken *bool  // Whether processes that it starts inherit its token.
}

func (e *EPMPolicy) steps() []step {
	all := []step{{e, e.put}}
	times := map[store.EPMApplication]int{}
	for _, a := range e.Applications {
		var same store.EPMApplication
		fill(&same, a, true)
		times[same]++
		nth := times[same]
		all = append(all, step{a, func(p *loader) error { return a.put(p, e, nth) }})
	}
	return all
}

func (e *EPMPolicy) put(p *loader) error {
	found, err := store.EPMPolicyByName(p.tx, e.Name)
	_, err = put(p, store.EPMPolicies, e, quoted(e.Name), found, err, func(r *store.EPMPolicy, isNew bool) error {
		if r.PolicyGUID = strings.ToLower(r.PolicyGUID); !isNew && r.PolicyGUID != found.PolicyGUID {
			return store.Invalid("PolicyGUID: that of %q is %s and stays", e.Name, found.PolicyGUID)
		}
		return nil
	})
	return err
}

// put adds the application unless the policy has as many of it as the file has up to here.
func (a *EPMApplication) put(p *loader, e *EPMPolicy, nth int) error {
	policy, err := store.EPMPolicyByName(p.tx, e.Name)
	if err != nil {
		return err
	}
	var mine store.EPMApplication
	fill(&mine, a, true)
	for r, err := range store.ApplicationsOf(p.tx, policy.PolicyID) {
		if err != nil {
			return err
		}
		mine.ApplicationID, mine.PolicyID = r.ApplicationID, r.PolicyID
		if *r == mine {
			nth--
		}
	}
	if nth <= 0 {
		return nil
	}
	mine.ApplicationID, mine.PolicyID = 0, 0
	p.say(a, add, store.EPMApplications.Name()+" "+quoted(e.Name, a.Name))
	return store.AddEPMApplication(p.tx, policy.PolicyGUID, &mine)
}

func (c *collector) epmPolicies() (all []*EPMPolicy, err error) {
	for r, err := range store.EPMPolicies.All(c.tx) {
		if err != nil {
			return nil, err
		}
		e := &EPMPolicy{}
		show(e, r)
		for a, err := range store.ApplicationsOf(c.tx, r.PolicyID) {
			if err != nil {
				return nil, err
			}
			application := &EPMApplication{}
			show(application, a)
			e.Applications = append(e.Applications, application)
		}
		all = append(all, e)
		c.policyNames[r.PolicyID] = r.Name
	}
	return all, nil
}
