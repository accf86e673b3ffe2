package authz_test

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/musterhq/muster/authz"
)

func TestSecretsAreNotPrinted(t *testing.T) {
	t.Parallel()
	auth := authz.PSAuth{Key: "s3cret", RunAs: "s3cret", Password: "s3cret"}
	keys := authz.NewKeys()
	vault := newVault(t, master)
	for name, value := range map[string]any{
		"keys": keys, "pointer to keys": &keys,
		"vault": vault, "copy of a vault": *vault,
		"PS-Auth": auth, "pointer to PS-Auth": &auth,
		"credential": authz.Credential{Token: "s3cret", PSAuth: &auth},
		"nested":     []any{authz.Credential{Token: "s3cret"}, auth},
	} {
		var out strings.Builder
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			fmt.Fprintf(&out, verb, value)
		}
		if name != "nested" {
			slog.New(slog.NewJSONHandler(&out, nil)).Info("", "value", value)
		}
		slog.New(slog.NewTextHandler(&out, nil)).Info("", "value", value)
		if strings.Contains(out.String(), "s3cret") || strings.Count(out.String(), "[secret]") < 8 {
			t.Errorf("%s prints as %s", name, out.String())
		}
	}
}

func TestTheZeroCredentialIsNone(t *testing.T) {
	t.Parallel()
	if !(authz.Credential{}).IsZero() {
		t.Error("the zero credential is one")
	}
	if (authz.Credential{Token: "x"}).IsZero() || (authz.Credential{PSAuth: &authz.PSAuth{}}).IsZero() {
		t.Error("a credential is none")
	}
}
