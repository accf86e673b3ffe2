// Package roster keeps muster's users and user groups in step with the directories that they come from: it is where the store and the
// network meet.
package roster

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/directory"
	"github.com/musterhq/muster/store"
)

// Options are what a Roster needs.
type Options struct {
	DB     *store.DB
	Client *directory.Client
	Every  time.Duration // how often everything is synchronized in the background; 0: never
	Log    *slog.Logger
}

// How long directories are asked for.
const (
	lookTime  = time.Minute      // for one entry
	groupTime = 10 * time.Minute // for all of a group
	askers    = 8                // sign-ins at once
	patience  = 2 * time.Second  // of a sign-in that waits for its turn
)

// Roster asks directories on behalf of the store. It is safe for concurrent use.
type Roster struct {
	Options
	ctx    context.Context // of what goes on when nobody waits for it
	cancel context.CancelFunc
	turns  chan struct{}
	wake   chan struct{}

	mu    sync.Mutex
	going map[int]*synchronization // by group
	all   sync.WaitGroup
}

// synchronization is one of a group that is under way.
type synchronization struct {
	done chan struct{}
	err  error
}

// New returns a Roster. Close ends what it began.
func New(o Options) *Roster {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	r := &Roster{Options: o, turns: make(chan struct{}, askers), wake: make(chan struct{}, 1), going: map[int]*synchronization{}}
	r.ctx, r.cancel = context.WithCancel(context.Background())
	return r
}

// Close ends the synchronizations that are under way, and waits for them.
func (r *Roster) Close() {
	r.mu.Lock()
	r.cancel() // nothing begins after that
	r.mu.Unlock()
	r.all.Wait()
}

// open opens a directory; the attributes are those of LDAP.
func (r *Roster) open(ctx context.Context, a store.DirectoryAccess, account, membership string) (*directory.Directory, error) {
	return r.Client.Open(ctx, directory.Config{
		Kind: directory.Kind(a.Kind), Host: a.Host, Port: a.Port, UseSSL: a.UseSSL, Cloud: string(a.Cloud), Account: a.Account, Secret: a.Secret,
		AccountAttribute: account, MembershipAttribute: membership,
	})
}

// entry is an entry as the store takes it.
func entry(e directory.Entry) store.DirectoryEntry {
	return store.DirectoryEntry{
		ID: e.ID, Name: e.Name, DomainName: e.Domain, PrincipalName: e.PrincipalName, DistinguishedName: e.DN,
		FirstName: e.First, LastName: e.Last, EmailAddress: e.Email, IsDisabled: e.Disabled,
	}
}

// FindUser looks a user up by name; accountAttribute is what they are called by, of LDAP. Its errors are those of package
// directory.
func (r *Roster) FindUser(ctx context.Context, a store.DirectoryAccess, name, accountAttribute string) (store.DirectoryEntry, error) {
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	d, err := r.open(ctx, a, accountAttribute, "")
	if err != nil {
		return store.DirectoryEntry{}, err
	}
	defer d.Close()
	return found(ctx, d, name, d.FindUser)
}

// FindGroup looks a group up by name. Its errors are those of package directory.
func (r *Roster) FindGroup(ctx context.Context, a store.DirectoryAccess, name, accountAttribute, membershipAttribute string) (store.DirectoryEntry, error) {
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	d, err := r.open(ctx, a, accountAttribute, membershipAttribute)
	if err != nil {
		return store.DirectoryEntry{}, err
	}
	defer d.Close()
	return found(ctx, d, name, d.FindGroup)
}

// found looks an entry up, with what its domain is called in short.
func found(ctx context.Context, d *directory.Directory, name string, find func(context.Context, string) (directory.Entry, error)) (store.DirectoryEntry, error) {
	e, err := find(ctx, name)
	if err != nil {
		return store.DirectoryEntry{}, err
	}
	says := entry(e)
	says.ShortDomainName = d.ShortName(ctx)
	return says, nil
}

// SignIn reports whether a password is that of a user, whose entry it finds again first and brings up to date. It returns
// authz.ErrTooMany when it is not its turn in time, and the errors of package directory but ErrCredential of the password.
func (r *Roster) SignIn(ctx context.Context, u *store.User, password string) (right bool, err error) {
	wait := time.NewTimer(patience)
	defer wait.Stop()
	select {
	case r.turns <- struct{}{}:
		defer func() { <-r.turns }()
	case <-wait.C:
		return false, authz.ErrTooMany
	case <-ctx.Done():
		return false, context.Cause(ctx)
	}
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	a, err := store.View(ctx, r.DB, store.System("directory"), func(tx *store.Tx) (store.DirectoryAccess, error) {
		return store.OpenDirectory(tx, u.DirectoryID)
	})
	if err != nil {
		return false, fmt.Errorf("the directory of User %d: %w", u.UserID, err)
	}
	d, err := r.open(ctx, a, string(u.AccountAttribute), "")
	if err != nil {
		return false, err
	}
	defer d.Close()
	e, known, err := r.refresh(ctx, d, u)
	if err != nil || !known || e.Disabled {
		return false, err
	}
	err = d.SignIn(ctx, e, password)
	if errors.Is(err, directory.ErrCredential) {
		return false, nil
	}
	return err == nil, err
}

// refresh finds a user's entry again and brings the user to what it says; known is false if there is none any more.
func (r *Roster) refresh(ctx context.Context, d *directory.Directory, u *store.User) (e directory.Entry, known bool, err error) {
	e, err = d.UserByID(ctx, store.InDirectory(u.DirectoryEntry), string(u.DistinguishedName))
	var says *store.DirectoryEntry
	switch {
	case err == nil:
		now := entry(e)
		says, known = &now, true
	case !errors.Is(err, directory.ErrNotFound):
		return e, false, err
	}
	err = store.Change(ctx, r.DB, store.System("directory"), func(tx *store.Tx) error { return store.RefreshUser(tx, u.UserID, says) })
	switch {
	case errors.Is(err, store.ErrInvalid), errors.Is(err, store.ErrExists):
		r.Log.WarnContext(ctx, "a user could not be brought to what the directory says", "user", u.UserID, "error", err)
		return e, known, nil
	case errors.Is(err, store.ErrNotFound):
		return e, false, nil
	}
	return e, known, err
}
