package authz_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/musterhq/muster/authz"
	"pgregory.net/rapid"
)

func TestParsePSAuth(t *testing.T) {
	t.Parallel()
	const without = "\x00" // no password at all
	for _, test := range []struct{ name, header, key, runAs, password string }{
		{"as the vendor prints it", `PS-Auth key=abc; runas=bob; pwd=[p];`, "abc", "bob", "p"},
		{"no blanks", `PS-Auth key=abc;runas=bob;pwd=[p];`, "abc", "bob", "p"},
		{"no last semicolon", `PS-Auth key=abc; runas=bob; pwd=[p]`, "abc", "bob", "p"},
		{"no password", `PS-Auth key=abc; runas=bob;`, "abc", "bob", without},
		{"no password, no last semicolon", `PS-Auth key=abc; runas=bob`, "abc", "bob", without},
		{"no brackets", `PS-Auth key=abc; runas=bob; pwd=p`, "abc", "bob", "p"},
		{"no brackets, semicolon", `PS-Auth key=abc; runas=bob; pwd=p;`, "abc", "bob", "p"},
		{"empty password", `PS-Auth key=abc; runas=bob; pwd=;`, "abc", "bob", ""},
		{"empty password in brackets", `PS-Auth key=abc; runas=bob; pwd=[];`, "abc", "bob", ""},
		{"challenge", `PS-Auth key=abc; runas=bob; pwd=[p]; challenge=12345;`, "abc", "bob", "p"},
		{"challenge in brackets", `PS-Auth key=abc; runas=bob; pwd=[p]; challenge=[12345]`, "abc", "bob", "p"},
		{"challenge, no password", `PS-Auth key=abc; runas=bob; challenge=12345`, "abc", "bob", without},
		{"challenge before the password", `PS-Auth key=abc; runas=bob; challenge=1; pwd=[p]`, "abc", "bob", "p"},
		{"any letter case", `ps-AUTH KEY=AbC; RunAs=Bob; PWD=[P];`, "AbC", "Bob", "P"},
		{"another order", `PS-Auth pwd=[p]; runas=bob; key=abc`, "abc", "bob", "p"},
		{"many blanks", "  PS-Auth \t key = abc ;  runas\t=\tbob  ; pwd = [ p ] ; ", "abc", "bob", " p "},
		{"empty members", `PS-Auth ;;key=abc;; ;runas=bob;;pwd=[p];;`, "abc", "bob", "p"},
		{"a tab behind the scheme", "PS-Auth\tkey=abc;\trunas=bob;\tpwd=[p]", "abc", "bob", "p"},
		{"quotes", `PS-Auth key="abc"; runas="CORP\bob"; challenge="1"; pwd=[p];`, "abc", `CORP\bob`, "p"},
		{"quotes with blanks around them", `PS-Auth key = "abc" ; runas= " bob ";`, "abc", " bob ", without},
		{"one quote", `PS-Auth key="abc; runas=bob"`, `"abc`, `bob"`, without},
		{"a password keeps its quotes", `PS-Auth key=abc; runas=bob; pwd="p"`, "abc", "bob", `"p"`},
		{"a password in brackets, too", `PS-Auth key=abc; runas=bob; pwd=["p"]`, "abc", "bob", `"p"`},
		{"domain user", `PS-Auth key=abc; runas=CORP\bob; pwd=[p];`, "abc", `CORP\bob`, "p"},
		{"UPN", `PS-Auth key=abc; runas=bob@corp.example; pwd=[p];`, "abc", "bob@corp.example", "p"},
		{"user with a blank", `PS-Auth key=abc; runas=bob the builder;`, "abc", "bob the builder", without},
		{"equals signs", `PS-Auth key=a=b=; runas=x=y; pwd=p=q`, "a=b=", "x=y", "p=q"},

		{"password with a semicolon", `PS-Auth key=abc; runas=bob; pwd=[p;q];`, "abc", "bob", "p;q"},
		{"password that ends with a semicolon", `PS-Auth key=abc; runas=bob; pwd=[p;];`, "abc", "bob", "p;"},
		{"password with a bracket", `PS-Auth key=abc; runas=bob; pwd=[p]q];`, "abc", "bob", "p]q"},
		{"password that ends with a bracket", `PS-Auth key=abc; runas=bob; pwd=[p]];`, "abc", "bob", "p]"},
		{"password in brackets of its own", `PS-Auth key=abc; runas=bob; pwd=[[p]]`, "abc", "bob", "[p]"},
		{"password with both", `PS-Auth key=abc; runas=bob; pwd=[p];q];`, "abc", "bob", "p];q"},
		{"password that ends with both", `PS-Auth key=abc; runas=bob; pwd=[p];];`, "abc", "bob", "p];"},
		{"password of brackets", `PS-Auth key=abc; runas=bob; pwd=[]]]]; challenge=1`, "abc", "bob", "]]]"},
		{"password with both and an equals sign", `PS-Auth key=abc; runas=bob; pwd=[p];q=r];`, "abc", "bob", "p];q=r"},
		{"password that would be another user", `PS-Auth key=abc; runas=bob; pwd=[x]; runas=administrator];`,
			"abc", "bob", "x]; runas=administrator"},
		{"the same with the password first", `PS-Auth pwd=[x]; runas=administrator]; key=abc; runas=bob;`,
			"abc", "bob", "x]; runas=administrator"},
		{"password that would be another key", `PS-Auth key=abc; pwd=[x]; key=def]; runas=bob;`, "abc", "bob", "x]; key=def"},
		{"password that would be another password", `PS-Auth key=abc; runas=bob; pwd=[x]; pwd=[y];`, "abc", "bob", "x]; pwd=[y"},
		{"password that holds a challenge, then one", `PS-Auth key=abc; runas=bob; pwd=[x]; challenge=1]; challenge=2`,
			"abc", "bob", "x]; challenge=1"},
		{"password that holds a challenge without a semicolon", `PS-Auth key=abc; runas=bob; pwd=[x] challenge=1]`,
			"abc", "bob", "x] challenge=1"},
		{"password not in ASCII", `PS-Auth key=abc; runas=zoë; pwd=[pässwörd☃];`, "abc", "zoë", "pässwörd☃"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got, err := authz.ParsePSAuth(test.header)
			if err != nil {
				t.Fatal(err)
			}
			want := authz.PSAuth{Key: test.key, RunAs: test.runAs}
			if test.password != without {
				want.Password, want.HasPassword = test.password, true
			}
			if got != want {
				t.Errorf("key %q, runas %q, password %q (%v)", got.Key, got.RunAs, got.Password, got.HasPassword)
			}
		})
	}
}

func TestParsePSAuthRefuses(t *testing.T) {
	t.Parallel()
	for name, header := range map[string]string{
		"nothing":                  "",
		"blanks":                   "   ",
		"the scheme alone":         "PS-Auth",
		"the scheme and a blank":   "PS-Auth ",
		"another scheme":           "Bearer key=s3cret; runas=s3cret",
		"no scheme":                "key=s3cret; runas=s3cret",
		"no blank":                 "PS-Authkey=s3cret; runas=s3cret",
		"no key":                   "PS-Auth runas=s3cret; pwd=[s3cret]",
		"empty key":                "PS-Auth key=; runas=s3cret; pwd=[s3cret]",
		"no user":                  "PS-Auth key=s3cret; pwd=[s3cret]",
		"quotes and no key":        `PS-Auth key=""; runas=s3cret`,
		"empty user":               "PS-Auth key=s3cret; runas= ; pwd=[s3cret]",
		"key twice":                "PS-Auth key=s3cret; key=s3cret; runas=s3cret",
		"user twice":               "PS-Auth key=s3cret; runas=s3cret; RUNAS=s3cret",
		"password twice":           "PS-Auth key=s3cret; runas=s3cret; pwd=s3cret; pwd=s3cret",
		"unknown member":           "PS-Auth key=s3cret; runas=s3cret; s3cret=s3cret",
		"no member":                "PS-Auth key=s3cret; runas=s3cret; s3cret",
		"no name":                  "PS-Auth key=s3cret; runas=s3cret; =s3cret",
		"open bracket":             "PS-Auth key=s3cret; runas=s3cret; pwd=[s3cret;",
		"open bracket at the end":  "PS-Auth key=s3cret; runas=s3cret; pwd=[",
		"text behind the bracket":  "PS-Auth key=s3cret; runas=s3cret; pwd=[s3cret] s3cret",
		"unknown member behind it": "PS-Auth key=s3cret; runas=s3cret; pwd=[s3cret]; s3cret=s3cret",
		"over 8 KiB":               "PS-Auth key=s3cret; runas=s3cret; pwd=[" + strings.Repeat("x", 8192) + "]",
	} {
		got, err := authz.ParsePSAuth(header)
		if !errors.Is(err, authz.ErrCredential) || got != (authz.PSAuth{}) {
			t.Errorf("%s: %v, %v", name, got, err)
		} else if strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: the error quotes: %v", name, err)
		}
	}
}

// Whatever a password holds, it arrives, and nothing in it becomes a key or a user.
func TestAPasswordInBracketsArrives(t *testing.T) {
	t.Parallel()
	pieces := []string{"]", "[", ";", " ", "=", "key=", "runas=", "pwd=[", "KEY", "a", "\t", "é", "];", "]; "}
	rapid.Check(t, func(t *rapid.T) {
		password := strings.Join(rapid.SliceOf(rapid.SampledFrom(pieces)).Draw(t, "password"), "")
		layout := rapid.SampledFrom([]string{
			"PS-Auth key=abc; runas=bob; pwd=[%s];", "PS-Auth key=abc;runas=bob;pwd=[%s]",
			"PS-Auth pwd=[%s]; key=abc; runas=bob", "PS-Auth runas=bob; pwd=[%s]; key=abc;",
			"ps-auth key=abc; runas=bob; pwd=[%s]; challenge=1",
		}).Draw(t, "layout")
		got, err := authz.ParsePSAuth(fmt.Sprintf(layout, password))
		if want := (authz.PSAuth{Key: "abc", RunAs: "bob", Password: password, HasPassword: true}); err != nil || got != want {
			t.Errorf("key %q, runas %q, password %q, %v", got.Key, got.RunAs, got.Password, err)
		}
	})
}

func FuzzParsePSAuth(f *testing.F) {
	f.Add(`PS-Auth key=abc; runas=CORP\bob; pwd=[p;]q]; challenge=1;`)
	f.Add(`ps-auth KEY=abc;runas=bob;pwd=`)
	f.Add("PS-Auth pwd=[" + strings.Repeat("];challenge=]", 600))
	f.Fuzz(func(t *testing.T, header string) {
		got, err := authz.ParsePSAuth(header)
		if err != nil {
			if !errors.Is(err, authz.ErrCredential) || got != (authz.PSAuth{}) {
				t.Errorf("%v, %v", got, err)
			}
			return
		}
		if got.Key == "" || got.RunAs == "" || !got.HasPassword && got.Password != "" {
			t.Errorf("key %q, runas %q, password %q (%v)", got.Key, got.RunAs, got.Password, got.HasPassword)
		}
		for _, value := range []string{got.Key, got.RunAs, got.Password} {
			if !strings.Contains(header, value) {
				t.Errorf("%q was not sent", value)
			}
		}
		plain := fmt.Sprintf("PS-Auth key=%s; runas=%s;", got.Key, got.RunAs)
		again, err := authz.ParsePSAuth(plain)
		if len(plain) <= 8192 && (err != nil || again.Key != got.Key || again.RunAs != got.RunAs) {
			t.Errorf("key %q, runas %q do not come back: %v", got.Key, got.RunAs, err)
		}
	})
}

func BenchmarkParsePSAuthAtItsWorst(b *testing.B) {
	header := "PS-Auth key=abc; runas=bob; pwd=[" + strings.Repeat("];", 4000) + "x"
	for b.Loop() {
		if _, err := authz.ParsePSAuth(header); err == nil {
			b.Fatal("accepted")
		}
	}
}
