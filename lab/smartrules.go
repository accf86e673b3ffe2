package lab

import (
	"errors"

	"github.com/musterhq/muster/store"
)

// SmartRule selects assets, managed systems or managed accounts, and is known by its title. What it selects by is in place of
// all that it has selected by so far, unless nothing of it is given.
type SmartRule struct {
	Place
	Title        string  `lab:"required"`                     // Title of the Smart Rule.
	RuleType     string  `lab:"required" choices:"ruleTypes"` // Asset, ManagedSystem or ManagedAccount. That of an existing rule stays.
	Organization *string // Name of its organization; without one it is everybody's.
	Category     *string // Category of the rule.
	Description  *string // Description of the rule.
	Attributes   Entries // Of an Asset rule: it selects the assets that carry any of them, all of one type.
	SystemName   *string // Of the other rules: name of the managed systems.
	AccountName  *string // Of a ManagedAccount rule: name of the accounts.
	Workgroup    *string // Of the other rules: name of the Workgroup in which the systems lie, of the rule's organization if it has one.
	Platform     *string // Of the other rules: name of the platform of the systems.
}

func (s *SmartRule) put(p *loader) error {
	organization, err := p.organization("Organization", s.Organization)
	if err != nil {
		return err
	}
	selection, err := s.selection(p, organization)
	if err != nil {
		return err
	}
	found, err := store.SmartRuleByTitle(p.tx, s.Title)
	if err == nil {
		old, err := store.SelectionOf(p.tx, found)
		if err != nil {
			return err
		}
		if s.selectsNothing() {
			selection = old
		}
		if !selection.Equal(old) {
			p.say(s, edit, store.SmartRules.Name()+" "+quoted(s.Title), "Criteria")
		}
	} else if !errors.Is(err, store.ErrNotFound) {
		return err
	}
	in := kept[store.SmartRule]{
		insert: func(tx *store.Tx, r *store.SmartRule) error { return store.InsertRule(tx, r, selection) },
		put:    func(tx *store.Tx, r *store.SmartRule) error { return store.PutRule(tx, r, selection) },
	}
	_, err = putIn(p, store.SmartRules, in, s, quoted(s.Title), found, err, func(r *store.SmartRule, isNew bool) error {
		if !isNew && found.RuleType != s.RuleType {
			return store.Invalid("RuleType: that of %q is %s and stays", s.Title, found.RuleType)
		}
		if isNew || s.Organization != nil {
			r.OrganizationID = store.Text(organization)
		}
		return nil
	})
	return err
}

func (s *SmartRule) selectsNothing() bool {
	return s.Attributes == nil && s.SystemName == nil && s.AccountName == nil && s.Workgroup == nil && s.Platform == nil
}

func (s *SmartRule) selection(p *loader, organization string) (selection store.Selection, err error) {
	selection.SystemName, selection.AccountName = or(s.SystemName, ""), or(s.AccountName, "")
	for _, e := range s.Attributes {
		for _, name := range e.Names {
			a, err := carried(p, e, name)
			if err != nil {
				return selection, err
			}
			selection.Attributes = append(selection.Attributes, a.AttributeID)
		}
	}
	if s.Workgroup != nil {
		w, err := p.workgroup("Workgroup", organization, *s.Workgroup)
		if err != nil {
			return selection, err
		}
		selection.WorkgroupID = w.ID
	}
	if s.Platform != nil {
		selection.PlatformID, err = p.platform("Platform", *s.Platform)
	}
	return selection, err
}

func (c *collector) smartRules() (all []*SmartRule, err error) {
	for r, err := range store.SmartRules.All(c.tx) {
		if err != nil {
			return nil, err
		}
		c.ruleTitles[r.SmartRuleID] = r.Title
		if r.IsReadOnly {
			continue
		}
		selection, err := store.SelectionOf(c.tx, r)
		if err != nil {
			return nil, err
		}
		s := &SmartRule{Attributes: c.entries(selection.Attributes)}
		show(s, r)
		show(s, &selection)
		if r.OrganizationID != "" {
			s.Organization = new(c.organizationNames[string(r.OrganizationID)])
		}
		if w := c.workgroupNames[selection.WorkgroupID]; w != nil {
			s.Workgroup = &w.Name
		}
		if name := c.platformNames[selection.PlatformID]; name != "" {
			s.Platform = &name
		}
		all = append(all, s)
	}
	return sorted(all, func(s *SmartRule) string { return s.Title }), nil
}
