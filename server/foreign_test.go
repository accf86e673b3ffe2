package server_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/server"
	"github.com/musterhq/muster/server/api"
	"github.com/musterhq/muster/server/insight"
	"github.com/musterhq/muster/store"
)

// abroad is what lies in another Organization, or belongs to another user: the ids and names of one object a noun. All names
// contain the word foreign.
type abroad map[string]object

// missing is an object of each noun that does not exist.
func (a abroad) missing() abroad {
	m := abroad{}
	for noun, o := range a {
		m[noun] = object{id: "999999", name: strings.ReplaceAll(o.name, "foreign", "missing")}
	}
	m["Organizations"] = object{id: "99999999-9999-4999-8999-999999999999", name: "missing"}
	return m
}

// newAbroad is a lab with one object of everything in an Organization that the outsider cannot see, although he has every permission.
func newAbroad(t *testing.T) (*fixture, abroad) {
	t.Helper()
	l := newFixture(t, false)
	l.tokenOf("outsider", allBut(nil, authz.None)...)
	found, err := store.Update(t.Context(), l.db, system, func(tx *store.Tx) (abroad, error) { return layAbroad(tx) })
	must(t, err)
	id, err := delivery(context.Background(), l.db, "administrator")
	must(t, err)
	found["Subscriptions"] = object{id: id, name: "foreign"}
	return l, found
}

func layAbroad(tx *store.Tx) (abroad, error) {
	organizationID, err := organization(tx, "foreign")
	if err != nil {
		return nil, err
	}
	assetID, err := assetInOrganization(tx, "foreign-asset", "foreign")
	if err != nil {
		return nil, err
	}
	w, err := store.WorkgroupByName(tx, "foreign")
	if err != nil {
		return nil, err
	}
	ruleID, err := ruleInOrganization(tx, "foreign-rule", "foreign")
	if err != nil {
		return nil, err
	}
	accountID, err := managedAccount(tx, "foreign-asset", "foreign-account")
	if err != nil {
		return nil, err
	}
	account, err := store.ManagedAccounts.Get(tx, accountID)
	if err != nil {
		return nil, err
	}
	d := &store.Database{AssetID: assetID, PlatformID: 10, InstanceName: "foreign-instance", Port: 3306}
	g := &store.AddressGroup{Name: "foreign-group", OrganizationID: store.Text(organizationID)}
	if err := store.Databases.Insert(tx, d); err != nil {
		return nil, err
	}
	if err := store.AddressGroups.Insert(tx, g); err != nil {
		return nil, err
	}
	a := &store.Address{AddressGroupID: g.AddressGroupID, Type: store.AddressCIDR, Value: "198.51.100.0/24"}
	if err := store.Addresses.Insert(tx, a); err != nil {
		return nil, err
	}
	i := &store.Import{WorkgroupID: w.ID, ImportType: "NESSUS", Filter: store.AllAssets, FileName: "foreign.nessus"}
	if err := store.QueueImport(tx, i, "spooled"); err != nil {
		return nil, err
	}
	if _, err := store.TakeImport(tx, "nobody", time.Hour, func(int) int { return 0 }); err != nil {
		return nil, err
	}
	of := func(id int, name string) object { return object{strconv.Itoa(id), name} }
	return abroad{
		"Organizations": {organizationID, "foreign"}, "Workgroups": of(w.ID, "foreign"), "Assets": of(assetID, "foreign-asset"),
		"SmartRules": of(ruleID, "foreign-rule"), "ManagedAccounts": of(accountID, "foreign-account"), "ManagedSystems": of(account.ManagedSystemID, "foreign-asset"),
		"Databases": of(d.DatabaseID, "foreign-instance"), "AddressGroups": of(g.AddressGroupID, "foreign-group"), "Addresses": of(a.AddressID, "foreign"),
		"Imports": of(i.ImportID, "foreign"),
	}, nil
}

// pathTo fills the path of a row with what is abroad, and with the outsider's own where that is not what it asks for. It is empty
// for a row that asks for nothing abroad.
func (l *fixture) pathTo(d *api.Dialect, r api.Route, objects abroad) string {
	path, query, _ := strings.Cut(r.Path, "?")
	segments := strings.Split(path, "/")
	concerned, noun := false, ""
	pick := func() object {
		if o, ok := objects[noun]; ok {
			concerned = true
			return o
		}
		return l.object(noun)
	}
	for i, segment := range segments {
		switch {
		case segment == "":
		case !strings.HasPrefix(segment, "{"):
			noun = segment
		case strings.Contains(segment, "ame"):
			segments[i] = url.PathEscape(pick().name)
		default:
			segments[i] = pick().id
		}
	}
	path = d.Base + "/" + strings.Join(segments, "/")
	if query != "" {
		path += queryOf(query, pick().name)
	}
	if !concerned {
		return ""
	}
	return path
}

// whatever is a body in which every row finds what it needs; members that it does not know are passed over.
const whatever = `{"WorkgroupID":1,"IPAddress":"192.0.2.99","AssetName":"x","DnsName":"x","DomainName":"x","MacAddress":"x","AssetType":"x","Description":"x",
	"OperatingSystem":"x","Name":"x","Type":3,"Value":"192.0.2.0/24","Omit":false,"PlatformID":10,"InstanceName":"x","IsDefaultInstance":false,
	"Port":3306,"Version":"1","Template":"","AccessLevelID":1,"EntityTypeID":1,"HostName":"x","AccountName":"x","Password":"correct horse 8","Roles":[{"RoleID":5}],"groupName":"x"}`

// TestRowsHideWhatIsAbroad asks every row of every door for what lies in another Organization. The answer is the very one for what does not
// exist, but for the id or the name that was asked for; and in lists it is not there.
func TestRowsHideWhatIsAbroad(t *testing.T) {
	t.Parallel()
	l, hidden := newAbroad(t)
	missing := hidden.missing()
	var echo []string
	for noun, o := range hidden {
		if noun == "Organizations" || len(o.id) < 1 {
			continue
		}
		echo = append(echo, o.name, missing[noun].name)
	}
	asked := 0
	for _, d := range server.Dialects() {
		token := as(l.tokenFor(d, "outsider"))
		for _, r := range d.Routes {
			if r.IsOpen() || strings.HasPrefix(r.Path, "UserAudits") || strings.HasPrefix(r.Path, "Auth/") {
				continue // audits belong to no Organization
			}
			name := d.Name + " " + r.Method + " " + r.Path
			if path := l.pathTo(d, r, hidden); path != "" {
				asked++
				got := l.request(r.Method, path, whatever, token)
				want := l.request(r.Method, l.pathTo(d, r, missing), whatever, token)
				if got.Code != http.StatusNotFound && !isOnObject(r.Need) || got.Code != want.Code || alike(got.Body.String(), hidden, echo) != alike(want.Body.String(), missing, echo) {
					t.Errorf("%s: %d %s, and for what does not exist: %d %s", name, got.Code, got.Body, want.Code, want.Body)
				}
			} else if r.Method == http.MethodGet && !strings.ContainsAny(r.Path, "{") {
				path, _, _ := strings.Cut(r.Path, "?")
				for _, query := range []string{"", "?limit=1000&offset=0", "?limit=1000"} {
					if w := l.request("GET", d.Base+"/"+path+query, "", token); strings.Contains(w.Body.String(), "foreign") {
						t.Errorf("%s%s: %d %s", name, query, w.Code, w.Body)
					}
				}
			}
		}
	}
	if asked < 30 {
		t.Errorf("only %d rows were asked", asked)
	}
	l.mustBeThere(t, hidden)
}

// alike is an answer without the ids and names that were asked for.
func alike(body string, objects abroad, echo []string) string {
	for _, name := range echo {
		body = strings.ReplaceAll(body, `\"`+name+`\"`, "<asked>")
	}
	ids := []string{}
	for _, o := range objects {
		ids = append(ids, o.id)
	}
	words := strings.FieldsFunc(body, func(r rune) bool { return r == ' ' || r == '"' })
	for i, word := range words {
		if slices.Contains(ids, strings.Trim(word, `\`)) {
			words[i] = "<asked>"
		}
	}
	return strings.Join(words, " ")
}

// mustBeThere finds all that is abroad as it was.
func (l *fixture) mustBeThere(t *testing.T, hidden abroad) {
	t.Helper()
	admin := as(l.tokenOf("administrator"))
	for _, noun := range []string{"Organizations", "Workgroups", "Assets", "SmartRules", "ManagedAccounts", "ManagedSystems", "Databases", "AddressGroups", "Imports"} {
		w := l.request("GET", insight.Base+"/"+noun+"/"+hidden[noun].id, "", admin)
		if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "foreign") && noun != "Imports" {
			t.Errorf("%s %s: %d %s", noun, hidden[noun].id, w.Code, w.Body)
		}
	}
}

// tokenFor is tokenOf at another door.
func (l *fixture) tokenFor(d *api.Dialect, name string) string {
	l.t.Helper()
	if d.Name == insight.Name {
		return l.tokenOf(name)
	}
	token, err := store.Update(l.t.Context(), l.db, system, func(tx *store.Tx) (string, error) {
		in, err := store.OnHost(tx, name)
		if err != nil {
			return "", err
		}
		token, _, err := store.NewSession(tx, in, d.Name, time.Hour, 0)
		return token, err
	})
	must(l.t, err)
	return token
}

// TestWhatIsAbroadCannotBeNamed names it where no path does: in bodies, searches, counts and imports. Again the answer is that for what
// does not exist.
func TestWhatIsAbroadCannotBeNamed(t *testing.T) {
	t.Parallel()
	l, hidden := newAbroad(t)
	missing := hidden.missing()
	outsider := l.tokenOf("outsider")
	own := l.object("Assets").id
	group, err := store.View(t.Context(), l.db, system, func(tx *store.Tx) (*store.UserGroup, error) { return store.UserGroupByName(tx, "outsider") })
	must(t, err)
	for _, c := range []struct {
		name, method, path, body string // {Noun} stands for an id, {Noun.name} for a name
		want                     int
	}{
		{"an asset moved there", "PUT", "Assets/" + own, `{"WorkgroupID":{Workgroups},"IPAddress":"192.0.2.7","AssetName":"a","DnsName":"","DomainName":"","MacAddress":"","AssetType":"","OperatingSystem":""}`, 400},
		{"a new asset there, by id", "POST", "Workgroups/{Workgroups}/Assets", `{"IPAddress":"192.0.2.8"}`, 404},
		{"a new asset there, by name", "POST", "Workgroups/{Workgroups.name}/Assets", `{"IPAddress":"192.0.2.8"}`, 404},
		{"a new Workgroup there", "POST", "Workgroups", `{"OrganizationID":"{Organizations}","Name":"new"}`, 400},
		{"a search by name", "POST", "Assets/Search", `{"AssetName":"{Assets.name}"}`, 200},
		{"a search by address", "POST", "Assets/Search", `{"IPAddress":"198.51.100.1"}`, 200},
		{"a search by network", "POST", "Assets/Search", `{"IPAddress":"0.0.0.0/1,198.51.100.0/24"}`, 200},
		{"how many a search finds", "POST", "Assets/Search?limit=1", `{"AssetName":"{Assets.name}"}`, 200},
		{"an import into it", "POST", "Imports", `{"WorkgroupID":{Workgroups},"ImportType":"NESSUS","FileName":"a.nessus","Base64FileContents":"PGE+PC9hPg=="}`, 400},
		{"a rule for an account there", "POST", "SmartRules/FilterSingleAccount", `{"AccountID":{ManagedAccounts}}`, 400},
		{"access to a rule there", "POST", fmt.Sprintf("UserGroups/%d/SmartRules/{SmartRules}/AccessLevels", group.GroupID), `{"AccessLevelID":1}`, 404},
		{"a new group with a rule there", "POST", "UserGroups", `{"groupName":"new","description":"d","SmartRuleAccess":[{"SmartRuleID":{SmartRules},"AccessLevelID":1}]}`, 400},
		{"an address in a group there", "POST", "AddressGroups/{AddressGroups}/Addresses", `{"Type":3,"Value":"192.0.2.0/24"}`, 404},
		{"another's delivery", "POST", "Subscriptions/Delivery/download?id={Subscriptions}", ``, 404},
		{"a rule's members", "GET", "SmartRules/{SmartRules}/Assets?limit=10", ``, 404},
		{"how many lie there", "GET", "Workgroups/{Workgroups}/Assets?limit=1", ``, 404},
		{"entitlements by all groups", "GET", "Entitlements?groupIDs=1," + strconv.Itoa(group.GroupID), ``, 200},
	} {
		fill := func(text string, objects abroad) string {
			for noun, o := range objects {
				text = strings.ReplaceAll(strings.ReplaceAll(text, "{"+noun+"}", o.id), "{"+noun+".name}", o.name)
			}
			return text
		}
		status, got := l.call(outsider, c.method, fill(c.path, hidden), fill(c.body, hidden))
		_, want := l.call(outsider, c.method, fill(c.path, missing), fill(c.body, missing))
		var echo []string
		for noun := range hidden {
			echo = append(echo, hidden[noun].name, missing[noun].name)
		}
		if status == http.StatusOK && strings.Contains(got, "foreign") {
			t.Errorf("%s: %s", c.name, got)
		}
		if status != c.want || alike(got, hidden, echo) != alike(want, missing, echo) {
			t.Errorf("%s: %d %s, want %d, and for what does not exist: %s", c.name, status, got, c.want, want)
		}
	}
	l.mustBeThere(t, hidden)
}
