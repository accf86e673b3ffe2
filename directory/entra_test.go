package directory_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/musterhq/muster/directory"
	"github.com/musterhq/muster/directory/directorytest"
)

// tenantClient asks a stand-in for Entra ID, as either cloud.
func tenantClient(t *testing.T, e *directorytest.Entra, adjust ...func(*directory.Options)) *directory.Client {
	t.Helper()
	o := directory.Options{Allow: allow(t, "localhost"), Roots: e.Authority.Pool(), Clouds: map[string]directory.Cloud{
		"AzurePublic": {SignIn: e.SignIn, Graph: e.Graph}, "AzureUsGovernment": {SignIn: e.SignIn, Graph: e.Graph},
	}}
	for _, adjust := range adjust {
		adjust(&o)
	}
	return directory.New(o)
}

var tenant = directory.Config{Kind: directory.Entra, Host: directorytest.Tenant, Account: directorytest.ClientID, Secret: directorytest.ClientSecret}

func TestClouds(t *testing.T) {
	t.Parallel()
	clouds := directory.Clouds()
	for name, want := range map[string]directory.Cloud{
		"AzurePublic":       {SignIn: "https://login.microsoftonline.com", Graph: "https://graph.microsoft.com"},
		"AzureUsGovernment": {SignIn: "https://login.microsoftonline.us", Graph: "https://graph.microsoft.us"},
	} {
		if clouds[name] != want {
			t.Errorf("%s is at %+v", name, clouds[name])
		}
	}
	public, government := directorytest.StartEntra(t), directorytest.StartEntra(t)
	public.AddUser("alice@contoso.example", true)
	government.AddUser("gary@agency.example", true)
	roots := public.Authority.Pool()
	roots.AppendCertsFromPEM(government.Authority.PEM)
	c := directory.New(directory.Options{Allow: allow(t, "localhost"), Roots: roots, Clouds: map[string]directory.Cloud{
		"AzurePublic": {SignIn: public.SignIn, Graph: public.Graph}, "AzureUsGovernment": {SignIn: government.SignIn, Graph: government.Graph},
	}})
	for cloud, who := range map[string]string{"": "alice@contoso.example", "AzurePublic": "alice@contoso.example", "AzureUsGovernment": "gary@agency.example"} {
		asked := tenant
		asked.Cloud = cloud
		if _, err := open(t, c, asked).FindUser(t.Context(), who); err != nil {
			t.Errorf("%q: %v", cloud, err)
		}
	}
}

func TestTenantUsers(t *testing.T) {
	t.Parallel()
	e := directorytest.StartEntra(t)
	id := e.AddUser("o'hara@contoso.example", true)
	e.AddUser("off@contoso.example", false)
	d := open(t, tenantClient(t, e), tenant)
	u, err := d.FindUser(t.Context(), "O'Hara@contoso.example")
	must(t, err)
	want := directory.Entry{
		ID: id, Name: "o'hara", Domain: "contoso.example", PrincipalName: "o'hara@contoso.example", First: "o'hara", Email: "o'hara@contoso.example",
	}
	if u != want {
		t.Errorf("got %+v, want %+v", u, want)
	}
	if off, err := d.FindUser(t.Context(), "off@contoso.example"); err != nil || !off.Disabled {
		t.Errorf("a disabled user: %+v, %v", off, err)
	}
	for _, name := range []string{"nobody@contoso.example", "x' or 1 eq 1 or userPrincipalName eq 'x", ""} {
		if _, err := d.FindUser(t.Context(), name); !errors.Is(err, directory.ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
	e.Set(id, "userPrincipalName", "scarlett@contoso.example")
	if again, err := d.UserByID(t.Context(), id, ""); err != nil || again.Name != "scarlett" {
		t.Errorf("renamed: %+v, %v", again, err)
	}
	for _, id := range []string{"00000000-0000-4000-8000-999999999999", "../groups", ""} {
		if _, err := d.UserByID(t.Context(), id, ""); !errors.Is(err, directory.ErrNotFound) {
			t.Errorf("%s: %v", id, err)
		}
	}
	must(t, d.SignIn(t.Context(), u, "pw of o'hara"))
	for _, password := range []string{"", "hunter2"} {
		if err := d.SignIn(t.Context(), u, password); !errors.Is(err, directory.ErrCredential) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: %v", password, err)
		}
	}
	for _, path := range e.Asked() {
		if !strings.Contains(path, "select=id") {
			t.Errorf("%s asks for everything", path)
		}
	}
}

func TestTenantGroups(t *testing.T) {
	t.Parallel()
	e := directorytest.StartEntra(t)
	e.Page = 7
	var ids, want []string
	for i := range 30 {
		ids, want = append(ids, e.AddUser(fmt.Sprintf("user%02d@contoso.example", i), true)), append(want, fmt.Sprintf("user%02d", i))
	}
	e.SetGroup("Staff", ids...)
	d := open(t, tenantClient(t, e), tenant)
	g, err := d.FindGroup(t.Context(), "staff")
	must(t, err)
	found, err := d.Members(t.Context(), g)
	must(t, err)
	if got := names(found.Users); !slices.Equal(got, want) || found.Passed != 1 {
		t.Errorf("got %q and %d others", got, found.Passed)
	}
	if again, err := d.GroupByID(t.Context(), g.ID, ""); err != nil || again != g {
		t.Errorf("again: %+v, %v", again, err)
	}
	few := open(t, tenantClient(t, e, func(o *directory.Options) { o.Members = 20 }), tenant)
	if _, err := few.Members(t.Context(), g); !errors.Is(err, directory.ErrTooMany) {
		t.Errorf("beyond the limit: %v", err)
	}
}

// TestHostileGraph takes what Graph may answer that means no good.
func TestHostileGraph(t *testing.T) {
	t.Parallel()
	var elsewhere atomic.Int64
	thief := directorytest.StartEntra(t)
	thief.Before = func(http.ResponseWriter, *http.Request) bool { elsewhere.Add(1); return false }
	pageTo := func(link string) func(http.ResponseWriter, *http.Request) bool {
		return func(w http.ResponseWriter, _ *http.Request) bool {
			fmt.Fprintf(w, `{"value":[],"@odata.nextLink":%q}`, link)
			return true
		}
	}
	var pages atomic.Int64
	for name, test := range map[string]struct {
		before func(e *directorytest.Entra) func(http.ResponseWriter, *http.Request) bool
		want   error
	}{
		"a next page elsewhere": {func(*directorytest.Entra) func(http.ResponseWriter, *http.Request) bool {
			return pageTo(thief.Graph + "/v1.0/x")
		}, directory.ErrRefused},
		"a next page in clear text": {func(e *directorytest.Entra) func(http.ResponseWriter, *http.Request) bool {
			return pageTo(strings.Replace(e.Graph, "https", "http", 1) + "/v1.0/x")
		}, directory.ErrRefused},
		"a next page of a user": {func(e *directorytest.Entra) func(http.ResponseWriter, *http.Request) bool {
			return pageTo(strings.Replace(e.Graph, "https://", "https://me@", 1) + "/v1.0/x")
		}, directory.ErrRefused},
		"pages without end": {func(e *directorytest.Entra) func(http.ResponseWriter, *http.Request) bool {
			return pageTo(e.Graph + "/v1.0/x")
		}, directory.ErrTooMany},
		"members without end": {func(e *directorytest.Entra) func(http.ResponseWriter, *http.Request) bool {
			return func(w http.ResponseWriter, _ *http.Request) bool {
				fmt.Fprintf(w, `{"value":[{"id":"x"},{},{},{},{},{},{},{}],"@odata.nextLink":%q}`, fmt.Sprintf("%s/v1.0/x?%d", e.Graph, pages.Add(1)))
				return true
			}
		}, directory.ErrTooMany},
		"a redirect": {func(*directorytest.Entra) func(http.ResponseWriter, *http.Request) bool {
			return func(w http.ResponseWriter, r *http.Request) bool {
				http.Redirect(w, r, thief.Graph, http.StatusFound)
				return true
			}
		}, directory.ErrRefused},
		"too many bytes": {func(*directorytest.Entra) func(http.ResponseWriter, *http.Request) bool {
			return func(w http.ResponseWriter, _ *http.Request) bool {
				w.Write([]byte(strings.Repeat(" ", 2<<20)))
				return true
			}
		}, directory.ErrTooMany},
		"no JSON": {func(*directorytest.Entra) func(http.ResponseWriter, *http.Request) bool {
			return func(w http.ResponseWriter, _ *http.Request) bool { w.Write([]byte("<html>")); return true }
		}, directory.ErrRefused},
		"a fault": {func(*directorytest.Entra) func(http.ResponseWriter, *http.Request) bool {
			return func(w http.ResponseWriter, _ *http.Request) bool {
				http.Error(w, `{"error":{"code":"a token!"}}`, 500)
				return true
			}
		}, directory.ErrUnreachable},
		"always busy": {func(*directorytest.Entra) func(http.ResponseWriter, *http.Request) bool {
			return func(w http.ResponseWriter, _ *http.Request) bool {
				w.Header().Set("Retry-After", "0")
				w.WriteHeader(429)
				return true
			}
		}, directory.ErrUnreachable},
		"busy for longer than there is time": {func(*directorytest.Entra) func(http.ResponseWriter, *http.Request) bool {
			return func(w http.ResponseWriter, _ *http.Request) bool {
				w.Header().Set("Retry-After", "3600")
				w.WriteHeader(429)
				return true
			}
		}, directory.ErrUnreachable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := directorytest.StartEntra(t)
			e.Before = test.before(e)
			d := open(t, tenantClient(t, e, func(o *directory.Options) { o.Members, o.Bytes = 500, 1<<20 }), tenant)
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			found, err := d.Members(ctx, directory.Entry{ID: "00000000-0000-4000-9000-000000000001"})
			if !errors.Is(err, test.want) || len(found.Users) > 0 || strings.Contains(fmt.Sprint(err), "a token") {
				t.Errorf("%d members and %v, want %v", len(found.Users), err, test.want)
			}
			t.Log(err)
		})
	}
	t.Cleanup(func() {
		if n := elsewhere.Load(); n > 0 {
			t.Errorf("another server was asked %d times", n)
		}
	})
}

// TestBusyGraphIsAskedAgain waits as long as it is told, and then goes on.
func TestBusyGraphIsAskedAgain(t *testing.T) {
	t.Parallel()
	e := directorytest.StartEntra(t)
	var asked atomic.Int64
	e.Before = func(w http.ResponseWriter, _ *http.Request) bool {
		if asked.Add(1) > 1 {
			return false
		}
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(http.StatusTooManyRequests)
		return true
	}
	e.AddUser("alice@contoso.example", true)
	d := open(t, tenantClient(t, e), tenant)
	begun := time.Now()
	if _, err := d.FindUser(t.Context(), "alice@contoso.example"); err != nil || time.Since(begun) < time.Second {
		t.Errorf("after %v: %v", time.Since(begun), err)
	}
}

// TestTenantConnections meet every way in which a tenant cannot be asked. No error quotes the secret.
func TestTenantConnections(t *testing.T) {
	t.Parallel()
	e := directorytest.StartEntra(t)
	for name, test := range map[string]struct {
		change func(*directory.Options, *directory.Config)
		want   error
	}{
		"a wrong secret":        {func(_ *directory.Options, c *directory.Config) { c.Secret = "hunter2" }, directory.ErrCredential},
		"another client":        {func(_ *directory.Options, c *directory.Config) { c.Account = "x" }, directory.ErrCredential},
		"no secret":             {func(_ *directory.Options, c *directory.Config) { c.Secret = "" }, directory.ErrCredential},
		"another tenant":        {func(_ *directory.Options, c *directory.Config) { c.Host = "contoso.example" }, directory.ErrRefused},
		"a tenant that is none": {func(_ *directory.Options, c *directory.Config) { c.Host = "x/../y?z" }, directory.ErrNotFound},
		"another cloud":         {func(_ *directory.Options, c *directory.Config) { c.Cloud = "AzureMoon" }, directory.ErrNotFound},
		"an unknown authority":  {func(o *directory.Options, _ *directory.Config) { o.Roots = directorytest.NewAuthority(t).Pool() }, directory.ErrCertificate},
		"nowhere is allowed":    {func(o *directory.Options, _ *directory.Config) { o.Allow = directory.Allow{} }, directory.ErrForbiddenDestination},
		"another address":       {func(o *directory.Options, _ *directory.Config) { o.Allow = allow(t, "192.0.2.0/24") }, directory.ErrForbiddenDestination},
		"nobody listens": {func(o *directory.Options, _ *directory.Config) {
			o.Clouds = map[string]directory.Cloud{"AzurePublic": {SignIn: "https://localhost:1", Graph: "https://localhost:1"}}
		}, directory.ErrUnreachable},
	} {
		asked := tenant
		c := tenantClient(t, e, func(o *directory.Options) { test.change(o, &asked) })
		_, err := c.Open(t.Context(), asked)
		if !errors.Is(err, test.want) || strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), directorytest.ClientSecret) {
			t.Errorf("%s: %v, want %v", name, err, test.want)
		}
		t.Log(err)
	}
}
