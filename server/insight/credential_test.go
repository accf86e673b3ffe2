package insight

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"reflect"
	"testing"

	"github.com/musterhq/muster/authz"
)

func TestCredential(t *testing.T) {
	t.Parallel()
	psAuth := &authz.PSAuth{Key: "abc", RunAs: "olga"}
	for _, c := range []struct {
		name, header, cookie string
		want                 authz.Credential
		err                  error
	}{
		{"nothing", "", "", authz.Credential{}, nil},
		{"a token as a Bearer", "Bearer h.p.s", "", authz.Credential{Token: "h.p.s"}, nil},
		{"the scheme in other letters, more blanks", "  bearer   h.p.s ", "", authz.Credential{Token: "h.p.s"}, nil},
		{"a token alone, as it is pasted into the Swagger page", "h.p.s", "", authz.Credential{Token: "h.p.s"}, nil},
		{"a token counts before a cookie", "h.p.s", "c.p.s", authz.Credential{Token: "h.p.s"}, nil},
		{"a cookie", "", "c.p.s", authz.Credential{Token: "c.p.s"}, nil},
		{"a cookie that was escaped", "", "c%2Ep%2Es", authz.Credential{Token: "c.p.s"}, nil},
		{"PS-Auth", "PS-Auth key=abc; runas=olga;", "", authz.Credential{PSAuth: psAuth}, nil},
		{"PS-Auth beside a cookie", "PS-Auth key=abc; runas=olga;", "c.p.s", authz.Credential{Token: "c.p.s", PSAuth: psAuth}, nil},
		{"a word that is no token", "secret", "", authz.Credential{}, authz.ErrCredential},
		{"a name with one dot", "olga.operator", "", authz.Credential{}, authz.ErrCredential},
		{"a scheme that is not served", "Basic h.p.s", "", authz.Credential{}, authz.ErrCredential},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.Header.Set("Authorization", c.header)
			if c.cookie != "" {
				r.Header.Set("Cookie", sessionCookie+"="+c.cookie)
			}
			got, err := credential(r)
			if !errors.Is(err, c.err) {
				t.Fatalf("the error is %v, want %v", err, c.err)
			}
			if got.Token != c.want.Token || !reflect.DeepEqual(got.PSAuth, c.want.PSAuth) {
				t.Error("it is another credential")
			}
		})
	}
}
