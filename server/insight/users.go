package insight

import (
	"context"
	"errors"
	"iter"
	"net/http"

	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/server/api"
	"github.com/musterhq/muster/store"
)

// The members of a user that the headings print: of one who was written, of one who is read, and of an Application user.
const (
	userName           = "UserName DomainName DistinguishedName FirstName LastName EmailAddress"
	userState          = " IsQuarantined IsActive"
	userMembers        = "UserID " + userName + userState
	readUserMembers    = "UserID " + userName + " LastLoginDate LastLoginAuthenticationType LastLoginConfigurationName LastLoginSAMLIDPURL LastLoginSSOURL" + userState
	applicationMembers = "ClientID ClientSecret AccessPolicyID UserID UserType " + userName + userState
)

func users(s Services) []api.Route {
	return []api.Route{
		api.GET("Users", readsAccounts, "Returns a list of all users, or the one that username asks for.", listUsers).
			PrintsTwo(readUserMembers, applicationMembers),
		api.Before(api.GET("UserGroups/{userGroupId}/Users", readsAccounts, "Returns a list of users for the user group referenced by ID.", usersOfGroup), s.synchronize).
			Prints(readUserMembers),
		api.GET("Users/{id}", readsAccounts, "Returns a user by ID.", userByID).ManualList().
			PrintsTwo(readUserMembers, applicationMembers),
		api.Do(http.MethodPost, "Users", writesAccounts, "Creates a new user with no user group associations.", s.createUser).
			Answers(http.StatusCreated).Manual(200).ManualList().PrintsTwo(userMembers, applicationMembers),
		api.POST("Users/{id}/Quarantine", quarantines, "Quarantines the user referenced by ID.", quarantineUser).Harmful().Named("quarantineUser").Manual(200).ManualList().
			Prints(userMembers),
		api.POST("UserGroups/{userGroupId}/Users", writesAccounts, "Creates a user in a BeyondInsight-type user group.", createUserInGroup).Named("createUserInUserGroup").ManualList().
			Prints(userMembers),
		api.POST("Users/{id}/RecycleClientSecret", recyclesSecret, "Recycles the client secret for an application user.", recycleClientSecret).Harmful().Named("recycleClientSecret").Manual(200),
		api.PUT("Users/{id}", writesAccounts, "Updates a BeyondInsight user by ID.", updateUser).ManualList().
			PrintsTwo(userMembers, applicationMembers),
		api.DELETE("Users/{id}", writesAccounts, "Deletes a user by ID.", deleteUser),
	}
}

// recyclesSecret is decided by the user affected, in the store.
var recyclesSecret = writesAccounts.Or(authz.Self())

type userQuery struct {
	UserName        string `form:"username" example:"administrator"` // The user to return: username for those without a domain, domain\username or a universal principal name.
	IncludeInactive bool   `form:"includeInactive"`                  // True to return all users including those that are inactive (default: false).
}

func listUsers(tx *store.Tx, in userQuery) (api.Page[user], error) {
	if in.UserName == "" {
		return shownUsers(store.Users.All, in.IncludeInactive)
	}
	u, err := store.UserByName(tx, in.UserName)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return api.Page[user]{}, err
	}
	return shownUsers(func(*store.Tx) iter.Seq2[*store.User, error] {
		return func(yield func(*store.User, error) bool) {
			if u != nil {
				yield(u, nil)
			}
		}
	}, in.IncludeInactive)
}

type ofGroup struct {
	GroupID int `uri:"userGroupId"` // ID of the user group.
}

// synchronize brings a group of a directory up to date before its users are listed. If the directory cannot be asked, they are
// listed as they are known.
func (s Services) synchronize(ctx context.Context, in ofGroup) { s.Synchronize(ctx, in.GroupID) }

func usersOfGroup(tx *store.Tx, in ofGroup) (api.Page[user], error) {
	g, err := store.UserGroups.Get(tx, in.GroupID)
	if err != nil {
		return api.Page[user]{}, err
	}
	return shownUsers(func(tx *store.Tx) iter.Seq2[*store.User, error] { return store.MembersOf(tx, g.GroupID) }, true)
}

func userByID(tx *store.Tx, in byID) (*user, error) {
	u, err := store.Users.Get(tx, in.ID)
	if err != nil {
		return nil, err
	}
	return seen(tx, u)
}

type newUser struct{ Body userFields }

func (s Services) createUser(ctx context.Context, c api.Caller, in newUser) (*user, error) {
	switch b := in.Body; b.UserType {
	case store.BeyondInsightType:
		return api.Update(ctx, c, b.create)
	case store.ApplicationType:
		return api.Update(ctx, c, func(tx *store.Tx) (*user, error) { return createApplication(tx, b.UserName, b.AccessPolicyID) })
	default:
		return s.createDirectoryUser(ctx, c, b)
	}
}

func createApplication(tx *store.Tx, name string, accessPolicyID int) (*user, error) {
	u := &store.User{
		UserType: store.ApplicationType, UserName: name, ClientID: store.Text(authz.NewClientID()), AccessPolicyID: accessPolicyID, IsActive: true,
	}
	if err := store.Users.Insert(tx, u); err != nil {
		return nil, err
	}
	secret := authz.NewClientSecret()
	shown := show(u)
	shown.ClientSecret = store.Text(secret)
	return shown, store.SetClientSecret(tx, u.UserID, authz.HashClientSecret(secret))
}

func quarantineUser(tx *store.Tx, in byID) (*user, error) {
	u, err := store.QuarantineUser(tx, in.ID)
	if err != nil {
		return nil, err
	}
	return show(u), nil
}

type newUserInGroup struct {
	ofGroup
	Body personFields
}

func createUserInGroup(tx *store.Tx, in newUserInGroup) (*user, error) {
	g, err := store.UserGroups.Get(tx, in.GroupID)
	if err != nil {
		return nil, err
	}
	if g.GroupType != store.BeyondInsightType {
		return nil, store.Invalid("User Group %d is no %s group: its members come from a directory", g.GroupID, store.BeyondInsightType)
	}
	u, err := in.Body.create(tx)
	if err != nil {
		return nil, err
	}
	_, err = store.Join(tx, u.UserID, g.GroupID)
	return u, err
}

func recycleClientSecret(tx *store.Tx, in byID) (string, error) {
	return store.RecycleClientSecret(tx, in.ID, recyclesSecret.Required())
}

type changedUser struct {
	byID
	Body changedUserFields
}

func updateUser(tx *store.Tx, in changedUser) (*user, error) {
	u, err := store.Users.Get(tx, in.ID)
	if err != nil {
		return nil, err
	}
	if err := store.MayChangeUser(tx, u.UserID); err != nil {
		return nil, err
	}
	if err := in.Body.change(u); err != nil {
		return nil, err
	}
	if err := store.Users.Put(tx, u); err != nil {
		return nil, err
	}
	if u.UserType == store.BeyondInsightType && in.Body.hash != "" {
		err = store.SetPassword(tx, u.UserID, in.Body.hash)
	}
	return show(u), err
}

func deleteUser(tx *store.Tx, in byID) (api.None, error) {
	return api.None{}, store.DeleteUser(tx, in.ID)
}

// hashed is the hash of a password, empty for none. It takes too long to be made in a transaction.
func hashed(ctx context.Context, c api.Caller, password string) (string, error) {
	if password == "" {
		return "", nil
	}
	return c.DB.Hasher().Hash(ctx, password)
}
