package server_test

import (
	"fmt"
	"net"
	"strconv"
	"strings"
	"testing"

	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/directory"
	"github.com/musterhq/muster/directory/directorytest"
	"github.com/musterhq/muster/directory/roster"
	"github.com/musterhq/muster/server"
	"github.com/musterhq/muster/store"
)

// letterLab is a lab under --contract manual --grants vendor that has something of everything.
type letterLab struct {
	*fixture
	names map[string]string // what stands for {NAME} in paths and bodies
}

// newLetterLab makes one in which a heading can be called. Directories stand behind it if the heading asks them.
func newLetterLab(t *testing.T, heading string) *letterLab {
	t.Helper()
	l := &letterLab{names: map[string]string{}}
	l.fixture = newFixture(t, true, func(o *server.Options) {
		o.VendorGrants = true
		if heading == "POST Users" || heading == "POST UserGroups" {
			o.Roster = roster.New(roster.Options{DB: o.DB, Client: l.directories(t)})
		}
	})
	for _, noun := range []string{"Addresses", "ApiRegistrations", "Assets", "Attributes", "Databases", "epmpolicies", "Users", "UserGroups", "SmartRules", "ManagedAccounts"} {
		l.names[noun] = l.object(noun).id
	}
	l.names["Organizations"], l.names["group"], l.names["user"] = l.object("Organizations").id, l.object("groups").id, l.object("users").id
	must(t, store.Change(t.Context(), l.db, system, func(tx *store.Tx) error {
		for _, furnish := range []func(*store.Tx) error{l.furnishAssets, l.furnishRegistrations, l.furnishPeople} {
			if err := furnish(tx.Unaudited()); err != nil {
				return err
			}
		}
		return nil
	}))
	must(t, l.settle())
	return l
}

// directories are a domain of Active Directory, which is asked as an LDAP server too, and a tenant of Entra ID.
func (l *letterLab) directories(t *testing.T) *directory.Client {
	ad, entra := directorytest.StartActiveDirectory(t), directorytest.StartEntra(t)
	l.names["ldapUser"], l.names["ldapGroup"] = ad.AddUser("lena"), ad.AddGroup("Ldap Staff", 1104)
	l.names["ldapPort"] = strconv.Itoa(ad.Port)
	ad.AddUser("alice")
	ad.AddGroup("Staff", 1105)
	entra.AddUser("erika@contoso.example", true)
	entra.SetGroup("Cloud Staff")
	allow, err := directory.ParseAllow([]string{"localhost"})
	must(t, err)
	return directory.New(directory.Options{
		Allow: allow, Roots: ad.Authority.Pool(entra.Authority), Servers: map[string]string{directorytest.Domain: net.JoinHostPort("localhost", l.names["ldapPort"])},
		Clouds: map[string]directory.Cloud{"AzurePublic": {SignIn: entra.SignIn, Graph: entra.Graph}},
	})
}

// furnishAssets gives the asset an operating system, its attribute a child, and the Smart Rule a member.
func (l *letterLab) furnishAssets(tx *store.Tx) error {
	a, err := anAsset(tx)
	if err != nil {
		return err
	}
	a.OperatingSystem, a.Description = "Ubuntu 22.04", "An asset"
	if err := store.Assets.Put(tx, a); err != nil {
		return err
	}
	parent, err := aCarriedAttribute(tx)
	if err != nil {
		return err
	}
	child := &store.Attribute{AttributeTypeID: parent.AttributeTypeID, ParentAttributeID: &parent.AttributeID, ShortName: "Child"}
	if err := store.Attributes.Insert(tx, child); err != nil {
		return err
	}
	r, err := aRule(tx, "")
	if err != nil {
		return err
	}
	l.names["ruleTitle"] = r.name
	for attribute, err := range store.Attributes.All(tx) {
		if err == nil && attribute.ShortName == "Attribute 0" { // which the rule looks for
			err = store.AssetAttribute.Set(tx, a.AssetID, attribute.AttributeID, 0)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// furnishRegistrations makes one of each type, with rules of each kind.
func (l *letterLab) furnishRegistrations(tx *store.Tx) error {
	address := []store.AddressRule{{Type: store.RuleSingleAddress, Value: "198.51.100.1"}}
	for _, kind := range []string{store.ApiKeyPolicy, store.ApiAccessPolicy} {
		r := &store.ApiRegistration{Name: "The " + kind, RegistrationType: kind, Active: true, IPAuthenticationRules: address, XForwardedForAuthenticationRules: address}
		if kind == store.ApiKeyPolicy {
			r.PSRUNRules = []store.PSRUNRule{{IPAddress: "198.51.100.1"}}
		}
		if err := store.ApiRegistrations.Insert(tx, r); err != nil {
			return err
		}
		l.names[kind] = strconv.Itoa(r.Id)
	}
	key, err := strconv.Atoi(l.names[store.ApiKeyPolicy])
	if err != nil {
		return err
	}
	return store.SetApiKey(tx, key, authz.NewAPIKey())
}

// furnishPeople adds a person to the group beside the Application user, and gives the group a permission, a Smart Rule and an
// id that another system knows it by.
func (l *letterLab) furnishPeople(tx *store.Tx) error {
	g, err := store.UserGroupByName(tx, "object")
	if err != nil {
		return err
	}
	g.ExternalID = "ext-1"
	if err := store.UserGroups.Put(tx, g); err != nil {
		return err
	}
	u := &store.User{UserType: store.BeyondInsightType, UserName: "person", FirstName: "A", EmailAddress: "person@lab.example", IsActive: true}
	if err := store.Users.Insert(tx, u); err != nil {
		return err
	}
	l.names["person"] = strconv.Itoa(u.UserID)
	rule, err := strconv.Atoi(l.names["SmartRules"])
	if err != nil {
		return err
	}
	for _, err := range []error{
		store.UserSecrets.Insert(tx, &store.UserSecret{UserID: u.UserID, Version: 1}),
		store.GroupMember.Set(tx, g.GroupID, u.UserID, 0),
		store.GroupPermission.Set(tx, g.GroupID, int(authz.AssetManagement), int(authz.Read)),
		store.GroupRule.Set(tx, g.GroupID, rule, int(authz.Read)),
	} {
		if err != nil {
			return err
		}
	}
	return nil
}

// fill puts what the lab has into a path or a body.
func (l *letterLab) fill(text string) string {
	for name, value := range l.names {
		text = strings.ReplaceAll(text, "{"+name+"}", value)
	}
	return text
}

// bodyOf is a body of the members that a form has, in its order and spelling, with the values of samples.
func (l *letterLab) bodyOf(heading string, f *form, values map[string]string) string {
	switch {
	case f.list != nil:
		return "[" + l.bodyOf(heading, f.list, values) + "]"
	case f.members == nil:
		return l.fill(samples[f.word])
	}
	var parts []string
	for _, m := range f.members {
		value, given := values[m.name]
		if !given {
			value, given = samples[m.name]
		}
		switch {
		case m.value != "":
			value = strconv.Quote(m.value)
		case m.form != nil && !given:
			value = l.bodyOf(heading, m.form, values)
		case !given:
			l.t.Fatalf("%s: what is a %s?", heading, m.name)
		}
		parts = append(parts, fmt.Sprintf("%q:%s", m.name, l.fill(value)))
	}
	return "{" + strings.Join(parts, ",") + "}"
}
