package lab

import (
	"slices"
	"strings"

	"github.com/musterhq/muster/store"
)

// Secret is a secret of Secrets Safe, but for its file. It is known by its folder and its name.
type Secret struct {
	Place
	Name        string  `lab:"required"` // Title of the secret.
	ID          *string // Its id, a GUID; made up unless it is given. That of an existing secret stays.
	Group       *string // User group in whose safe it lies; the safe of no group unless this or Folder is given.
	Folder      Names   // The names of its safe and of the folders in it on the way to the secret, instead.
	SecretType  *string // Credential, or Text; Credential unless it is given. That of an existing secret stays.
	Description *string // Description of the secret.
	Username    *string // User name of a credential.
	Notes       *string // Notes.
	Urls        Names   // Where it is used, in place of all that it has.
	Credential
	Owners      Names // Users who own it at least: name, or domain\name.
	OwnerGroups Names // User groups that own it at least.
}

func (s *Secret) steps() []step {
	all := []step{{s, s.put}}
	for _, name := range s.Owners {
		all = append(all, step{name, func(p *loader) error { return s.own(p, name) }})
	}
	for _, name := range s.OwnerGroups {
		all = append(all, step{name, func(p *loader) error { return s.ownByGroup(p, name) }})
	}
	return all
}

// folder returns the folder of the secret. The safe of a group, or that of no group, is made if it does not exist.
func (s *Secret) folder(p *loader) (*store.SecretsFolder, error) {
	if len(s.Folder) > 0 {
		if s.Group != nil {
			return nil, store.Invalid("either Group or Folder is expected")
		}
		var way []string
		for _, name := range s.Folder {
			way = append(way, name.Text)
		}
		f, err := store.FolderOn(p.tx, way)
		return refer("Folder", f, err)
	}
	if or(s.Group, "") == "" {
		return store.GroupsSafe(p.tx, 0)
	}
	g, err := store.UserGroupByName(p.tx, *s.Group)
	if g, err = refer("Group", g, err); err != nil {
		return nil, err
	}
	return store.GroupsSafe(p.tx, g.GroupID)
}

func (s *Secret) put(p *loader) error {
	if len(s.Owners)+len(s.OwnerGroups) == 0 {
		return store.Invalid("Owners: one at least is expected")
	}
	folder, err := s.folder(p)
	if err != nil {
		return err
	}
	found, err := store.SecretIn(p.tx, folder.ID, s.Name)
	r, err := put(p, store.Secrets, s, quoted(s.Name), found, err, func(r *store.Secret, isNew bool) error {
		r.FolderID, r.Title = folder.ID, s.Name
		s.fillURLs(r)
		return s.kind(p, r, found, isNew)
	})
	if err != nil || s.Password == nil {
		return err
	}
	what := store.Secrets.Name() + " " + quoted(s.Name)
	return s.keep(p, s, what,
		func(password string) (bool, error) {
			value, err := r.Value(p.tx)
			return value == password, err
		},
		func(password string) error { return store.SetSecretValue(p.tx, r, password) })
}

// kind fills in what a new secret begins with, and keeps the kind of an existing one.
func (s *Secret) kind(p *loader, r, found *store.Secret, isNew bool) error {
	if !isNew {
		if !strings.EqualFold(r.ID, found.ID) {
			return store.Invalid("ID: that of %q is %s and stays", s.Name, found.ID)
		}
		if r.ID = found.ID; r.SecretType != found.SecretType {
			return store.Invalid("SecretType: that of %q is %s and stays", s.Name, found.SecretType)
		}
		return nil
	}
	if r.SecretType == "" {
		r.SecretType = store.CredentialSecret
	}
	if r.SecretType != store.CredentialSecret && r.SecretType != store.TextSecret {
		return store.Invalid("SecretType: Credential or Text is expected")
	}
	r.CreatedOn, r.ModifiedOn, r.SecretValueModifiedOn = p.tx.Now, p.tx.Now, p.tx.Now
	r.CreatedBy, r.ModifiedBy = p.tx.By.UserName, p.tx.By.UserName
	return nil
}

// fillURLs keeps the ids of those that the secret has.
func (s *Secret) fillURLs(r *store.Secret) {
	if s.Urls == nil {
		return
	}
	before := r.Urls
	r.Urls = nil
	for _, name := range s.Urls {
		u := store.SecretURL{URL: name.Text}
		if i := slices.IndexFunc(before, func(old store.SecretURL) bool { return old.URL == name.Text }); i >= 0 {
			u = before[i]
		}
		r.Urls = append(r.Urls, u)
	}
}

// find returns the secret that was put.
func (s *Secret) find(p *loader) (*store.Secret, error) {
	folder, err := s.folder(p)
	if err != nil {
		return nil, err
	}
	return store.SecretIn(p.tx, folder.ID, s.Name)
}

func (s *Secret) own(p *loader, name *Name) error {
	secret, err := s.find(p)
	if err != nil {
		return err
	}
	owner, err := p.user("Owners", name.Text)
	if err != nil {
		return err
	}
	return link(p, store.SecretOwner, secret.SecretID, owner.UserID, name, "owner "+quoted(name.Text)+" to Secret "+quoted(s.Name))
}

func (s *Secret) ownByGroup(p *loader, name *Name) error {
	secret, err := s.find(p)
	if err != nil {
		return err
	}
	g, err := store.UserGroupByName(p.tx, name.Text)
	if g, err = refer("OwnerGroups", g, err); err != nil {
		return err
	}
	return link(p, store.SecretOwnerGroup, secret.SecretID, g.GroupID, name, "owner "+quoted(name.Text)+" to Secret "+quoted(s.Name))
}

// secretsSafe leaves out secrets that are files.
func (c *collector) secretsSafe() (all []*Secret, err error) {
	for r, err := range store.Secrets.All(c.tx) {
		if err != nil {
			return nil, err
		}
		if r.SecretType == store.FileSecret {
			continue
		}
		s, err := c.secret(r)
		if err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return sorted(all, func(s *Secret) string { return or(s.Group, "") + "\x00" + s.wayText() + s.Name }), nil
}

func (s *Secret) wayText() string {
	var way strings.Builder
	for _, name := range s.Folder {
		way.WriteString(name.Text + "\x00")
	}
	return way.String()
}

func (c *collector) secret(r *store.Secret) (*Secret, error) {
	s := &Secret{Name: r.Title}
	if show(s, r); r.SecretType == store.CredentialSecret {
		s.SecretType = nil
	}
	if name := c.groupSafes[r.FolderID]; name != "" {
		s.Group = &name
	} else {
		s.Folder = names(c.folderWays[r.FolderID]...)
	}
	for _, u := range r.Urls {
		s.Urls = append(s.Urls, &Name{Text: u.URL})
	}
	users, err := linked(store.SecretOwner.From(c.tx, r.SecretID))
	if err != nil {
		return nil, err
	}
	groups, err := linked(store.SecretOwnerGroup.From(c.tx, r.SecretID))
	if err != nil {
		return nil, err
	}
	if s.Owners = called(users, c.userNames); len(groups) > 0 {
		s.OwnerGroups = called(groups, c.groupNames)
	}
	return s, c.reveal(&s.Credential, r.SecretID, func(tx *store.Tx, _ int) (string, error) { return r.Value(tx) })
}
