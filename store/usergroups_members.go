package store

import (
	"cmp"
	"errors"
	"iter"
	"slices"

	"github.com/musterhq/muster/store/record"
)

// Join puts a user into a user group and returns the group; a member stays one. It returns ErrNotFound, and ErrDenied if the
// user or the group has rights that the actor lacks: who may sign in as a user can be decided by the registrations
// of a group that they were put into.
func Join(tx *Tx, userID, groupID int) (*UserGroup, error) {
	g, err := membership(tx, userID, groupID)
	if err != nil {
		return nil, err
	}
	return g, GroupMember.Set(tx, groupID, userID, 0)
}

// Leave takes a user out of a user group. It returns ErrNotFound for one who is not in it, ErrDenied as Join does, and
// ErrInvalid for the last active administrator. It is the only way out of a group but the end of group or user.
func Leave(tx *Tx, userID, groupID int) error {
	if _, err := membership(tx, userID, groupID); err != nil {
		return err
	}
	was, err := GroupMember.Cut(tx, groupID, userID)
	if err == nil && !was {
		err = record.Error(ErrNotFound, "User %d is not in User Group %d", userID, groupID)
	}
	if err != nil || groupID != Administrators {
		return err
	}
	u, err := Users.Get(tx, userID)
	if err != nil || !u.mayAct() {
		return err
	}
	return anAdministratorIsLeft(tx, userID)
}

// SetGroups puts a user into the given user groups and takes them out of all others. Groups that they are in and stay in are
// not looked at, whoever may change them; of the others it returns what Join and Leave do. ErrInvalid is also for more than
// 400 changes, which are too many for a transaction.
func SetGroups(tx *Tx, userID int, groupIDs []int) error {
	// A group that they get into meanwhile moves their epoch, and makes this run again.
	if _, err := epochs(tx, userID); err != nil {
		return err
	}
	groups, err := GroupsOf(tx, userID)
	if err != nil {
		return err
	}
	var joins, leaves []int
	in := map[int]bool{}
	for _, g := range groups {
		in[g.GroupID] = true
		if !slices.Contains(groupIDs, g.GroupID) {
			leaves = append(leaves, g.GroupID)
		}
	}
	for _, id := range groupIDs {
		if !in[id] {
			in[id] = true
			joins = append(joins, id)
		}
	}
	if len(joins)+len(leaves) > maxMemberships {
		return Invalid("more than %d memberships would change at once", maxMemberships)
	}
	for _, id := range joins {
		if _, err := Join(tx, userID, id); err != nil {
			return err
		}
	}
	for _, id := range leaves {
		if err := Leave(tx, userID, id); err != nil {
			return err
		}
	}
	return nil
}

// maxMemberships bounds what SetGroups changes: one transaction writes it all.
const maxMemberships = 400

// membership finds both ends of a membership that the actor may change.
func membership(tx *Tx, userID, groupID int) (*UserGroup, error) {
	if known, err := Users.Has(tx, userID); err != nil || !known {
		return nil, cmp.Or(err, record.NotFound(Users.Name(), userID))
	}
	g, err := UserGroups.Get(tx, groupID)
	if err != nil {
		return nil, err
	}
	if IsDirectoryType(g.GroupType) && !tx.By.System {
		return nil, record.Error(ErrInDirectory, "User Group %d comes from a directory, which says who is in it", groupID)
	}
	return g, cmp.Or(MayChangeUser(tx, userID), MayChangeGroup(tx, groupID))
}

// MembersOf yields the users in a user group, ascending.
func MembersOf(tx *Tx, groupID int) iter.Seq2[*User, error] {
	return func(yield func(*User, error) bool) {
		for m, err := range GroupMember.From(tx, groupID) {
			var u *User
			if err == nil {
				u, err = Users.Get(tx, m.ID)
			}
			if errors.Is(err, ErrNotFound) {
				continue // deleted, and not swept yet
			}
			if !yield(u, err) || err != nil {
				return
			}
		}
	}
}

// keepAnAdministrator returns an ErrInvalid if a user who can no longer act was the last active administrator.
func keepAnAdministrator(tx *Tx, userID int) error {
	if _, was, err := GroupMember.Get(tx, Administrators, userID); err != nil || !was {
		return err
	}
	return anAdministratorIsLeft(tx, userID)
}

// anAdministratorIsLeft returns an ErrInvalid unless somebody but the given user is an active administrator. That one is
// read by Get: of two transactions in which the last two administrators do away with each other, one runs again.
func anAdministratorIsLeft(tx *Tx, but int) error {
	for u, err := range MembersOf(tx, Administrators) {
		if err != nil {
			return err
		}
		if u.UserID == but || !u.mayAct() {
			continue
		}
		if _, linked, err := GroupMember.Get(tx, Administrators, u.UserID); err != nil || linked {
			return err
		}
	}
	return Invalid("User %d is the last active administrator", but)
}
