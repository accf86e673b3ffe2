package store

import (
	"errors"
	"fmt"
	"maps"
	"testing"
	"time"

	"github.com/musterhq/muster/authz"
)

// signedIn is olga with a session: in a group that lists the key's registration and in one that gives her rights.
type signedIn struct {
	*fixture
	user, callers, operators int
	token                    *authz.Claims
}

const door = "insight"

func signIn(t *testing.T, idle time.Duration) *signedIn {
	t.Helper()
	s := &signedIn{fixture: newFixture(t)}
	s.callers, s.operators = s.group("Callers", nil), s.group("Operators", grants{authz.AssetManagement: authz.Read, authz.EPM: authz.Read})
	s.change(func(tx *Tx) error { return GroupRegistration.Set(tx, s.callers, keyRegistration, 0) })
	s.user = s.fixture.user("olga", s.callers, s.operators)
	s.token = s.session("olga", time.Hour, idle)
	return s
}

// session signs a user in by the API key and returns what his token says.
func (l *fixture) session(user string, lifetime, idle time.Duration) *authz.Claims {
	l.t.Helper()
	in, err := CheckPSAuth(l.ctx, l.DB, Actor{Door: door}, authz.PSAuth{Key: firstStart.ApiKey, RunAs: user}, nil)
	if err != nil {
		l.t.Fatalf("%v", err)
	}
	token := update(l, func(tx *Tx) (string, error) {
		token, _, err := NewSession(tx, in, door, lifetime, idle)
		return token, err
	})
	claims, err := l.Keys().Parse(token, door, l.clock.Now())
	if err != nil {
		l.t.Fatalf("%v", err)
	}
	return claims
}

// resume goes on with the session, as each request does.
func (s *signedIn) resume() (*authz.Claims, error) {
	return View(s.ctx, s.DB, System("test"), func(tx *Tx) (*authz.Claims, error) {
		claims, session, err := Resume(tx, s.token)
		if err == nil && (session == nil || session.ID != s.token.ID) {
			err = fmt.Errorf("the session is %v", session)
		}
		return claims, err
	})
}

func TestResume(t *testing.T) {
	t.Parallel()
	const ofTheToken, anew, refused = "the token's own claims", "fresh claims", "refused"
	all := grants{authz.AssetManagement: authz.Read, authz.EPM: authz.Read}
	for name, test := range map[string]struct {
		change func(s *signedIn)
		goesOn string
		grants grants
	}{
		"nothing happened":      {func(s *signedIn) {}, ofTheToken, all},
		"time passed":           {func(s *signedIn) { s.clock.step(time.Hour - time.Millisecond) }, ofTheToken, all},
		"another user changed":  {func(s *signedIn) { s.change(edit(Users, administratorID, func(u *User) { u.IsActive = false })) }, ofTheToken, all},
		"another session ended": {func(s *signedIn) { s.signOut(s.session("olga", time.Hour, 0)) }, ofTheToken, all},
		"a permission is taken": {func(s *signedIn) { s.change(cutting(GroupPermission, s.operators, int(authz.EPM), true)) }, anew, grants{authz.AssetManagement: authz.Read}},
		"a permission is given": {func(s *signedIn) {
			s.change(func(tx *Tx) error { return GroupPermission.Set(tx, s.operators, int(authz.EPM), int(authz.ReadWrite)) })
		}, anew, grants{authz.AssetManagement: authz.Read, authz.EPM: authz.ReadWrite}},
		"and taken back": {func(s *signedIn) {
			s.change(cutting(GroupPermission, s.operators, int(authz.EPM), true))
			s.change(func(tx *Tx) error { return GroupPermission.Set(tx, s.operators, int(authz.EPM), int(authz.Read)) })
		}, anew, all},
		"a group of hers is inactive": {func(s *signedIn) { s.change(edit(UserGroups, s.operators, func(g *UserGroup) { g.IsActive = false })) }, anew, grants{}},
		"a group of hers is gone":     {func(s *signedIn) { s.change(func(tx *Tx) error { return UserGroups.Delete(tx, s.operators) }) }, anew, grants{}},
		"she left a group":            {func(s *signedIn) { s.change(cutting(GroupMember, s.operators, s.user, true)) }, anew, grants{}},
		"her name changed":            {func(s *signedIn) { s.change(edit(Users, s.user, func(u *User) { u.UserName = "Olga" })) }, anew, all},
		"another registration changed": {func(s *signedIn) {
			s.change(edit(ApiRegistrations, tokenRegistration, func(r *ApiRegistration) { r.Active = false }))
		}, anew, all},
		"deactivated":        {func(s *signedIn) { s.change(edit(Users, s.user, func(u *User) { u.IsActive = false })) }, refused, nil},
		"quarantined":        {func(s *signedIn) { s.change(edit(Users, s.user, func(u *User) { u.IsQuarantined = true })) }, refused, nil},
		"deleted":            {func(s *signedIn) { s.change(func(tx *Tx) error { return Users.Delete(tx, s.user) }) }, refused, nil},
		"her secret changed": {func(s *signedIn) { s.change(edit(UserSecrets, s.user, func(u *UserSecret) { u.Version++ })) }, refused, nil},
		"the key was rotated": {func(s *signedIn) {
			s.change(func(tx *Tx) error { return SetApiKey(tx, keyRegistration, authz.NewAPIKey()) })
		}, refused, nil},
		"the key is gone": {func(s *signedIn) { s.change(func(tx *Tx) error { return ApiKeys.Delete(tx, keyRegistration) }) }, refused, nil},
		"the registration is inactive": {func(s *signedIn) {
			s.change(edit(ApiRegistrations, keyRegistration, func(r *ApiRegistration) { r.Active = false }))
		}, refused, nil},
		"the registration is gone": {func(s *signedIn) {
			s.change(func(tx *Tx) error { return ApiRegistrations.Delete(tx, keyRegistration) })
		}, refused, nil},
		"her group lost the registration": {func(s *signedIn) { s.change(cutting(GroupRegistration, s.callers, keyRegistration, true)) }, refused, nil},
		"she left the group that has it":  {func(s *signedIn) { s.change(cutting(GroupMember, s.callers, s.user, true)) }, refused, nil},
		"that group is inactive":          {func(s *signedIn) { s.change(edit(UserGroups, s.callers, func(g *UserGroup) { g.IsActive = false })) }, refused, nil},
		"signed out":                      {func(s *signedIn) { s.signOut(s.token) }, refused, nil},
		"the session is over":             {func(s *signedIn) { s.clock.step(time.Hour) }, refused, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := signIn(t, 0)
			test.change(s)
			claims, err := s.resume()
			if test.goesOn == refused {
				if !errors.Is(err, ErrSignIn) {
					t.Fatalf("the claims are %v, error %v", claims, err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if own := claims == s.token; own != (test.goesOn == ofTheToken) {
				t.Errorf("the claims are the token's own: %v", own)
			}
			if !maps.Equal(claims.Grants, test.grants) || claims.UserID() != s.user || claims.Registration != keyRegistration {
				t.Errorf("the claims are %+v, want the grants %v", claims, test.grants)
			}
			if claims.ID != s.token.ID || claims.ExpiresAt != s.token.ExpiresAt {
				t.Errorf("the claims are of another token: %+v", claims.RegisteredClaims)
			}
		})
	}
}

// signOut ends the session of a token as its user does.
func (l *fixture) signOut(token *authz.Claims) {
	l.t.Helper()
	by := Actor{UserID: token.UserID(), UserName: token.Name, SignsOut: token.ID}
	if err := Change(l.ctx, l.DB, by, SignOut); err != nil {
		l.t.Fatalf("%v", err)
	}
}

func TestFreshRightsAreReadOnceAfterAChange(t *testing.T) {
	t.Parallel()
	s := signIn(t, 0)
	take := func(p authz.Permission) {
		s.change(cutting(GroupPermission, s.operators, int(p), true))
	}
	resume := func() *authz.Claims {
		claims, err := s.resume()
		if err != nil {
			t.Fatal(err)
		}
		return claims
	}
	take(authz.EPM)
	once, twice := resume(), resume()
	if once != twice || once == s.token {
		t.Errorf("read twice: %p, %p, the token's %p", once, twice, s.token)
	}
	take(authz.AssetManagement)
	if thrice := resume(); thrice == once || len(thrice.Grants) > 0 {
		t.Errorf("remembered across a change: %v", thrice.Grants)
	}
}

// A writing request whose user loses his rights before the commit does not get through.
func TestAWriteRunsAgainWhenTheRightsBehindItMove(t *testing.T) {
	t.Parallel()
	s := signIn(t, 0)
	runs := 0
	_, err := Update(s.ctx, s.DB, System("test"), func(tx *Tx) (int, error) {
		if _, _, err := Resume(tx, s.token); err != nil {
			return 0, err
		}
		if runs++; runs == 1 {
			s.change(edit(Users, s.user, func(u *User) { u.IsQuarantined = true }))
		}
		w := &Workgroup{Name: "Floor 1", OrganizationID: view(s.fixture, DefaultOrganization)}
		return 0, Workgroups.Insert(tx, w)
	})
	if !errors.Is(err, ErrSignIn) || runs != 1 {
		t.Errorf("the error is %v after %d runs", err, runs)
	}
	s.refused(ErrNotFound, func(tx *Tx) error { _, err := WorkgroupByName(tx, "Floor 1"); return err })
}

func TestASignInWithoutASessionIsCheckedAtEachRequest(t *testing.T) {
	t.Parallel()
	s := signIn(t, 0)
	in, err := CheckPSAuth(s.ctx, s.DB, Actor{Door: door}, authz.PSAuth{Key: firstStart.ApiKey, RunAs: "olga"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	resume := func() (grants, error) {
		return View(s.ctx, s.DB, System("test"), func(tx *Tx) (grants, error) {
			claims, session, err := in.Resume(tx)
			if err != nil {
				return nil, err
			}
			if claims.UserID() != s.user || session.ID != "" || session.Registration != "muster key" {
				return nil, fmt.Errorf("it is %v by %v", claims, session)
			}
			return claims.Grants, nil
		})
	}
	if got, err := resume(); len(got) != 2 || err != nil {
		t.Errorf("at first: %v, error %v", got, err)
	}
	s.change(cutting(GroupPermission, s.operators, int(authz.EPM), true))
	if got, err := resume(); len(got) != 1 || err != nil {
		t.Errorf("without a permission: %v, error %v", got, err)
	}
	s.change(func(tx *Tx) error { return SetApiKey(tx, keyRegistration, authz.NewAPIKey()) })
	if got, err := resume(); !errors.Is(err, ErrSignIn) {
		t.Errorf("with an old key: %v, error %v", got, err)
	}
}
