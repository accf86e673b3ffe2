package main

import (
	"context"
	"crypto/tls"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/musterhq/muster/server"
	"github.com/musterhq/muster/server/insight"
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

// TestUnfinishedBodiesOfAConnection begins requests whose bodies do not end, all on one connection of HTTP/2: 32 are waited for, the
// next one is refused. A request on the same connection without a body is answered.
func TestUnfinishedBodiesOfAConnection(t *testing.T) {
	t.Parallel()
	const bound = 32
	p := serve(t, newDir(t))
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, ForceAttemptHTTP2: true, MaxConnsPerHost: 1}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport}
	ready := func() {
		t.Helper()
		got, err := client.Get(p.HTTPS + "/readyz")
		must(t, err)
		io.Copy(io.Discard, got.Body)
		got.Body.Close()
		if got.ProtoMajor != 2 || got.StatusCode != http.StatusOK {
			t.Errorf("%s %s", got.Proto, got.Status)
		}
	}
	ready()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	answers := make(chan string, bound+1)
	for range bound + 1 {
		body, write := io.Pipe()
		r, err := http.NewRequestWithContext(ctx, "POST", p.HTTPS+insight.Base+"/Workgroups", body)
		must(t, err)
		r.Header.Set("Authorization", "Bearer "+p.Token)
		r.Header.Set("Content-Type", "application/json")
		go func() {
			if got, err := client.Do(r); err == nil {
				text, _ := io.ReadAll(got.Body)
				got.Body.Close()
				answers <- got.Status + " " + string(text)
			}
		}()
		_, err = write.Write([]byte("{")) // returns once the request is on its way
		must(t, err)
	}
	select {
	case got := <-answers:
		if !strings.HasPrefix(got, "503") || !strings.Contains(got, "more than 32 bodies are unfinished on this connection") {
			t.Errorf("the first answer is %s", got)
		}
	case <-time.After(30 * time.Second):
		t.Errorf("%d bodies are waited for", bound+1)
	}
	ready()
	if n := len(answers); n > 0 {
		t.Errorf("%d more requests are answered: %s", n, <-answers)
	}
}
