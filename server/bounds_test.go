package server_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/musterhq/muster/server"
	"github.com/musterhq/muster/server/insight"
	"github.com/musterhq/muster/store"
)

// assets lays n assets down.
func (l *fixture) assets(n int) {
	l.t.Helper()
	for begin := 0; begin < n; begin += 40 {
		must(l.t, store.Change(l.t.Context(), l.db, system, func(tx *store.Tx) error {
			for i := begin; i < min(begin+40, n); i++ {
				a := &store.Asset{WorkgroupID: 1, IPAddress: fmt.Sprintf("10.1.%d.%d", i>>8, i&255), AssetName: fmt.Sprintf("srv%05d", i)}
				if err := store.Assets.Insert(tx.Unaudited(), a); err != nil {
					return err
				}
			}
			return nil
		}))
	}
}

// TestCostlyQuestions asks what would cost most, and is answered, or told why not, in bounded time.
func TestCostlyQuestions(t *testing.T) {
	t.Parallel()
	const assets = 1000
	l := newFixture(t, false, func(o *server.Options) { o.BodyLimit = 1 << 20 })
	l.assets(assets)
	search := func(addresses string) string { return fmt.Sprintf(`{"IPAddress":%q}`, addresses) }
	var apart, ranges []string
	for i := range 10_000 {
		apart = append(apart, fmt.Sprintf("10.1.%d.%d", i>>7, i&127*2))            // no two of them side by side
		ranges = append(ranges, fmt.Sprintf("10.0.0.0-10.255.%d.%d", i>>8, i&255)) // all in each other
	}
	const search2 = "POST Assets/Search"
	for _, c := range []struct {
		name, request, body string
		status, found       int
	}{
		{"all of IPv4", search2, search("0.0.0.0/0"), http.StatusOK, assets},
		{"all of IPv6", search2, search("::/0"), http.StatusOK, 0},
		{"all of both, page by page", search2 + "?limit=100&offset=900", search("0.0.0.0/0,::/0"), http.StatusOK, 100},
		{"10,000 addresses", search2, search(strings.Join(apart, ",")), http.StatusOK, assets / 2},
		{"10,000 addresses, counted too", search2 + "?limit=1", search(strings.Join(apart, ",")), http.StatusOK, 1},
		{"10,000 ranges", search2, search(strings.Join(ranges, ",")), http.StatusOK, assets},
		{"one address more", search2, search(strings.Join(append(apart, "10.0.0.1"), ",")), http.StatusBadRequest, 0},
		{"a million commas", search2, search(strings.Repeat(",", 1_000_000)), http.StatusBadRequest, 0},
		{"the largest offset", "GET Workgroups/1/Assets?limit=1&offset=2147483647", "", http.StatusOK, 0},
		{"an offset that no number holds", "GET Workgroups/1/Assets?limit=1&offset=99999999999999999999", "", http.StatusBadRequest, 0},
		{"the largest limit", "GET Workgroups/1/Assets?limit=100000", "", http.StatusOK, assets},
		{"a larger one", "GET Workgroups/1/Assets?limit=100001", "", http.StatusBadRequest, 0},
		{"a body as deep as it is long", search2, strings.Repeat(`{"a":`, 200_000), http.StatusBadRequest, 0},
		{"a list as deep as it is long", search2, strings.Repeat(`[`, 1_000_000), http.StatusBadRequest, 0},
		{"half a million values", search2, `{"a":[` + strings.Repeat("0,", 500_000) + `0]}`, http.StatusBadRequest, 0},
		{"a number of half a million digits", search2, `{"AssetName":"srv00001","a":` + strings.Repeat("9", 500_000) + `}`, http.StatusOK, 1},
		{"a name of a million letters", search2, `{"AssetName":"` + strings.Repeat("a", 1_000_000) + `"}`, http.StatusBadRequest, 0},
		{"a form of 200,000 members", "FORM Assets/Search", strings.Repeat("a=&", 200_000), http.StatusBadRequest, 0},
		{"a body above the limit", search2, strings.Repeat(" ", 1<<20+1), http.StatusRequestEntityTooLarge, 0},
		{"a thousand parameters", "GET Workgroups/1/Assets?" + strings.Repeat("x=1&", 1000) + "limit=1", "", http.StatusOK, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			method, path, _ := strings.Cut(c.request, " ")
			header := as(l.tokenOf("administrator"))
			if method == "FORM" {
				method = "POST"
				header.Set("Content-Type", "application/x-www-form-urlencoded")
			}
			began := time.Now()
			w := l.request(method, insight.Base+"/"+path, c.body, header)
			if took := time.Since(began); took > 5*time.Second {
				t.Errorf("it took %v", took)
			}
			if w.Code != c.status {
				t.Fatalf("%d %.300s, want %d", w.Code, w.Body, c.status)
			}
			if c.status != http.StatusOK {
				if w.Body.Len() > 2000 {
					t.Errorf("a refusal of %d bytes: %.300s", w.Body.Len(), w.Body)
				}
				return
			}
			var rows []json.RawMessage
			if strings.Contains(path, "limit=") {
				var page struct{ Data []json.RawMessage }
				must(t, json.Unmarshal(w.Body.Bytes(), &page))
				rows = page.Data
			} else {
				must(t, json.Unmarshal(w.Body.Bytes(), &rows))
			}
			if len(rows) != c.found {
				t.Errorf("%d assets, want %d", len(rows), c.found)
			}
		})
	}
}

// stuck is a connection whose client does not take its answer until let go.
type stuck struct {
	*httptest.ResponseRecorder
	begun, letGo chan struct{}
}

func (s stuck) Write(p []byte) (int, error) {
	close(s.begun)
	<-s.letGo
	return s.ResponseRecorder.Write(p)
}

// TestRequestsAtATime holds one request where one is allowed: another is refused for now, health is told nevertheless. One whose
// body is on its way holds nothing, and needs a place once it is there.
func TestRequestsAtATime(t *testing.T) {
	t.Parallel()
	l := newFixture(t, false, func(o *server.Options) { o.Limits.Requests = 1 })
	header := as(l.tokenOf("administrator"))
	unfinished := func() (end *io.PipeWriter, done chan int) {
		body, end := io.Pipe()
		r := httptest.NewRequestWithContext(t.Context(), "POST", insight.Base+"/Workgroups", body)
		r.Header = header.Clone()
		done = make(chan int, 1)
		go func() {
			w := httptest.NewRecorder()
			l.http.ServeHTTP(w, r)
			done <- w.Code
		}()
		_, err := io.WriteString(end, `{"Name":`) // taken once the request is under way
		must(t, err)
		return end, done
	}
	first, firstDone := unfinished()
	second, secondDone := unfinished()
	if w := l.request("GET", insight.Base+"/Workgroups", "", header); w.Code != http.StatusOK {
		t.Errorf("beside bodies that are on their way: %d %s", w.Code, w.Body)
	}
	held := stuck{httptest.NewRecorder(), make(chan struct{}), make(chan struct{})}
	heldDone := make(chan struct{})
	go func() {
		r := httptest.NewRequestWithContext(t.Context(), "GET", insight.Base+"/Workgroups", nil)
		r.Header = header.Clone()
		l.http.ServeHTTP(held, r)
		close(heldDone)
	}()
	<-held.begun
	if w := l.request("GET", insight.Base+"/Workgroups", "", header); w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" {
		t.Errorf("beside one that is worked on: %d %s", w.Code, w.Body)
	}
	for _, path := range []string{"/healthz", "/readyz"} {
		if w := l.request("GET", path, "", nil); w.Code != http.StatusOK {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
	finish := func(end *io.PipeWriter, done chan int, want int) {
		_, err := io.WriteString(end, `"held"}`)
		must(t, err)
		end.Close()
		if status := <-done; status != want {
			t.Errorf("one whose body is there: %d, want %d", status, want)
		}
	}
	finish(first, firstDone, http.StatusServiceUnavailable)
	close(held.letGo)
	<-heldDone
	finish(second, secondDone, http.StatusCreated)
	if w := l.request("GET", insight.Base+"/Workgroups", "", header); w.Code != http.StatusOK {
		t.Errorf("one after all: %d", w.Code)
	}
}
