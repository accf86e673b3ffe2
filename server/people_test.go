package server_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/server/insight"
	"github.com/musterhq/muster/store"
)

// call sends one request below the API's base as somebody, and returns the status and the answer.
func (l *fixture) call(who, method, path, body string) (int, string) {
	l.t.Helper()
	w := l.request(method, insight.Base+"/"+path, body, as(who))
	return w.Code, w.Body.String()
}

// atOnce runs fn in n goroutines that begin together.
func atOnce(n int, fn func(i int)) {
	start := make(chan struct{})
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			<-start
			fn(i)
		})
	}
	close(start)
	all.Wait()
}

// TestOneNameOneObject lets eight clients sign up the same names at once: each name is made once, and the others are
// told that it exists.
func TestOneNameOneObject(t *testing.T) {
	t.Parallel()
	const writers, names = 8, 20
	for what, body := range map[string]string{
		"Users":      `{"UserType":"Application","UserName":%q,"AccessPolicyID":5000}`,
		"UserGroups": `{"groupName":%q,"description":"at once","Permissions":[{"PermissionID":1,"AccessLevelID":1}]}`,
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			l := newFixture(t, false)
			token := l.tokenOf("administrator")
			var mu sync.Mutex
			made, known := map[string]int{}, map[string]int{}
			atOnce(writers, func(i int) {
				for n := range names {
					name := fmt.Sprintf("name %d", n)
					spelled := []func(string) string{strings.ToLower, strings.ToUpper}[i%2](name)
					status, answer := http.StatusServiceUnavailable, ""
					for status == http.StatusServiceUnavailable { // too many at once: the answer says to try again
						status, answer = l.call(token, "POST", what, fmt.Sprintf(body, spelled))
					}
					mu.Lock()
					switch {
					case status == http.StatusCreated:
						made[name]++
					case status == http.StatusConflict && strings.Contains(answer, "already exists"):
						known[name]++
					default:
						t.Errorf("%s: %d %s", spelled, status, answer)
					}
					mu.Unlock()
				}
			})
			for n := range names {
				name := fmt.Sprintf("name %d", n)
				if made[name] != 1 || known[name] != writers-1 {
					t.Errorf("%s was made %d times and known %d times", name, made[name], known[name])
				}
			}
			var all []struct{ UserID int }
			_, answer := l.call(token, "GET", what, "")
			must(t, json.Unmarshal([]byte(answer), &all))
			if before := map[string]int{"Users": 2, "UserGroups": 1}[what]; len(all) != before+names {
				t.Errorf("%d %s, want %d", len(all), what, before+names)
			}
		})
	}
}

// TestAdministratorsRemoveEachOther lets two administrators do away with each other at once, each by a request of his
// own: one of them stays.
func TestAdministratorsRemoveEachOther(t *testing.T) {
	t.Parallel()
	for _, way := range [][2]string{
		{"DELETE", "Users/%d"}, {"POST", "Users/%d/Quarantine"}, {"DELETE", "Users/%d/UserGroups/1"},
	} {
		t.Run(strings.ReplaceAll(way[0]+" "+way[1], "/", "∕"), func(t *testing.T) {
			t.Parallel()
			for range 5 {
				l := newFixture(t, false)
				tokens := []string{l.tokenOf("administrator"), l.tokenOf("muster")}
				atOnce(2, func(i int) {
					status, answer := l.call(tokens[i], way[0], fmt.Sprintf(way[1], 2-i), "")
					if status >= 300 && status != http.StatusUnauthorized && status != http.StatusForbidden && status != http.StatusBadRequest {
						t.Errorf("%d %s", status, answer)
					}
				})
				able := 0
				for _, token := range tokens {
					if status, _ := l.call(token, "GET", "UserGroups", ""); status == http.StatusOK {
						able++
					}
				}
				if able != 1 {
					t.Errorf("%d administrators are left", able)
				}
			}
		})
	}
}

// TestNewGroupsSeeWhatTheirMakersSee gives a new group the Organizations that its maker may see, and no other.
func TestNewGroupsSeeWhatTheirMakersSee(t *testing.T) {
	t.Parallel()
	l := newFixture(t, false)
	other := "00000000-0000-4000-8000-000000000001"
	must(t, store.Change(t.Context(), l.db, system, func(tx *store.Tx) error {
		return store.Organizations.Insert(tx, &store.Organization{OrganizationID: other, Name: "Other", IsActive: true})
	}))
	for who, want := range map[string]int{"administrator": 2, "uma": 1} {
		token := l.tokenOf(who, authz.Grant{Permission: authz.UserAccountsManagement, Level: authz.ReadWrite})
		if status, answer := l.call(token, "POST", "UserGroups", fmt.Sprintf(`{"groupName":"of %s","description":"d"}`, who)); status != 201 {
			t.Fatal(answer)
		}
		got, err := store.View(t.Context(), l.db, system, func(tx *store.Tx) (int, error) {
			g, err := store.UserGroupByName(tx, "of "+who)
			if err != nil {
				return 0, err
			}
			n := 0
			for _, err := range store.GroupOrganization.From(tx, g.GroupID) {
				if err != nil {
					return 0, err
				}
				n++
			}
			return n, nil
		})
		must(t, err)
		if got != want {
			t.Errorf("a group of %s sees %d Organizations, want %d", who, got, want)
		}
	}
}

// TestInactiveUsers are shown to who asks for them.
func TestInactiveUsers(t *testing.T) {
	t.Parallel()
	l := newFixture(t, false)
	admin := l.tokenOf("administrator")
	must(t, store.Change(t.Context(), l.db, system, func(tx *store.Tx) error {
		u, err := store.Users.Get(tx, 2)
		if err != nil {
			return err
		}
		u.IsActive = false
		return store.Users.Put(tx, u)
	}))
	for query, want := range map[string]int{
		"": 1, "?includeInactive=true": 2, "?includeInactive=False": 1,
		"?username=muster": 0, "?username=MUSTER&includeInactive=1": 1, "?username=": 1,
	} {
		status, answer := l.call(admin, "GET", "Users"+query, "")
		if got := strings.Count(answer, `"UserID"`); status != 200 || got != want {
			t.Errorf("Users%s: %d, %d users, want %d", query, status, got, want)
		}
	}
}

// TestPasswordsHaveALength refuses what no password can be, wherever one is given.
func TestPasswordsHaveALength(t *testing.T) {
	t.Parallel()
	l := newFixture(t, false)
	admin := l.tokenOf("administrator")
	long := strings.Repeat("ä", authz.MaxPassword/2) + "!"
	body := fmt.Sprintf(`{"UserName":"x","FirstName":"X","EmailAddress":"x@lab.example","Password":%q}`, long)
	for _, path := range []string{"POST Users", "POST UserGroups/1/Users", "PUT Users/1"} {
		method, path, _ := strings.Cut(path, " ")
		if status, answer := l.call(admin, method, path, body); status != 400 || !strings.Contains(answer, "1 to 1024 bytes") {
			t.Errorf("%s %s: %d %s", method, path, status, answer)
		}
	}
}

// TestRecycledSecretsWork signs in with what a client is told, and no longer with what it was told before.
func TestRecycledSecretsWork(t *testing.T) {
	t.Parallel()
	l := newFixture(t, false)
	admin := l.tokenOf("administrator")
	_, answer := l.call(admin, "POST", "Users", `{"UserType":"Application","UserName":"robot","AccessPolicyID":5000}`)
	var robot struct {
		UserID                 int
		ClientID, ClientSecret string
	}
	must(t, json.Unmarshal([]byte(answer), &robot))
	l.call(admin, "POST", "Users/"+strconv.Itoa(robot.UserID)+"/UserGroups/1", "")
	signIn := func(secret string) (token string) {
		_, answer := l.call("", "POST", "Auth/connect/token",
			fmt.Sprintf(`{"grant_type":"client_credentials","client_id":%q,"client_secret":%q}`, strings.ToUpper(robot.ClientID), secret))
		var got struct {
			Token string `json:"access_token"`
		}
		must(t, json.Unmarshal([]byte(answer), &got))
		return got.Token
	}
	first := signIn(robot.ClientSecret)
	if status, _ := l.call(first, "GET", "Auth", ""); status != 200 {
		t.Fatalf("the first secret: %d", status)
	}
	var second string
	_, answer = l.call(first, "POST", "Users/"+strconv.Itoa(robot.UserID)+"/RecycleClientSecret", "")
	must(t, json.Unmarshal([]byte(answer), &second))
	if status, _ := l.call(first, "GET", "Auth", ""); status != 401 {
		t.Errorf("a token of the first secret: %d", status)
	}
	if signIn(robot.ClientSecret) != "" {
		t.Error("the first secret still signs in")
	}
	if status, _ := l.call(signIn(second), "GET", "Auth", ""); status != 200 {
		t.Errorf("the second secret: %d", status)
	}
}

// TestRememberedSignInsAreForgotten sends the same PS-Auth header all the time: it ends with a quarantine, and goes on once
// that is lifted, since nothing is wrong with it.
func TestRememberedSignInsAreForgotten(t *testing.T) {
	t.Parallel()
	l := newFixture(t, false)
	header := http.Header{"Authorization": {"PS-Auth key=" + l.first.ApiKey + "; runas=administrator; pwd=[" + l.first.Password + "];"}}
	quarantined := func(yes bool) {
		must(t, store.Change(t.Context(), l.db, system, func(tx *store.Tx) error {
			u, err := store.Users.Get(tx, 1)
			if err != nil {
				return err
			}
			u.IsQuarantined = yes
			return store.Users.Put(tx, u)
		}))
	}
	for i, want := range []int{200, 200, 401, 401, 200} {
		if i == 2 || i == 4 {
			quarantined(i == 2)
		}
		if w := l.request("GET", insight.Base+"/Auth", "", header); w.Code != want {
			t.Errorf("request %d: %d, want %d", i, w.Code, want)
		}
	}
}

// TestDirectoriesKeepTheirOwn changes nothing that comes from a directory.
func TestDirectoriesKeepTheirOwn(t *testing.T) {
	t.Parallel()
	l := newFixture(t, false)
	admin := l.tokenOf("administrator")
	must(t, store.Change(t.Context(), l.db, system, func(tx *store.Tx) error {
		g := &store.UserGroup{GroupID: 50, Name: "Staff", GroupType: store.ActiveDirectoryType, IsActive: true}
		if err := store.UserGroups.Insert(tx, g); err != nil {
			return err
		}
		return store.Users.Insert(tx, &store.User{
			UserID: 50, UserType: store.ActiveDirectoryType, UserName: "alice", DomainName: "corp.example", DistinguishedName: "cn=alice", IsActive: true,
		})
	}))
	body := `{"UserName":"x","FirstName":"X","EmailAddress":"x@lab.example","Password":"x"}`
	for _, path := range []string{"PUT Users/50", "POST UserGroups/50/Users", "POST Users/50/RecycleClientSecret"} {
		method, path, _ := strings.Cut(path, " ")
		if status, answer := l.call(admin, method, path, body); status != 400 {
			t.Errorf("%s %s: %d %s", method, path, status, answer)
		}
	}
	for _, name := range []string{`corp.example\alice`, "alice@corp.example"} {
		if status, answer := l.call(admin, "GET", "Users?username="+url.QueryEscape(name), ""); status != 200 || !strings.Contains(answer, `"UserID":50`) {
			t.Errorf("%s: %d %s", name, status, answer)
		}
	}
	if _, answer := l.call(admin, "GET", "Users?username=alice", ""); answer != "[]" {
		t.Errorf("alice without a domain: %s", answer)
	}
}
