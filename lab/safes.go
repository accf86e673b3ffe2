package lab

import (
	"strings"

	"github.com/musterhq/muster/store"
)

// Safe is a safe of Secrets Safe, known by its name.
type Safe struct {
	Place
	Name        string            `lab:"required"` // Name of the safe.
	ID          *string           // Its id, a GUID; made up unless it is given. That of an existing safe stays.
	Description *string           // Description of the safe.
	Group       *string           // User group whose safe it is: it cannot be deleted while a secret is in it.
	Permissions []*SafePermission // What users and user groups may do in the safe at least.
	Folders     []*SafeFolder     // Folders that are in the safe at least.
}

// SafePermission is what a user, or else the members of a user group, may do in a safe.
type SafePermission struct {
	Place
	User      *string     // User who has it: name, or domain\name.
	Group     *string     // User group whose members have it, instead.
	Flags     Names       `lab:"required"` // Read, Create, Edit, Delete or Manage, which includes all others.
	ExpiresOn *store.Time // When it is over; never unless it is given.
}

// SafeFolder is a folder in a safe or in another folder, known by its name there.
type SafeFolder struct {
	Place
	Name        string        `lab:"required"` // Name of the folder.
	ID          *string       // Its id, a GUID; made up unless it is given. That of an existing folder stays.
	Description *string       // Description of the folder.
	Folders     []*SafeFolder // Folders within this one.
}

func (s *Safe) steps() []step {
	all := []step{{s, s.put}}
	for _, permission := range s.Permissions {
		all = append(all, step{permission, func(p *loader) error { return permission.put(p, s) }})
	}
	return append(all, folderSteps([]string{s.Name}, s.Folders)...)
}

func folderSteps(way []string, folders []*SafeFolder) (all []step) {
	for _, f := range folders {
		all = append(all, step{f, func(p *loader) error { return f.put(p, way) }})
		all = append(all, folderSteps(append(way[:len(way):len(way)], f.Name), f.Folders)...)
	}
	return all
}

func (s *Safe) put(p *loader) error {
	found, err := store.SafeByName(p.tx, s.Name)
	_, err = put(p, store.SecretsFolders, s, quoted(s.Name), found, err, func(r *store.SecretsFolder, _ bool) error {
		if r.ID = strings.ToLower(r.ID); or(s.Group, "") == "" {
			return nil
		}
		g, err := store.UserGroupByName(p.tx, *s.Group)
		if g, err = refer("Group", g, err); err == nil {
			r.UserGroupID = g.GroupID
		}
		return err
	})
	return err
}

func (m *SafePermission) put(p *loader, s *Safe) error {
	safe, err := store.SafeByName(p.tx, s.Name)
	if err != nil {
		return err
	}
	wanted := &store.SafePermission{SafeID: safe.ID}
	name, err := m.principal(p, wanted)
	if err != nil {
		return err
	}
	var flags []string
	for _, flag := range m.Flags {
		flags = append(flags, flag.Text)
	}
	if wanted.Flags, err = store.SafeFlagsOf(flags); err != nil {
		return err
	}
	if m.ExpiresOn != nil {
		wanted.ExpiresOn = *m.ExpiresOn
	}
	has, err := store.SafePermissionOf(p.tx, safe.ID, wanted.PrincipalType, wanted.PrincipalID)
	_, err = put(p, store.SafePermissions, m, quoted(s.Name, name), has, err, func(r *store.SafePermission, isNew bool) error {
		wanted.ID = r.ID
		*r = *wanted
		return nil
	})
	return err
}

// principal fills in who has the permission, and returns their name.
func (m *SafePermission) principal(p *loader, to *store.SafePermission) (string, error) {
	switch {
	case (m.User == nil) == (m.Group == nil):
		return "", store.Invalid("either User or Group is expected")
	case m.User != nil:
		u, err := p.user("User", *m.User)
		if err == nil {
			to.PrincipalType, to.PrincipalID = store.PrincipalUser, u.UserID
		}
		return *m.User, err
	}
	g, err := store.UserGroupByName(p.tx, *m.Group)
	if g, err = refer("Group", g, err); err == nil {
		to.PrincipalType, to.PrincipalID = store.PrincipalGroup, g.GroupID
	}
	return *m.Group, err
}

func (f *SafeFolder) put(p *loader, way []string) error {
	parent, err := store.FolderOn(p.tx, way)
	if err != nil {
		return err
	}
	found, err := store.FolderOn(p.tx, append(way[:len(way):len(way)], f.Name))
	_, err = put(p, store.SecretsFolders, f, quoted(append(way[:len(way):len(way)], f.Name)...), found, err, func(r *store.SecretsFolder, _ bool) error {
		r.ID, r.ParentID = strings.ToLower(r.ID), parent.ID
		return nil
	})
	return err
}

func (c *collector) safes() (all []*Safe, err error) {
	for r, err := range store.FoldersIn(c.tx, "") {
		if err != nil {
			return nil, err
		}
		s := &Safe{}
		show(s, r)
		if name := c.groupNames[r.UserGroupID]; name != "" {
			s.Group = &name
		}
		if s.Permissions, err = c.safePermissions(r.ID); err != nil {
			return nil, err
		}
		if s.Folders, err = c.foldersIn(r.ID, []string{r.Name}); err != nil {
			return nil, err
		}
		c.folderWays[r.ID] = []string{r.Name}
		if name := c.groupNames[r.UserGroupID]; name != "" {
			c.groupSafes[r.ID] = name
		}
		all = append(all, s)
	}
	return all, nil
}

func (c *collector) safePermissions(safeID string) (all []*SafePermission, err error) {
	for r, err := range store.PermissionsOn(c.tx, safeID) {
		if err != nil {
			return nil, err
		}
		name := c.userNames[r.PrincipalID]
		if r.PrincipalType == store.PrincipalGroup {
			name = c.groupNames[r.PrincipalID]
		}
		if name == "" {
			continue // deleted, and not swept yet
		}
		m := &SafePermission{Flags: names(r.Flags.Names()...)}
		if m.User = &name; r.PrincipalType == store.PrincipalGroup {
			m.User, m.Group = nil, &name
		}
		if !r.ExpiresOn.IsZero() {
			m.ExpiresOn = &r.ExpiresOn
		}
		all = append(all, m)
	}
	return all, nil
}

func (c *collector) foldersIn(parentID string, way []string) (all []*SafeFolder, err error) {
	for r, err := range store.FoldersIn(c.tx, parentID) {
		if err != nil {
			return nil, err
		}
		f, below := &SafeFolder{}, append(way[:len(way):len(way)], r.Name)
		show(f, r)
		if f.Folders, err = c.foldersIn(r.ID, below); err != nil {
			return nil, err
		}
		c.folderWays[r.ID] = below
		all = append(all, f)
	}
	return all, nil
}
