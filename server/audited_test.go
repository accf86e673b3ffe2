package server_test

import (
	"encoding/json"
	"iter"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/musterhq/muster/server"
	"github.com/musterhq/muster/server/api"
	"github.com/musterhq/muster/store"
	"github.com/musterhq/muster/store/record"
)

// unaudited are the rows of the table that leave no audit row although their method is not GET, with the reason.
var unaudited = map[string]string{
	"insight POST Assets/Search":                         "it searches",
	"insight POST Subscriptions/Delivery/download":       "it reads",
	"insight POST AccessPolicies/Test":                   "it reads",
	"insight POST ManagedAccounts/{id}/Credentials/Test": "it tests",
	"idaas POST v1/groups/externalid":                    "it reads",
	"idaas POST v1/groupspaged":                          "it reads",
	"idaas POST v3/users/userid":                         "it reads",
	"metaaccess POST api/v3/groups":                      "it reads",
}

// secretReads are the rows that show a secret: each time leaves a row.
var secretReads = []string{"insight GET ApiRegistrations/{id}/Key", "insight GET Credentials/{requestId}", "insight POST ISARequests"}

// TestEveryChangeIsAudited holds the conversations once more, which call every row of the table, and looks at the whole store
// before and after each request. What changes anything leaves an audit row that says who did it, by which door and from which
// address, and what became of what; none holds a secret; and each row of the table that is there to change something is seen to
// leave one.
func TestEveryChangeIsAudited(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../testdata/api/*.txt")
	must(t, err)
	seen := &seenRows{rows: map[string]bool{}}
	t.Run("conversations", func(t *testing.T) {
		for _, file := range files {
			t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
				t.Parallel()
				script, err := os.ReadFile(file)
				must(t, err)
				l := newFixture(t, strings.HasPrefix(filepath.Base(file), "manual"), func(o *server.Options) {
					o.VendorGrants = strings.HasPrefix(filepath.Base(file), "vendor")
				})
				w := newWitness(l, seen)
				w.hold(string(script))
				w.mustKeepSecrets()
				w.mustVerify()
			})
		}
		t.Run("what no conversation carries through", func(t *testing.T) {
			t.Parallel()
			w := newWitness(newFixture(t, false), seen)
			w.busy = true
			must(t, w.become("administrator"))
			w.ask("POST", "UserGroups/1/SmartRules/2/Roles", `{"Roles":[{"RoleID":1}],"AccessPolicyID":5000}`)
			w.ask("DELETE", "Imports/"+w.object("Imports").id, "")
		})
	})
	for name, r := range rowsOfDoors() {
		changes := r.Method != http.MethodGet || slices.Contains(secretReads, name)
		if why := unaudited[name]; changes && !seen.rows[name] && why == "" {
			t.Errorf("no conversation has seen %s leave an audit row", name)
		} else if seen.rows[name] && why != "" {
			t.Errorf("%s leaves an audit row, although %s", name, why)
		}
	}
}

// rowsOfDoors yields the rows of all tables with the name of their door before their own.
func rowsOfDoors() iter.Seq2[string, doorRow] {
	return func(yield func(string, doorRow) bool) {
		for _, d := range server.Dialects() {
			for _, r := range d.Routes {
				if !yield(d.Name+" "+r.Method+" "+r.Path, doorRow{r, d}) {
					return
				}
			}
		}
	}
}

type doorRow struct {
	api.Route
	door *api.Dialect
}

// seenRows are the rows of the table that left an audit row.
type seenRows struct {
	mu   sync.Mutex
	rows map[string]bool
}

// witness watches a conversation.
type witness struct {
	*conversation
	seen    *seenRows
	secrets []string
	busy    bool // an import is under way that does not end
}

func newWitness(l *fixture, seen *seenRows) *witness {
	w := &witness{conversation: &conversation{fixture: l, header: http.Header{}}, seen: seen}
	w.secrets = []string{l.first.ApiKey, l.first.Password, l.first.ClientSecret}
	w.conversation.witness = w.request
	return w
}

// unwatched begins the keys of what is no act: sessions, last sign-ins, lockouts, counted requests, jobs, epochs, and the audits and
// their seals themselves.
var unwatched = regexp.MustCompile(`^(se|ul|lo|rq|jo|ep|au|al|!audit|..\+)`)

// look returns all acts' keys of the store with their values, and the audits, as they lie there.
func (w *witness) look() (all, audits map[string]string) {
	w.t.Helper()
	all, audits = map[string]string{}, map[string]string{}
	_, err := store.View(w.t.Context(), w.db, system, func(tx *store.Tx) (none struct{}, err error) {
		for pair, err := range record.Pairs(tx) {
			if err != nil {
				return none, err
			}
			if key := string(pair.Key); strings.HasPrefix(key, "au=") {
				audits[key] = string(pair.Value)
			} else if !unwatched.MatchString(key) {
				all[key] = string(pair.Value)
			}
		}
		return none, nil
	})
	must(w.t, err)
	return all, audits
}

// request watches one request.
func (w *witness) request(method, path, body string, send func() *httptest.ResponseRecorder) *httptest.ResponseRecorder {
	w.noteSecrets(body)
	w.quiet()
	before, known := w.look()
	answer := send()
	request := method + " " + path
	if answer.Code >= 300 {
		return answer
	}
	after, rows := w.look()
	var audits []*store.Audit
	for key, row := range rows {
		if _, old := known[key]; !old {
			a := new(store.Audit)
			must(w.t, json.Unmarshal([]byte(row), a))
			audits = append(audits, a)
		}
	}
	if !maps.Equal(before, after) && len(audits) == 0 {
		w.t.Errorf("%s changes the store and leaves no audit row", request)
	}
	for _, a := range audits {
		w.check(request, a)
	}
	for name, r := range rowsOfDoors() {
		if isFor(request, r.door, r.Route) && len(audits) > 0 {
			w.seen.mu.Lock()
			w.seen.rows[name] = true
			w.seen.mu.Unlock()
			w.checkRead(name, answer, audits)
		} else if isFor(request, r.door, r.Route) && slices.Contains(secretReads, name) {
			w.t.Errorf("%s shows a secret and leaves no audit row", request)
		}
	}
	return answer
}

// quiet waits until no import is under way, so that what a request changes is told from what an import does. Some conversations
// keep one that does not end.
func (w *witness) quiet() {
	for deadline := time.Now().Add(2 * time.Second); !w.busy; time.Sleep(5 * time.Millisecond) {
		under, err := store.View(w.t.Context(), w.db, system, store.ImportsUnderWay)
		must(w.t, err)
		if !under {
			return
		}
		w.busy = time.Now().After(deadline)
	}
}

// check looks at a row that a request left.
func (w *witness) check(request string, a *store.Audit) {
	w.t.Helper()
	if len(a.Details) < 2 || a.Details[0].Name != "Door" || a.Details[1].Name != "Registration" {
		w.t.Errorf("%s: the row does not say by which door and registration: %+v", request, a)
		return
	}
	if !slices.ContainsFunc(server.Dialects(), func(d *api.Dialect) bool { return d.Name == a.Details[0].NewValue }) {
		return // of the work behind it
	}
	if w.caller != "" && a.UserName != w.caller && a.ActionType != record.ActionLogin {
		w.t.Errorf("%s of %s: the row says that %q did it", request, w.caller, a.UserName)
	}
	if a.UserName == "" || a.UserID == 0 || a.IPAddress == "" || a.CreateDate.IsZero() {
		w.t.Errorf("%s: the row does not say who, whence or when: %+v", request, a)
	}
	switch a.ActionType {
	case record.ActionAdd, record.ActionEdit, record.ActionDelete:
		if !slices.ContainsFunc(a.Details[2:], func(d store.UserAuditDetail) bool { return d.OldValue+d.NewValue != "" }) {
			w.t.Errorf("%s: the row does not say what: %+v", request, a)
		}
	}
}

// checkRead looks for the row of a secret that was shown, and keeps the secret in mind.
func (w *witness) checkRead(row string, answer *httptest.ResponseRecorder, audits []*store.Audit) {
	if !slices.Contains(secretReads, row) || answer.Code >= http.StatusMultipleChoices {
		return
	}
	var secret string
	if json.Unmarshal(answer.Body.Bytes(), &secret) == nil {
		w.secrets = append(w.secrets, secret)
	}
	if !slices.ContainsFunc(audits, func(a *store.Audit) bool {
		return a.ActionType == record.ActionView || a.ActionType == record.ActionPasswordAccess
	}) {
		w.t.Errorf("%s shows a secret and leaves no row that says so", row)
	}
}

// secretMember finds the members of a request's body that hold a secret, unless it is so short that it may stand elsewhere by chance.
var secretMember = regexp.MustCompile(`(?i)"[^"]*(password|secret|passphrase|privatekey)[^"]*"\s*:\s*"((?:[^"\\]|\\.){8,})"`)

func (w *witness) noteSecrets(body string) {
	for _, m := range secretMember.FindAllStringSubmatch(body, -1) {
		var secret string
		if json.Unmarshal([]byte(`"`+m[2]+`"`), &secret) == nil {
			w.secrets = append(w.secrets, secret)
		}
	}
}

// mustKeepSecrets looks for the secrets in all audits.
func (w *witness) mustKeepSecrets() {
	_, audits := w.look()
	for _, row := range audits {
		for _, secret := range w.secrets {
			if strings.Contains(strings.ToLower(row), strings.ToLower(secret)) {
				w.t.Errorf("a secret stands in the audit %s", strings.ReplaceAll(row, secret, "…"))
			}
		}
	}
}

// mustVerify checks that the conversation has left a whole store.
func (w *witness) mustVerify() {
	w.t.Helper()
	_, err := w.db.SealAudits(w.t.Context())
	must(w.t, err)
	_, err = store.Verify(w.t.Context(), w.engine, store.VerifyOptions{Vault: w.vault}, func(p store.Problem) error {
		w.t.Error(p)
		return nil
	})
	must(w.t, err)
}
