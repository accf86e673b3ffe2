package runner

import (
	"fmt"

	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/plugins"
	"github.com/musterhq/muster/store"
)

// upsertHostDetails stores what there is on an asset. What the store refuses of it is left out with a warning.
func (p *progress) upsertHostDetails(tx *store.Tx, asset *store.Asset, b *plugins.HostDetails) error {
	for _, a := range b.Attributes {
		if !p.may(authz.WritesAssetAttributes, "the attribute %s of %s is left out", brief(a.ShortName), brief(a.Type)) {
			continue
		}
		changed, err := store.AssignAttributeByName(tx, asset.AssetID, a.Type, a.ShortName)
		if changed {
			p.came(store.Updated)
		}
		// Without the host: it is the name that is wrong, at every host that has it.
		if err := p.refused(err, "an attribute is left out"); err != nil {
			return err
		}
	}
	for _, d := range b.Databases {
		if !p.may(authz.WritesDatabases, "%s: its database %s is left out", asset.IPAddress, database(d)) {
			continue
		}
		outcome, err := store.UpsertDatabase(tx, asset, store.DatabaseFacts{
			PlatformID: d.PlatformID, InstanceName: d.InstanceName, IsDefaultInstance: d.IsDefaultInstance, Port: d.Port,
			Version: d.Version, Template: d.Template,
		})
		p.came(outcome)
		if err := p.refused(err, "%s: its database %s is left out", asset.IPAddress, database(d)); err != nil {
			return err
		}
	}
	if b.ManagedSystem == nil {
		return nil
	}
	return p.upsertSystem(tx, asset, b.ManagedSystem)
}

// upsertSystem stores the managed system of an asset with its accounts. Without a system there can be no accounts: who may not write
// systems adds accounts to one that there is.
func (p *progress) upsertSystem(tx *store.Tx, asset *store.Asset, s *plugins.ManagedSystem) error {
	if !p.may(authz.WritesManagedSystems, "%s: its managed system is left out", asset.IPAddress) {
		for system, err := range store.ManagedSystemsOn(tx, asset.AssetID) {
			if err != nil {
				return err
			}
			return p.upsertAccounts(tx, asset, system, s.ManagedAccounts)
		}
		return nil
	}
	system, outcome, err := store.UpsertManagedSystem(tx, asset, store.SystemFacts{
		SystemName: s.SystemName, NetBiosName: s.NetBiosName, ContactEmail: s.ContactEmail, Description: s.Description,
		PlatformID: s.PlatformID, Port: s.Port, Timeout: s.Timeout, FunctionalAccountID: s.FunctionalAccountID,
		AutoManagementFlag: s.AutoManagementFlag, ReleaseDuration: s.ReleaseDuration, MaxReleaseDuration: s.MaxReleaseDuration,
	})
	if err != nil {
		return p.refused(err, "%s: its managed system is left out, with its accounts", asset.IPAddress)
	}
	p.came(outcome)
	return p.upsertAccounts(tx, asset, system, s.ManagedAccounts)
}

func (p *progress) upsertAccounts(tx *store.Tx, asset *store.Asset, system *store.ManagedSystem, accounts []plugins.ManagedAccount) error {
	for _, a := range accounts {
		if !p.may(authz.WritesManagedAccounts, "%s: its managed account %s is left out", asset.IPAddress, account(a.DomainName, a.AccountName)) {
			continue
		}
		outcome, err := store.UpsertManagedAccount(tx, system.ManagedSystemID, store.AccountFacts{
			DomainName: a.DomainName, AccountName: a.AccountName, DistinguishedName: a.DistinguishedName, Description: a.Description,
			Password: a.Password.Reveal(), ApiEnabled: a.ApiEnabled, AutoManagementFlag: a.AutoManagementFlag,
			ReleaseDuration: a.ReleaseDuration, MaxReleaseDuration: a.MaxReleaseDuration,
		})
		p.came(outcome)
		if err := p.refused(err, "%s: its managed account %s is left out", asset.IPAddress, account(a.DomainName, a.AccountName)); err != nil {
			return err
		}
	}
	return nil
}

func (p *progress) upsertFunctionalAccount(tx *store.Tx, a *plugins.FunctionalAccount) error {
	if !p.may(authz.WritesFunctionalAccounts, "the functional account %s is left out", account(a.DomainName, a.AccountName)) {
		return nil
	}
	if p.elsewhere == nil {
		var err error
		if p.elsewhere, err = store.UsedElsewhere(tx); err != nil {
			return err
		}
	}
	_, err := store.UpsertFunctionalAccount(tx, store.FunctionalFacts{
		PlatformID: a.PlatformID, DomainName: a.DomainName, AccountName: a.AccountName, DisplayName: a.DisplayName,
		Description: a.Description, Password: a.Password.Reveal(),
	}, p.elsewhere)
	return p.refused(err, "the functional account %s is left out", account(a.DomainName, a.AccountName))
}

// database is the name of a database as people write it.
func database(d plugins.Database) string { return brief(fmt.Sprintf("%s:%d", d.InstanceName, d.Port)) }

// account is the name of an account as people write it.
func account(domain, name string) string {
	if domain != "" {
		name = domain + `\` + name
	}
	if name == "" {
		name = "without a name"
	}
	return brief(name)
}

// brief shortens a name, so that a warning has room for its reason.
func brief(name string) string {
	const longest = 80
	if r := []rune(name); len(r) > longest {
		return string(r[:longest]) + "…"
	}
	return name
}
