package lab

import (
	"reflect"

	"github.com/musterhq/muster/store"
)

// Platform is one of the Platforms, known by its name. A built-in one may be changed.
type Platform struct {
	Place
	Name                    string  `lab:"required"` // Name of the platform.
	PlatformID              *int    // Its id; given out from 10000 on unless it is given. That of an existing platform stays.
	ShortName               *string // A short name.
	PortFlag                *bool   // Whether a port can be set.
	DefaultPort             *int    // The port that is proposed.
	SupportsElevationFlag   *bool   // Whether there is elevation, as by sudo.
	DomainNameFlag          *bool   // Whether a functional account has a domain.
	AutoManagementFlag      *bool   // Whether passwords can be changed by a program.
	DSSAutoManagementFlag   *bool   // Whether keys can be.
	ManageableFlag          *bool   // Whether there can be functional accounts.
	DSSFlag                 *bool   // Whether accounts may have keys.
	LoginAccountFlag        *bool   // Whether another account may sign in.
	DefaultSessionType      *string // RDP or SSH.
	ApplicationHostFlag     *bool   // Whether it hosts applications.
	RequiresApplicationHost *bool   // Whether it needs a host for them.
	RequiresTenantID        *bool   // Whether an account needs a tenant ID.
	RequiresObjectID        *bool   // Whether an account needs an object ID.
	RequiresSecret          *bool   // Whether an account needs a secret.
}

func (t *Platform) put(p *loader) error {
	found, err := store.PlatformByName(p.tx, t.Name)
	_, err = put(p, store.Platforms, t, quoted(t.Name), found, err)
	return err
}

func (c *collector) platforms() (all []*Platform, err error) {
	builtIn := store.BuiltInPlatforms()
	for r, err := range store.Platforms.All(c.tx) {
		if err != nil {
			return nil, err
		}
		c.platformNames[r.PlatformID] = r.Name
		if i := indexOf(builtIn, func(b *store.Platform) bool { return b.PlatformID == r.PlatformID }); i >= 0 && reflect.DeepEqual(r, builtIn[i]) {
			continue
		}
		t := &Platform{}
		show(t, r)
		all = append(all, t)
	}
	return all, nil
}
