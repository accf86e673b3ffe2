package lab

import (
	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/store"
)

// valuesOf lists what a member may be that is tagged with a choice, nil if it may be anything.
func valuesOf(choice string) (values []string) {
	switch choice {
	case "userTypes":
		return []string{store.BeyondInsightType, store.ApplicationType, store.EntraIdType, store.ActiveDirectoryType, store.LdapDirectoryType}
	case "groupTypes":
		return []string{store.BeyondInsightType, store.EntraIdType, store.ActiveDirectoryType, store.LdapDirectoryType}
	case "directoryTypes":
		return []string{store.EntraIdType, store.ActiveDirectoryType, store.LdapDirectoryType}
	case "clouds":
		return []string{"AzurePublic", "AzureUsGovernment"}
	case "reports":
		return store.Reports()
	case "formats":
		for _, f := range store.Formats() {
			values = append(values, f.Name)
		}
	case "ruleTypes":
		return []string{store.AssetRule, store.ManagedSystemRule, store.ManagedAccountRule}
	case "registrationTypes":
		return []string{store.ApiKeyPolicy, store.ApiAccessPolicy}
	case "addressRuleTypes":
		return []string{store.RuleSingleAddress, store.RuleAddressRange, store.RuleAddressCIDR}
	case "accessTypes":
		return []string{"View", "RDP", "SSH", "App"}
	case "permissions":
		for _, p := range authz.Permissions() {
			values = append(values, p.String())
		}
	case "levels":
		for _, l := range authz.Levels() {
			values = append(values, l.String())
		}
	}
	return values
}

// permission returns the permission of a name, which is one of the choices.
func permission(name string) (found authz.Permission) {
	for _, p := range authz.Permissions() {
		if p.String() == name {
			found = p
		}
	}
	return found
}

// level returns the access level of a name, which is one of the choices.
func level(name string) (found authz.Level) {
	for _, l := range authz.Levels() {
		if l.String() == name {
			found = l
		}
	}
	return found
}
