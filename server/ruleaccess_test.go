package server_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/server"
	"github.com/musterhq/muster/store"
)

// aRule makes a Smart Rule that nobody but administrators sees.
func (l *fixture) aRule(title string) int {
	l.t.Helper()
	id, err := store.Update(l.t.Context(), l.db, system, func(tx *store.Tx) (int, error) {
		r := &store.SmartRule{Title: title, RuleType: store.ManagedAccountRule}
		err := store.SmartRules.Insert(tx, r)
		return r.SmartRuleID, err
	})
	must(l.t, err)
	return id
}

// giveRule gives the group that a user has to himself access to a Smart Rule.
func (l *fixture) giveRule(user string, rule int, level authz.Level) {
	l.t.Helper()
	must(l.t, store.Change(l.t.Context(), l.db, system, func(tx *store.Tx) error {
		g, err := store.UserGroupByName(tx, user)
		if err != nil {
			return err
		}
		return store.GroupRule.Set(tx, g.GroupID, rule, int(level))
	}))
}

// TestSmartRuleAccess raises nobody by the Smart Rules of a new group, nor by its roles on them, and shows nobody a rule that
// they cannot see. Where callers are free to give what they lack, the document's permission suffices to see it and to give it.
func TestSmartRuleAccess(t *testing.T) {
	t.Parallel()
	for _, vendor := range []bool{false, true} {
		l := newFixture(t, false, func(o *server.Options) { o.VendorGrants = vendor })
		admin := l.tokenOf("administrator")
		uma := l.tokenOf("uma", authz.Grant{Permission: authz.UserAccountsManagement, Level: authz.ReadWrite})
		seen, hidden := l.aRule("seen"), l.aRule("hidden")
		l.giveRule("uma", seen, authz.Read)
		own := map[bool]int{false: http.StatusForbidden, true: http.StatusCreated}[vendor]
		ownRoles := map[bool]int{false: http.StatusForbidden, true: http.StatusNoContent}[vendor]
		hides := map[bool]int{false: http.StatusBadRequest, true: http.StatusCreated}[vendor]
		sees := map[bool]int{false: http.StatusNotFound, true: http.StatusOK}[vendor]
		noLevel := map[bool]int{false: http.StatusNotFound, true: http.StatusBadRequest}[vendor]
		group := func(name string, rule, level int) string {
			return fmt.Sprintf(`{"groupName":%q,"description":"d","SmartRuleAccess":[{"SmartRuleID":%d,"AccessLevelID":%d}]}`, name, rule, level)
		}
		_, answer := l.call(uma, "POST", "UserGroups", group("her own", seen, 1))
		var made struct{ GroupID int }
		must(t, json.Unmarshal([]byte(answer), &made))
		roles := fmt.Sprintf("UserGroups/%d/SmartRules/%d/Roles", made.GroupID, seen)
		for _, c := range []struct {
			name, who, method, path, body string
			status                        int
			answer                        string
		}{
			{"a level below", uma, "POST", "UserGroups", group("none", seen, 0), 201, ""},
			{"a level above", uma, "POST", "UserGroups", group("writes", seen, 3), own, ""},
			{"a level above, by an administrator", admin, "POST", "UserGroups", group("writes for sure", seen, 3), 201, ""},
			{"a level that is none", admin, "POST", "UserGroups", group("two", seen, 2), 400, "0, 1 or 3"},
			{"a rule that is hidden", uma, "POST", "UserGroups", group("hides", hidden, 1), hides, ""},
			{"a rule twice", admin, "POST", "UserGroups", fmt.Sprintf(`{"groupName":"twice","description":"d","SmartRuleAccess":[{"SmartRuleID":%d,"AccessLevelID":1},{"SmartRuleID":%[1]d,"AccessLevelID":3}]}`, seen), 400, "given twice"},
			{"roles on a hidden rule", uma, "GET", fmt.Sprintf("UserGroups/%d/SmartRules/%d/Roles", made.GroupID, hidden), "", sees, ""},
			{"giving roles on a hidden rule", uma, "POST", fmt.Sprintf("UserGroups/%d/SmartRules/%d/Roles", made.GroupID, hidden), `{"Roles":[{"RoleID":5}]}`, noLevel, ""},
			{"no roles yet", uma, "GET", roles, "", 200, "[]"},
			{"giving roles", uma, "POST", roles, `{"Roles":[{"RoleID":5}]}`, ownRoles, ""},
			{"giving roles, by an administrator", admin, "POST", roles, `{"Roles":[{"RoleID":5},{"RoleID":"1"}],"AccessPolicyID":5000}`, 204, ""},
			{"the roles", uma, "GET", roles, "", 200, `[{"RoleID":1,"Name":"Requestor"},{"RoleID":5,"Name":"Auditor"}]`},
			{"a requestor without a policy", admin, "POST", roles, `{"Roles":[{"RoleID":1}]}`, 400, "AccessPolicyID is required"},
			{"a policy that is none", admin, "POST", roles, `{"Roles":[{"RoleID":1}],"AccessPolicyID":1}`, 400, "there is no access policy 1"},
			{"a role that is none", admin, "POST", roles, `{"Roles":[{"RoleID":6}]}`, 400, "there is no role 6"},
			{"the roles, as they were", admin, "GET", roles, "", 200, `[{"RoleID":1,"Name":"Requestor"},{"RoleID":5,"Name":"Auditor"}]`},
			{"no roles any more", admin, "POST", roles, `{"Roles":[]}`, 204, ""},
			{"none", admin, "GET", roles, "", 200, "[]"},
			{"a role again", admin, "POST", roles, `{"Roles":[{"RoleID":5}]}`, 204, ""},
			{"no access any more", admin, "POST", strings.Replace(roles, "Roles", "AccessLevels", 1), `{"AccessLevelID":0}`, 200, ""},
			{"no role without access", admin, "GET", roles, "", 200, "[]"},
			{"a role without access", admin, "POST", roles, `{"Roles":[{"RoleID":5}]}`, 400, "must set AccessLevel before setting roles"},
		} {
			status, answer := l.call(c.who, c.method, c.path, c.body)
			if status != c.status || !strings.Contains(answer, c.answer) {
				t.Errorf("vendor %t: %s: %d %s, want %d %s", vendor, c.name, status, answer, c.status, c.answer)
			}
		}
	}
}
