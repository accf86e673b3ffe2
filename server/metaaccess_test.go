package server_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/musterhq/muster/authz"
	labfile "github.com/musterhq/muster/lab"
	"github.com/musterhq/muster/server"
	"github.com/musterhq/muster/server/metaaccess"
	"github.com/musterhq/muster/store"
	"github.com/musterhq/muster/store/record"
)

const groupsPath = metaaccess.Base + "/api/v3/groups"

// TestTheExampleOfOPSWAT loads what the document's example speaks of, asks as it does, and compares every byte of the
// answer. Only the ids of the groups are the store's, and the name of the second policy is another. Our groups lie as the
// request asks, from behind; the document prints them the other way.
func TestTheExampleOfOPSWAT(t *testing.T) {
	t.Parallel()
	l := newFixture(t, false)
	text, err := os.ReadFile("../testdata/metaaccess/example.yaml")
	must(t, err)
	f, err := labfile.Parse("example.yaml", text)
	must(t, err)
	_, err = labfile.Load(t.Context(), l.db, f, labfile.LoadOptions{})
	must(t, err)
	const body = `{
  "limit": 10,
  "page": 1,
  "sort": {
    "order": "desc",
    "field": "group_name"
  },
  "search": "antivirus"
}`
	want := `[{"domain_name":"your_domain.com","auto_join":true,"policy_id":"33010675","number_of_devices":100,` +
		`"group_name":"San Francisco","policy_name":"Policy Antivirus-critical 2",` +
		`"description":"This is a group synchronized from an active directory","group_id":"3",` +
		`"created_date":"Jul 17, 2017 07:56:22 AM","last_modified":"Aug 04, 2017 07:01:33 AM"},` +
		`{"domain_name":"","auto_join":false,"policy_id":"35010615","number_of_devices":10,` +
		`"group_name":"Default","policy_name":"Policy Antivirus-critical",` +
		`"description":"This is a default group","group_id":"2",` +
		`"created_date":"Jun 12, 2017 01:49:39 AM","last_modified":"Jun 12, 2017 01:50:29 AM"}]`
	w := l.request("POST", groupsPath+"?access_token="+l.tokenAt(metaaccess.Name, "administrator"), body, http.Header{"Content-Type": {"application/json"}})
	if w.Code != http.StatusOK || w.Body.String() != want {
		t.Errorf("%d\n got %s\nwant %s", w.Code, w.Body, want)
	}
}

// pager is a client as the document has in mind: it turns the pages until there is none, and waits when it is told to.
type pager struct {
	*http.Client
	base, token string
	wait        func(time.Duration)
	waited      time.Duration
}

// get signs in.
func (p *pager) signIn(t *testing.T, id, secret string) {
	t.Helper()
	resp, err := p.PostForm(p.base+"/o/oauth/token", url.Values{"grant_type": {"client_credentials"}, "client_id": {id}, "client_secret": {secret}})
	must(t, err)
	defer resp.Body.Close()
	var answer struct {
		AccessToken string `json:"access_token"`
		TokenType   string `json:"token_type"`
	}
	must(t, json.NewDecoder(resp.Body).Decode(&answer))
	if resp.StatusCode != http.StatusOK || answer.TokenType != "bearer" || answer.AccessToken == "" {
		t.Fatalf("sign-in: %s", resp.Status)
	}
	p.token = answer.AccessToken
}

// groups are the names of all groups, page by page.
func (p *pager) groups(t *testing.T, limit int) (names []string) {
	t.Helper()
	for page := 1; ; {
		resp, err := p.Post(p.base+groupsPath+"?access_token="+p.token, "application/json", strings.NewReader(fmt.Sprintf(`{"limit":%d,"page":%d}`, limit, page)))
		must(t, err)
		text, err := io.ReadAll(resp.Body)
		must(t, err)
		must(t, resp.Body.Close())
		switch resp.StatusCode {
		case http.StatusOK:
			var groups []struct {
				Name string `json:"group_name"`
			}
			must(t, json.Unmarshal(text, &groups))
			for _, g := range groups {
				names = append(names, g.Name)
			}
			page++
		case http.StatusTooManyRequests:
			seconds, err := strconv.Atoi(resp.Header.Get("Retry-After"))
			if err != nil || seconds < 1 || resp.Header.Get("X-RateLimit-Remaining") != "0" {
				t.Fatalf("%s with %v", resp.Status, resp.Header)
			}
			p.wait(time.Duration(seconds) * time.Second)
			p.waited += time.Duration(seconds) * time.Second
		case http.StatusRequestEntityTooLarge:
			return names
		default:
			t.Fatalf("page %d: %s %s", page, resp.Status, text)
		}
	}
}

// TestAClientTurnsThePagesOverTLS lets a client page through more groups than it has requests, until 413; it is told when to
// go on, and finds each group once. The clock is the lab's, so that nobody waits.
func TestAClientTurnsThePagesOverTLS(t *testing.T) {
	t.Parallel()
	l := newFixture(t, false)
	want := []string{"BeyondTrust Workgroup"}
	must(t, store.Change(t.Context(), l.db, system, func(tx *store.Tx) error {
		organization, err := store.DefaultOrganization(tx)
		for i := range 24 {
			w := &store.Workgroup{Name: fmt.Sprintf("Floor %02d", i), OrganizationID: organization}
			if want = append(want, w.Name); err == nil {
				err = store.Workgroups.Insert(tx, w)
			}
		}
		return err
	}))
	s := httptest.NewTLSServer(l.http)
	defer s.Close()
	p := &pager{Client: s.Client(), base: s.URL, wait: func(d time.Duration) { l.clock.Add(int64(d)) }}
	p.signIn(t, l.first.ClientID, l.first.ClientSecret)
	if got := p.groups(t, 2); !slices.Equal(got, want) {
		t.Errorf("the groups are %q, want %q", got, want)
	}
	if p.waited != time.Minute { // 13 pages and the one that there is not
		t.Errorf("the client waited %v", p.waited)
	}
}

// TestTenOfAHundredParallelRequestsPass sends them at once, over the network.
func TestTenOfAHundredParallelRequestsPass(t *testing.T) {
	t.Parallel()
	l := newFixture(t, false)
	token := l.tokenAt(metaaccess.Name, "administrator")
	s := httptest.NewServer(l.http)
	defer s.Close()
	codes := make(chan int, 100)
	var all sync.WaitGroup
	for range cap(codes) {
		all.Go(func() {
			resp, err := http.Post(s.URL+groupsPath+"?access_token="+token, "", nil)
			if err != nil {
				t.Error(err)
				return
			}
			resp.Body.Close()
			codes <- resp.StatusCode
		})
	}
	all.Wait()
	close(codes)
	got := map[int]int{}
	for code := range codes {
		got[code]++
	}
	if got[http.StatusOK] != 10 || got[http.StatusTooManyRequests] != 90 {
		t.Errorf("answers by status: %v", got)
	}
}

// TestNoLimit is --metaaccess-requests 0.
func TestNoLimit(t *testing.T) {
	t.Parallel()
	l := newFixture(t, false, func(o *server.Options) { o.MetaAccessRequests = 0 })
	for range 20 {
		w := l.request("POST", groupsPath, "", as(l.tokenAt(metaaccess.Name, "administrator")))
		if w.Code != http.StatusOK || w.Header().Get("X-RateLimit-Limit") != "" {
			t.Fatalf("%d %v", w.Code, w.Header())
		}
	}
}

// locked is a buffer that many may write.
type locked struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

// TestWhatStandsInURLsIsNotLogged sends secrets and tokens in URLs of every kind, good and bad: no log at any level, no audit
// and no refusal repeats them.
func TestWhatStandsInURLsIsNotLogged(t *testing.T) {
	t.Parallel()
	var log locked
	l := newFixture(t, false, func(o *server.Options) {
		o.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	token := l.tokenAt(metaaccess.Name, "administrator")
	poor := l.tokenAt(metaaccess.Name, "olga", authz.Grant{Permission: authz.ScanManagement, Level: authz.Read})
	const wrong = "a-wrong-secret-in-a-url"
	signIn := "/o/oauth/token?grant_type=client_credentials&client_id=" + l.first.ClientID + "&client_secret="
	var answers strings.Builder
	for _, r := range []struct {
		method, path, body string
		want               int
	}{
		{"GET", signIn + l.first.ClientSecret, "", 200},
		{"POST", signIn + l.first.ClientSecret, "", 200},
		{"GET", signIn + wrong, "", 401},
		{"GET", strings.Replace(signIn, "client_credentials", "password", 1) + l.first.ClientSecret, "", 400},
		{"GET", signIn + l.first.ClientSecret + "%00", "", 400},
		{"GET", signIn + l.first.ClientSecret + "%zz", "", 400},
		{"DELETE", signIn + l.first.ClientSecret, "", 405},
		{"GET", strings.Replace(signIn, "token", "tokens", 1) + l.first.ClientSecret, "", 404},
		{"POST", groupsPath + "?access_token=" + token, "", 200},
		{"POST", groupsPath + "?access_token=" + poor, "", 403},
		{"POST", groupsPath + "?access_token=" + token + "x", "", 401},
		{"POST", groupsPath + "?access_token=" + token, `{"limit":51}`, 406},
		{"POST", groupsPath + "?access_token=" + token, "{", 400},
		{"GET", groupsPath + "?access_token=" + token, "", 405},
		{"POST", "/o/api/v3/devices?access_token=" + token, "", 404},
		{"POST", "/elsewhere?access_token=" + token, "", 404},
	} {
		w := l.request(r.method, r.path, r.body, http.Header{})
		if w.Code != r.want {
			t.Errorf("%s %s: %d %s, want %d", r.method, r.path, w.Code, w.Body, r.want)
		}
		if w.Code != http.StatusOK {
			answers.Write(w.Body.Bytes())
		}
	}
	for range 10 { // one of them is one too many
		l.request("POST", groupsPath+"?access_token="+token, "", http.Header{})
	}
	var audits strings.Builder
	_, err := store.View(t.Context(), l.db, system, func(tx *store.Tx) (none struct{}, err error) {
		for a, err := range record.FindAudits(tx, store.AuditFilter{}) {
			if err != nil {
				return none, err
			}
			fmt.Fprintf(&audits, "%+v\n", *a)
		}
		return none, nil
	})
	must(t, err)
	for place, text := range map[string]string{"the log": log.b.String(), "an audit": audits.String(), "a refusal": answers.String()} {
		for what, secret := range map[string]string{"a client's secret": l.first.ClientSecret, "a wrong secret": wrong, "a token": token, "another's token": poor, "a signature": token[strings.LastIndex(token, ".")+1:], "a query": "access_token="} {
			if strings.Contains(text, secret) {
				t.Errorf("%s has %s", place, what)
			}
		}
	}
	if !strings.Contains(log.b.String(), "/o/oauth/token") || !strings.Contains(audits.String(), "AccessDenied") {
		t.Error("neither the log nor the audits tell of the requests")
	}
}
