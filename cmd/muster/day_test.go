package main

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"encoding/json"

	"github.com/musterhq/muster/server/insight"
	"github.com/musterhq/muster/store"
)

// caller speaks to a running muster over HTTPS, with whatever header it proves itself by.
type caller struct {
	*process
	header http.Header
}

// ask sends a request and returns the status and the answer.
func (c *caller) ask(method, path, body string) (int, string) {
	c.t.Helper()
	r, err := http.NewRequest(method, c.HTTPS+insight.Base+"/"+path, strings.NewReader(body))
	must(c.t, err)
	r.Header = c.header.Clone()
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	got, err := insecure.Do(r)
	must(c.t, err)
	defer got.Body.Close()
	text, err := io.ReadAll(got.Body)
	must(c.t, err)
	if cookies := got.Cookies(); len(cookies) > 0 && cookies[0].MaxAge >= 0 {
		c.header = http.Header{"Cookie": {cookies[0].Name + "=" + cookies[0].Value}}
	}
	return got.StatusCode, string(text)
}

// does sends a request that must succeed, and returns the answer as a T.
func does[T any](c *caller, method, path, body string) (answer T) {
	c.t.Helper()
	status, text := c.ask(method, path, body)
	if status >= 300 {
		c.t.Fatalf("%s %s: %d %s", method, path, status, text)
	}
	if text != "" {
		must(c.t, json.Unmarshal([]byte(text), &answer))
	}
	return answer
}

// fails sends a request that must be refused with a status.
func (c *caller) fails(want int, method, path, body string) {
	c.t.Helper()
	if status, text := c.ask(method, path, body); status != want {
		c.t.Errorf("%s %s: %d %s, want %d", method, path, status, text, want)
	}
}

// TestADayInALab is one story, told to the whole program over HTTPS: rights are given and taken, a Smart Rule follows the
// attributes of assets, and the audits tell it all in the end.
func TestADayInALab(t *testing.T) {
	t.Parallel()
	p := serve(t, newDir(t))
	administrator := &caller{p, http.Header{"Authorization": {"Bearer " + p.Token}}}

	// In the morning the administrator lets the operators in, with a key of their own.
	type permission struct {
		PermissionID int
		Name         string
	}
	ids := map[string]int{}
	for _, p := range does[[]permission](administrator, "GET", "Permissions", "") {
		ids[p.Name] = p.PermissionID
	}
	registration := does[store.ApiRegistration](administrator, "POST", "ApiRegistrations", `{"Name":"Operators","RegistrationType":"ApiKeyPolicy","UserPasswordRequired":true}`)
	key := does[string](administrator, "GET", fmt.Sprintf("ApiRegistrations/%d/Key", registration.Id), "")
	group := func(name string, permissions string) int {
		return does[struct{ GroupID int }](administrator, "POST", "UserGroups", fmt.Sprintf(
			`{"groupType":"BeyondInsight","groupName":%q,"description":"A day in a lab","Permissions":[%s],"ApplicationRegistrationIDs":[%d]}`,
			name, permissions, registration.Id)).GroupID
	}
	operators := group("Operators", fmt.Sprintf(`{"PermissionID":%d,"AccessLevelID":3},{"PermissionID":%d,"AccessLevelID":3}`, ids["Asset Management"], ids["Attribute Management"]))
	readers := group("Readers", "")
	user := func(group int, name string) int {
		return does[struct{ UserID int }](administrator, "POST", fmt.Sprintf("UserGroups/%d/Users", group), fmt.Sprintf(
			`{"UserName":%q,"FirstName":%[1]q,"EmailAddress":"%[1]s@lab.example","Password":"a long password of %[1]s"}`, name)).UserID
	}
	olga := user(operators, "olga")
	user(readers, "rita")
	signIn := func(name string) *caller {
		c := &caller{p, http.Header{"Authorization": {fmt.Sprintf("PS-Auth key=%s; runas=%s; pwd=[a long password of %[2]s];", key, name)}}}
		does[any](c, "POST", "Auth/SignAppin", "")
		return c
	}

	// Olga marks her servers and makes a Smart Rule of the marks.
	operator := signIn("olga")
	kind := does[store.AttributeType](operator, "POST", "AttributeTypes", `{"Name":"Lab"}`)
	attribute := does[store.Attribute](operator, "POST", fmt.Sprintf("AttributeTypes/%d/Attributes", kind.AttributeTypeID), `{"ShortName":"Rack 1","LongName":"Rack 1"}`)
	var assets []int
	for n := range 3 {
		a := does[store.Asset](operator, "POST", "Workgroups/1/Assets", fmt.Sprintf(`{"IPAddress":"10.0.0.%d","AssetName":"srv%[1]d"}`, n+1))
		assets = append(assets, a.AssetID)
	}
	carry := func(method string, asset int) {
		does[any](operator, method, fmt.Sprintf("Assets/%d/Attributes/%d", asset, attribute.AttributeID), "")
	}
	carry("POST", assets[0])
	rule := does[store.SmartRule](operator, "POST", "SmartRules/FilterAssetAttribute", fmt.Sprintf(
		`{"AttributeIDs":[%d],"Title":"Rack 1","Category":"Lab","Description":"What stands in rack 1","ProcessImmediately":true}`, attribute.AttributeID))
	members := fmt.Sprintf("SmartRules/%d/Assets", rule.SmartRuleID)
	become := func(want ...int) {
		t.Helper()
		var got []int
		for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
			got = nil
			for _, a := range does[[]store.Asset](operator, "GET", members, "") {
				got = append(got, a.AssetID)
			}
			if slices.Sort(got); slices.Equal(got, want) {
				return
			}
		}
		t.Errorf("the members are %v, want %v", got, want)
	}
	become(assets[0])
	carry("POST", assets[2])
	become(assets[0], assets[2])
	carry("DELETE", assets[0])
	become(assets[2])

	// Rita may look at the rule once she is let, and no more than look.
	reader := signIn("rita")
	reader.fails(http.StatusNotFound, "GET", members, "")
	does[any](administrator, "POST", fmt.Sprintf("UserGroups/%d/SmartRules/%d/AccessLevels", readers, rule.SmartRuleID), `{"AccessLevelID":1}`)
	if seen := does[[]store.Asset](reader, "GET", members, ""); len(seen) != 1 || seen[0].AssetID != assets[2] {
		t.Errorf("the reader sees %+v", seen)
	}
	reader.fails(http.StatusForbidden, "DELETE", fmt.Sprintf("SmartRules/%d", rule.SmartRuleID), "")
	reader.fails(http.StatusForbidden, "GET", fmt.Sprintf("Assets/%d", assets[2]), "")

	// In the evening something is odd about Olga's key, and the very next request is refused.
	does[any](operator, "GET", "Auth", "")
	does[any](administrator, "POST", fmt.Sprintf("Users/%d/Quarantine", olga), "")
	operator.fails(http.StatusUnauthorized, "GET", "Auth", "")
	operator.fails(http.StatusUnauthorized, "DELETE", fmt.Sprintf("SmartRules/%d", rule.SmartRuleID), "")

	// The audits tell the day.
	page := does[struct{ Data []store.UserAudit }](administrator, "GET", "UserAudits?limit=100000", "")
	var told []string
	for _, a := range slices.Backward(page.Data) {
		told = append(told, fmt.Sprintf("%s %s %s", a.UserName, a.ActionType, a.Section))
	}
	story := strings.Join(told, "\n")
	for _, line := range []string{
		"administrator Add API Registration", "administrator View API Key", "administrator Add User Group", "administrator Add User",
		"olga Login Authentication", "olga Add Attribute Type", "olga Add Attribute", "olga Add Asset", "olga Add Asset Attribute",
		"olga Add Smart Rule", "olga Delete Asset Attribute", "rita Login Authentication", "administrator Add User Group Smart Rule",
		"administrator Quarantine User",
	} {
		_, rest, found := strings.Cut(story, line)
		if !found {
			t.Errorf("the audits do not go on with %q; they are\n%s", line, strings.Join(told, "\n"))
			break
		}
		story = rest
	}
}
