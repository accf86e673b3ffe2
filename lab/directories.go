package lab

import (
	"errors"

	"github.com/musterhq/muster/store"
)

// Directory is a server, a domain or a tenant that users and user groups come from, and the account that it is asked as. It is
// known by its kind, its host and its port.
type Directory struct {
	Place
	Kind       string  `lab:"required" choices:"directoryTypes"` // EntraId, ActiveDirectory or LdapDirectory.
	Host       string  `lab:"required"`                          // The tenant, the domain or the server.
	Account    string  `lab:"required"`                          // The user to bind as, or the client id.
	Port       *int    // Port of a server; the usual one unless it is given.
	ForestName *string // Forest of a domain.
	Cloud      *string `choices:"clouds"` // Of a tenant: AzurePublic (default) or AzureUsGovernment.
	UseSSL     *bool   // Whether LDAPS is spoken.
	Credential         // Of the account; required of a new directory.
}

func (d *Directory) put(p *loader) error {
	found, err := store.DirectoryAt(p.tx, d.Kind, d.Host, or(d.Port, 0))
	secret := ""
	if err == nil {
		access, err := store.OpenDirectory(p.tx, found.DirectoryID)
		if err != nil && !known(err) {
			return err
		}
		secret = access.Secret
	} else if d.Password == nil && errors.Is(err, store.ErrNotFound) {
		return store.Invalid("Password is required of a new directory")
	}
	set := func(tx *store.Tx, r *store.Directory) error {
		access := store.DirectoryAccess{Directory: *r, Secret: or(d.Password, secret)}
		err := store.SetDirectory(tx, &access)
		*r = access.Directory
		return err
	}
	what := quoted(d.Kind, d.Host)
	if found != nil && d.Password != nil && *d.Password != secret {
		p.say(d, edit, store.Directories.Name()+" "+what, "Password")
	}
	_, err = putIn(p, store.Directories, kept[store.Directory]{set, set}, d, what, found, err)
	return err
}

// directory is the id of the directory of a kind that a member names by its host, 0 for none, and what the store keeps of an
// entry in it.
func (p *loader) directory(kind string, host, entry *string) (id int, kept store.Text, err error) {
	if host == nil {
		if entry != nil {
			return 0, "", store.Invalid("DirectoryEntry: Directory is required, too")
		}
		return 0, "", nil
	}
	for d, err := range store.Directories.All(p.tx) {
		if err != nil {
			return 0, "", err
		}
		if d.Kind != kind || d.Host != *host {
			continue
		}
		if entry != nil {
			kept = store.EntryIn(d.DirectoryID, *entry)
		}
		return d.DirectoryID, kept, nil
	}
	return 0, "", store.Invalid("Directory: there is no %s directory %q", kind, *host)
}

func (c *collector) directories() (all []*Directory, err error) {
	for r, err := range store.Directories.All(c.tx) {
		if err != nil {
			return nil, err
		}
		d := &Directory{}
		if show(d, r); c.secrets {
			access, err := store.OpenDirectory(c.tx, r.DirectoryID)
			if err != nil && !known(err) {
				return nil, err
			}
			d.Password = &access.Secret
		}
		all = append(all, d)
		c.directoryHosts[r.DirectoryID] = r.Host
	}
	return all, nil
}

// entry is what a dump says of where a user or a user group comes from.
func (c *collector) entry(directoryID int, entry store.Text) (host, id *string) {
	if name := c.directoryHosts[directoryID]; name != "" {
		host = &name
		if inside := store.InDirectory(entry); inside != "" {
			id = &inside
		}
	}
	return host, id
}
