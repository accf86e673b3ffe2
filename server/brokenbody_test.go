package server_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/musterhq/muster/server/insight"
)

const (
	parts     = "multipart/form-data; boundary=X"
	metaPart  = "--X\r\nContent-Type: application/json\r\n\r\n{\"WorkgroupID\":1,\"FileName\":\"a.xml\"}\r\n"
	filePart  = "--X\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a.xml\"\r\n\r\n"
	firstHalf = `{"WorkgroupID":1,"ImportType":"NESSUS","FileName":"a.csv","Base64FileContents":"SG9zd`
)

// brokenBodies are bodies that do not arrive as their header says, as they are on the wire.
func brokenBodies(body string) map[string]string {
	chunk := fmt.Sprintf("%x\r\n%s\r\n", len(body), body)
	const chunked = "Transfer-Encoding: chunked\r\n\r\n"
	return map[string]string{
		"a chunk whose length is no number":   chunked + "zz\r\n" + body + "\r\n0\r\n\r\n",
		"a chunk longer than its length":      chunked + "2\r\n" + body + "\r\n0\r\n\r\n",
		"a chunk of more bytes than there is": chunked + "ffffffffffffffffff\r\n" + body + "\r\n0\r\n\r\n",
		"chunks without the last":             chunked + chunk,
		"a chunk cut short":                   chunked + "ffff\r\n" + body,
		"fewer bytes than it says":            fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(body)+10, body),
		"no bytes where it says some":         "Content-Length: 10\r\n\r\n",
	}
}

// TestBrokenBodies sends bodies that break off, or that are not what they say, to rows that read them in each of the ways
// there are: 400, in the form of the door, and never a fault of the server.
func TestBrokenBodies(t *testing.T) {
	t.Parallel()
	l := newFixture(t, false)
	s := httptest.NewServer(l.http)
	t.Cleanup(s.Close)
	const form, json = "application/x-www-form-urlencoded", "application/json"
	for _, row := range []struct{ path, media, body string }{
		{insight.Base + "/Workgroups", json, `{"Name":"A"}`},
		{insight.Base + "/Assets/Search", json, `{"AssetName":"a"}`},
		{insight.Base + "/Imports", json, firstHalf + `Ao="}`},
		{insight.Base + "/Imports", json, firstHalf},
		{insight.Base + "/Imports", json, `{"WorkgroupID":1,"FileContents":[1,2,3`},
		{insight.Base + "/Imports/QueueImportFile", parts, metaPart + filePart + "<a/>"},
		{insight.Base + "/Imports/QueueImportFile", parts, metaPart + filePart + "PGEv"},
		{insight.Base + "/Imports/QueueImportFile", parts, metaPart + filePart},
		{insight.Base + "/Imports/QueueImportFile", parts, metaPart + "--X\r\nContent-Dispo"},
		{insight.Base + "/Imports/QueueImportFile", parts, "--X\r\nContent-Type: application/json\r\n\r\n{\"Workgr"},
		{insight.Base + "/Auth/connect/token", form, "grant_type=client_credentials&client_id=a&client_secret=b"},
		{"/api/web/v1/groups", json, `{"name":"a"}`},
		{"/api/web/v1/adminapi/authenticate", json, `{"applicationId":"a","sharedSecret":"b"}`},
		{"/o/api/v3/groups", json, `{"search":"a"}`},
		{"/o/oauth/token", form, "grant_type=client_credentials&client_id=a&client_secret=b"},
	} {
		token := l.tokenAt(map[byte]string{'a': "idaas", 'o': "metaaccess", 'B': "insight"}[row.path[1]], "administrator")
		for name, body := range brokenBodies(row.body) {
			head := fmt.Sprintf("POST %s HTTP/1.1\r\nHost: muster\r\nAuthorization: Bearer %s\r\nContent-Type: %s\r\n", row.path, token, row.media)
			status, answer := overTheWire(t, s.Listener.Addr(), head+body)
			if status != http.StatusBadRequest || !strings.ContainsAny(answer[:1], `"{`) {
				t.Errorf("%s, %.40q, %s: %d %s, want 400", row.path, row.body, name, status, answer)
			}
		}
	}
}

// overTheWire sends what is no request that package http would make, closes its half, and returns the answer.
func overTheWire(t *testing.T, to net.Addr, request string) (status int, body string) {
	t.Helper()
	conn, err := net.Dial("tcp", to.String())
	must(t, err)
	defer conn.Close()
	must(t, conn.SetDeadline(time.Now().Add(10*time.Second)))
	_, err = io.WriteString(conn, request)
	must(t, err)
	must(t, conn.(*net.TCPConn).CloseWrite())
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	must(t, err)
	defer answer.Body.Close()
	return answer.StatusCode, text(t, answer.Body) + " "
}

// TestCompressedBodies has bodies in gzip, whole and broken, refused with the reason.
func TestCompressedBodies(t *testing.T) {
	t.Parallel()
	l := newFixture(t, false)
	for _, body := range []string{"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03", "\x1f\x8b", `{"Name":"A"}`} {
		for _, path := range []string{"/Workgroups", "/Imports", "/Imports/QueueImportFile", "/Auth/connect/token", "/Assets/Search"} {
			header := as(l.tokenOf("administrator"))
			header.Set("Content-Encoding", "gzip")
			w := l.request("POST", insight.Base+path, body, header)
			if w.Code != http.StatusUnsupportedMediaType || !strings.Contains(w.Body.String(), "gzip") {
				t.Errorf("%s, %q: %d %s, want 415 that names the encoding", path, body, w.Code, w.Body)
			}
		}
	}
	header := as(l.tokenOf("administrator"))
	header.Set("Content-Encoding", "identity")
	if w := l.request("POST", insight.Base+"/Workgroups", `{"Name":"A"}`, header); w.Code != http.StatusCreated {
		t.Errorf("identity: %d %s", w.Code, w.Body)
	}
}
