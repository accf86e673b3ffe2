// Package lab reads and writes the lab file: a whole store as YAML, with names instead of ids. It declares what the API shows,
// also what no endpoint creates. Loading goes through the same collections, checks and audits as the API does, and the same
// file again changes nothing. One file here is one section of the lab file: its types, how it is loaded, how it is dumped.
package lab

import "slices"

// Version is that of the format, the value of the member muster.
const Version = 1

// File is a lab file. All sections may be left out, and what they leave out of the store stays as it is.
type File struct {
	Place
	Muster             int                  `lab:"required"` // Version of the format: 1.
	Organizations      []*Organization      // What divides the lab between its owners.
	Platforms          []*Platform          // Kinds of system, beside the built-in ones.
	Roles              []*Role              // Password Safe roles, beside the built-in ones.
	AccessPolicies     []*AccessPolicy      // When and how managed accounts may be used.
	EPMPolicies        []*EPMPolicy         // Policies of Endpoint Privilege Management and their applications.
	AttributeTypes     []*AttributeType     // Attribute types with their attributes; built-in types may get more.
	FunctionalAccounts []*FunctionalAccount // Accounts that manage systems.
	Workgroups         []*Workgroup         // Workgroups with their assets, databases, managed systems and accounts.
	AddressGroups      []*AddressGroup      // Address groups with their addresses.
	ApiRegistrations   []*ApiRegistration   // How programs may sign in.
	SmartRules         []*SmartRule         // What selects assets, managed systems or managed accounts.
	Directories        []*Directory         // Where users and user groups come from, and how they are asked.
	UserGroups         []*UserGroup         // User groups with all that their members may do.
	Users              []*User              // Users, their passwords and the groups that they are in.
	Safes              []*Safe              // Safes of Secrets Safe with their folders, and what users and user groups may do there.
	Secrets            []*Secret            // Secrets of Secrets Safe with their owners.
	Subscriptions      []*Subscription      // Reports that are made on a schedule.
}

// steps are the loading of the whole file, piece by piece, each after what it refers to. A step changes a handful of records at
// the most.
func (f *File) steps() []step {
	return slices.Concat(
		singly(f.Organizations), singly(f.Platforms), singly(f.Roles), singly(f.AccessPolicies), wholly(f.EPMPolicies),
		wholly(f.AttributeTypes), singly(f.FunctionalAccounts), wholly(f.Workgroups), wholly(f.AddressGroups),
		singly(f.ApiRegistrations), singly(f.SmartRules), singly(f.Directories), wholly(f.UserGroups), wholly(f.Users),
		wholly(f.Safes), wholly(f.Secrets), singly(f.Subscriptions),
	)
}

// singly are the steps of items that are one each.
func singly[T interface {
	placed
	put(*loader) error
}](items []T) (all []step) {
	for _, item := range items {
		all = append(all, step{item, item.put})
	}
	return all
}

// wholly are the steps of items with others within them.
func wholly[T interface{ steps() []step }](items []T) (all []step) {
	for _, item := range items {
		all = append(all, item.steps()...)
	}
	return all
}
