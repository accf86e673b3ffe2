package server_test

import (
	"net/http/httptest"
	"os/exec"
	"strings"
	"testing"
)

// TestPageInABrowser opens the Swagger page in a real browser: under its Content-Security-Policy it shows what there is to
// call, and the browser refuses nothing of it.
func TestPageInABrowser(t *testing.T) {
	t.Parallel()
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("needs the Debian package chromium")
	}
	site := httptest.NewServer(newFixture(t, false).http)
	defer site.Close()
	browser := exec.CommandContext(t.Context(), chromium, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
		"--user-data-dir="+t.TempDir(), "--enable-logging=stderr", "--virtual-time-budget=30000", "--dump-dom", site.URL+"/swagger/insight/#/AccessLevels/listAccessLevels")
	var log strings.Builder
	browser.Stderr = &log
	shown, err := browser.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, log.String())
	}
	for _, wanted := range []string{"/Workgroups/{", "Returns a list of imports, latest first.", "Authorize", "Try it out"} {
		if !strings.Contains(string(shown), wanted) {
			t.Errorf("the page does not show %q", wanted)
		}
	}
	for line := range strings.Lines(log.String()) {
		if strings.Contains(line, "escaping deep link whitespace") {
			continue // what Swagger UI says of each "_" in an address
		}
		if strings.Contains(line, "CONSOLE") || strings.Contains(line, "Content Security Policy") {
			t.Errorf("the browser says: %s", line)
		}
	}
}
