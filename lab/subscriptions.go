package lab

import "github.com/musterhq/muster/store"

// Subscription has a report made on a schedule, for its owner, and is known by its name.
type Subscription struct {
	Place
	Name      string  `lab:"required"`                   // Name of the subscription.
	Report    string  `lab:"required" choices:"reports"` // Entitlements, Assets, User Audits or Smart Rule members.
	SmartRule *string // Title of the Smart Rule whose members the report Smart Rule members lists.
	Format    string  `lab:"required" choices:"formats"` // CSV, XLSX, PDF, DOCX or TIFF.
	Schedule  string  `lab:"required"`                   // every 24h, or a cron expression of five fields, in UTC.
	Owner     string  `lab:"required"`                   // The user whose deliveries they are, and who sees what they show: name, or domain\name.
	KeepCount *int    // How many deliveries are kept; 30 unless it is given.
	KeepDays  *int    // How long a delivery is kept; 0: as long as KeepCount lets it be.
}

func (s *Subscription) put(p *loader) error {
	owner, err := p.user("Owner", s.Owner)
	if err != nil {
		return err
	}
	rule := 0
	if s.SmartRule != nil {
		found, err := store.SmartRuleByTitle(p.tx, *s.SmartRule)
		if found, err = refer("SmartRule", found, err); err != nil {
			return err
		}
		rule = found.SmartRuleID
	}
	found, err := store.SubscriptionByName(p.tx, s.Name)
	_, err = put(p, store.Subscriptions, s, quoted(s.Name), found, err, func(r *store.Subscription, _ bool) error {
		r.UserID, r.SmartRuleID = owner.UserID, rule
		return nil
	})
	return err
}

func (c *collector) subscriptions() (all []*Subscription, err error) {
	for r, err := range store.Subscriptions.All(c.tx) {
		if err != nil {
			return nil, err
		}
		if c.userNames[r.UserID] == "" {
			continue // whose owner is gone
		}
		s := &Subscription{Owner: c.userNames[r.UserID]}
		show(s, r)
		if title := c.ruleTitles[r.SmartRuleID]; title != "" {
			s.SmartRule = &title
		}
		all = append(all, s)
	}
	return sorted(all, func(s *Subscription) string { return s.Name }), nil
}
