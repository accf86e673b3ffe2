package main

import (
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/musterhq/muster/directory"
	"github.com/musterhq/muster/directory/roster"
	"github.com/musterhq/muster/store"
)

// directories is how muster deals with directories.
type directories struct {
	allow   []string
	servers []string
	ca      string
	plain   bool
	members int
	every   time.Duration
}

// flags are those of directories.
func (d *directories) flags(command *cobra.Command) {
	f := command.Flags()
	f.StringSliceVar(&d.allow, "directory-allow", nil, "host, host:port, address or CIDR of directories that may be asked; may be repeated (default: none)")
	f.StringSliceVar(&d.servers, "directory-server", nil, "DOMAIN=HOST:PORT: who answers for a domain of Active Directory, instead of what its DNS says; may be repeated")
	f.StringVar(&d.ca, "directory-ca", "", "PEM file of authorities that vouch for directories, beside the system's")
	f.BoolVar(&d.plain, "directory-plain", false, "also ask directories that offer no TLS: passwords travel readably")
	f.IntVar(&d.members, "directory-members", directory.DefaultMembers, "most members of a directory's group")
	f.DurationVar(&d.every, "directory-sync", time.Hour, "how often users and groups of directories are synchronized; 0: only when somebody asks for them")
}

func (d *directories) check() error {
	switch {
	case d.members < 1 || d.members > 10*directory.DefaultMembers:
		return fmt.Errorf("--directory-members: 1 to %d is expected", 10*directory.DefaultMembers)
	case d.every < 0 || d.every > 0 && d.every < time.Second:
		return errors.New("--directory-sync: 0 or at least 1s is expected")
	}
	return nil
}

// roster builds what asks directories.
func (d *directories) roster(db *store.DB, log *slog.Logger) (*roster.Roster, error) {
	o := directory.Options{Plain: d.plain, Members: d.members, Servers: map[string]string{}, Log: log}
	var err error
	if o.Allow, err = directory.ParseAllow(d.allow); err != nil {
		return nil, fmt.Errorf("--directory-allow: %w", err)
	}
	for _, named := range d.servers {
		domain, server, ok := strings.Cut(named, "=")
		if !ok || domain == "" || server == "" {
			return nil, fmt.Errorf("--directory-server: DOMAIN=HOST:PORT is expected, not %q", named)
		}
		o.Servers[strings.ToLower(domain)] = server
	}
	if o.Roots, err = d.authorities(); err != nil {
		return nil, fmt.Errorf("--directory-ca: %w", err)
	}
	return roster.New(roster.Options{DB: db, Client: directory.New(o), Every: d.every, Log: log}), nil
}

// authorities are those of the system and of the file, nil for the system's alone.
func (d *directories) authorities() (*x509.CertPool, error) {
	if d.ca == "" {
		return nil, nil
	}
	pem, err := os.ReadFile(d.ca)
	if err != nil {
		return nil, err
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s holds no certificate", d.ca)
	}
	return pool, nil
}
