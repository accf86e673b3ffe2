package main

import (
	"crypto/tls"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/musterhq/muster/server"
)

// TestAdminListener finds metrics, health and profiles at the address of --admin only.
func TestAdminListener(t *testing.T) {
	t.Parallel()
	admin := freePort(t)
	p := serve(t, newDir(t), "--admin", admin)
	for _, c := range []struct {
		address, path string
		status        int
	}{
		{"http://" + admin, "/metrics", 200}, {"http://" + admin, "/readyz", 200}, {"http://" + admin, "/debug/pprof/heap", 200},
		{p.HTTP, "/metrics", 404}, {p.HTTPS, "/metrics", 404}, {p.HTTP, "/debug/pprof/heap", 404},
	} {
		got, err := insecure.Get(c.address + c.path)
		must(t, err)
		got.Body.Close()
		if got.StatusCode != c.status {
			t.Errorf("%s%s: %s", c.address, c.path, got.Status)
		}
	}
}

// TestTLS offers one version after the other: 1.2 and 1.3 are taken, older ones are not.
func TestTLS(t *testing.T) {
	t.Parallel()
	p := serve(t, newDir(t))
	for version, taken := range map[uint16]bool{tls.VersionTLS10: false, tls.VersionTLS11: false, tls.VersionTLS12: true, tls.VersionTLS13: true} {
		conn, err := tls.Dial("tcp", strings.TrimPrefix(p.HTTPS, "https://"), &tls.Config{InsecureSkipVerify: true, MinVersion: version, MaxVersion: version})
		if (err == nil) != taken {
			t.Errorf("%s: %v", tls.VersionName(version), err)
		}
		if err == nil {
			conn.Close()
		}
	}
	// Who speaks HTTP/2 is answered in it.
	modern := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, ForceAttemptHTTP2: true}}
	got, err := modern.Get(p.HTTPS + "/readyz")
	must(t, err)
	got.Body.Close()
	if got.ProtoMajor != 2 {
		t.Errorf("%s, and HTTP/2 was offered", got.Proto)
	}
	// Plain HTTP at the port of HTTPS is told so by the library; nothing of the API is there.
	if got, err := http.Get("http://" + strings.TrimPrefix(p.HTTPS, "https://") + "/readyz"); err == nil && got.StatusCode != http.StatusBadRequest {
		t.Errorf("plain HTTP at the port of HTTPS: %s", got.Status)
	}
}

// TestStrictTransport is said behind a certificate of one's own only: browsers pass over it behind one that they do not
// trust, and over plain HTTP.
func TestStrictTransport(t *testing.T) {
	t.Parallel()
	cert, key := filepath.Join(t.TempDir(), "tls.crt"), filepath.Join(t.TempDir(), "tls.key")
	must(t, server.MakeCertificate(cert, key))
	own, made := serve(t, newDir(t), "--tls-cert", cert, "--tls-key", key), serve(t, newDir(t))
	for address, want := range map[string]string{own.HTTPS: "max-age=31536000", own.HTTP: "", made.HTTPS: ""} {
		got, err := insecure.Get(address + "/readyz")
		must(t, err)
		io.Copy(io.Discard, got.Body)
		got.Body.Close()
		if said := got.Header.Get("Strict-Transport-Security"); said != want {
			t.Errorf("%s says %q, want %q", address, said, want)
		}
	}
	if _, err := os.Stat(filepath.Join(own.dir, "tls.key")); err == nil {
		t.Error("muster made a certificate although it was given one")
	}
}
