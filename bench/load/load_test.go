package load

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestTheCounterCountsAcrossPieces(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		text := rapid.StringMatching(`[ab]{0,40}`).Draw(r, "text")
		c := counter{text: []byte("aab")}
		for rest := []byte(text); len(rest) > 0; {
			n := rapid.IntRange(1, len(rest)).Draw(r, "piece")
			c.count(rest[:n])
			rest = rest[n:]
		}
		if want := strings.Count(text, "aab"); c.n != want {
			r.Fatalf("%d times, want %d", c.n, want)
		}
	})
}

// server answers n assets, as one body or in chunks, or a status.
func server(t *testing.T) string {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var n int
		fmt.Sscanf(r.URL.Path, "/%d", &n)
		if r.URL.Query().Has("fail") {
			w.WriteHeader(http.StatusTeapot)
		}
		for i := range n {
			fmt.Fprintf(w, `{"AssetID":%d,"AssetName":"%s"}`, i, strings.Repeat("x", 300))
		}
	}))
	t.Cleanup(s.Close)
	return strings.TrimPrefix(s.URL, "http://")
}

func TestRecordsAreCounted(t *testing.T) {
	t.Parallel()
	addr := server(t)
	c, err := Dial(addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for _, n := range []int{0, 1, 3, 5000} { // none, with a length, with a length, in chunks
		var whole bytes.Buffer
		a, err := c.Do(Request("GET", fmt.Sprintf("/%d", n), "token", ""), &whole)
		if err != nil || a.Status != 200 || a.Records != n || a.Bytes != whole.Len() || bytes.Count(whole.Bytes(), recordMark) != n {
			t.Errorf("%d records: %d in %d bytes, status %d, %v", n, a.Records, a.Bytes, a.Status, err)
		}
	}
}

func TestAWrongAnswerEndsTheTurn(t *testing.T) {
	t.Parallel()
	addr := server(t)
	for name, c := range map[string]struct {
		call Call
		want string
	}{
		"too few records":  {Call{Request: Request("GET", "/4", "", ""), Status: 200, Records: 5}, "4 records, want 5"},
		"another status":   {Call{Request: Request("GET", "/0?fail", "", ""), Status: 200}, "status 418"},
		"another record":   {Call{Request: Request("GET", "/1", "", ""), Status: 200, Records: 1, Holds: []byte(`"AssetID":7,`)}, "is not in"},
		"what it must be":  {Call{Request: Request("GET", "/1", "", ""), Status: 200, Records: 1, Holds: []byte(`"AssetID":0,`)}, ""},
		"a request's body": {Call{Request: Request("POST", "/2", "", `{"a":1}`), Status: 200, Records: 2}, ""},
	} {
		turn, err := Run(Plan{Addr: addr, Connections: 3, Count: 20, Calls: func(int) *Call { return &c.call }})
		switch {
		case c.want == "" && (err != nil || turn.Calls != 20):
			t.Errorf("%s: %v", name, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: error %v, want %q", name, err, c.want)
		}
	}
}
