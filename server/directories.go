package server

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/directory"
	"github.com/musterhq/muster/server/api"
	"github.com/musterhq/muster/server/insight"
	"github.com/musterhq/muster/store"
)

// synchronizeTime is how long a request for the users of a group waits for the directory. What takes longer goes on without
// it.
const synchronizeTime = 20 * time.Second

// directories are the services of handlers that ask directories.
func (s *Server) directories(services insight.Services) insight.Services {
	services.FindUser = func(ctx context.Context, a store.DirectoryAccess, name, account string) (store.DirectoryEntry, error) {
		e, err := s.Roster.FindUser(ctx, a, name, account)
		return e, answered(err)
	}
	services.FindGroup = func(ctx context.Context, a store.DirectoryAccess, name, account, membership string) (store.DirectoryEntry, error) {
		e, err := s.Roster.FindGroup(ctx, a, name, account, membership)
		return e, answered(err)
	}
	services.Synchronize = s.synchronize
	services.WakeDirectories = func() { s.Roster.Wake() }
	return services
}

// answered is what a caller is told when a directory did not answer as hoped: what is wrong with their request, or that the
// directory may be there later.
func answered(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, directory.ErrUnreachable):
		return fmt.Errorf("%w: %w", api.ErrUnavailable, err)
	}
	return store.Invalid("%v", err)
}

// synchronize brings a user group up to date. That it cannot is logged: the stored members stay.
func (s *Server) synchronize(ctx context.Context, groupID int) {
	ctx, cancel := context.WithTimeout(ctx, synchronizeTime)
	defer cancel()
	if err := s.Roster.Synchronize(ctx, groupID); err != nil && !errors.Is(err, store.ErrNotFound) {
		s.Log.WarnContext(ctx, "a user group is shown as it was: its directory cannot be asked, or takes long", "group", groupID, "error", err)
	}
}

// askDirectory checks the password of a user who comes from a directory. A stranger learns no more than that it cannot be
// checked now.
func (s *Server) askDirectory(ctx context.Context, u *store.User, password string) (bool, error) {
	right, err := s.Roster.SignIn(ctx, u, password)
	if err == nil || errors.Is(err, authz.ErrTooMany) {
		return right, err
	}
	s.Log.WarnContext(ctx, "a sign-in could not be checked by its directory", "user", u.UserID, "error", err)
	return false, fmt.Errorf("%w: the directory of the user cannot be asked", api.ErrUnavailable)
}
