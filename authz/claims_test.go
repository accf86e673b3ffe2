package authz_test

import (
	"encoding/json"
	"testing"

	"github.com/golang-jwt/jwt/v5"
	"github.com/musterhq/muster/authz"
)

func TestSatisfies(t *testing.T) {
	t.Parallel()
	reader := holder([]authz.Grant{{Permission: authz.AssetManagement, Level: authz.Read}})
	writer := holder([]authz.Grant{{Permission: authz.AssetManagement, Level: authz.ReadWrite}})
	stranger := &authz.Claims{}
	admin := &authz.Claims{Admin: true}
	users := authz.Writes(authz.UserAccountsManagement)
	for _, test := range []struct {
		name   string
		claims *authz.Claims
		need   authz.Need
		want   bool
	}{
		{"anyone needs nothing", stranger, authz.Anyone, true},
		{"no grant", stranger, authz.Reads(authz.AssetManagement), false},
		{"the grant", reader, authz.Reads(authz.AssetManagement), true},
		{"a lower level", reader, authz.Writes(authz.AssetManagement), false},
		{"a higher level", writer, authz.Reads(authz.AssetManagement), true},
		{"another permission", writer, authz.Reads(authz.ScanManagement), false},
		{"one of two, or", reader, authz.Reads(authz.ScanManagement).Or(authz.Reads(authz.AssetManagement)), true},
		{"one of two, and", reader, authz.Reads(authz.ScanManagement).And(authz.Reads(authz.AssetManagement)), false},
		{"administrator", admin, users.And(authz.Writes(authz.SecretsSafe)), true},
		{"objects are for the handler", stranger, authz.Organization().And(authz.WritesSmartRule()).And(authz.Self()), true},
		{"or self is for the handler", stranger, users.Or(authz.Self()), true},
		{"an object does not replace a grant", stranger, authz.Organization().And(users), false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if got := test.claims.Satisfies(test.need); got != test.want {
				t.Errorf("satisfies %v: %v", test.need, got)
			}
		})
	}
}

func TestUserID(t *testing.T) {
	t.Parallel()
	for subject, want := range map[string]int{
		"1": 1, "17": 17, "9223372036854775807": 9223372036854775807,
		"": 0, "0": 0, "-1": 0, "+1": 0, "01": 0, " 1": 0, "1.0": 0, "1e3": 0, "x": 0, "9223372036854775808": 0, "１": 0,
	} {
		c := authz.Claims{RegisteredClaims: jwt.RegisteredClaims{Subject: subject}}
		if got := c.UserID(); got != want {
			t.Errorf("subject %q: %d, want %d", subject, got, want)
		}
	}
}

func TestClaimsTakeDatesAsWholeSecondsOnly(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		text string
		fine bool
	}{
		{`{"exp":1893456000,"nbf":1,"iat":2}`, true},
		{`{"exp":null}`, true},
		{`{"exp":"1893456000"}`, false},
		{`{"nbf":"1"}`, false},
		{`{"iat":"1"}`, false},
		{`{"EXP":"1893456000"}`, false},
		{`{"exp":1893456000.5}`, false},
		{`{"exp":1e400}`, false},
		{`{"exp":99999999999999999999}`, false},
		{`{"exp":[1]}`, false},
	} {
		if err := json.Unmarshal([]byte(test.text), new(authz.Claims)); (err == nil) != test.fine {
			t.Errorf("%s: %v", test.text, err)
		}
	}
}

func BenchmarkSatisfies(b *testing.B) {
	need := authz.Organization().And(authz.Reads(authz.AssetManagement).Or(authz.Writes(authz.ScanManagement)))
	caller := holder([]authz.Grant{{Permission: authz.ScanManagement, Level: authz.ReadWrite}})
	b.ReportAllocs()
	for b.Loop() {
		if !caller.Satisfies(need) {
			b.Fatal("refused")
		}
	}
}
