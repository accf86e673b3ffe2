package insight

import (
	"bytes"
	"encoding"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/server/api"
	"github.com/musterhq/muster/store"
)

// FuzzCredential reads what requests prove themselves with: a credential or an error, never both.
func FuzzCredential(f *testing.F) {
	f.Add("Bearer h.p.s", "")
	f.Add("PS-Auth key=abc; runas=olga; pwd=[a]];", "c%2Ep%2Es")
	f.Add("  h.p.s", "ASP.NET_SessionId=a; path=/; HttpOnly")
	f.Add("Basic YTpi", "%")
	f.Fuzz(func(t *testing.T, header, cookie string) {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header["Authorization"] = []string{header}
		r.Header["Cookie"] = []string{sessionCookie + "=" + cookie}
		got, err := credential(r)
		if err != nil && (!errors.Is(err, authz.ErrCredential) || !got.IsZero()) {
			t.Errorf("%q, %q: %v", header, cookie, err)
		}
	})
}

// FuzzFilters reads what queries filter by: a value or an error of the caller's, and no span that ends before it begins.
func FuzzFilters(f *testing.F) {
	for _, seed := range []string{"2024-12-06", " 2024-12-06T17:59:40.36Z", "2024-12-06 17:59:40", "0000-01-01T00:00:00+14:00", "1, 3,0", "managed account", ",", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var begin dateStart
		var end dateEnd
		for _, filter := range []encoding.TextUnmarshaler{&begin, &end, new(groupIDs), new(ruleType), new(levels)} {
			if err := filter.UnmarshalText([]byte(text)); err != nil && !errors.Is(err, store.ErrInvalid) {
				t.Errorf("%q: %v is not the caller's fault", text, err)
			}
		}
		if time.Time(end).Before(time.Time(begin)) {
			t.Errorf("%q ends at %v, before %v", text, end, begin)
		}
	})
}

// FuzzReadParts reads bodies of several parts: what it writes is no more than what came, and what it refuses is the
// caller's fault.
func FuzzReadParts(f *testing.F) {
	part := func(header, content string) string { return "--b\r\n" + header + "\r\n\r\n" + content + "\r\n" }
	f.Add([]byte(part("Content-Type: application/json", `{"WorkgroupID":1}`) + part(`Content-Disposition: form-data; filename="a.xml"`, "<xml/>") + "--b--\r\n"))
	f.Add([]byte(part(`Content-Disposition: form-data; name="x"`, "PHhtbC8+") + "--b--"))
	f.Add([]byte(part("X: "+strings.Repeat("a", 5000), "") + "--b"))
	f.Fuzz(func(t *testing.T, in []byte) {
		var file bytes.Buffer
		_, err := readParts(api.Stream{Reader: bytes.NewReader(in), ContentType: "multipart/form-data; boundary=b"}, &file)
		if err != nil && !errors.Is(err, store.ErrInvalid) && !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%q: %v is not the caller's fault", in, err)
		}
		if file.Len() > len(in) {
			t.Errorf("%q: a file of %d bytes", in, file.Len())
		}
	})
}
