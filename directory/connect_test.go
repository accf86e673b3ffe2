package directory_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/musterhq/muster/directory"
	"github.com/musterhq/muster/directory/directorytest"
)

// TestConnections meet every way in which a server can be reached or not. No error quotes the password.
func TestConnections(t *testing.T) {
	t.Parallel()
	s, plain := directorytest.StartSlapd(t), directorytest.StartSlapd(t, directorytest.WithoutTLS)
	stranger := directorytest.NewAuthority(t)
	type change = func(*directory.Options, *directory.Config)
	for name, test := range map[string]struct {
		change change
		want   error
	}{
		"StartTLS":             {func(*directory.Options, *directory.Config) {}, nil},
		"LDAPS":                {func(_ *directory.Options, c *directory.Config) { c.Port, c.UseSSL = s.SecurePort, true }, nil},
		"an unknown authority": {func(o *directory.Options, _ *directory.Config) { o.Roots = stranger.Pool() }, directory.ErrCertificate},
		"an unknown authority of LDAPS": {func(o *directory.Options, c *directory.Config) {
			o.Roots, c.Port, c.UseSSL = stranger.Pool(), s.SecurePort, true
		}, directory.ErrCertificate},
		"the system's authorities": {func(o *directory.Options, _ *directory.Config) { o.Roots = nil }, directory.ErrCertificate},
		"another name":             {func(_ *directory.Options, c *directory.Config) { c.Host = "127.0.0.1" }, directory.ErrCertificate},
		"LDAPS without TLS":        {func(_ *directory.Options, c *directory.Config) { c.UseSSL = true }, directory.ErrUnreachable},
		"no TLS":                   {func(_ *directory.Options, c *directory.Config) { c.Port = plain.Port }, directory.ErrPlain},
		"no TLS, and none needed":  {func(o *directory.Options, c *directory.Config) { c.Port, o.Plain = plain.Port, true }, nil},
		"a bad certificate, plain": {func(o *directory.Options, _ *directory.Config) { o.Roots, o.Plain = stranger.Pool(), true }, directory.ErrCertificate},
		"a wrong password":         {func(_ *directory.Options, c *directory.Config) { c.Secret = "hunter2" }, directory.ErrCredential},
		"no password":              {func(_ *directory.Options, c *directory.Config) { c.Secret = "" }, directory.ErrCredential},
		"no name":                  {func(_ *directory.Options, c *directory.Config) { c.Account = "" }, directory.ErrCredential},
		"a name that is none":      {func(_ *directory.Options, c *directory.Config) { c.Account = "reader" }, directory.ErrCredential},
		"nobody listens":           {func(_ *directory.Options, c *directory.Config) { c.Port = 1 }, directory.ErrUnreachable},
		"no such host": {func(o *directory.Options, c *directory.Config) {
			c.Host, o.Allow = "no-such-host.invalid", allow(t, "no-such-host.invalid")
		}, directory.ErrUnreachable},
		"nowhere is allowed":        {func(o *directory.Options, _ *directory.Config) { o.Allow = directory.Allow{} }, directory.ErrForbiddenDestination},
		"another address":           {func(o *directory.Options, _ *directory.Config) { o.Allow = allow(t, "192.0.2.0/24") }, directory.ErrForbiddenDestination},
		"a name for another port":   {func(o *directory.Options, _ *directory.Config) { o.Allow = allow(t, "localhost:1") }, directory.ErrForbiddenDestination},
		"a name":                    {func(o *directory.Options, _ *directory.Config) { o.Allow = allow(t, "LOCALHOST") }, nil},
		"an attribute that is none": {func(_ *directory.Options, c *directory.Config) { c.AccountAttribute = "uid=*)(uid" }, directory.ErrRefused},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			asked := config(s)
			c := client(t, s, func(o *directory.Options) { o.Allow = allow(t, "127.0.0.0/8", "::1"); test.change(o, &asked) })
			d, err := c.Open(t.Context(), asked)
			if d != nil {
				d.Close()
			}
			if !errors.Is(err, test.want) {
				t.Errorf("got %v, want %v", err, test.want)
			}
			if err != nil && (strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), directorytest.ServicePassword) || !strings.Contains(err.Error(), asked.Host)) {
				t.Errorf("the error reads %v", err)
			}
			t.Log(err)
		})
	}
}

// TestStoppedServer stops the server between two questions.
func TestStoppedServer(t *testing.T) {
	t.Parallel()
	s := directorytest.StartSlapd(t)
	dn := s.AddUser("alice")
	d := open(t, client(t, s), config(s))
	u, err := d.FindUser(t.Context(), dn)
	must(t, err)
	s.Stop()
	if _, err := d.FindUser(t.Context(), dn); !errors.Is(err, directory.ErrUnreachable) {
		t.Errorf("a question: %v", err)
	}
	if err := d.SignIn(t.Context(), u, "pw of alice"); !errors.Is(err, directory.ErrUnreachable) {
		t.Errorf("a sign-in: %v", err)
	}
	s.Start()
	if err := d.SignIn(t.Context(), u, "pw of alice"); err != nil {
		t.Errorf("a sign-in once it is there again: %v", err)
	}
}

func TestACanceledQuestionEnds(t *testing.T) {
	t.Parallel()
	s := directorytest.StartSlapd(t)
	d := open(t, client(t, s), config(s))
	ctx, cancel := context.WithTimeout(t.Context(), time.Nanosecond)
	defer cancel()
	if _, err := d.FindUser(ctx, "uid=x,"+directorytest.Suffix); !errors.Is(err, directory.ErrUnreachable) {
		t.Errorf("got %v", err)
	}
}
