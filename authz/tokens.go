package authz

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// Issuer is the issuer in every token that Sign makes and the only one that Parse accepts.
const Issuer = "muster"

const (
	maxToken  = 4 << 10          // bytes of a token: what a browser keeps in one cookie.
	maxKeys   = 32               // keys in a set, the current one included.
	keyLength = 32               // bytes of a key, the output size of SHA-256 (RFC 7518, 3.2).
	leeway    = 10 * time.Second // by which the clock may be set back without dropping fresh tokens.
)

// MaxLifetime is the longest life of a token, and so how long a key is kept that signs no more.
const MaxLifetime = 24 * time.Hour

// ErrToken is wrapped by every error of Parse. The text behind it says why and is for the log: a caller of the API
// learns only that they are not authenticated.
var ErrToken = errors.New("invalid token")

// Keys is a set of HMAC-SHA256 keys: the newest signs, all verify. It is immutable and may be copied. The zero value
// signs and verifies nothing. Its JSON form holds the keys in clear and belongs in a Vault.
type Keys struct {
	unprintable
	set []key // newest first
}

type key struct {
	ID     string `json:"kid"`
	Secret []byte `json:"secret"`
	Until  int64  `json:"until,omitempty"` // Unix seconds from which on no token of an old key can be alive; 0: not known.
}

// NewKeys returns a set of one new key.
func NewKeys() Keys { return Keys{set: []key{newKey()}} }

func newKey() key { return key{ID: hex.EncodeToString(random(8)), Secret: random(keyLength)} }

// Rotate returns a set whose current key is new. The old ones stay for MaxLifetime, so that the tokens they signed live until they
// expire; to end those as well, start over with NewKeys. The error says that 32 keys were current within that time.
func (k Keys) Rotate(now time.Time) (Keys, error) {
	set := []key{newKey()}
	for i, old := range k.set {
		if i == 0 || old.Until == 0 {
			old.Until = now.Add(MaxLifetime + leeway).Unix()
		}
		if now.Unix() < old.Until {
			set = append(set, old)
		}
	}
	if len(set) > maxKeys {
		return k, fmt.Errorf("the keys were rotated %d times within %v: another rotation would end sessions", maxKeys-1, MaxLifetime)
	}
	return Keys{set: set}, nil
}

// ID names the current key. It is no secret: every token has it.
func (k Keys) ID() string {
	if len(k.set) == 0 {
		return ""
	}
	return k.set[0].ID
}

// Sign makes a token of c with the current key. The issuer is set; c is left as it is. It refuses claims that Parse
// would refuse at any time, among them those above 4 KiB as a token, which takes some 400 user groups.
func (k Keys) Sign(c *Claims) (string, error) {
	if len(k.set) == 0 {
		return "", errors.New("sign token: no key")
	}
	claims := *c
	claims.Issuer = Issuer
	if err := claims.Validate(); err != nil {
		return "", fmt.Errorf("sign token: %w", err)
	}
	if claims.IssuedAt == nil || claims.ExpiresAt.Sub(claims.IssuedAt.Time) > MaxLifetime {
		return "", fmt.Errorf("sign token: it must say when it is issued and end within %v", MaxLifetime)
	}
	token := jwt.NewWithClaims(jwt.SigningMethodHS256, &claims)
	token.Header["kid"] = k.set[0].ID
	text, err := token.SignedString(k.set[0].Secret)
	if err != nil {
		return "", fmt.Errorf("sign token: %w", err)
	}
	if len(text) > maxToken {
		return "", fmt.Errorf("sign token: %d bytes for user %d in %d groups: too large", len(text), claims.UserID(), len(claims.Groups))
	}
	return text, nil
}

// Parse returns the claims of a token that Sign made for that audience and that is valid now. Only the one spelling
// that Sign made is accepted, so a token can serve as a key of a cache or of a list of the signed-out. Whether the
// session still exists, and whether the claims are still true, is for the caller to ask the store.
func (k Keys) Parse(token, audience string, now time.Time) (*Claims, error) {
	if len(token) > maxToken {
		return nil, fmt.Errorf("%w: too long", ErrToken)
	}
	if strings.ContainsAny(token, "\r\n") { // which base64 decoding skips, even when strict
		return nil, fmt.Errorf("%w: line break", ErrToken)
	}
	parser := jwt.NewParser(append(rules(audience, func() time.Time { return now }),
		jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}),
		jwt.WithStrictDecoding(),
	)...)
	claims := new(Claims)
	if _, err := parser.ParseWithClaims(token, claims, func(t *jwt.Token) (any, error) { return k.verifier(t, now) }); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrToken, err)
	}
	return claims, nil
}

// rules are what must hold of claims besides their signature.
func rules(audience string, now func() time.Time) []jwt.ParserOption {
	return []jwt.ParserOption{
		jwt.WithExpirationRequired(), jwt.WithIssuedAt(), jwt.WithIssuer(Issuer), jwt.WithAudience(audience),
		jwt.WithLeeway(leeway), jwt.WithTimeFunc(now),
	}
}

// verifier finds the key for a token. The header has to be exactly of the kind that Sign writes: no member that
// brings its own key (jwk, jku, x5c, x5u) or asks for understanding (crit) is even looked at.
func (k Keys) verifier(t *jwt.Token, now time.Time) (any, error) {
	if len(t.Header) != 3 || t.Header["typ"] != "JWT" {
		return nil, errors.New("not our header")
	}
	id, _ := t.Header["kid"].(string)
	for _, key := range k.set {
		if key.ID == id && (key.Until == 0 || now.Unix() < key.Until) {
			return key.Secret, nil
		}
	}
	return nil, errors.New("unknown key")
}

// MarshalJSON writes the keys in clear, newest first, for storage.
func (k Keys) MarshalJSON() ([]byte, error) { return json.Marshal(k.set) }

// UnmarshalJSON reads what MarshalJSON wrote, and refuses a set that is empty, too large, or holds a key that could
// not have been made here.
func (k *Keys) UnmarshalJSON(text []byte) error {
	var set []key
	if err := json.Unmarshal(text, &set); err != nil {
		return fmt.Errorf("read keys: %w", err)
	}
	if len(set) == 0 || len(set) > maxKeys {
		return fmt.Errorf("read keys: %d keys, want 1 to %d", len(set), maxKeys)
	}
	ids := make(map[string]bool)
	for _, key := range set {
		if key.ID == "" || ids[key.ID] || len(key.Secret) != keyLength {
			return fmt.Errorf("read keys: key %q is malformed or there twice", key.ID)
		}
		ids[key.ID] = true
	}
	k.set = set
	return nil
}
