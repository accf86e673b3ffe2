package server_test

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/server/api"
	"github.com/musterhq/muster/store"
	"github.com/musterhq/muster/store/record"
)

// objectOf returns a path for a row that leads to something that exists.
func (l *fixture) objectOf(d *api.Dialect, r api.Route) string {
	l.t.Helper()
	path, query, hasQuery := strings.Cut(r.Path, "?")
	noun, _, _ := strings.Cut(path, "/")
	object := l.object(noun)
	if r.Method == http.MethodGet && (noun == "Assets" || noun == "Databases") && strings.HasSuffix(path, "/ManagedSystems") {
		object = l.object(noun + "/ManagedSystems")
	}
	if noun == "Secrets-Safe" {
		object = l.secretsObject(path)
	}
	for _, segment := range strings.Split(path, "/") {
		switch {
		case !strings.HasPrefix(segment, "{"):
			if slices.Contains([]string{"Users", "UserGroups", "SmartRules", "groups", "users", "userauthorizationgroup"}, segment) {
				object = l.object(segment)
			}
			if segment == "SmartRules" && noun == "Organizations" {
				object = l.object("Organizations/SmartRules")
			}
		case segment == "{accountName}":
			path = strings.Replace(path, segment, "root", 1)
		case strings.Contains(segment, "ame"):
			path = strings.Replace(path, segment, url.PathEscape(object.name), 1)
		case segment == "{attributeID}":
			path = strings.Replace(path, segment, l.object("Attributes").id, 1)
		default:
			path = strings.Replace(path, segment, object.id, 1)
		}
	}
	if hasQuery {
		name := object.name
		if strings.HasSuffix(path, "/Assets") {
			name = l.object("Assets").name
		}
		path += queryOf(query, name)
		if strings.HasSuffix(query, "ame") && strings.Contains(path, "/ManagedAccounts?") || strings.Contains(query, "&") {
			path = strings.Split(path, "?")[0] + "?systemName=host&assetName=host&accountName=root&name=root&workgroupName=BeyondTrust+Workgroup"
		}
	}
	return d.Base + "/" + path
}

// queryOf gives all parameters that pick a row the same value.
func queryOf(parameters, value string) string {
	query := url.Values{}
	for _, one := range strings.Split(parameters, "&") {
		query.Set(one, value)
	}
	return "?" + query.Encode()
}

type object struct{ id, name string }

// object finds or makes one of what the first segment of a path names.
func (l *fixture) object(noun string) object {
	l.t.Helper()
	o, err := store.Update(l.t.Context(), l.db, system, func(tx *store.Tx) (o object, err error) {
		switch noun {
		case "ApiRegistrations":
			return aRegistration(tx)
		case "Workgroups":
			return object{"1", "BeyondTrust Workgroup"}, nil
		case "Organizations":
			o.name = "Default Organization"
			o.id, err = store.DefaultOrganization(tx)
		case "Assets":
			a, err := anAsset(tx)
			return object{strconv.Itoa(a.AssetID), a.AssetName}, err
		case "Attributes", "AttributeTypes", "Databases", "Platforms":
			return hostDetail(tx, noun)
		case "Imports":
			i := &store.Import{WorkgroupID: 1, ImportType: "NESSUS", Filter: store.AllAssets}
			if err = store.QueueImport(tx, i, "spooled"); err == nil { // and taken, so that the runner leaves it alone
				_, err = store.TakeImport(tx, "nobody", time.Hour, func(int) int { return 0 })
			}
			o.id = strconv.Itoa(i.ImportID)
		case "AddressGroups":
			g, err := addressGroup(tx)
			return object{strconv.Itoa(g.AddressGroupID), g.Name}, err
		case "Addresses":
			a, err := address(tx)
			return object{id: strconv.Itoa(a.AddressID)}, err
		case "{id}", "epmpolicies":
			p, err := epmPolicy(tx)
			return object{p.PolicyGUID, p.Name}, err
		case "Users":
			return l.someone(tx)
		case "UserGroups":
			return l.someGroup(tx)
		case "groups", "users", "userauthorizationgroup":
			return l.byUUID(tx, noun)
		case "SmartRules":
			return aRule(tx, "")
		case "Organizations/SmartRules":
			organization, err := store.DefaultOrganization(tx)
			if err != nil {
				return o, err
			}
			return aRule(tx, store.Text(organization))
		case "ManagedAccounts", "ManagedSystems":
			return managedObject(tx, noun)
		case "Assets/ManagedSystems", "Databases/ManagedSystems":
			return managedOn(tx, noun)
		case "PasswordRules", "DSSKeyRules":
			return object{id: "0"}, nil
		case "FunctionalAccounts":
			f := &store.FunctionalAccount{PlatformID: 2, AccountName: "functional"}
			if old, err := store.FunctionalAccountByName(tx, 2, "", f.AccountName); err == nil {
				f = old
			} else if err := store.FunctionalAccounts.Insert(tx, f); err != nil {
				return o, err
			}
			return object{strconv.Itoa(f.FunctionalAccountID), f.AccountName}, nil
		case "Requests", "Credentials", "ISARequests":
			return aRequest(tx)
		case "UserAudits":
			for a, e := range record.FindAudits(tx, store.AuditFilter{}) {
				return object{id: strconv.Itoa(a.AuditID)}, e
			}
		}
		return o, err
	})
	must(l.t, err)
	return o
}

// aRegistration finds or makes one that nobody may use.
func aRegistration(tx *store.Tx) (object, error) {
	for r, err := range store.ApiRegistrations.All(tx) {
		if err != nil || r.Name == "Object" {
			return object{strconv.Itoa(r.Id), r.Name}, err
		}
	}
	r := &store.ApiRegistration{Name: "Object", RegistrationType: store.ApiKeyPolicy, Active: true}
	if err := store.ApiRegistrations.Insert(tx, r); err != nil {
		return object{}, err
	}
	return object{strconv.Itoa(r.Id), r.Name}, store.SetApiKey(tx, r.Id, authz.NewAPIKey())
}

func anAsset(tx *store.Tx) (*store.Asset, error) {
	if old, err := store.AssetByName(tx, 1, "192.000.002.007"); err == nil {
		return old, nil
	}
	a := &store.Asset{WorkgroupID: 1, IPAddress: "192.0.2.7"}
	return a, store.Assets.Insert(tx, a)
}

// someone finds or makes an Application user who is in no group but that of someGroup.
func (l *fixture) someone(tx *store.Tx) (object, error) {
	u, err := store.UserByName(tx, "object")
	if err != nil {
		u = &store.User{UserType: store.ApplicationType, UserName: "object", IsActive: true}
		err = store.Users.Insert(tx, u)
	}
	return object{strconv.Itoa(u.UserID), u.UserName}, err
}

// someGroup finds or makes a group that has nothing but someone in it.
func (l *fixture) someGroup(tx *store.Tx) (object, error) {
	g, err := store.UserGroupByName(tx, "object")
	if err != nil {
		g = &store.UserGroup{Name: "object", GroupType: store.BeyondInsightType, IsActive: true}
		err = store.UserGroups.Insert(tx, g)
	}
	o := object{strconv.Itoa(g.GroupID), g.Name}
	if err != nil {
		return o, err
	}
	u, err := l.someone(tx)
	if err != nil {
		return o, err
	}
	member, err := strconv.Atoi(u.id)
	if err != nil {
		return o, err
	}
	return o, store.GroupMember.Set(tx, g.GroupID, member, 0)
}

// byUUID is someone or someGroup as doors know them that have no numbers.
func (l *fixture) byUUID(tx *store.Tx, noun string) (object, error) {
	if _, err := l.someGroup(tx); err != nil {
		return object{}, err
	}
	if noun == "groups" {
		g, err := store.UserGroupByName(tx, "object")
		return object{g.UUID, g.Name}, err
	}
	u, err := store.UserByName(tx, "object")
	return object{u.UUID, u.UserName}, err
}
