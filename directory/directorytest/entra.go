package directorytest

import (
	"crypto/tls"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
)

// Entra stands in for both services of Entra ID: the one that makes tokens, and Graph.
type Entra struct {
	SignIn, Graph string // their addresses
	Authority     *Authority
	Page          int                                               // how many members come at once
	Before        func(w http.ResponseWriter, r *http.Request) bool // answers a request of Graph instead; nil, or false: it does not

	mu      sync.Mutex
	users   []map[string]any
	groups  map[string][]map[string]any // members by the group's id
	named   map[string]string           // ids by the group's name
	secrets map[string]string           // of users, by principal name
	asked   []string
	fails   string
}

// What every Entra begins with.
const (
	Tenant       = "11111111-aaaa-4bbb-8ccc-222222222222"
	ClientID     = "33333333-aaaa-4bbb-8ccc-444444444444"
	ClientSecret = "s3cret~of the client"
	token        = "a token"
)

// StartEntra starts a tenant without people.
func StartEntra(t testing.TB) *Entra {
	t.Helper()
	e := &Entra{Authority: NewAuthority(t), Page: 100, groups: map[string][]map[string]any{}, named: map[string]string{}, secrets: map[string]string{}}
	certificate, key := e.Authority.Issue(t, "localhost", "127.0.0.1")
	pair, err := tls.X509KeyPair(certificate, key)
	must(t, err)
	start := func(h http.HandlerFunc) string {
		s := httptest.NewUnstartedServer(h)
		s.TLS = &tls.Config{Certificates: []tls.Certificate{pair}}
		s.StartTLS()
		t.Cleanup(s.Close)
		return strings.Replace(s.URL, "127.0.0.1", "localhost", 1)
	}
	e.SignIn, e.Graph = start(e.answerToken), start(e.answerGraph)
	return e
}

// AddUser adds a user with the password "pw of NAME" and returns their id.
func (e *Entra) AddUser(principal string, enabled bool) string {
	e.mu.Lock()
	defer e.mu.Unlock()
	id := fmt.Sprintf("00000000-0000-4000-8000-%012d", len(e.users)+1)
	name, _, _ := strings.Cut(principal, "@")
	e.users = append(e.users, map[string]any{
		"@odata.type": "#microsoft.graph.user", "id": id, "userPrincipalName": principal, "displayName": name, "givenName": name, "surname": nil,
		"mail": principal, "accountEnabled": enabled, "onPremisesDistinguishedName": nil,
	})
	e.secrets[principal] = "pw of " + name
	return id
}

// Set changes a member of a user.
func (e *Entra) Set(id, member string, value any) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, u := range e.users {
		if u["id"] == id {
			u[member] = value
		}
	}
}

// SetGroup makes a group of that name with those users and one device in it, or gives it others.
func (e *Entra) SetGroup(name string, users ...string) string {
	e.mu.Lock()
	defer e.mu.Unlock()
	id := e.named[name]
	if id == "" {
		id = fmt.Sprintf("00000000-0000-4000-9000-%012d", len(e.named)+1)
		e.named[name] = id
	}
	members := []map[string]any{{"@odata.type": "#microsoft.graph.device", "id": "00000000-0000-4000-a000-000000000001", "displayName": "a device"}}
	for _, u := range e.users {
		for _, id := range users {
			if u["id"] == id {
				members = append(members, u)
			}
		}
	}
	e.groups[id] = members
	return id
}

// Fail has Graph refuse requests whose address holds a text; none for an empty one.
func (e *Entra) Fail(text string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.fails = text
}

// Asked are the paths and queries that Graph was asked for.
func (e *Entra) Asked() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.asked
}

func (e *Entra) answerToken(w http.ResponseWriter, r *http.Request) {
	e.mu.Lock()
	defer e.mu.Unlock()
	r.ParseForm()
	switch {
	case r.URL.Path != "/"+Tenant+"/oauth2/v2.0/token":
		answer(w, 400, map[string]any{"error": "invalid_request", "error_description": "no tenant; " + r.Form.Encode()})
	case r.PostForm.Get("client_id") != ClientID || r.PostForm.Get("client_secret") != ClientSecret:
		answer(w, 401, map[string]any{"error": "invalid_client", "error_description": "not " + r.PostForm.Get("client_secret")})
	case r.PostForm.Get("grant_type") == "client_credentials" && r.PostForm.Get("scope") == e.Graph+"/.default",
		r.PostForm.Get("grant_type") == "password" && e.secrets[r.PostForm.Get("username")] == r.PostForm.Get("password"):
		answer(w, 200, map[string]any{"access_token": token, "expires_in": 3599, "token_type": "Bearer"})
	default:
		answer(w, 400, map[string]any{"error": "invalid_grant", "error_description": "not " + r.PostForm.Get("password")})
	}
}

func (e *Entra) answerGraph(w http.ResponseWriter, r *http.Request) {
	if e.Before != nil && e.Before(w, r) {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.asked = append(e.asked, r.URL.RequestURI())
	if e.fails != "" && strings.Contains(r.URL.RequestURI(), e.fails) {
		answer(w, 403, map[string]any{"error": map[string]any{"code": "Authorization_RequestDenied"}})
		return
	}
	if r.Header.Get("Authorization") != "Bearer "+token {
		answer(w, 401, map[string]any{"error": map[string]any{"code": "InvalidAuthenticationToken"}})
		return
	}
	parts := strings.Split(strings.TrimPrefix(r.URL.Path, "/v1.0/"), "/")
	switch {
	case parts[0] == "users" && len(parts) == 1:
		answer(w, 200, map[string]any{"value": e.filtered(r.URL.Query(), e.users, "userPrincipalName")})
	case parts[0] == "groups" && len(parts) == 1:
		answer(w, 200, map[string]any{"value": e.filtered(r.URL.Query(), e.allGroups(), "displayName")})
	case len(parts) == 2:
		e.one(w, append(e.users, e.allGroups()...), parts[1])
	case len(parts) == 3 && parts[2] == "transitiveMembers":
		e.page(w, r, e.groups[parts[1]])
	default:
		answer(w, 404, nil)
	}
}

func (e *Entra) allGroups() (all []map[string]any) {
	for name, id := range e.named {
		all = append(all, map[string]any{"id": id, "displayName": name})
	}
	return all
}

// filtered are the objects whose member is the text of a filter.
func (e *Entra) filtered(query url.Values, objects []map[string]any, member string) (found []map[string]any) {
	text, ok := strings.CutPrefix(query.Get("$filter"), member+" eq '")
	text = strings.ReplaceAll(strings.TrimSuffix(text, "'"), "''", "'")
	for _, o := range objects {
		if name, _ := o[member].(string); ok && strings.EqualFold(name, text) {
			found = append(found, o)
		}
	}
	return found
}

func (e *Entra) one(w http.ResponseWriter, objects []map[string]any, id string) {
	for _, o := range objects {
		if o["id"] == id {
			answer(w, 200, o)
			return
		}
	}
	answer(w, 404, map[string]any{"error": map[string]any{"code": "Request_ResourceNotFound", "message": "not " + id}})
}

func (e *Entra) page(w http.ResponseWriter, r *http.Request, members []map[string]any) {
	from := 0
	fmt.Sscan(r.URL.Query().Get("$skiptoken"), &from)
	to := min(from+e.Page, len(members))
	body := map[string]any{"value": members[from:to]}
	if to < len(members) {
		body["@odata.nextLink"] = fmt.Sprintf("%s%s?$skiptoken=%d", e.Graph, r.URL.Path, to)
	}
	answer(w, 200, body)
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(body)
}
