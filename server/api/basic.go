package api

import (
	"encoding/base64"
	"net/url"
	"strings"

	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/store"
)

// Challenge is the WWW-Authenticate header of a refusal to a client that came by HTTP Basic (RFC 6749, 5.2).
const Challenge = `Basic realm="muster"`

// Client returns a client's id and secret: those of the HTTP Basic header of a request for a token, or else the given ones of
// its body. It returns an ErrInvalid for a header that cannot be read, and for a request that has both (RFC 6749, 2.3.1).
func (c Caller) Client(id, secret string) (authz.Client, error) {
	if !c.IsBasic() {
		return authz.Client{ID: id, Secret: secret}, nil
	}
	_, encoded := authz.CutScheme(c.authorization)
	text, err := base64.StdEncoding.DecodeString(encoded)
	user, password, found := strings.Cut(string(text), ":")
	if err != nil || !found {
		return authz.Client{}, store.Invalid("Authorization: a ClientID and a ClientSecret are expected, with a colon between them and in base64")
	}
	basic := authz.Client{ID: formDecoded(user), Secret: formDecoded(password)}
	if secret != "" || id != "" && id != basic.ID {
		return authz.Client{}, store.Invalid("client_id, client_secret: the Authorization header has them, too")
	}
	return basic, nil
}

// IsBasic reports whether the caller sends credentials by HTTP Basic. Only a row that is open looks at it.
func (c Caller) IsBasic() bool {
	scheme, _ := authz.CutScheme(c.authorization)
	return strings.EqualFold(scheme, "Basic")
}

// formDecoded decodes what the standard has clients encode. Many do not: what cannot be decoded was not.
func formDecoded(text string) string {
	if decoded, err := url.QueryUnescape(text); err == nil {
		return decoded
	}
	return text
}

// authorization is the Authorization header of a request for a row that is open.
func (c *call) authorization() string {
	if !c.row.open {
		return ""
	}
	return c.Request.Header.Get("Authorization")
}
