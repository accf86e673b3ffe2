package idaas

import (
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"

	"github.com/musterhq/muster/store"
)

type search struct{ Body searchParms }

type searchParms struct {
	Cursor             store.Text        `json:"cursor" example:"c2VhbGVk" prefill:"-"`        // The nextCursor or prevCursor of another page. It brings the search and the order with it; those of the body are not looked at.
	Limit              *int              `json:"limit" example:"10" minimum:"1" maximum:"100"` // How many groups a page has at most: 1 to 100. Default: 100, with a cursor that of the page it comes from.
	SearchByAttributes []searchAttribute `json:"searchByAttributes"`                           // Conditions all of which have to hold, at most 20.
	OrderByAttribute   *orderAttribute   `json:"orderByAttribute"`                             // The order of the groups. Default: by name, ascending.
}

type searchAttribute struct {
	Name     string `json:"name" binding:"required" example:"name" enums:"name,type"`                                                             // name or type.
	Operator string `json:"operator" binding:"required" example:"CONTAINS" enums:"EQUALS,NOT_EQUALS,CONTAINS,NOT_CONTAINS,STARTS_WITH,ENDS_WITH"` // EQUALS; for name also NOT_EQUALS, CONTAINS, NOT_CONTAINS, STARTS_WITH or ENDS_WITH.
	Value    string `json:"value" binding:"max=200" example:"a"`                                                                                  // What to compare with, without regard to case. Max string length is 200.
}

type orderAttribute struct {
	Name      string `json:"name" binding:"required" example:"name" enums:"name"` // name.
	Ascending *bool  `json:"ascending" example:"true" default:"true"`             // Default: true.
}

// groupsPage is a page of groups.
type groupsPage struct {
	Paging  paging   `json:"paging"`  // Where the page lies.
	Results []*group `json:"results"` // The groups.
}

type paging struct {
	Limit      int    `json:"limit" example:"100"`                     // How many groups a page has at most.
	NextCursor string `json:"nextCursor,omitempty" example:"c2VhbGVk"` // Leads to the next page; absent on the last one.
	PrevCursor string `json:"prevCursor,omitempty" example:"c2VhbGVk"` // Leads to the page before; absent on the first one.
}

const (
	maxPage  = 100
	maxTests = 20
)

// position is what a cursor holds. Names say where it points: groups that come and go between two pages move nothing.
type position struct {
	Tests      []store.NameTest `json:"t,omitempty"`
	Types      []string         `json:"k,omitempty"` // that the group has to have all of
	Descending bool             `json:"d,omitempty"`
	Limit      int              `json:"l"`
	Name       string           `json:"n,omitempty"` // of the group beyond which the page begins; empty: the first page
	Back       bool             `json:"b,omitempty"` // the page ends before that group
}

// cursorPurpose binds sealed cursors to their use.
const cursorPurpose = "cursor of idaas groups"

// cursor seals a position: nobody but this store reads or makes one.
func (p position) cursor(tx *store.Tx, name string, back bool) (string, error) {
	p.Name, p.Back = name, back
	plain, err := json.Marshal(p)
	if err != nil {
		return "", err
	}
	sealed, err := tx.Vault().Seal(plain, cursorPurpose)
	return base64.RawURLEncoding.EncodeToString(sealed), err
}

// positionOf opens a cursor.
func positionOf(tx *store.Tx, cursor string) (p position, err error) {
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	if err == nil {
		sealed, err = tx.Vault().Open(sealed, cursorPurpose)
	}
	if err == nil {
		err = json.Unmarshal(sealed, &p)
	}
	if err != nil {
		return p, store.Invalid("cursor: it is none of this server's")
	}
	return p, nil
}

// position is where a request begins.
func (b *searchParms) position(tx *store.Tx) (p position, err error) {
	if b.Cursor != "" {
		p, err = positionOf(tx, string(b.Cursor))
	} else {
		p, err = b.search()
	}
	if b.Limit != nil {
		p.Limit = *b.Limit
	}
	if err == nil && (p.Limit < 1 || p.Limit > maxPage) {
		err = store.Invalid("limit: 1 to %d is expected", maxPage)
	}
	return p, err
}

var nameOperators = []string{
	store.NameEquals, store.NameNotEquals, store.NameContains, store.NameNotContains, store.NameStartsWith, store.NameEndsWith,
}

// search is the position of a first page.
func (b *searchParms) search() (position, error) {
	p := position{Limit: maxPage}
	if len(b.SearchByAttributes) > maxTests {
		return p, store.Invalid("searchByAttributes has more than %d entries", maxTests)
	}
	for i, a := range b.SearchByAttributes {
		switch a.Name {
		case "name":
			if !slices.Contains(nameOperators, a.Operator) {
				return p, store.Invalid("searchByAttributes[%d].operator: one of %s is expected", i, strings.Join(nameOperators, ", "))
			}
			p.Tests = append(p.Tests, store.NameTest{Operator: a.Operator, Value: a.Value})
		case "type":
			if a.Operator != store.NameEquals {
				return p, store.Invalid("searchByAttributes[%d].operator: %s is expected of a type", i, store.NameEquals)
			}
			p.Types = append(p.Types, a.Value)
		default:
			return p, store.Invalid("searchByAttributes[%d].name: name or type is expected", i)
		}
	}
	if o := b.OrderByAttribute; o != nil {
		if o.Name != "name" {
			return p, store.Invalid("orderByAttribute.name: name is expected")
		}
		p.Descending = o.Ascending != nil && !*o.Ascending
	}
	return p, nil
}

func pageOfGroups(tx *store.Tx, in search) (page groupsPage, err error) {
	p, err := in.Body.position(tx)
	if err != nil {
		return page, err
	}
	page = groupsPage{Paging: paging{Limit: p.Limit}, Results: []*group{}}
	kind, is := p.kind()
	if !is {
		return page, nil
	}
	more := false
	for g, err := range store.UserGroupsByName(tx, store.NameSearch{Tests: p.Tests, Of: kind, Beyond: p.Name, Descending: p.Descending != p.Back}) {
		if err != nil {
			return page, err
		}
		if more = len(page.Results) == p.Limit; more {
			break
		}
		page.Results = append(page.Results, show(g))
	}
	if p.Back {
		slices.Reverse(page.Results)
	}
	return page, page.link(tx, p, more)
}

// kind is what a group has to be, of all the types that a search names; is says whether there can be one.
func (p position) kind() (kind store.GroupKind, is bool) {
	kinds := map[string]store.GroupKind{typeOwn: store.OwnGroups, typeDirectory: store.DirectoryGroups}
	for _, t := range p.Types {
		named, known := kinds[strings.ToUpper(t)]
		if !known || kind != store.AnyGroups && kind != named {
			return kind, false
		}
		kind = named
	}
	return kind, true
}

// link adds the cursors of the neighbours. That there is one in the direction of the walk was seen, and where the walk came
// from there was one.
func (page *groupsPage) link(tx *store.Tx, p position, more bool) (err error) {
	if len(page.Results) == 0 {
		return nil
	}
	if more || p.Back {
		if page.Paging.NextCursor, err = p.cursor(tx, page.Results[len(page.Results)-1].Name, false); err != nil {
			return err
		}
	}
	if p.Name != "" && (more || !p.Back) {
		page.Paging.PrevCursor, err = p.cursor(tx, page.Results[0].Name, true)
	}
	return err
}
