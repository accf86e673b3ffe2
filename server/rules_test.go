package server_test

import (
	"net/http"
	"slices"
	"strconv"
	"testing"

	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/server/api"
	"github.com/musterhq/muster/store"
)

// aRule finds or makes a Smart Rule of an Organization, or of none, that may be changed.
func aRule(tx *store.Tx, organizationID store.Text) (object, error) {
	for r, err := range store.SmartRules.All(tx) {
		if err != nil || !r.IsReadOnly && r.OrganizationID == organizationID {
			return object{strconv.Itoa(r.SmartRuleID), r.Title}, err
		}
	}
	attribute, err := attributesOfOneType(tx, 1)
	if err != nil {
		return object{}, err
	}
	r := &store.SmartRule{Title: "Object" + string(organizationID), Category: "Test", OrganizationID: organizationID}
	err = store.InsertAttributeRule(tx, r, []int{attribute})
	return object{strconv.Itoa(r.SmartRuleID), r.Title}, err
}

// managedObject finds or makes a managed account, or the system that it is on.
func managedObject(tx *store.Tx, noun string) (object, error) {
	id, err := managedAccount(tx, "host", "root")
	if err != nil || noun == "ManagedAccounts" {
		return object{strconv.Itoa(id), "root"}, err
	}
	a, err := store.ManagedAccountByID(tx, id)
	if err != nil {
		return object{}, err
	}
	return object{strconv.Itoa(a.ManagedSystemID), "host"}, nil
}

// TestRowsHideSmartRules calls the rows that concern a Smart Rule as somebody who has every permission and no access to
// it, for whom it is as if absent, and those that change it as somebody who may only read it.
func TestRowsHideSmartRules(t *testing.T) {
	t.Parallel()
	everyRefusal(t, func(t *testing.T, l *fixture, d *api.Dialect, r api.Route) {
		var level authz.Level
		concerned := slices.ContainsFunc(r.Need, func(group []authz.Term) bool {
			return slices.ContainsFunc(group, func(t authz.Term) bool { level = t.Level; return t.Kind == authz.KindSmartRule })
		})
		if !concerned {
			t.Skip("concerns no Smart Rule")
		}
		path := l.objectOf(d, r)
		token := l.tokenOf("outsider", allBut(nil, authz.None)...)
		l.takeRules("outsider")
		if w := l.request(r.Method, path, "{}", as(token)); w.Code != http.StatusNotFound {
			t.Errorf("without access: %d %s, want 404", w.Code, w.Body)
		}
		if level != authz.ReadWrite {
			return
		}
		l.readRules("outsider")
		if w := l.request(r.Method, path, "{}", as(token)); w.Code != http.StatusForbidden || w.Body.String() != `"Read/Write access to the Smart Rule is required"` {
			t.Errorf("with Read: %d %s, want 403", w.Code, w.Body)
		}
	})
}

// takeRules takes from the group of a user the access to every Smart Rule.
func (l *fixture) takeRules(name string) { l.setRules(name, authz.None) }

// readRules gives the group of a user Read on every Smart Rule.
func (l *fixture) readRules(name string) { l.setRules(name, authz.Read) }

func (l *fixture) setRules(name string, level authz.Level) {
	l.t.Helper()
	must(l.t, store.Change(l.t.Context(), l.db, system, func(tx *store.Tx) error {
		g, err := store.UserGroupByName(tx, name)
		if err != nil {
			return err
		}
		for r, err := range store.ReadableRules(tx, "") {
			if err != nil {
				return err
			}
			if err := store.SetRuleLevel(tx, g.GroupID, r.SmartRuleID, level); err != nil {
				return err
			}
		}
		return nil
	}))
}
