package authz_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/musterhq/muster/authz"
)

// A forgery starts from what a valid token holds, so that nothing but the change can be the reason of its refusal.
type forgery struct {
	method jwt.SigningMethod
	key    any
	header map[string]any
	claims map[string]any
}

func newForgery(tb testing.TB, keys authz.Keys) forgery {
	tb.Helper()
	kid, secret := current(tb, keys)
	return forgery{
		method: jwt.SigningMethodHS256, key: secret,
		header: map[string]any{"typ": "JWT", "kid": kid},
		claims: map[string]any{"iss": authz.Issuer, "sub": "17", "aud": door, "jti": "5b1f0a52",
			"exp": now.Add(time.Hour).Unix(), "iat": now.Unix(), "nbf": now.Unix(), "ep": [2]int{40, 7}},
	}
}

func (f forgery) token(tb testing.TB) string {
	tb.Helper()
	token := jwt.NewWithClaims(f.method, jwt.MapClaims(f.claims))
	maps.Copy(token.Header, f.header)
	text, err := token.SignedString(f.key)
	if err != nil {
		tb.Fatal(err)
	}
	return text
}

func TestForgeriesStartFromAValidToken(t *testing.T) {
	t.Parallel()
	keys := authz.NewKeys()
	if _, err := keys.Parse(newForgery(t, keys).token(t), door, now); err != nil {
		t.Fatal(err)
	}
}

// Attacks on the algorithm, the header and the claims, most of them by someone who has the key.
func TestParseRefusesForgedContents(t *testing.T) {
	t.Parallel()
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	ecKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signedBy := func(method jwt.SigningMethod, key any) func(*forgery) {
		return func(f *forgery) { f.method, f.key = method, key }
	}
	header := func(name string, value any) func(*forgery) {
		return func(f *forgery) { f.header[name] = value }
	}
	claim := func(name string, value any) func(*forgery) {
		return func(f *forgery) { f.claims[name] = value }
	}
	without := func(name string) func(*forgery) {
		return func(f *forgery) { delete(f.claims, name) }
	}
	hmac := func(method jwt.SigningMethod) func(*forgery) {
		return func(f *forgery) { f.method = method }
	}
	keys := authz.NewKeys()
	for name, change := range map[string]func(*forgery){
		"alg none":                   signedBy(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType),
		"HS384 with our key":         hmac(jwt.SigningMethodHS384),
		"HS512 with our key":         hmac(jwt.SigningMethodHS512),
		"RS256 with a key of theirs": signedBy(jwt.SigningMethodRS256, rsaKey),
		"PS256 with a key of theirs": signedBy(jwt.SigningMethodPS256, rsaKey),
		"ES256 with a key of theirs": signedBy(jwt.SigningMethodES256, ecKey),
		"HS256 with a key of theirs": signedBy(jwt.SigningMethodHS256, []byte("0123456789abcdef0123456789abcdef")),
		"HS256 with an empty key":    signedBy(jwt.SigningMethodHS256, []byte{}),
		"alg in small letters":       header("alg", "hs256"),
		"alg is a list":              header("alg", []string{"HS256"}),

		"no kid":                      func(f *forgery) { delete(f.header, "kid") },
		"kid unknown":                 header("kid", "0000000000000000"),
		"kid empty":                   header("kid", ""),
		"kid is a path":               header("kid", "../../../../dev/null"),
		"kid is a number":             header("kid", 0),
		"kid is null":                 header("kid", nil),
		"kid is a list":               func(f *forgery) { f.header["kid"] = []any{f.header["kid"]} },
		"kid with a path before it":   func(f *forgery) { f.header["kid"] = "./" + f.header["kid"].(string) },
		"kid with a NUL behind it":    func(f *forgery) { f.header["kid"] = f.header["kid"].(string) + "\x00" },
		"jwk":                         header("jwk", map[string]string{"kty": "oct", "k": "AAAA"}),
		"jku":                         header("jku", "https://keys.example/jwks.json"),
		"x5u":                         header("x5u", "https://keys.example/chain.pem"),
		"x5c":                         header("x5c", []string{"MIIB"}),
		"crit":                        header("crit", []string{"exp"}),
		"another type":                header("typ", "at+jwt"),
		"no expiry":                   without("exp"),
		"expiry null":                 claim("exp", nil),
		"expired":                     claim("exp", now.Add(-time.Minute).Unix()),
		"expiry zero":                 claim("exp", 0),
		"expiry a text":               claim("exp", "1893456000"),
		"expiry a fraction":           claim("exp", 1893456000.5),
		"expiry a list":               claim("exp", []int64{1893456000}),
		"not yet valid":               claim("nbf", now.Add(time.Minute).Unix()),
		"not before a text":           claim("nbf", "1"),
		"issued in the future":        claim("iat", now.Add(time.Minute).Unix()),
		"issued at a text":            claim("iat", "1"),
		"no issuer":                   without("iss"),
		"another issuer":              claim("iss", "https://issuer.example"),
		"issuer in capitals":          claim("iss", "MUSTER"),
		"no audience":                 without("aud"),
		"another audience":            claim("aud", "idaas"),
		"audience empty":              claim("aud", ""),
		"audiences, ours first":       claim("aud", []string{door, "idaas"}),
		"audiences, ours last":        claim("aud", []string{"idaas", door}),
		"our audience twice":          claim("aud", []string{door, door}),
		"no id":                       without("jti"),
		"id empty":                    claim("jti", ""),
		"no subject":                  without("sub"),
		"subject a name":              claim("sub", "administrator"),
		"subject zero":                claim("sub", "0"),
		"subject negative":            claim("sub", "-1"),
		"subject with a leading zero": claim("sub", "017"),
		"subject a number":            claim("sub", 17),
		"over 4 KiB":                  claim("name", strings.Repeat("x", 3100)),
		"over 10 kB":                  claim("name", strings.Repeat("x", 10_000)),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newForgery(t, keys)
			change(&f)
			claims, err := keys.Parse(f.token(t), door, now)
			if !errors.Is(err, authz.ErrToken) || claims != nil {
				t.Errorf("%v, %v", claims, err)
			}
		})
	}
}

// Attacks on the spelling, by someone who has seen a valid token.
func TestParseRefusesAnyOtherSpelling(t *testing.T) {
	t.Parallel()
	keys := authz.NewKeys()
	token := newForgery(t, keys).token(t)
	parts := strings.Split(token, ".")
	with := func(i int, part string) string {
		changed := strings.Split(token, ".")
		changed[i] = part
		return strings.Join(changed, ".")
	}
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","typ":"JWT"}`))
	admin := base64.RawURLEncoding.EncodeToString([]byte(`{"sub":"1","adm":true}`))
	spellings := map[string]string{
		"empty":              "",
		"dots":               "..",
		"one part":           parts[0],
		"two parts":          parts[0] + "." + parts[1],
		"no signature":       with(2, ""),
		"four parts":         token + ".",
		"signature twice":    token + "." + parts[2],
		"payload twice":      parts[0] + "." + parts[1] + "." + parts[1] + "." + parts[2],
		"token twice":        token + "." + token,
		"header none":        with(0, none),
		"header none, bare":  with(0, none)[:strings.LastIndex(with(0, none), ".")+1],
		"another payload":    with(1, admin),
		"blank before":       " " + token,
		"blank behind":       token + " ",
		"line break before":  "\n" + token,
		"line break behind":  token + "\n",
		"CR behind":          token + "\r",
		"NUL behind":         token + "\x00",
		"line break within":  with(2, parts[2][:10]+"\r\n"+parts[2][10:]),
		"padding":            token + "=",
		"the other alphabet": with(2, strings.NewReplacer("-", "+", "_", "/").Replace(parts[2])+"+"),
		"with its scheme":    "Bearer " + token,
		"10 kB of nothing":   strings.Repeat("A", 10_000),
		"10 kB of dots":      strings.Repeat(".", 10_000),
	}
	// A 32-byte signature leaves two bits of its last character unused: three other characters decode to the same.
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	for i, part := range parts {
		for _, last := range alphabet {
			if changed := part[:len(part)-1] + string(last); changed != part {
				spellings["last of part "+string(rune('1'+i))+" is "+string(last)] = with(i, changed)
			}
		}
	}
	for name, text := range spellings {
		if claims, err := keys.Parse(text, door, now); !errors.Is(err, authz.ErrToken) || claims != nil {
			t.Errorf("%s: %v, %v", name, claims, err)
		}
	}
	if _, err := keys.Parse(token, "", now); !errors.Is(err, authz.ErrToken) {
		t.Errorf("for no audience: %v", err)
	}
	if _, err := authz.NewKeys().Parse(token, door, now); !errors.Is(err, authz.ErrToken) {
		t.Errorf("by other keys: %v", err)
	}
	if _, err := (authz.Keys{}).Parse(token, door, now); !errors.Is(err, authz.ErrToken) {
		t.Errorf("by no keys: %v", err)
	}
}

// FuzzParse tries texts as tokens, none of which may pass, and as payloads under a true signature, of which those
// that pass must keep what Parse promises.
func FuzzParse(f *testing.F) {
	keys := authz.NewKeys()
	forged := newForgery(f, keys)
	payload, err := json.Marshal(forged.claims)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(forged.token(f) + "=")
	f.Add("eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.")
	f.Add(string(payload))
	f.Add(`{"iss":"muster","sub":"1","aud":["insight"],"jti":"a","exp":9223372036854775807,"nbf":-1,"gra":{"1":3}}`)
	f.Add(`null`)
	header, err := json.Marshal(map[string]any{"alg": "HS256", "typ": "JWT", "kid": forged.header["kid"]})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if claims, err := keys.Parse(text, door, now); !errors.Is(err, authz.ErrToken) {
			t.Errorf("accepted %v, %v", claims, err)
		}
		encode := base64.RawURLEncoding.EncodeToString
		signed := encode(header) + "." + encode([]byte(text))
		signature, err := jwt.SigningMethodHS256.Sign(signed, forged.key)
		if err != nil {
			t.Fatal(err)
		}
		claims, err := keys.Parse(signed+"."+encode(signature), door, now)
		if err != nil {
			if !errors.Is(err, authz.ErrToken) || claims != nil {
				t.Errorf("%v, %v", claims, err)
			}
			return
		}
		if claims.UserID() <= 0 || claims.ID == "" || claims.Issuer != authz.Issuer || len(claims.Audience) != 1 ||
			claims.Audience[0] != door || claims.ExpiresAt == nil || now.After(claims.ExpiresAt.Add(30*time.Second)) {
			t.Errorf("accepted %+v", claims)
		}
	})
}
