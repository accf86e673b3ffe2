package server_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/server"
	"github.com/musterhq/muster/server/insight"
	"github.com/musterhq/muster/store"
)

// raising is a lab in which uma may write user accounts and API registrations, and read assets, and would like to do more. Those
// who may: administrators, and auditors, who read audits, may use the registration "audit key" and belong to another Organization.
type raising struct {
	*fixture
	uma                                  string
	her, puppet, group, own              int // uma, a user of hers without a group, her group, and one that she made
	auditor, auditors, auditKey, anyRule int
	foreign                              string
}

func newRaising(t *testing.T, vendor bool) *raising {
	t.Helper()
	r := &raising{fixture: newFixture(t, false, func(o *server.Options) { o.VendorGrants = vendor })}
	read := func(p authz.Permission) authz.Grant { return authz.Grant{Permission: p, Level: authz.Read} }
	write := func(p authz.Permission) authz.Grant { return authz.Grant{Permission: p, Level: authz.ReadWrite} }
	r.anyRule = r.aRule("a rule")
	r.uma = r.tokenOf("uma", write(authz.UserAccountsManagement), write(authz.APIRegistrationManagement), read(authz.AssetManagement))
	r.tokenOf("auditor", read(authz.UserAuditManagement), read(authz.UserAccountsManagement))
	r.giveRule("uma", r.anyRule, authz.Read)
	must(t, store.Change(t.Context(), r.db, system, r.endow))
	_, answer := r.call(r.uma, "POST", "Users", `{"UserName":"puppet","FirstName":"P","EmailAddress":"p@lab.example","Password":"strings"}`)
	var puppet struct{ UserID int }
	must(t, json.Unmarshal([]byte(answer), &puppet))
	_, answer = r.call(r.uma, "POST", "UserGroups", `{"groupName":"hers","description":"d","Permissions":[{"PermissionID":1,"AccessLevelID":1}]}`)
	var own struct{ GroupID int }
	must(t, json.Unmarshal([]byte(answer), &own))
	r.puppet, r.own = puppet.UserID, own.GroupID
	r.giveRule("hers", r.anyRule, authz.Read) // there are no roles without it
	return r
}

// endow gives the auditors what uma lacks.
func (r *raising) endow(tx *store.Tx) error {
	find := func(name string) (user, group int) {
		u, err := store.UserByName(tx, name)
		must(r.t, err)
		g, err := store.UserGroupByName(tx, name)
		must(r.t, err)
		return u.UserID, g.GroupID
	}
	r.her, r.group = find("uma")
	r.auditor, r.auditors = find("auditor")
	key := &store.ApiRegistration{Name: "audit key", RegistrationType: store.ApiKeyPolicy, Active: true, IPAuthenticationRules: []store.AddressRule{
		{Type: store.RuleSingleAddress, Value: "198.51.100.1"},
	}}
	if err := store.ApiRegistrations.Insert(tx, key); err != nil {
		return err
	}
	r.auditKey = key.Id
	if err := store.SetApiKey(tx, key.Id, authz.NewAPIKey()); err != nil {
		return err
	}
	if err := store.GroupRegistration.Set(tx, r.auditors, key.Id, 0); err != nil {
		return err
	}
	var err error
	if r.foreign, err = organization(tx, "Abroad"); err != nil {
		return err
	}
	travellers := &store.UserGroup{Name: "travellers", GroupType: store.BeyondInsightType, IsActive: true}
	if err := store.UserGroups.Insert(tx, travellers); err != nil {
		return err
	}
	return store.GroupOrganization.Set(tx, travellers.GroupID, r.foreign, 0)
}

// TestNobodyRaisesHimself tries every way to more rights that the API has. Each is refused with 403, and under --grants vendor, where
// callers may give what they lack, the same request passes: so it is the rule that refuses, and not a mistake in the request.
func TestNobodyRaisesHimself(t *testing.T) {
	t.Parallel()
	for _, way := range []struct{ name, request, lacking string }{
		{"a permission for one's own group", `POST UserGroups/{group}/Permissions [{"PermissionID":{audits},"AccessLevelID":1}]`, "User Audit Management (Read)"},
		{"a higher level of one's own permission", `POST UserGroups/{group}/Permissions [{"PermissionID":1,"AccessLevelID":3}]`, "Asset Management (Read/Write)"},
		{"a permission for a group of one's own making", `POST UserGroups/{own}/Permissions [{"PermissionID":{audits},"AccessLevelID":1}]`, "User Audit Management (Read)"},
		{"a new group with a permission", `POST UserGroups {"groupName":"new","description":"d","Permissions":[{"PermissionID":{audits},"AccessLevelID":1}]}`, "User Audit Management (Read)"},
		{"a new group with a stronger registration", `POST UserGroups {"groupName":"new","description":"d","ApplicationRegistrationIDs":[{auditKey}]}`, "use of API Registration"},
		{"a new group with a rule's level", `POST UserGroups {"groupName":"new","description":"d","SmartRuleAccess":[{"SmartRuleID":{rule},"AccessLevelID":3}]}`, "Read/Write"},
		{"membership of Administrators", `POST Users/{her}/UserGroups/1`, "membership of Administrators"},
		{"membership of a stronger group", `POST Users/{her}/UserGroups/{auditors}`, "User Audit Management (Read)"},
		{"membership of a group with another Organization", `POST Users/{her}/UserGroups/{travellers}`, "access to its Organizations"},
		{"a puppet's membership of a stronger group", `POST Users/{puppet}/UserGroups/{auditors}`, "User Audit Management (Read)"},
		{"a new user in a stronger group", `POST UserGroups/{auditors}/Users {"UserName":"new","FirstName":"N","EmailAddress":"n@lab.example","Password":"strings"}`, "User Audit Management (Read)"},
		{"a stronger user in one's own group", `POST Users/{auditor}/UserGroups/{own}`, "User Audit Management (Read)"},
		{"an administrator in one's own group", `POST Users/1/UserGroups/{own}`, "membership of Administrators"},
		{"an administrator's password", `PUT Users/1 {"UserName":"administrator","FirstName":"L","EmailAddress":"a@lab.example","Password":"strings"}`, "membership of Administrators"},
		{"a stronger user's password", `PUT Users/{auditor} {"UserName":"auditor","FirstName":"A","EmailAddress":"a@lab.example","Password":"strings"}`, "User Audit Management (Read)"},
		{"an administrator's client secret", `POST Users/2/RecycleClientSecret`, "membership of Administrators"},
		{"the key of a stronger registration", `GET ApiRegistrations/{auditKey}/Key`, "User Audit Management (Read)"},
		{"the key that administrators use", `GET ApiRegistrations/1/Key`, "membership of Administrators"},
		{"another key for a stronger registration", `POST ApiRegistrations/{auditKey}/Rotate`, "User Audit Management (Read)"},
		{"a stronger registration without its address rules", `PUT ApiRegistrations/{auditKey} {"Name":"audit key","RegistrationType":"ApiKeyPolicy","IPAuthenticationRules":[]}`, "User Audit Management (Read)"},
		{"a stronger registration out of the way", `DELETE ApiRegistrations/{auditKey}`, "User Audit Management (Read)"},
		{"a rule's access level", `POST UserGroups/{group}/SmartRules/{rule}/AccessLevels {"AccessLevelID":3}`, "Read/Write"},
		{"a role on a rule", `POST UserGroups/{own}/SmartRules/{rule}/Roles {"Roles":[{"RoleID":5}]}`, "role 5 on Smart Rule"},
		{"a stronger group out of the way", `DELETE UserGroups/{auditors}`, "User Audit Management (Read)"},
		{"a stronger group weakened", `DELETE UserGroups/{auditors}/Permissions`, "User Audit Management (Read)"},
		{"a stronger user out of the way", `DELETE Users/{auditor}`, "User Audit Management (Read)"},
		{"a stronger user out of his group", `DELETE Users/{auditor}/UserGroups/{auditors}`, "User Audit Management (Read)"},
	} {
		t.Run(way.name, func(t *testing.T) {
			t.Parallel()
			for _, vendor := range []bool{false, true} {
				r := newRaising(t, vendor)
				status, answer := r.tries(way.request)
				switch {
				case vendor && status >= 300:
					t.Errorf("under --grants vendor: %d %s", status, answer)
				case !vendor && (status != http.StatusForbidden || !strings.Contains(answer, way.lacking) || !strings.Contains(answer, "is required")):
					t.Errorf("%d %s, want 403 that names %s", status, answer, way.lacking)
				case !vendor:
					r.mustBeAsWeak(t)
				}
			}
		})
	}
}

// tries sends a request as uma, in which names stand for ids.
func (r *raising) tries(request string) (int, string) {
	r.t.Helper()
	travellers, err := store.View(r.t.Context(), r.db, system, func(tx *store.Tx) (*store.UserGroup, error) {
		return store.UserGroupByName(tx, "travellers")
	})
	must(r.t, err)
	ids := map[string]int{
		"her": r.her, "puppet": r.puppet, "group": r.group, "own": r.own, "auditor": r.auditor, "auditors": r.auditors,
		"auditKey": r.auditKey, "rule": r.anyRule, "travellers": travellers.GroupID, "audits": int(authz.UserAuditManagement), "secrets": int(authz.SecretsSafe),
	}
	for name, id := range ids {
		request = strings.ReplaceAll(request, "{"+name+"}", strconv.Itoa(id))
	}
	method, rest, _ := strings.Cut(request, " ")
	path, body, _ := strings.Cut(rest, " ")
	return r.call(r.uma, method, path, body)
}

// mustBeAsWeak finds uma no stronger than before, and her try in the audit.
func (r *raising) mustBeAsWeak(t *testing.T) {
	t.Helper()
	rights, err := store.View(t.Context(), r.db, system, func(tx *store.Tx) (*store.Rights, error) { return store.RightsOf(tx, r.her) })
	must(t, err)
	if got := fmt.Sprint(rights.Admin, rights.Groups, len(rights.Grants), rights.Grants[authz.AssetManagement]); got != fmt.Sprint(false, []int{r.group}, 3, authz.Read) {
		t.Errorf("her rights are now %s", got)
	}
	denied := r.refusalsTold()
	if len(denied) != 1 || denied[0].UserName != "uma" || denied[0].Section != store.SectionAuthorization {
		t.Errorf("the audit says %+v", denied)
	}
}

// TestSecretsSafeIsAnAdministrators to give, whatever callers may give otherwise.
func TestSecretsSafeIsAnAdministrators(t *testing.T) {
	t.Parallel()
	for _, vendor := range []bool{false, true} {
		r := newRaising(t, vendor)
		for _, request := range []string{
			`POST UserGroups/{group}/Permissions [{"PermissionID":{secrets},"AccessLevelID":1}]`,
			`POST UserGroups {"groupName":"new","description":"d","Permissions":[{"PermissionID":{secrets},"AccessLevelID":1}]}`,
		} {
			if status, answer := r.tries(request); status != http.StatusForbidden {
				t.Errorf("vendor %t: %s: %d %s", vendor, request, status, answer)
			}
		}
	}
}

// TestTheLocalDoorIsNotForTheNetwork has none of its paths where others could reach them, for administrators either.
func TestTheLocalDoorIsNotForTheNetwork(t *testing.T) {
	t.Parallel()
	l := newFixture(t, false)
	for _, path := range []string{
		server.LocalTokenPath, server.LocalAdminPath, server.LocalLoadPath, server.LocalDumpPath, server.LocalPluginsPath, server.LocalBackupPath, server.LocalSubscriptionsPath,
	} {
		for _, path := range []string{path, insight.Base + path, strings.ToUpper(path), "/." + path, "//" + strings.TrimPrefix(path, "/")} {
			w := l.request("POST", path, `{"User":"administrator","Do":"activate"}`, as(l.tokenOf("administrator")))
			if w.Code != http.StatusNotFound {
				t.Errorf("%s: %d %s", path, w.Code, w.Body)
			}
		}
	}
}
