package store

import (
	"cmp"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/argon2"

	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/store/record"
)

// newSignIns is a store with users for every way in which a sign-in can fail. All of them have the password "secret".
func newSignIns(t *testing.T) *fixture {
	t.Helper()
	l := newFixture(t)
	hash := cheapHash("secret")
	lists := l.group("Lists both registrations", nil)
	inactive := l.group("Inactive", nil)
	l.change(func(tx *Tx) error {
		strict := &ApiRegistration{Name: "strict", RegistrationType: ApiKeyPolicy, Active: true, UserPasswordRequired: true}
		return cmp.Or(
			ApiRegistrations.Insert(tx, strict), SetApiKey(tx, strict.Id, strictKey),
			GroupRegistration.Set(tx, lists, keyRegistration, 0), GroupRegistration.Set(tx, lists, strict.Id, 0), GroupRegistration.Set(tx, Administrators, strict.Id, 0),
			GroupRegistration.Set(tx, inactive, keyRegistration, 0),
		)
	})
	for name, groups := range map[string][]int{
		"olga": {lists}, "quarantined": {lists}, "inactive": {lists}, "without": {}, "through an inactive group": {inactive}, "keyless": {lists}, "long": {lists},
	} {
		id := l.user(name, groups...)
		switch name {
		case "keyless":
		case "long":
			l.change(edit(UserSecrets, id, func(s *UserSecret) { s.Password = cheapHash(strings.Repeat("x", authz.MaxPassword)) }))
		default:
			l.change(edit(UserSecrets, id, func(s *UserSecret) { s.Password = hash }))
		}
		l.change(edit(Users, id, func(u *User) {
			u.IsQuarantined, u.IsActive = name == "quarantined", name != "inactive"
			if name == "olga" {
				u.DomainName = "LAB"
			}
		}))
	}
	l.change(edit(UserGroups, inactive, func(g *UserGroup) { g.IsActive = false }))
	return l
}

// cheapHash is a password hash at the lowest cost that is accepted.
func cheapHash(password string) string {
	salt := []byte("salt of the tests")
	key := argon2.IDKey([]byte(password), salt, 1, 8, 1, 32)
	return "$argon2id$v=19$m=8,t=1,p=1$" + base64.RawStdEncoding.EncodeToString(salt) + "$" + base64.RawStdEncoding.EncodeToString(key)
}

// strictKey is the key of a registration that requires the user's password.
var strictKey = strings.Repeat("F", 128)

func TestPSAuth(t *testing.T) {
	t.Parallel()
	l := newSignIns(t)
	key := firstStart.ApiKey
	const olga = `lab\Olga`
	type credential = authz.PSAuth
	for name, test := range map[string]struct {
		credential credential
		want       authz.Reason // of the refusal; empty: it passes
	}{
		"key and user":                             {credential{Key: key, RunAs: olga}, ""},
		"the key in small letters":                 {credential{Key: strings.ToLower(key), RunAs: olga}, ""},
		"a password that is not required":          {credential{Key: key, RunAs: olga, Password: "secret", HasPassword: true}, ""},
		"a password that is required":              {credential{Key: strictKey, RunAs: olga, Password: "secret", HasPassword: true}, ""},
		"a user without a password, none required": {credential{Key: key, RunAs: "keyless"}, ""},
		"not required, and wrong":                  {credential{Key: key, RunAs: olga, Password: "wrong", HasPassword: true}, ""},
		"not required, and empty":                  {credential{Key: key, RunAs: olga, HasPassword: true}, ""},
		"not required, and of a user who has none": {credential{Key: key, RunAs: "keyless", Password: "x", HasPassword: true}, ""},
		"not required, and too long":               {credential{Key: key, RunAs: olga, Password: strings.Repeat("x", 1025), HasPassword: true}, ""},
		"the longest password":                     {credential{Key: strictKey, RunAs: "long", Password: strings.Repeat("x", 1024), HasPassword: true}, ""},

		"wrong key":                        {credential{Key: strings.Repeat("0", 128), RunAs: olga}, authz.UnknownKey},
		"wrong key with a password":        {credential{Key: strings.Repeat("0", 128), RunAs: olga, Password: "secret", HasPassword: true}, authz.UnknownKey},
		"wrong key and user":               {credential{Key: strings.Repeat("0", 128), RunAs: "nobody"}, authz.UnknownKey},
		"no key":                           {credential{RunAs: olga}, authz.UnknownKey},
		"unknown user":                     {credential{Key: key, RunAs: "nobody"}, authz.UnknownUser},
		"unknown user with a password":     {credential{Key: key, RunAs: "nobody", Password: "secret", HasPassword: true}, authz.UnknownUser},
		"unknown user, required and right": {credential{Key: strictKey, RunAs: "nobody", Password: "secret", HasPassword: true}, authz.UnknownUser},
		"the user without his domain":      {credential{Key: key, RunAs: "olga"}, authz.UnknownUser},
		"the user of another domain":       {credential{Key: key, RunAs: `other\olga`}, authz.UnknownUser},
		"wrong password":                   {credential{Key: strictKey, RunAs: olga, Password: "Secret", HasPassword: true}, authz.WrongPassword},
		"required and absent":              {credential{Key: strictKey, RunAs: olga}, authz.MissingPassword},
		"required of a user who has none":  {credential{Key: strictKey, RunAs: "keyless", HasPassword: true}, authz.WrongPassword},
		"too long a password":              {credential{Key: strictKey, RunAs: "long", Password: strings.Repeat("x", 1025), HasPassword: true}, authz.WrongPassword},
		"quarantined":                      {credential{Key: key, RunAs: "quarantined"}, authz.QuarantinedUser},
		"quarantined with the password":    {credential{Key: strictKey, RunAs: "quarantined", Password: "secret", HasPassword: true}, authz.QuarantinedUser},
		"quarantined, and a wrong one":     {credential{Key: strictKey, RunAs: "quarantined", Password: "wrong", HasPassword: true}, authz.QuarantinedUser},
		"inactive":                         {credential{Key: key, RunAs: "inactive"}, authz.InactiveUser},
		"no group lists the registration":  {credential{Key: key, RunAs: "without"}, authz.UnlistedRegistration},
		"only an inactive group does":      {credential{Key: key, RunAs: "through an inactive group"}, authz.UnlistedRegistration},
	} {
		t.Run(name, func(t *testing.T) {
			l := l.in(t)
			check := func() (in *SignedIn, err error) {
				return CheckPSAuth(l.ctx, l.DB, Actor{IPAddress: "10.9.8.7", Door: door}, test.credential, nil)
			}
			if test.want == "" {
				equal(t, "audits", l.audits(func() {
					if in, err := check(); err != nil || in.Method != "API Key" || in.Rights.User.UserName == "" {
						t.Errorf("signed in as %+v, error %v", in, err)
					}
				}), nil)
				return
			}
			l.mustRefuse("API Key", test.want, test.credential.RunAs, func() error { _, err := check(); return err })
		})
	}
	t.Run("inactive registration", func(t *testing.T) {
		l := l.in(t)
		l.change(edit(ApiRegistrations, keyRegistration, func(r *ApiRegistration) { r.Active = false }))
		l.mustRefuse("API Key", authz.InactiveRegistration, olga, func() error {
			_, err := CheckPSAuth(l.ctx, l.DB, Actor{IPAddress: "10.9.8.7", Door: door}, credential{Key: key, RunAs: olga}, nil)
			return err
		})
	})
}

// mustRefuse says that a sign-in is refused in the one way that there is, and leaves one audit row with the reason and the name
// that was asked for.
func (l *fixture) mustRefuse(method string, reason authz.Reason, name string, check func() error) {
	l.t.Helper()
	l.clock.step(refusalTime) // so that it repeats none before it
	rows := l.audits(func() {
		if err := check(); !errors.Is(err, ErrRefused) || err.Error() != ErrSignIn.Error() || authz.ReasonOf(err) != reason {
			l.t.Errorf("the error is %v, for %q", err, authz.ReasonOf(err))
		}
	})
	equal(l.t, "audits", rows, []string{fmt.Sprintf(`AccessDenied Authentication: Method "" → %q, Reason "" → %q`, method, reason)})
	a := get(l, record.Audits, l.lastAudit())
	if a.UserID != 0 || a.UserName != name || a.IPAddress != "10.9.8.7" || a.Details[0].NewValue != door || a.Details[1].NewValue != "" {
		l.t.Errorf("the audit is %+v", a)
	}
}

func TestClientCredentials(t *testing.T) {
	t.Parallel()
	const fallback = 60 // minutes: of the policy that every store begins with
	id, secret := firstStart.ClientID, firstStart.ClientSecret
	policy := func(name string, minutes int, active bool, groups ...int) func(*Tx) error {
		return func(tx *Tx) error {
			r := &ApiRegistration{Name: name, RegistrationType: ApiAccessPolicy, AccessTokenDuration: minutes, Active: active}
			err := ApiRegistrations.Insert(tx, r)
			for _, g := range groups {
				err = cmp.Or(err, GroupRegistration.Set(tx, g, r.Id, 0))
			}
			return err
		}
	}
	for name, test := range map[string]struct {
		before     func(*Tx) error
		id, secret string
		want       time.Duration // 0: refused
		reason     authz.Reason
	}{
		"right":                     {nil, id, secret, fallback * time.Minute, ""},
		"ClientID in small letters": {nil, strings.ToLower(id), secret, fallback * time.Minute, ""},
		"the shortest policy holds": {policy("short", 5, true, Administrators), id, secret, 5 * time.Minute, ""},
		"a longer one does not":     {policy("long", 600, true, Administrators), id, secret, fallback * time.Minute, ""},
		"nor one that is inactive":  {policy("short", 5, false, Administrators), id, secret, fallback * time.Minute, ""},
		"nor one of another group":  {policy("short", 5, true, 17), id, secret, fallback * time.Minute, ""},
		"nor a key policy": {
			edit(ApiRegistrations, keyRegistration, func(r *ApiRegistration) { r.AccessTokenDuration = 1 }), id, secret, fallback * time.Minute, ""},
		"wrong secret":                   {nil, id, secret + "x", 0, authz.WrongClientSecret},
		"secret in another letter case":  {nil, id, strings.ToLower(secret), 0, authz.WrongClientSecret},
		"no secret":                      {nil, id, "", 0, authz.WrongClientSecret},
		"unknown client":                 {nil, "00000000-0000-0000-0000-000000000000", secret, 0, authz.UnknownClient},
		"no client":                      {nil, "", secret, 0, authz.UnknownClient},
		"the user's name is no ClientID": {nil, "muster", secret, 0, authz.UnknownClient},
		"quarantined":                    {edit(Users, applicationID, func(u *User) { u.IsQuarantined = true }), id, secret, 0, authz.QuarantinedUser},
		"inactive":                       {edit(Users, applicationID, func(u *User) { u.IsActive = false }), id, secret, 0, authz.InactiveUser},
		"without its secret":             {func(tx *Tx) error { return UserSecrets.Delete(tx, applicationID) }, id, secret, 0, authz.WrongClientSecret},
		"no policy is active":            {edit(ApiRegistrations, tokenRegistration, func(r *ApiRegistration) { r.Active = false }), id, secret, 0, authz.NoAccessPolicy},
		"no group lists a policy":        {cutting(GroupRegistration, Administrators, tokenRegistration, true), id, secret, 0, authz.NoAccessPolicy},
		"no policy admits the address": {edit(ApiRegistrations, tokenRegistration, func(r *ApiRegistration) {
			r.IPAuthenticationRules = []AddressRule{{Type: "Single IP Address", Value: "10.9.8.8"}}
		}), id, secret, 0, authz.AddressRule},
		"one of two admits the address": {func(tx *Tx) error {
			return cmp.Or(policy("short", 5, true, Administrators)(tx), edit(ApiRegistrations, tokenRegistration, func(r *ApiRegistration) {
				r.IPAuthenticationRules = []AddressRule{{Type: "Single IP Address", Value: "10.9.8.8"}}
			})(tx))
		}, id, secret, 5 * time.Minute, ""},
		"no group at all": {cutting(GroupMember, Administrators, applicationID, true), id, secret, 0, authz.NoAccessPolicy},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newFixture(t)
			if test.before != nil {
				l.change(test.before)
			}
			by := Actor{IPAddress: "10.9.8.7", Door: door}
			if test.want == 0 {
				l.mustRefuse("OAuth Client Credentials", test.reason, test.id, func() error {
					_, _, err := ClientToken(l.ctx, l.DB, by, test.id, test.secret)
					return err
				})
				equal(t, "sessions", l.keys("se="), nil)
				return
			}
			var token string
			var lifetime time.Duration
			var err error
			equal(t, "audits", l.audits(func() { token, lifetime, err = ClientToken(l.ctx, l.DB, by, test.id, test.secret) }),
				[]string{`Login Authentication: Method "" → "OAuth Client Credentials"`})
			if err != nil || lifetime != test.want {
				t.Fatalf("lives for %v, error %v; want %v", lifetime, err, test.want)
			}
			claims, err := l.Keys().Parse(token, door, l.clock.Now())
			if err != nil {
				t.Fatal(err)
			}
			session := get(l, Sessions, claims.ID)
			if claims.UserID() != applicationID || session.Expires.Sub(session.Created) != test.want || session.Idle != 0 || session.Door != door {
				t.Errorf("the claims are %+v, the session %+v", claims, session)
			}
		})
	}
}

func TestATokenOfOneDoorOpensNoOther(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	token, _, err := ClientToken(l.ctx, l.DB, Actor{Door: "idaas"}, firstStart.ClientID, firstStart.ClientSecret)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Keys().Parse(token, door, l.clock.Now()); !errors.Is(err, authz.ErrToken) {
		t.Errorf("the error is %v", err)
	}
}
