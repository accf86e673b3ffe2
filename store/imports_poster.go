package store

import (
	"errors"

	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/store/record"
)

// Poster is who posted an import, with the rights that they have now.
type Poster struct {
	Actor
	claims *authz.Claims
}

// May reports whether the poster holds what a piece of an import needs.
func (p Poster) May(n authz.Need) bool { return p.claims.Satisfies(n) }

// PosterOf returns who posted an import that has not ended. It returns an ErrDenied that says why the import must not go on: the user
// is gone, inactive or quarantined, or no longer holds what a request for the import needs, access to the Organization included.
func PosterOf(tx *Tx, i *Import) (Poster, error) {
	file, err := ImportFiles.Get(tx, i.ImportID)
	if err != nil {
		return Poster{}, err
	}
	if file.By.UserID == 0 { // muster itself, for the demo
		by := System(file.By.Door)
		return Poster{by, &authz.Claims{Admin: true}}, nil
	}
	if err := mayGoOn(tx, file.By); err != nil {
		return Poster{}, err
	}
	rights, err := RightsOf(tx, file.By.UserID)
	if err != nil {
		return Poster{}, err
	}
	p := Poster{file.By, rights.claims(0)}
	p.Admin, p.Groups, p.System, p.Session = rights.Admin, rights.Groups, false, nil
	if need := authz.QueuesImports; !p.May(need) {
		return Poster{}, record.Error(ErrDenied, "the rights of the user %q, who posted it, have changed: %s", p.UserName, need.Required())
	}
	if _, err := WorkgroupByID(tx.As(p.Actor), i.WorkgroupID); errors.Is(err, ErrNotFound) {
		return Poster{}, record.Error(ErrDenied, "the rights of the user %q, who posted it, have changed: %v", p.UserName, err)
	} else if err != nil {
		return Poster{}, err
	}
	return p, nil
}

// mayGoOn returns an ErrDenied that says why a user may no longer sign in.
func mayGoOn(tx *Tx, by Actor) error {
	u, err := Users.Get(tx, by.UserID)
	state := ""
	switch {
	case errors.Is(err, ErrNotFound):
		state = "deleted"
	case err != nil:
		return err
	case u.IsQuarantined:
		state = "quarantined"
	case !u.IsActive:
		state = "inactive"
	default:
		return nil
	}
	return record.Error(ErrDenied, "the user %q, who posted it, is %s", by.UserName, state)
}

// UsedElsewhere returns the functional accounts by which systems are managed that the actor may not see. Such an account is somebody
// else's too, so the actor must not change it.
func UsedElsewhere(tx *Tx) (map[int]bool, error) {
	used := map[int]bool{}
	if tx.By.Admin {
		return used, nil // sees all
	}
	sees := workgroupSight{tx: tx, seen: map[int]bool{}}
	for s, err := range ManagedSystems.All(tx) {
		if err != nil {
			return nil, err
		}
		if s.FunctionalAccountID == nil || used[*s.FunctionalAccountID] {
			continue
		}
		in, exists, err := s.workgroup(tx)
		if err != nil {
			return nil, err
		}
		if !exists { // deleted, and not swept yet
			continue
		}
		visible, err := sees.workgroup(in)
		if err != nil {
			return nil, err
		}
		used[*s.FunctionalAccountID] = !visible
	}
	return used, nil
}
