package authz

import (
	"fmt"
	"slices"
	"strings"
)

// Grant is a permission at a level: what a user group gives its members, and what most endpoints ask for.
type Grant struct {
	Permission Permission
	Level      Level
}

// String returns the words of the vendor's manual: "Asset Management (Read/Write)".
func (g Grant) String() string { return fmt.Sprintf("%v (%v)", g.Permission, g.Level) }

// Kind tells what a Term asks for.
type Kind int

// The kinds of terms. All but KindGrant concern the object of a request: they are stated here so that they are
// documented and tested with the rest, and decided by a call in the handler, in the same snapshot as the data.
const (
	KindGrant        Kind = iota // the caller holds Term.Grant
	KindSelf                     // the caller is the user affected
	KindOrganization             // the caller may see the Organization of the object
	KindSmartRule                // the caller has Term.Level on the Smart Rule
	KindObject                   // the caller has on the object what Term.Name says: a role, or to have made it
	KindSafe                     // the caller has the permission Term.Name on the safe
	KindSecretOwner              // the caller, or a user group of theirs, owns the secret
)

// Term is one condition of a Need. Terms are comparable.
type Term struct {
	Kind  Kind
	Grant // both fields for KindGrant, the Level alone for KindSmartRule

	Name string // of a grant: what a vendor calls it who knows others than the manual's, see Called; of KindObject: what is asked for; of KindSafe: the permission
}

// String returns the term as a part of a sentence.
func (t Term) String() string {
	switch t.Kind {
	case KindSelf:
		return "being logged in as the user affected"
	case KindOrganization:
		return "permission to the Organization"
	case KindSmartRule:
		return t.Level.String() + " access to the Smart Rule"
	case KindObject:
		return t.Name
	case KindSafe:
		return t.Name + " on the safe"
	case KindSecretOwner:
		return "ownership of the secret"
	}
	if t.Name != "" {
		return t.Name + ", which is " + t.Grant.String()
	}
	return t.Grant.String()
}

// short is String, but a name stands for what it names.
func (t Term) short() string {
	if t.Kind == KindGrant && t.Name != "" {
		return t.Name
	}
	return t.String()
}

// Need is what an endpoint asks of its caller: at least one term of every group, an AND of ORs. It is spelled once,
// in the row of the endpoint; the check, the Swagger page, the text of a 403 and the tests are derived from it.
type Need [][]Term

// Anyone is the empty Need: being signed in suffices.
var Anyone Need

// Reads asks for at least Read on p.
func Reads(p Permission) Need { return Need{{{Grant: Grant{p, Read}}}} }

// Writes asks for Read/Write on p.
func Writes(p Permission) Need { return Need{{{Grant: Grant{p, ReadWrite}}}} }

// Self asks that the caller is the user affected.
func Self() Need { return Need{{{Kind: KindSelf}}} }

// Organization asks that the caller may see the Organization of the object.
func Organization() Need { return Need{{{Kind: KindOrganization}}} }

// OnObject asks for what the caller is to have on the object of the request, in words: "the role Approver for the account".
func OnObject(what string) Need { return Need{{{Kind: KindObject, Name: what}}} }

// ReadsSmartRule asks for at least Read on the Smart Rule of the request.
func ReadsSmartRule() Need { return Need{{{Kind: KindSmartRule, Grant: Grant{Level: Read}}}} }

// WritesSmartRule asks for Read/Write on the Smart Rule of the request.
func WritesSmartRule() Need { return Need{{{Kind: KindSmartRule, Grant: Grant{Level: ReadWrite}}}} }

// Safe asks for a permission on the safe of the request: Read, Create, Edit, Delete or Manage.
func Safe(permission string) Need { return Need{{{Kind: KindSafe, Name: permission}}} }

// SecretOwner asks that the caller owns the secret of the request.
func SecretOwner() Need { return Need{{{Kind: KindSecretOwner}}} }

// Called gives the grants of a need the name that another vendor has for them: "GROUPS:VIEW". A 403 says the name alone,
// documents say what it means too.
func (n Need) Called(name string) Need {
	named := make(Need, len(n))
	for i, group := range n {
		named[i] = slices.Clone(group)
		for j := range named[i] {
			if named[i][j].Kind == KindGrant {
				named[i][j].Name = name
			}
		}
	}
	return named
}

// And asks for both needs.
func (n Need) And(m Need) Need { return slices.Concat(n, m) }

// Or asks for either need; it is Anyone if one of them is. Every group of one is joined with every group of the
// other, which is what keeps the result an AND of ORs.
func (n Need) Or(m Need) Need {
	var either Need
	for _, a := range n {
		for _, b := range m {
			either = append(either, slices.Concat(a, b))
		}
	}
	return either
}

// String returns the need in words, for documents: "Asset Management (Read) or Scan Management (Read/Write)". Where
// AND and OR meet, the groups stand in brackets: "Permission to the Organization and (… or …)".
func (n Need) String() string { return n.words(Term.String) }

func (n Need) words(of func(Term) string) string {
	if len(n) == 0 {
		return "Any signed-in caller"
	}
	groups := make([]string, len(n))
	for i, group := range n {
		terms := make([]string, len(group))
		for j, term := range group {
			terms[j] = of(term)
		}
		groups[i] = strings.Join(terms, " or ")
		if len(n) > 1 && len(group) > 1 {
			groups[i] = "(" + groups[i] + ")"
		}
	}
	sentence := strings.Join(groups, " and ")
	return strings.ToUpper(sentence[:1]) + sentence[1:]
}

// Required returns the text of a 403. It names the grants only, since those are what the check before the handler
// can refuse for; a need without any names its objects: "Read/Write access to the Smart Rule is required".
func (n Need) Required() string {
	named := n.grantsOnly()
	if len(named) == 0 {
		named = n
	}
	return named.words(Term.short) + " is required"
}

// Grants returns the smallest set of grants that satisfies the need: of several, the one that takes the earlier
// alternatives. Object terms count for nothing here; what they ask for lies in the data, not in the grants.
func (n Need) Grants() []Grant {
	return slices.MinFunc(n.Alternatives(), func(a, b []Grant) int { return len(a) - len(b) })
}

// Alternatives returns the sets of grants each of which suffices, one for every way of choosing a grant from each
// group, in reading order. A permission occurs once in a set, at the highest level chosen. There is always a set: the
// empty one for a need that asks for no grant. Groups of object terms are left out, as in Grants.
func (n Need) Alternatives() [][]Grant {
	sets := [][]Grant{nil}
	for _, group := range n.grantsOnly() {
		var longer [][]Grant
		for _, set := range sets {
			for _, term := range group {
				longer = append(longer, with(set, term.Grant))
			}
		}
		sets = longer
	}
	return sets
}

// grantsOnly drops the object terms, and the groups that have no other.
func (n Need) grantsOnly() Need {
	var kept Need
	for _, group := range n {
		var grants []Term
		for _, term := range group {
			if term.Kind == KindGrant {
				grants = append(grants, term)
			}
		}
		if len(grants) > 0 {
			kept = append(kept, grants)
		}
	}
	return kept
}

// with returns a copy of the set that includes g.
func with(set []Grant, g Grant) []Grant {
	longer := slices.Clone(set)
	for i := range longer {
		if longer[i].Permission == g.Permission {
			longer[i].Level |= g.Level
			return longer
		}
	}
	return append(longer, g)
}
