package authz_test

import (
	"slices"
	"testing"

	"github.com/musterhq/muster/authz"
)

func TestLevels(t *testing.T) {
	t.Parallel()
	names := map[authz.Level]string{0: "None", 1: "Read", 3: "Read/Write"}
	for _, l := range authz.Levels() {
		if l.String() != names[l] || !authz.ValidLevel(l) {
			t.Errorf("level %d is %q", int(l), l)
		}
		delete(names, l)
	}
	if len(names) > 0 {
		t.Errorf("not in the catalogue: %v", names)
	}
	for _, l := range []authz.Level{-1, 2, 4, 7} {
		if authz.ValidLevel(l) {
			t.Errorf("level %d is valid", int(l))
		}
	}
	if got := authz.Level(2).String(); got != "Level(2)" {
		t.Errorf("an unknown level prints as %q", got)
	}
}

func TestALevelIncludesTheLowerOnes(t *testing.T) {
	t.Parallel()
	levels := authz.Levels()
	for i, have := range levels {
		for j, want := range levels {
			if got := have.Includes(want); got != (j <= i) {
				t.Errorf("%v includes %v: %v", have, want, got)
			}
		}
	}
}

// The ids are stored and posted by clients. A change here needs a migration of every store.
func TestPermissionsKeepTheirIDs(t *testing.T) {
	t.Parallel()
	want := map[authz.Permission]string{
		1:  "Asset Management",
		2:  "Attribute Management",
		3:  "User Accounts Management",
		4:  "User Audit Management",
		5:  "Scan Management",
		6:  "Analytics and Reporting",
		7:  "API Registration Management",
		8:  "Password Safe API Global Quarantine",
		9:  "Credential Management",
		10: "Smart Rule Management - Asset",
		11: "Smart Rule Management - Managed Account",
		12: "Password Safe Account Management",
		13: "Password Safe System Management",
		14: "Secrets Safe",
		15: "EPM",
		16: "EPM Policy",
		52: "Management Console Access",
		76: "Smart Rule Management - Managed System",
	}
	permissions := authz.Permissions()
	if len(permissions) != len(want) || !slices.IsSorted(permissions) {
		t.Errorf("the catalogue is %v", permissions)
	}
	for p, name := range want {
		if p.String() != name || !p.Valid() || !slices.Contains(permissions, p) {
			t.Errorf("permission %d is %q, want %q", int(p), p, name)
		}
	}
	for _, p := range []authz.Permission{-1, 0, 17, 53} {
		if p.Valid() {
			t.Errorf("permission %d is valid", int(p))
		}
	}
	if got := authz.Permission(99).String(); got != "Permission(99)" {
		t.Errorf("an unknown permission prints as %q", got)
	}
}
