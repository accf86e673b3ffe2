package passwordsafe

import (
	"encoding/xml"
	"errors"
	"strings"

	"github.com/musterhq/muster/plugins"
)

// The paths of the elements below the root that have a meaning.
const (
	asset      = "Assets/Asset"
	attributes = asset + "/Attributes"
	databases  = asset + "/Databases"
	database   = databases + "/Database"
	system     = asset + "/ManagedSystem"
	accounts   = system + "/ManagedAccounts"
	account    = accounts + "/ManagedAccount"
	functional = "FunctionalAccounts/FunctionalAccount"
)

// ownFormat is muster's own. Values of what an asset has go into what was begun last.
var ownFormat = format{holders: holders, values: values, within: "Assets"}

var holders = map[string]func(*document, *xml.StartElement) error{
	"":                        (*document).begins,
	"Assets":                  nothing,
	"FunctionalAccounts":      nothing,
	asset:                     (*document).beginAsset,
	attributes:                nothing,
	attributes + "/Attribute": (*document).attribute,
	databases:                 nothing,
	database:                  (*document).beginDatabase,
	system:                    (*document).beginSystem,
	accounts:                  nothing,
	account:                   (*document).beginAccount,
	functional:                (*document).beginFunctionalAccount,
}

var values = map[string]func(*document) any{
	asset + "/IPAddress":       func(d *document) any { return &d.record.IPAddress },
	asset + "/AssetName":       func(d *document) any { return &d.record.AssetName },
	asset + "/DnsName":         func(d *document) any { return &d.record.DnsName },
	asset + "/DomainName":      func(d *document) any { return &d.record.DomainName },
	asset + "/MacAddress":      func(d *document) any { return &d.record.MacAddress },
	asset + "/AssetType":       func(d *document) any { return &d.record.AssetType },
	asset + "/OperatingSystem": func(d *document) any { return &d.record.OperatingSystem },
	asset + "/Description":     func(d *document) any { return &d.record.Description },

	database + "/PlatformID":        func(d *document) any { return &d.database().PlatformID },
	database + "/InstanceName":      func(d *document) any { return &d.database().InstanceName },
	database + "/IsDefaultInstance": func(d *document) any { return &d.database().IsDefaultInstance },
	database + "/Port":              func(d *document) any { return &d.database().Port },
	database + "/Version":           func(d *document) any { return &d.database().Version },
	database + "/Template":          func(d *document) any { return &d.database().Template },

	system + "/SystemName":          func(d *document) any { return &d.system().SystemName },
	system + "/PlatformID":          func(d *document) any { return &d.system().PlatformID },
	system + "/NetBiosName":         func(d *document) any { return &d.system().NetBiosName },
	system + "/ContactEmail":        func(d *document) any { return &d.system().ContactEmail },
	system + "/Description":         func(d *document) any { return &d.system().Description },
	system + "/Port":                func(d *document) any { return &d.system().Port },
	system + "/Timeout":             func(d *document) any { return &d.system().Timeout },
	system + "/FunctionalAccountID": func(d *document) any { return &d.system().FunctionalAccountID },
	system + "/AutoManagementFlag":  func(d *document) any { return &d.system().AutoManagementFlag },
	system + "/ReleaseDuration":     func(d *document) any { return &d.system().ReleaseDuration },
	system + "/MaxReleaseDuration":  func(d *document) any { return &d.system().MaxReleaseDuration },

	account + "/DomainName":         func(d *document) any { return &d.account.DomainName },
	account + "/AccountName":        func(d *document) any { return &d.account.AccountName },
	account + "/DistinguishedName":  func(d *document) any { return &d.account.DistinguishedName },
	account + "/Description":        func(d *document) any { return &d.account.Description },
	account + "/Password":           func(d *document) any { return &d.account.Password },
	account + "/ApiEnabled":         func(d *document) any { return &d.account.ApiEnabled },
	account + "/AutoManagementFlag": func(d *document) any { return &d.account.AutoManagementFlag },
	account + "/ReleaseDuration":    func(d *document) any { return &d.account.ReleaseDuration },
	account + "/MaxReleaseDuration": func(d *document) any { return &d.account.MaxReleaseDuration },

	functional + "/PlatformID":  func(d *document) any { return &d.record.FunctionalAccount.PlatformID },
	functional + "/DomainName":  func(d *document) any { return &d.record.FunctionalAccount.DomainName },
	functional + "/AccountName": func(d *document) any { return &d.record.FunctionalAccount.AccountName },
	functional + "/DisplayName": func(d *document) any { return &d.record.FunctionalAccount.DisplayName },
	functional + "/Description": func(d *document) any { return &d.record.FunctionalAccount.Description },
	functional + "/Password":    func(d *document) any { return &d.record.FunctionalAccount.Password },
}

func nothing(*document, *xml.StartElement) error { return nil }

// begins checks the version of the document.
func (d *document) begins(start *xml.StartElement) error {
	for _, a := range start.Attr {
		if a.Name.Local == "version" {
			if a.Value != version {
				return errors.New("the version of <" + root + "> is not " + version + ", the only one that there is")
			}
			return nil
		}
	}
	d.warn("<%s> does not say its version, which is taken for %s", root, version)
	return nil
}

func (d *document) beginAsset(*xml.StartElement) error {
	return d.begin(plugins.Record{HostDetails: new(plugins.HostDetails)})
}

func (d *document) beginFunctionalAccount(*xml.StartElement) error {
	return d.begin(plugins.Record{FunctionalAccount: new(plugins.FunctionalAccount)})
}

// attribute takes in an attribute by its type and its name.
func (d *document) attribute(start *xml.StartElement) error {
	a := plugins.Attribute{}
	for _, of := range start.Attr {
		if of.Name.Local == "type" {
			a.Type = strings.Clone(plugins.Sentence(of.Value)) // longer than any name, and no part of a token of any size
		}
	}
	name, ok, err := d.text()
	if err != nil || !ok {
		return err
	}
	a.ShortName = name
	if a.Type == "" || plugins.Sentence(name) == "" {
		d.warn("<Attribute> has no type or no text")
		return nil
	}
	d.record.HostDetails.Attributes = another(d.record.HostDetails.Attributes, plugins.MaxAttributes, a)
	return nil
}

func (d *document) beginDatabase(*xml.StartElement) error {
	d.record.HostDetails.Databases = another(d.record.HostDetails.Databases, plugins.MaxDatabases, plugins.Database{})
	return nil
}

func (d *document) beginSystem(*xml.StartElement) error {
	if d.record.HostDetails.ManagedSystem != nil {
		d.warn("an asset has one <ManagedSystem>, and what another one says is added to it")
		return nil
	}
	d.record.HostDetails.ManagedSystem = new(plugins.ManagedSystem)
	return nil
}

func (d *document) beginAccount(*xml.StartElement) error {
	s := d.system()
	s.ManagedAccounts = another(s.ManagedAccounts, plugins.MaxManagedAccounts, plugins.ManagedAccount{})
	d.account = &s.ManagedAccounts[len(s.ManagedAccounts)-1]
	return nil
}

func (d *document) database() *plugins.Database {
	return &d.record.HostDetails.Databases[len(d.record.HostDetails.Databases)-1]
}

func (d *document) system() *plugins.ManagedSystem { return d.record.HostDetails.ManagedSystem }

// another adds a value to a list. Beyond one more than there may be, which is enough to be refused, it replaces the last.
func another[T any](list []T, most int, value T) []T {
	if len(list) > most {
		list[most] = value
		return list
	}
	return append(list, value)
}
