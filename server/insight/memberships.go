package insight

import (
	"github.com/musterhq/muster/server/api"
	"github.com/musterhq/muster/store"
)

var memberships = []api.Route{
	api.GET("Users/{userID}/UserGroups", readsAccounts, "Returns the user group memberships for an existing user.", groupsOfUser).
		Prints(membershipMembers),
	api.POST("Users/{userID}/UserGroups/{userGroupID}", writesAccounts, "Adds an existing user to a user group.", joinUserGroup).Named("addUserToUserGroup").
		Prints(membershipMembers),
	api.DELETE("Users/{userID}/UserGroups/{userGroupID}", writesAccounts, "Removes a user from a user group.", leaveUserGroup).Named("removeUserFromUserGroup"),
}

type ofUser struct {
	UserID int `uri:"userID"` // ID of the user.
}

func groupsOfUser(tx *store.Tx, in ofUser) ([]*userGroup, error) {
	u, err := store.Users.Get(tx, in.UserID)
	if err != nil {
		return nil, err
	}
	groups, err := store.GroupsOf(tx, u.UserID)
	if err != nil {
		return nil, err
	}
	shown := make([]*userGroup, len(groups))
	for i, g := range groups {
		if shown[i], err = showGroup(tx, g); err != nil {
			return nil, err
		}
	}
	return shown, nil
}

type membership struct {
	ofUser
	GroupID int `uri:"userGroupID"` // ID of the user group.
}

func joinUserGroup(tx *store.Tx, in membership) (*userGroup, error) {
	g, err := store.Join(tx, in.UserID, in.GroupID)
	return shownGroup(tx, g, err)
}

func leaveUserGroup(tx *store.Tx, in membership) (api.None, error) {
	return api.None{}, store.Leave(tx, in.UserID, in.GroupID)
}
