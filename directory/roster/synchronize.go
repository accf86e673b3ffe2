package roster

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/musterhq/muster/directory"
	"github.com/musterhq/muster/store"
)

// Synchronize brings a user group to what its directory says, and does nothing for one that comes from none. A group that is
// being synchronized is waited for. The end of ctx ends the waiting and not the work. What the store has stays when the directory cannot
// be asked.
func (r *Roster) Synchronize(ctx context.Context, groupID int) error {
	s := r.begin(groupID)
	select {
	case <-s.done:
		return s.err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// begin begins to synchronize a group, unless that is under way.
func (r *Roster) begin(groupID int) *synchronization {
	r.mu.Lock()
	defer r.mu.Unlock()
	if s := r.going[groupID]; s != nil {
		return s
	}
	s := &synchronization{done: make(chan struct{}), err: r.ctx.Err()}
	if s.err != nil {
		close(s.done)
		return s
	}
	r.going[groupID] = s
	r.all.Go(func() {
		ctx, cancel := context.WithTimeout(r.ctx, groupTime)
		defer cancel()
		s.err = r.synchronize(ctx, groupID)
		r.mu.Lock()
		delete(r.going, groupID)
		r.mu.Unlock()
		close(s.done)
	})
	return s
}

// synchronize does it.
func (r *Roster) synchronize(ctx context.Context, groupID int) error {
	type source struct {
		group  *store.UserGroup
		access store.DirectoryAccess
	}
	from, err := store.View(ctx, r.DB, store.System("directory"), func(tx *store.Tx) (s source, err error) {
		if s.group, err = store.UserGroups.Get(tx, groupID); err == nil && s.group.DirectoryID != 0 {
			s.access, err = store.OpenDirectory(tx, s.group.DirectoryID)
		}
		return s, err
	})
	if err != nil || from.group.DirectoryID == 0 {
		return err
	}
	says, err := r.read(ctx, from.access, from.group)
	if errors.Is(err, errGone) {
		r.Log.WarnContext(ctx, "a directory has a user group no more", "group", groupID, "directory", from.access.Host)
		return store.Change(ctx, r.DB, store.System("directory"), func(tx *store.Tx) error { return store.MarkGroupMissing(tx, groupID) })
	}
	if err != nil {
		return err
	}
	counts, err := store.SynchronizeGroup(ctx, r.DB, groupID, says)
	if err == nil && len(counts.Holders) > 0 {
		if err = r.freeNames(ctx, from.access, from.group, counts.Holders); err == nil {
			counts, err = store.SynchronizeGroup(ctx, r.DB, groupID, says)
		}
	}
	r.Log.DebugContext(ctx, "synchronized", "group", groupID, "members", len(says.Members), "created", counts.Created, "changed", counts.Changed,
		"joined", counts.Joined, "left", counts.Left, "skipped", counts.Skipped)
	return err
}

// maxHolders is how many users are looked at whose names others have in the directory.
const maxHolders = 100

// freeNames looks at users who have the names of others: an account may have been deleted and made again, or names exchanged. A name
// that is still their own nobody loses.
func (r *Roster) freeNames(ctx context.Context, a store.DirectoryAccess, g *store.UserGroup, users []int) error {
	d, err := r.open(ctx, a, string(g.AccountAttribute), string(g.MembershipAttribute))
	if err != nil {
		return err
	}
	defer d.Close()
	for _, id := range users[:min(len(users), maxHolders)] {
		u, err := store.View(ctx, r.DB, store.System("directory"), func(tx *store.Tx) (*store.User, error) { return store.Users.Get(tx, id) })
		if err != nil {
			return err
		}
		e, err := d.UserByID(ctx, store.InDirectory(u.DirectoryEntry), string(u.DistinguishedName))
		isGone := errors.Is(err, directory.ErrNotFound)
		if err != nil && !isGone {
			return err
		}
		if !isGone && strings.EqualFold(e.Name, u.UserName) {
			continue
		}
		err = store.Change(ctx, r.DB, store.System("directory"), func(tx *store.Tx) error {
			if err := store.ReleaseUserName(tx, id); err != nil || !isGone {
				return err
			}
			return store.RefreshUser(tx, id, nil)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// errGone is for a group that is not there any more; an error of reading its members is not that.
var errGone = errors.New("the group is gone")

// read asks for a group, wherever it is now, and its members.
func (r *Roster) read(ctx context.Context, a store.DirectoryAccess, g *store.UserGroup) (says store.DirectoryMembers, err error) {
	d, err := r.open(ctx, a, string(g.AccountAttribute), string(g.MembershipAttribute))
	if err != nil {
		return says, err
	}
	defer d.Close()
	group, err := d.GroupByID(ctx, store.InDirectory(g.DirectoryEntry), string(g.DistinguishedName))
	if errors.Is(err, directory.ErrNotFound) {
		return says, errGone
	}
	if err != nil {
		return says, err
	}
	found, err := d.Members(ctx, group)
	if err != nil {
		return says, err
	}
	says.Group = entry(group)
	for _, u := range found.Users {
		says.Members = append(says.Members, entry(u))
	}
	if found.Passed > 0 {
		r.Log.WarnContext(ctx, "members of a directory's group are no users, gone, or elsewhere", "group", g.GroupID, "members", found.Passed)
	}
	return says, nil
}

// Wake has everything synchronized soon, for a user group that was just made.
func (r *Roster) Wake() {
	select {
	case r.wake <- struct{}{}:
	default: // it is awake
	}
}

// Run synchronizes everything now and then until ctx ends, then closes the Roster.
func (r *Roster) Run(ctx context.Context) {
	defer r.Close()
	if r.Every <= 0 {
		<-ctx.Done()
		return
	}
	tick := time.NewTicker(r.Every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-r.wake:
		case <-tick.C:
		}
		r.SynchronizeAll(ctx)
	}
}

// SynchronizeAll brings the user groups of all directories up to date, and the users whom no group looks after. What fails is
// logged, and the next directory goes on.
func (r *Roster) SynchronizeAll(ctx context.Context) {
	all, err := store.View(ctx, r.DB, store.System("directory"), func(tx *store.Tx) (all []store.Directory, err error) {
		for d, err := range store.Directories.All(tx) {
			if err != nil {
				return nil, err
			}
			all = append(all, *d)
		}
		return all, nil
	})
	for _, d := range all {
		if err == nil && ctx.Err() == nil {
			if failed := r.synchronizeDirectory(ctx, d); failed != nil && ctx.Err() == nil {
				r.Log.WarnContext(ctx, "a directory is not synchronized", "directory", d.Host, "kind", d.Kind, "error", failed)
			}
		}
	}
	if err != nil && ctx.Err() == nil {
		r.Log.ErrorContext(ctx, "synchronize directories", "error", err)
	}
}

func (r *Roster) synchronizeDirectory(ctx context.Context, d store.Directory) error {
	groups, err := store.View(ctx, r.DB, store.System("directory"), func(tx *store.Tx) ([]int, error) { return store.GroupsToSynchronize(tx, d.DirectoryID) })
	if err != nil {
		return err
	}
	var failed error
	for _, g := range groups {
		if err := r.Synchronize(ctx, g); err != nil {
			if failed = errors.Join(failed, err); errors.Is(err, directory.ErrUnreachable) {
				return failed // nor would the others be
			}
		}
	}
	return errors.Join(failed, r.refreshLone(ctx, d))
}

// refreshLone brings the users up to date whom no group looks after.
func (r *Roster) refreshLone(ctx context.Context, d store.Directory) error {
	type source struct {
		access store.DirectoryAccess
		users  []*store.User
	}
	from, err := store.View(ctx, r.DB, store.System("directory"), func(tx *store.Tx) (s source, err error) {
		if s.users, err = store.UnmanagedUsers(tx, d.DirectoryID); err == nil && len(s.users) > 0 {
			s.access, err = store.OpenDirectory(tx, d.DirectoryID)
		}
		return s, err
	})
	if err != nil {
		return err
	}
	// What a user is called by may differ from one to the next, and is a part of how the directory is opened.
	byAttribute := map[store.Text][]*store.User{}
	for _, u := range from.users {
		byAttribute[u.AccountAttribute] = append(byAttribute[u.AccountAttribute], u)
	}
	for attribute, users := range byAttribute {
		if err := r.refreshSome(ctx, from.access, string(attribute), users); err != nil {
			return err
		}
	}
	return nil
}

func (r *Roster) refreshSome(ctx context.Context, a store.DirectoryAccess, attribute string, users []*store.User) error {
	ctx, cancel := context.WithTimeout(ctx, groupTime)
	defer cancel()
	directory, err := r.open(ctx, a, attribute, "")
	if err != nil {
		return err
	}
	defer directory.Close()
	for _, u := range users {
		if _, _, err := r.refresh(ctx, directory, u); err != nil {
			return err
		}
	}
	return nil
}
