package authz_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/musterhq/muster/authz"
	"pgregory.net/rapid"
)

func TestNeedInWords(t *testing.T) {
	t.Parallel()
	var (
		readAssets   = authz.Reads(authz.AssetManagement)
		writeAssets  = authz.Writes(authz.AssetManagement)
		writeScans   = authz.Writes(authz.ScanManagement)
		readAttrs    = authz.Reads(authz.AttributeManagement)
		writeUsers   = authz.Writes(authz.UserAccountsManagement)
		organization = authz.Organization()
	)
	for _, test := range []struct {
		name             string
		need             authz.Need
		printed, refused string
		grants           string
	}{
		{"anyone", authz.Anyone,
			"Any signed-in caller", "Any signed-in caller is required", "[]"},
		{"one grant", writeAssets,
			"Asset Management (Read/Write)", "Asset Management (Read/Write) is required", "[Asset Management (Read/Write)]"},
		{"either grant", readAssets.Or(writeScans),
			"Asset Management (Read) or Scan Management (Read/Write)",
			"Asset Management (Read) or Scan Management (Read/Write) is required", "[Asset Management (Read)]"},
		{"both grants", readAssets.And(readAttrs),
			"Asset Management (Read) and Attribute Management (Read)",
			"Asset Management (Read) and Attribute Management (Read) is required",
			"[Asset Management (Read) Attribute Management (Read)]"},
		{"organization and grant", organization.And(readAssets),
			"Permission to the Organization and Asset Management (Read)", "Asset Management (Read) is required", "[Asset Management (Read)]"},
		{"organization and either grant", organization.And(readAssets.Or(writeScans)),
			"Permission to the Organization and (Asset Management (Read) or Scan Management (Read/Write))",
			"Asset Management (Read) or Scan Management (Read/Write) is required", "[Asset Management (Read)]"},
		{"grant or self", writeUsers.Or(authz.Self()),
			"User Accounts Management (Read/Write) or being logged in as the user affected",
			"User Accounts Management (Read/Write) is required", "[User Accounts Management (Read/Write)]"},
		{"self alone", authz.Self(),
			"Being logged in as the user affected", "Being logged in as the user affected is required", "[]"},
		{"smart rule, read", authz.ReadsSmartRule(),
			"Read access to the Smart Rule", "Read access to the Smart Rule is required", "[]"},
		{"smart rule, write", authz.WritesSmartRule(),
			"Read/Write access to the Smart Rule", "Read/Write access to the Smart Rule is required", "[]"},
		{"two levels of one permission", readAssets.And(writeAssets),
			"Asset Management (Read) and Asset Management (Read/Write)",
			"Asset Management (Read) and Asset Management (Read/Write) is required", "[Asset Management (Read/Write)]"},
		{"a later alternative serves twice", readAssets.Or(writeScans).And(writeScans),
			"(Asset Management (Read) or Scan Management (Read/Write)) and Scan Management (Read/Write)",
			"(Asset Management (Read) or Scan Management (Read/Write)) and Scan Management (Read/Write) is required",
			"[Scan Management (Read/Write)]"},
		{"or with an and", readAssets.Or(writeScans.And(readAttrs)),
			"(Asset Management (Read) or Scan Management (Read/Write)) and (Asset Management (Read) or Attribute Management (Read))",
			"(Asset Management (Read) or Scan Management (Read/Write)) and (Asset Management (Read) or Attribute Management (Read)) is required",
			"[Asset Management (Read)]"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if got := test.need.String(); got != test.printed {
				t.Errorf("printed:\n got %s\nwant %s", got, test.printed)
			}
			if got := test.need.Required(); got != test.refused {
				t.Errorf("refused:\n got %s\nwant %s", got, test.refused)
			}
			if got := fmt.Sprint(test.need.Grants()); got != test.grants {
				t.Errorf("grants:\n got %s\nwant %s", got, test.grants)
			}
		})
	}
}

func TestBuildingANeedLeavesItsPartsAlone(t *testing.T) {
	t.Parallel()
	base := authz.Reads(authz.AssetManagement).And(authz.Reads(authz.AttributeManagement))
	before := base.String()
	one := base.And(authz.Self())
	two := base.And(authz.Organization())
	either := base.Or(authz.WritesSmartRule())
	if base.String() != before || one.String() == two.String() || either.String() == before {
		t.Errorf("%v, %v, %v, %v", base, one, two, either)
	}
}

// genNeed draws needs of up to three groups of up to three terms.
func genNeed() *rapid.Generator[authz.Need] {
	term := rapid.Custom(func(t *rapid.T) authz.Term {
		kind := rapid.SampledFrom([]authz.Kind{authz.KindGrant, authz.KindGrant, authz.KindGrant,
			authz.KindSelf, authz.KindOrganization, authz.KindSmartRule}).Draw(t, "kind")
		if kind != authz.KindGrant {
			return authz.Term{Kind: kind}
		}
		return authz.Term{Grant: genGrant().Draw(t, "grant")}
	})
	return rapid.Map(rapid.SliceOfN(rapid.SliceOfN(term, 1, 3), 0, 3), func(groups [][]authz.Term) authz.Need { return groups })
}

func genGrant() *rapid.Generator[authz.Grant] {
	return rapid.Custom(func(t *rapid.T) authz.Grant {
		return authz.Grant{
			Permission: rapid.SampledFrom(authz.Permissions()[:4]).Draw(t, "permission"),
			Level:      rapid.SampledFrom(authz.Levels()[1:]).Draw(t, "level"),
		}
	})
}

func genClaims() *rapid.Generator[*authz.Claims] {
	return rapid.Custom(func(t *rapid.T) *authz.Claims {
		return holder(rapid.SliceOfN(genGrant(), 0, 4).Draw(t, "grants"))
	})
}

// holder returns the claims of a user who holds just these grants.
func holder(grants []authz.Grant) *authz.Claims {
	c := &authz.Claims{Grants: make(map[authz.Permission]authz.Level)}
	for _, g := range grants {
		c.Grants[g.Permission] |= g.Level
	}
	return c
}

func TestAndAndOrAreThoseOfLogic(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n, m, c := genNeed().Draw(t, "n"), genNeed().Draw(t, "m"), genClaims().Draw(t, "claims")
		if got, want := c.Satisfies(n.And(m)), c.Satisfies(n) && c.Satisfies(m); got != want {
			t.Errorf("%v: and: %v", c.Grants, got)
		}
		if got, want := c.Satisfies(n.Or(m)), c.Satisfies(n) || c.Satisfies(m); got != want {
			t.Errorf("%v: or: %v", c.Grants, got)
		}
	})
}

func TestAlternativesAreSufficientAndComplete(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := grantGroups(genNeed().Draw(t, "n"))
		alternatives, smallest := n.Alternatives(), n.Grants()
		for _, set := range alternatives {
			if !holder(set).Satisfies(n) {
				t.Errorf("%v does not suffice for %v", set, n)
			}
			if len(smallest) > len(set) {
				t.Errorf("%v is smaller than %v", set, smallest)
			}
		}
		c := genClaims().Draw(t, "claims")
		covered := slices.ContainsFunc(alternatives, func(set []authz.Grant) bool {
			return !slices.ContainsFunc(set, func(g authz.Grant) bool { return !c.Level(g.Permission).Includes(g.Level) })
		})
		if got := c.Satisfies(n); got != covered {
			t.Errorf("%v satisfies %v: %v, but an alternative is held: %v", c.Grants, n, got, covered)
		}
	})
}

// grantGroups keeps the groups that grants alone decide.
func grantGroups(n authz.Need) authz.Need {
	return slices.DeleteFunc(slices.Clone(n), func(group []authz.Term) bool {
		return slices.ContainsFunc(group, func(t authz.Term) bool { return t.Kind != authz.KindGrant })
	})
}
