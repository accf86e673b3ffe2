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
		{"a token beside a cookie", "h.p.s", "c.p.s", authz.Credential{Token: "h.p.s", Cookie: "c.p.s"}, nil},
		{"a tab behind the scheme", "Bearer\th.p.s", "", authz.Credential{Token: "h.p.s"}, nil},
		{"a tab behind PS-Auth", "PS-Auth\tkey=abc; runas=olga;", "", authz.Credential{PSAuth: psAuth}, nil},
		{"tabs and blanks around it", "\t PS-Auth \t key=\"abc\";\trunas=\"olga\"", "", authz.Credential{PSAuth: psAuth}, nil},
		{"a cookie", "", "c.p.s", authz.Credential{Cookie: "c.p.s"}, nil},
		{"a cookie that was escaped", "", "c%2Ep%2Es", authz.Credential{Cookie: "c.p.s"}, nil},
		{"PS-Auth", "PS-Auth key=abc; runas=olga;", "", authz.Credential{PSAuth: psAuth}, nil},
		{"PS-Auth beside a cookie", "PS-Auth key=abc; runas=olga;", "c.p.s", authz.Credential{Cookie: "c.p.s", PSAuth: psAuth}, nil},
		{"a header that cannot be read beside a cookie", "PS-Auth key=abc", "c.p.s", authz.Credential{}, authz.ErrCredential},
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
			if got.Token != c.want.Token || got.Cookie != c.want.Cookie || !reflect.DeepEqual(got.PSAuth, c.want.PSAuth) {
				t.Error("it is another credential")
			}
		})
	}
}
