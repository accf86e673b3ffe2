package idaas

import (
	"errors"
	"net/http"

	"github.com/musterhq/muster/server/api"
	"github.com/musterhq/muster/store"
	"github.com/musterhq/muster/store/record"
)

var users = []api.Route{
	api.PUT("v1/userauthorizationgroup/{userid}/groups", editsUsers, "Modify user group membership", setGroups).Named("modifyUserAuthorizationGroupAssociationsUsingPUT").FillIn("the id that v3/users/userid answers with, and those of groups"),
	api.POST("v3/users/userid", viewsUsers, "Get a user by name", userByName).Named("userByUserIdUsingPOST").Refuses(http.StatusNotFound).ReadOnly().Answers(http.StatusOK),
	api.GET("v3/users/{id}", viewsUsers, "Get a user", userByID).Named("userUsingGET").FillIn("the id that v3/users/userid answers with"),
}

// user is a user with their groups.
type user struct {
	ID        string     `json:"id" example:"9a7e5d1f-60b2-4c7a-8a51-3f6c2f0e4d0b"` // The UUID of the user.
	UserID    string     `json:"userId" example:"olga"`                             // The name that the user signs in with.
	FirstName store.Text `json:"firstName" example:"Olga"`                          // The first name.
	LastName  store.Text `json:"lastName" example:"Osei"`                           // The last name.
	Email     store.Text `json:"email" example:"olga@meridian.lab.example"`         // The email address.
	Groups    []*group   `json:"groups"`                                            // The groups that the user is in.
}

func showUser(tx *store.Tx, u *store.User, err error) (*user, error) {
	if err != nil {
		return nil, coded(err, store.ErrNotFound, userNotFound)
	}
	groups, err := store.GroupsOf(tx, u.UserID)
	if err != nil {
		return nil, err
	}
	shown := &user{ID: u.UUID, UserID: u.UserName, FirstName: u.FirstName, LastName: u.LastName, Email: u.EmailAddress, Groups: make([]*group, len(groups))}
	if u.DomainName != "" {
		shown.UserID = string(u.DomainName) + `\` + u.UserName
	}
	for i, g := range groups {
		shown.Groups[i] = show(g)
	}
	return shown, nil
}

const userNotFound = "user_not_found"

type userName struct{ Body userNameFields }

type userNameFields struct {
	UserID string `json:"userId" binding:"required" example:"olga"` // The name that the user signs in with: user, domain\user or user@domain.
}

func userByName(tx *store.Tx, in userName) (*user, error) {
	u, err := store.UserByName(tx, in.Body.UserID)
	return showUser(tx, u, err)
}

type userID struct {
	ID identifier `uri:"id"` // The UUID of the user.
}

func userByID(tx *store.Tx, in userID) (*user, error) {
	u, err := store.UserByUUID(tx, string(in.ID))
	return showUser(tx, u, err)
}

type membership struct {
	UserID identifier `uri:"userid"` // The UUID of the user whose group membership is to be modified.
	Body   []string   // The UUIDs of all groups that the user is to be in.
}

// setGroups replaces the groups of a user. One that is given twice counts once.
func setGroups(tx *store.Tx, in membership) (none api.None, err error) {
	if in.Body == nil { // which must not be taken for no group
		return none, store.Invalid("the body: a list of UUIDs is expected, [] for no group")
	}
	u, err := store.UserByUUID(tx, string(in.UserID))
	if err != nil {
		return none, coded(err, store.ErrNotFound, userNotFound)
	}
	ids := make([]int, len(in.Body))
	for i, text := range in.Body {
		var id identifier
		if err := id.UnmarshalText([]byte(text)); err != nil {
			return none, store.Invalid("[%d]: %v", i, err)
		}
		g, err := store.UserGroupByUUID(tx, string(id))
		if err != nil {
			return none, coded(err, store.ErrNotFound, groupNotFound)
		}
		ids[i] = g.GroupID
	}
	err = store.SetGroups(tx, u.UserID, ids)
	if errors.Is(err, store.ErrInDirectory) {
		return none, fault{record.Busy("%v", err), "group_in_directory"}
	}
	return none, err
}
