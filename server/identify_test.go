package server_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/musterhq/muster/server/insight"
)

// TestAHeaderDecidesBesideACookieThatIsNoGood sends PS-Auth, right and wrong, beside cookies that nobody can use.
func TestAHeaderDecidesBesideACookieThatIsNoGood(t *testing.T) {
	t.Parallel()
	l := newFixture(t, false)
	expired := l.tokenOf("administrator")
	l.clock.Add(int64(25 * time.Hour))
	for name, cookie := range map[string]string{"expired": expired, "garbage": "\"x;=", "cut off": expired[:len(expired)-9], "empty": ""} {
		for key, want := range map[string]int{l.first.ApiKey: http.StatusOK, "0" + l.first.ApiKey[1:] + "0": http.StatusUnauthorized} {
			w := l.request("GET", insight.Base+"/Workgroups", "", http.Header{
				"Cookie":        {"ASP.NET_SessionId=" + cookie},
				"Authorization": {fmt.Sprintf("PS-Auth key=%s; runas=administrator;", key)},
			})
			if w.Code != want {
				t.Errorf("%s: %d %s, want %d", name, w.Code, w.Body, want)
			}
		}
	}
}
