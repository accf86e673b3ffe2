package directory

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/google/uuid"
)

// object is a user or a group of Graph.
type object struct {
	Type              string `json:"@odata.type"`
	ID                string `json:"id"`
	DisplayName       string `json:"displayName"`
	UserPrincipalName string `json:"userPrincipalName"`
	GivenName         string `json:"givenName"`
	Surname           string `json:"surname"`
	Mail              string `json:"mail"`
	DistinguishedName string `json:"onPremisesDistinguishedName"`
	AccountEnabled    *bool  `json:"accountEnabled"`
}

// page is a part of a list of Graph.
type page struct {
	Value    []object `json:"value"`
	NextLink string   `json:"@odata.nextLink"`
}

const (
	userMembers  = "id,displayName,userPrincipalName,givenName,surname,mail,onPremisesDistinguishedName,accountEnabled"
	groupMembers = "id,displayName"
	graphPage    = "999" // the most that Graph sends at once
)

// entry reads an object. A user's principal name is name and domain.
func (o *object) entry() (Entry, error) {
	if _, err := uuid.Parse(o.ID); err != nil {
		return Entry{}, fmt.Errorf("%w: an object without an id", ErrRefused)
	}
	e := Entry{
		ID: strings.ToLower(o.ID), Name: o.DisplayName, DN: o.DistinguishedName, First: o.GivenName, Last: o.Surname, Email: o.Mail,
		Disabled: o.AccountEnabled != nil && !*o.AccountEnabled,
	}
	if o.UserPrincipalName != "" {
		e.PrincipalName = o.UserPrincipalName
		e.Name, e.Domain = splitName(o.UserPrincipalName)
	}
	if e.Name == "" {
		return e, fmt.Errorf("%w: an object without a name", ErrRefused)
	}
	return e, nil
}

// address is one below the tenant's Graph.
func (g *graph) address(path string, query url.Values) string {
	return g.cloud.Graph + "/v1.0/" + path + "?" + query.Encode()
}

// quoted is a text as a filter of OData takes it.
func quoted(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

// named finds the only object that a filter finds.
func (g *graph) named(ctx context.Context, kind, members, filter string) (Entry, error) {
	var found page
	query := url.Values{"$filter": {filter}, "$select": {members}, "$top": {"2"}}
	if err := g.get(ctx, "search", g.address(kind, query), &found); err != nil {
		return Entry{}, err
	}
	switch len(found.Value) {
	case 0:
		return Entry{}, ErrNotFound
	case 1:
		return found.Value[0].entry()
	}
	return Entry{}, ErrAmbiguous
}

func (g *graph) byID(ctx context.Context, kind, members, id string) (Entry, error) {
	if _, err := uuid.Parse(id); err != nil {
		return Entry{}, ErrNotFound
	}
	var found object
	if err := g.get(ctx, "read an object", g.address(kind+"/"+id, url.Values{"$select": {members}}), &found); err != nil {
		return Entry{}, err
	}
	return found.entry()
}

func (g *graph) user(ctx context.Context, name string) (Entry, error) {
	return g.named(ctx, "users", userMembers, "userPrincipalName eq "+quoted(name))
}

func (g *graph) group(ctx context.Context, name string) (Entry, error) {
	return g.named(ctx, "groups", groupMembers, "displayName eq "+quoted(name))
}

func (g *graph) userByID(ctx context.Context, id, _ string) (Entry, error) {
	return g.byID(ctx, "users", userMembers, id)
}

func (g *graph) groupByID(ctx context.Context, id, _ string) (Entry, error) {
	return g.byID(ctx, "groups", groupMembers, id)
}

// members reads the users of a group and of the groups within it, which Graph walks by itself.
func (g *graph) members(ctx context.Context, group Entry) (Found, error) {
	var found Found
	seen := map[string]bool{}
	next := g.address("groups/"+group.ID+"/transitiveMembers", url.Values{"$select": {userMembers}, "$top": {graphPage}})
	for range maxPages {
		var part page
		if err := g.get(ctx, "read a page", next, &part); err != nil {
			return Found{}, err
		}
		for _, o := range part.Value {
			e, err := o.entry()
			switch {
			case err != nil || o.Type != "#microsoft.graph.user" || e.PrincipalName == "":
				found.Passed++
			case !seen[e.ID]:
				seen[e.ID] = true
				found.Users = append(found.Users, e)
			}
		}
		if len(found.Users)+found.Passed > g.client.Members {
			return Found{}, fmt.Errorf("%w: more than %d members", ErrTooMany, g.client.Members)
		}
		if part.NextLink == "" {
			return found, nil
		}
		if part.NextLink == next {
			break // it would go on forever
		}
		if err := g.isOwn(part.NextLink); err != nil {
			return Found{}, err
		}
		next = part.NextLink
	}
	return Found{}, fmt.Errorf("%w: pages without end", ErrTooMany)
}

// isOwn holds the link to a next page to the host that sent it, which gets the token.
func (g *graph) isOwn(link string) error {
	own, err := url.Parse(g.cloud.Graph)
	if err != nil {
		return fmt.Errorf("%w: no address", ErrRefused)
	}
	next, err := url.Parse(link)
	if err != nil || next.Scheme != own.Scheme || next.Host != own.Host || next.User != nil {
		return fmt.Errorf("%w: the next page is said to be on another server", ErrRefused)
	}
	return nil
}

// signIn asks for a token with the user's own password. It is refused for who must prove themselves by more than that.
func (g *graph) signIn(ctx context.Context, user Entry, password string) error {
	_, err := g.signInWith(ctx, url.Values{
		"grant_type": {"password"}, "scope": {"openid"}, "username": {user.PrincipalName}, "password": {password},
	})
	if errors.Is(err, ErrRefused) {
		err = fmt.Errorf("%w: %w", ErrCredential, err)
	}
	return err
}

func (g *graph) shortName(context.Context) string { return "" }

func (g *graph) close() { g.client.http.CloseIdleConnections() }
