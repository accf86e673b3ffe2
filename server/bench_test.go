package server_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/musterhq/muster/server/insight"
	"github.com/musterhq/muster/store"
)

const benchAssets = 10_000

// benchLab is a lab with assets in its first Workgroup, 250 in a /24.
func benchLab(b *testing.B) *fixture {
	b.Helper()
	l := newFixture(b, false)
	for first := 0; first < benchAssets; first += 50 {
		must(b, store.Change(b.Context(), l.db, system, func(tx *store.Tx) error {
			for i := first; i < first+50; i++ {
				name := fmt.Sprintf("srv%05d", i)
				_, _, err := store.UpsertAsset(tx, 1, store.Facts{
					Address: netip.AddrFrom4([4]byte{10, 0, byte(i / 250), byte(i % 250)}), AssetName: name, DnsName: name + ".example",
					DomainName: "EXAMPLE", MacAddress: fmt.Sprintf("02:00:00:00:%02X:%02X", i>>8, i&255), AssetType: "Server", OperatingSystem: "Linux",
				})
				if err != nil {
					return err
				}
			}
			return nil
		}))
	}
	return l
}

// sink is a client that reads all and keeps none of it.
type sink struct {
	header http.Header
	status int
	bytes  int
}

func (s *sink) Header() http.Header    { return s.header }
func (s *sink) WriteHeader(status int) { s.status = status }
func (s *sink) Write(p []byte) (int, error) {
	s.bytes += len(p)
	return len(p), nil
}

// BenchmarkAnswer is all that a request costs above the connection: token, rights, reading and encoding.
func BenchmarkAnswer(b *testing.B) {
	l := benchLab(b)
	header := as(l.tokenOf("administrator"))
	for _, c := range []struct{ name, method, path, body string }{
		{"get", "GET", "Assets/17", ""},
		{"search=1", "POST", "Assets/Search", `{"AssetName":"srv00017"}`},
		{"search=250", "POST", "Assets/Search", `{"IPAddress":"10.0.7.0/24"}`},
		{"count", "GET", "Workgroups/1/Assets?limit=1", ""},
		{"count=all", "GET", "SmartRules/1/Assets?limit=1", ""},
		{"page=1000", "GET", "Workgroups/1/Assets?limit=1000", ""},
		{"list=10000", "GET", "Workgroups/1/Assets", ""},
	} {
		b.Run("call="+c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				r := httptest.NewRequestWithContext(b.Context(), c.method, insight.Base+"/"+c.path, strings.NewReader(c.body))
				r.Header = header
				answer := sink{header: http.Header{}}
				l.http.ServeHTTP(&answer, r)
				if answer.status > http.StatusOK || answer.bytes == 0 {
					b.Fatalf("status %d, %d bytes", answer.status, answer.bytes)
				}
				b.SetBytes(int64(answer.bytes))
			}
		})
	}
}
