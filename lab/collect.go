package lab

import (
	"cmp"
	"context"
	"io"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/musterhq/muster/store"
	"github.com/musterhq/muster/store/record"
)

// DumpOptions say what a dump holds.
type DumpOptions struct {
	By store.Actor // who dumps, as audits say; muster itself unless it is given
	// Secrets adds what can be had: the passwords of managed and functional accounts and of directories, the keys of API registrations and the
	// ClientIDs of Application users. Passwords of users and ClientSecrets are hashed, and nobody can have them.
	Secrets bool
}

// Dump writes the state of one moment as a lab file, in an order that does not change. Loading it changes nothing. A dump with
// secrets leaves an audit row.
func Dump(ctx context.Context, db *store.DB, w io.Writer, o DumpOptions) error {
	if o.By.UserName == "" {
		o.By = store.System("lab file")
	}
	if o.Secrets {
		if err := store.Change(ctx, db, o.By, func(tx *store.Tx) error {
			return tx.Audit(record.ActionView, "Lab File", record.Detail("Secrets", "", true))
		}); err != nil {
			return err
		}
	}
	f, err := store.View(ctx, db, o.By, func(tx *store.Tx) (*File, error) { return collect(tx, o.Secrets) })
	if err != nil {
		return err
	}
	return f.Write(w)
}

// collector makes a lab file of a store. It remembers by which names things are referred to.
type collector struct {
	tx      *store.Tx
	secrets bool

	organizationNames map[string]string
	platformNames     map[int]string
	accessPolicyNames map[int]string
	policyNames       map[int]string
	attributeNames    map[int][2]string // type and name
	functionalNames   map[int]*FunctionalAccountName
	workgroupNames    map[int]*Workgroup
	registrationNames map[int]string
	ruleTitles        map[int]string
	directoryHosts    map[int]string
	groupNames        map[int]string
	userNames         map[int]string
	groupSafes        map[string]string   // the group whose safe it is, by the id of the safe
	folderWays        map[string][]string // the names on the way to a folder, by its id
}

// collect collects the sections, each after what it refers to.
func collect(tx *store.Tx, secrets bool) (*File, error) {
	c := &collector{
		tx: tx, secrets: secrets,
		organizationNames: map[string]string{}, platformNames: map[int]string{}, accessPolicyNames: map[int]string{},
		policyNames: map[int]string{}, attributeNames: map[int][2]string{}, functionalNames: map[int]*FunctionalAccountName{},
		workgroupNames: map[int]*Workgroup{}, registrationNames: map[int]string{}, ruleTitles: map[int]string{},
		directoryHosts: map[int]string{}, groupNames: map[int]string{}, userNames: map[int]string{},
		groupSafes: map[string]string{}, folderWays: map[string][]string{},
	}
	f := &File{Muster: Version}
	for _, section := range []func() error{
		section(&f.Organizations, c.organizations), section(&f.Platforms, c.platforms), section(&f.Roles, c.roles),
		section(&f.AccessPolicies, c.accessPolicies), section(&f.EPMPolicies, c.epmPolicies),
		section(&f.AttributeTypes, c.attributeTypes), section(&f.FunctionalAccounts, c.functionalAccounts),
		section(&f.Workgroups, c.workgroups), section(&f.AddressGroups, c.addressGroups),
		section(&f.ApiRegistrations, c.apiRegistrations), section(&f.SmartRules, c.smartRules),
		section(&f.Directories, c.directories), section(&f.UserGroups, c.userGroups), section(&f.Users, c.users),
		section(&f.Safes, c.safes), section(&f.Secrets, c.secretsSafe), section(&f.Subscriptions, c.subscriptions),
	} {
		if err := section(); err != nil {
			return nil, err
		}
	}
	return f, nil
}

func section[T any](into *[]T, collect func() ([]T, error)) func() error {
	return func() (err error) {
		*into, err = collect()
		return err
	}
}

// reveal fills in a password, if secrets are wanted and there is one.
func (c *collector) reveal(into *Credential, id int, reveal func(*store.Tx, int) (string, error)) error {
	if !c.secrets {
		return nil
	}
	password, err := reveal(c.tx, id)
	if err == nil && password != "" {
		into.Password = &password
	}
	return err
}

// sorted brings items into the order of their keys.
func sorted[T any](items []T, key func(T) string) []T {
	slices.SortStableFunc(items, func(a, b T) int { return cmp.Compare(strings.ToLower(key(a)), strings.ToLower(key(b))) })
	return items
}

func sortedIDs[T any](by map[int]T) []int { return slices.Sorted(maps.Keys(by)) }

// linked collects the ids of one side of a link.
func linked[ID int | string](links iter.Seq2[record.Linked[ID], error]) (ids []ID, err error) {
	for l, err := range links {
		if err != nil {
			return nil, err
		}
		ids = append(ids, l.ID)
	}
	return ids, nil
}

// called are the names of some ids, but for those that have just been deleted.
func called[ID int | string](ids []ID, by map[ID]string) Names {
	all := Names{}
	for _, id := range ids {
		if name := by[id]; name != "" {
			all = append(all, &Name{Text: name})
		}
	}
	return sorted(all, func(n *Name) string { return n.Text })
}

func indexOf[T any](all []T, is func(T) bool) int { return slices.IndexFunc(all, is) }
