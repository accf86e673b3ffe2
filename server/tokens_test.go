package server_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/server/insight"
	"github.com/musterhq/muster/store"
)

// forging is a valid token taken apart, by somebody who has the key: whatever is changed is the only reason of a refusal.
type forging struct {
	method         jwt.SigningMethod
	key            any
	header, claims map[string]any
}

func (l *fixture) forging(token string) *forging {
	l.t.Helper()
	var keys []struct {
		Kid    string
		Secret []byte
	}
	text, err := json.Marshal(l.db.Keys())
	must(l.t, err)
	must(l.t, json.Unmarshal(text, &keys))
	claims := jwt.MapClaims{}
	_, _, err = jwt.NewParser().ParseUnverified(token, claims)
	must(l.t, err)
	for _, date := range []string{"exp", "iat", "nbf"} {
		if seconds, ok := claims[date].(float64); ok {
			claims[date] = int64(seconds)
		}
	}
	return &forging{method: jwt.SigningMethodHS256, key: keys[0].Secret, header: map[string]any{"kid": keys[0].Kid}, claims: claims}
}

func (f *forging) token(t *testing.T) string {
	t.Helper()
	token := jwt.NewWithClaims(f.method, jwt.MapClaims(f.claims))
	maps.Copy(token.Header, f.header)
	text, err := token.SignedString(f.key)
	must(t, err)
	return text
}

// TestForgedTokensAreRefused sends forged tokens through the server in each way that a token travels. Package authz has more of
// them; that each is refused there, too, is the point.
func TestForgedTokensAreRefused(t *testing.T) {
	t.Parallel()
	l := newFixture(t, false)
	valid := l.tokenOf("administrator")
	header := func(name string, value any) func(*forging) { return func(f *forging) { f.header[name] = value } }
	claim := func(name string, value any) func(*forging) { return func(f *forging) { f.claims[name] = value } }
	without := func(name string) func(*forging) { return func(f *forging) { delete(f.claims, name) } }
	at := func(d time.Duration) int64 { return began.Add(d).Unix() }
	for name, change := range map[string]func(*forging){
		"alg none":            func(f *forging) { f.method, f.key = jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType },
		"HS384 with our key":  func(f *forging) { f.method = jwt.SigningMethodHS384 },
		"HS512 with our key":  func(f *forging) { f.method = jwt.SigningMethodHS512 },
		"an empty key":        func(f *forging) { f.key = []byte{} },
		"a key of theirs":     func(f *forging) { f.key = []byte(strings.Repeat("k", 32)) },
		"the kid as the key":  func(f *forging) { f.key = []byte(f.header["kid"].(string)) },
		"the issuer as key":   func(f *forging) { f.key = []byte(authz.Issuer) },
		"alg HS256 as text":   header("alg", "hs256"),
		"kid unknown":         header("kid", "0000000000000000"),
		"kid a path":          header("kid", "../../../../dev/null"),
		"kid an injection":    header("kid", "x' OR '1'='1"),
		"kid a list":          func(f *forging) { f.header["kid"] = []any{f.header["kid"]} },
		"kid a number":        header("kid", 0),
		"no kid":              header("kid", nil),
		"jwk":                 header("jwk", map[string]string{"kty": "oct", "k": "AAAA"}),
		"jku":                 header("jku", "http://127.0.0.1:1/jwks.json"),
		"x5u":                 header("x5u", "http://127.0.0.1:1/chain.pem"),
		"x5c":                 header("x5c", []string{"MIIB"}),
		"crit":                header("crit", []string{"exp"}),
		"no expiry":           without("exp"),
		"expiry a text":       claim("exp", "4102444800"),
		"expiry a fraction":   claim("exp", 4102444800.5),
		"expired":             claim("exp", at(-time.Minute)),
		"not yet valid":       claim("nbf", at(time.Hour)),
		"issued tomorrow":     claim("iat", at(24*time.Hour)),
		"another issuer":      claim("iss", "https://issuer.example"),
		"no issuer":           without("iss"),
		"another audience":    claim("aud", "idaas"),
		"two audiences":       claim("aud", []string{insight.Name, "idaas"}),
		"no audience":         without("aud"),
		"no session":          without("jti"),
		"an unknown session":  claim("jti", "00000000-0000-4000-8000-000000000000"),
		"session a path":      claim("jti", "../"),
		"no subject":          without("sub"),
		"subject a name":      claim("sub", "administrator"),
		"subject zero":        claim("sub", "0"),
		"a name of 10 kB":     claim("name", strings.Repeat("x", 10_000)),
		"epochs of text":      claim("ep", []string{"1", "2"}),
		"grants of text":      claim("gra", "all"),
		"an audience in caps": claim("aud", strings.ToUpper(insight.Name)),
	} {
		t.Run(name, func(t *testing.T) {
			f := l.forging(valid)
			change(f)
			l.mustBeWorthless(t, f.token(t))
		})
	}
	t.Run("spellings", func(t *testing.T) {
		last := strings.LastIndex(valid, ".")
		for _, token := range []string{
			valid[:len(valid)-1], valid + "A", valid + "=", valid[:last], valid[:last+1], valid + "." + valid[last+1:],
			valid[:len(valid)-1] + string(valid[len(valid)-1]^1), valid[:last+1] + strings.Repeat("A", 43), strings.Repeat("A", 10_000),
			strings.Repeat(".", 10_000), strings.ToUpper(valid), "null", "undefined", "{}", "..",
		} {
			l.mustBeWorthless(t, token)
		}
	})
	t.Run("and what is not forged is taken", func(t *testing.T) {
		if w := l.request("GET", insight.Base+"/Auth", "", as(l.forging(valid).token(t))); w.Code != http.StatusOK {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	})
}

// mustBeWorthless sends a token in the ways in which one travels, and wants the one refusal that there is.
func (l *fixture) mustBeWorthless(t *testing.T, token string) {
	t.Helper()
	for how, header := range map[string]http.Header{
		"Bearer": {"Authorization": {"Bearer " + token}}, "alone": {"Authorization": {token}},
		"cookie": {"Cookie": {"ASP.NET_SessionId=" + token}},
	} {
		for _, request := range []string{"GET Auth", "GET Workgroups", "POST Auth/SignAppin", "POST Auth/Signout", "DELETE Workgroups/1"} {
			method, path, _ := strings.Cut(request, " ")
			w := l.request(method, insight.Base+"/"+path, "", header)
			if w.Code == http.StatusMethodNotAllowed {
				continue
			}
			if w.Code != http.StatusUnauthorized || w.Body.String() != `"User not authenticated"` || len(w.Result().Cookies()) > 0 {
				t.Errorf("%.40s as %s, %s: %d %s", token, how, request, w.Code, w.Body)
			}
		}
	}
}

// TestTokensEndWithTheirUsers refuses good tokens of users who are no longer who they were.
func TestTokensEndWithTheirUsers(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(tx *store.Tx, id int) error{
		"deleted": func(tx *store.Tx, id int) error { return store.DeleteUser(tx, id) },
		"quarantined": func(tx *store.Tx, id int) error {
			_, err := store.QuarantineUser(tx, id)
			return err
		},
		"recycled client secret": func(tx *store.Tx, id int) error { return store.SetClientSecret(tx, id, "") },
		"another password":       func(tx *store.Tx, id int) error { return store.SetPassword(tx, id, "") },
		"deleted, and another of the same name": func(tx *store.Tx, id int) error {
			if err := store.DeleteUser(tx, id); err != nil {
				return err
			}
			return store.Users.Insert(tx, &store.User{UserType: store.ApplicationType, UserName: "vera", IsActive: true})
		},
		"quarantined and released": func(tx *store.Tx, id int) error {
			u, err := store.QuarantineUser(tx, id)
			if err != nil {
				return err
			}
			u.IsQuarantined = false
			return store.Users.Put(tx, u)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newFixture(t, false)
			token := l.tokenOf("vera", authz.Grant{Permission: authz.AssetManagement, Level: authz.Read})
			if w := l.request("GET", insight.Base+"/Auth", "", as(token)); w.Code != http.StatusOK { // and its signature is remembered
				t.Fatalf("before: %d %s", w.Code, w.Body)
			}
			must(t, store.Change(t.Context(), l.db, system, func(tx *store.Tx) error {
				u, err := store.UserByName(tx, "vera")
				if err != nil {
					return err
				}
				return end(tx, u.UserID)
			}))
			l.mustBeWorthless(t, token)
		})
	}
}
