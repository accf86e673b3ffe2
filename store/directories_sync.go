package store

import (
	"context"
	"errors"
	"slices"
	"strconv"

	"github.com/musterhq/muster/store/record"
)

// A user group of a directory is brought to what the directory says in small transactions: all that would change is found
// in one snapshot, and each change looks again before it writes, so that it may be done twice. It is one act and leaves one row.

// DirectoryMembers is what a directory says of a user group.
type DirectoryMembers struct {
	Group   DirectoryEntry
	Members []DirectoryEntry
}

// SyncCounts are what a synchronization does.
type SyncCounts struct {
	Created int // users
	Changed int // users who were renamed, disabled or enabled
	Joined  int
	Left    int
	Skipped int // members who cannot be users here

	Holders []int // users who have the names of members who were skipped for that
}

// membersTogether is how many members one transaction brings in: some ten writes each.
const membersTogether = 40

// groupSync is a synchronization.
type groupSync struct {
	db      *DB
	group   *UserGroup
	kind    string
	counts  SyncCounts
	changes []memberChange
	skipped []error
}

// memberChange is what is to be done for one member.
type memberChange struct {
	make  func(*Tx) error
	entry *DirectoryEntry // nil of one who leaves
}

// SynchronizeGroup brings a user group to what its directory says: members are created, changed, enabled and disabled, and
// leave the group. What it skips it logs. It returns ErrNotFound for a group that is gone here.
func SynchronizeGroup(ctx context.Context, db *DB, groupID int, says DirectoryMembers) (SyncCounts, error) {
	s := &groupSync{db: db}
	if _, err := View(ctx, db, System("directory"), func(tx *Tx) (none struct{}, err error) { return none, s.plan(tx, groupID, says) }); err != nil {
		return s.counts, err
	}
	if err := Change(ctx, db, System("directory"), func(tx *Tx) error { return s.begin(tx, says.Group) }); err != nil {
		return s.counts, err
	}
	for some := range slices.Chunk(s.changes, membersTogether) {
		if err := s.apply(ctx, some); err != nil {
			return s.counts, err
		}
	}
	if len(s.skipped) > 0 {
		s.counts.Skipped += len(s.skipped)
		db.Log().WarnContext(ctx, "members of a directory's group were skipped", "group", groupID, "members", len(s.skipped), "first", s.skipped[0])
	}
	return s.counts, nil
}

// plan finds what is to be done.
func (s *groupSync) plan(tx *Tx, groupID int, says DirectoryMembers) (err error) {
	if s.group, err = UserGroups.Get(tx, groupID); err != nil {
		return err
	}
	s.kind = s.group.GroupType
	stays := map[int]bool{}
	for _, e := range says.Members {
		u, err := s.planMember(tx, e)
		if err != nil {
			return err
		}
		if u != nil {
			stays[u.UserID] = true
		}
	}
	for m, err := range GroupMember.From(tx, groupID) {
		if err != nil {
			return err
		}
		if !stays[m.ID] {
			s.counts.Left++
			s.changes = append(s.changes, memberChange{make: func(tx *Tx) error { return record.Ignore(ErrNotFound, Leave(tx, m.ID, groupID)) }})
		}
	}
	return nil
}

// planMember finds what is to be done for one member, and returns the user that they are already.
func (s *groupSync) planMember(tx *Tx, e DirectoryEntry) (*User, error) {
	fresh, err := userOf(s.group.DirectoryID, s.kind, e, string(s.group.AccountAttribute))
	if err != nil {
		s.skipped = append(s.skipped, err)
		return userOr(userByEntry.One(tx, K(record.Fold(string(entryIn(s.group.DirectoryID, e.ID)))), e.ID))
	}
	u, err := userOr(userByEntry.One(tx, K(record.Fold(string(fresh.DirectoryEntry))), e.ID))
	if err != nil {
		return nil, err
	}
	isMember := false
	if u == nil {
		s.counts.Created++
	} else {
		was := *u
		if s.update(u, e); *u != was {
			s.counts.Changed++
			fresh = nil
		}
		if _, isMember, err = GroupMember.Get(tx, s.group.GroupID, u.UserID); err != nil {
			return nil, err
		}
		if isMember && fresh != nil {
			return u, nil
		}
	}
	if !isMember {
		s.counts.Joined++
	}
	s.changes = append(s.changes, memberChange{func(tx *Tx) error { return s.upsert(tx, e) }, &e})
	return u, nil
}

// userOr is a user who was looked for, nil if there is none.
func userOr(u *User, err error) (*User, error) {
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	return u, err
}

// bring makes one member a user in the group, with what their entry says.
func (s *groupSync) upsert(tx *Tx, e DirectoryEntry) error {
	u, err := userOf(s.group.DirectoryID, s.kind, e, string(s.group.AccountAttribute))
	if err != nil {
		return err
	}
	known, err := userOr(userByEntry.One(tx, K(record.Fold(string(u.DirectoryEntry))), e.ID))
	if err != nil {
		return err
	}
	if known != nil {
		u = known
		s.update(u, e)
		err = Users.Put(tx, u)
	} else {
		err = Users.Insert(tx, u)
	}
	if err != nil {
		return err
	}
	_, err = Join(tx, u.UserID, s.group.GroupID)
	return err
}

// update brings a member's entry into their record. Who is called by another attribute than the group's members keeps their name.
func (s *groupSync) update(u *User, e DirectoryEntry) {
	name := u.UserName
	if e.applyTo(u); u.AccountAttribute != s.group.AccountAttribute {
		u.UserName = name
	}
}

// begin brings the group itself up to date, and leaves the row of the act unless nothing changes.
func (s *groupSync) begin(tx *Tx, e DirectoryEntry) error {
	g, err := UserGroups.Get(tx, s.group.GroupID)
	if err != nil {
		return err
	}
	if err := e.follow(tx, g); err != nil {
		return err
	}
	if len(s.changes) == 0 {
		return nil
	}
	c := s.counts
	return tx.Audit(record.ActionProcess, UserGroups.Name(), record.Detail("GroupID", g.GroupID, g.GroupID), record.Detail("Created", "", c.Created),
		record.Detail("Changed", "", c.Changed), record.Detail("Joined", "", c.Joined), record.Detail("Left", "", c.Left))
}

// follow brings a group's entry into its record: where it is now, that it is there again, and its name where that is the
// directory's and free.
func (e *DirectoryEntry) follow(tx *Tx, g *UserGroup) error {
	if err := e.Validate(maxDistinguishedName); err != nil {
		return err
	}
	g.DistinguishedName = Text(e.DistinguishedName)
	if g.IsGone {
		g.IsGone, g.IsActive = false, true
	}
	if g.GroupType != LdapDirectoryType && e.Validate(maxGroupName) == nil {
		other, err := UserGroupByName(tx, e.Name)
		if record.Ignore(ErrNotFound, err) != nil {
			return err
		}
		if other == nil || other.GroupID == g.GroupID {
			g.Name = e.Name
		}
	}
	return UserGroups.Put(tx, g)
}

// apply makes some of the changes together. One that is refused, since a name is taken or an administrator would be the last one,
// holds up no other: then each is made alone.
func (s *groupSync) apply(ctx context.Context, some []memberChange) error {
	err := Change(ctx, s.db, System("directory"), func(tx *Tx) error {
		for _, change := range some {
			if err := change.make(tx.Unaudited()); err != nil {
				return err
			}
		}
		return nil
	})
	switch {
	case !errors.Is(err, ErrInvalid) && !errors.Is(err, ErrExists):
		return err
	case len(some) == 1:
		s.skipped = append(s.skipped, err)
		if some[0].entry == nil || !errors.Is(err, ErrExists) {
			return nil
		}
		return s.noteHolder(ctx, some[0].entry)
	}
	for i := range some {
		if err := s.apply(ctx, some[i:i+1]); err != nil {
			return err
		}
	}
	return nil
}

// noteHolder notes who has the name of a member, if names mean the same of both.
func (s *groupSync) noteHolder(ctx context.Context, e *DirectoryEntry) error {
	holder, err := View(ctx, s.db, System("directory"), func(tx *Tx) (*User, error) {
		return userOr(userByName.One(tx, K(record.Fold(e.DomainName), record.Fold(e.Name)), e.Name))
	})
	if err == nil && holder != nil && holder.DirectoryID == s.group.DirectoryID && holder.AccountAttribute == s.group.AccountAttribute {
		s.counts.Holders = append(s.counts.Holders, holder.UserID)
	}
	return err
}

// ReleaseUserName frees the name of a user whom their directory calls otherwise, or does not know any more: somebody else has it there.
func ReleaseUserName(tx *Tx, userID int) error {
	u, err := Users.Get(tx, userID)
	if err != nil {
		return err
	}
	aside := "~" + strconv.Itoa(userID)
	name := []rune(u.UserName)
	u.UserName = string(name[:min(len(name), maxUserName-len(aside))]) + aside
	return Users.Put(tx, u)
}

// MarkGroupMissing deactivates a user group that its directory has no more. Its members stay in it, and have nothing of it, until the
// entry is there again.
func MarkGroupMissing(tx *Tx, groupID int) error {
	g, err := UserGroups.Get(tx, groupID)
	if err != nil || !g.IsActive {
		return err
	}
	g.IsActive, g.IsGone = false, true
	return UserGroups.Put(tx, g)
}

// RefreshUser brings a user to what their directory says of them now; nil means that it does not know them any more, and
// deactivates them. It returns ErrInvalid for the last active administrator.
func RefreshUser(tx *Tx, userID int, says *DirectoryEntry) error {
	u, err := Users.Get(tx, userID)
	if err != nil {
		return err
	}
	if says == nil {
		u.IsActive = false
		return Users.Put(tx, u)
	}
	if err := says.Validate(maxUserName); err != nil {
		return err
	}
	says.applyTo(u)
	return Users.Put(tx, u)
}
