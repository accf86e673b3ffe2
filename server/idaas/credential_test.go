package idaas

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/musterhq/muster/authz"
)

func read(header string) (authz.Credential, error) {
	return credential(&http.Request{Header: http.Header{"Authorization": {header}}})
}

func TestCredential(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, header      string
		token, id, secret string
		err               error
	}{
		{name: "nothing", header: ""},
		{name: "a token behind Bearer", header: "Bearer a.b.c", token: "a.b.c"},
		{name: "in any letter case, with blanks", header: "  bearer   a.b.c ", token: "a.b.c"},
		{name: "a token alone", header: "a.b.c", token: "a.b.c"},
		{name: "an id and a secret", header: "id,secret", id: "id", secret: "secret"},
		{name: "with a blank between", header: "id, secret", id: "id", secret: "secret"},
		{name: "behind Bearer", header: "Bearer id,secret", id: "id", secret: "secret"},
		{name: "a secret with a comma", header: "id,sec,ret", id: "id", secret: "sec,ret"},
		{name: "no secret", header: "id,", id: "id"},
		{name: "Bearer alone", header: "Bearer", token: "Bearer"},
		{name: "another scheme", header: "Basic YTpi", err: authz.ErrCredential},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, err := read(c.header)
			if !errors.Is(err, c.err) || got.Token != c.token {
				t.Errorf("token %q, %v, want %q, %v", got.Token, err, c.token, c.err)
			}
			var client authz.Client
			if got.Client != nil {
				client = *got.Client
			}
			if client.ID != c.id || client.Secret != c.secret {
				t.Errorf("%q and %q, want %q and %q", client.ID, client.Secret, c.id, c.secret)
			}
		})
	}
}

// FuzzCredential reads headers of all sorts: what is found is one thing at most, and was in the header.
func FuzzCredential(f *testing.F) {
	for _, header := range []string{"", "Bearer a.b.c", "a.b.c", "id,secret", "id, se,cret", "Basic YTpi", "bearer ,", " ", "\xff,\x00"} {
		f.Add(header)
	}
	f.Fuzz(func(t *testing.T, header string) {
		c, err := read(header)
		if err != nil && !c.IsZero() || c.Token != "" && c.Client != nil || c.PSAuth != nil {
			t.Errorf("%q is read as a token %q, a client %t, %v", header, c.Token, c.Client != nil, err)
		}
		if !strings.Contains(header, c.Token) || c.Client != nil && (!strings.Contains(header, c.Client.ID) || !strings.Contains(header, c.Client.Secret)) {
			t.Errorf("%q is read as what is not in it", header)
		}
	})
}
