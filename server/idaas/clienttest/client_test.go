package clienttest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// entrance is what a first start tells: where muster is, and who may come in.
type entrance struct {
	HTTPS        string `json:"https"`
	Fingerprint  string `json:"tls_fingerprint"`
	ClientID     string `json:"client_id"`
	ClientSecret string `json:"client_secret"`
}

// start builds muster and starts it on an empty folder.
func start(t *testing.T) entrance {
	t.Helper()
	dir := t.TempDir()
	muster, facts := filepath.Join(dir, "muster"), filepath.Join(dir, "facts.json")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", muster, "./cmd/muster")
	build.Dir = "../../.."
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var log bytes.Buffer
	serve := exec.Command(muster, "serve", "--dir", filepath.Join(dir, "data"), "--http", "127.0.0.1:0", "--https", "127.0.0.1:0", "--first-start-file", facts)
	serve.Stderr = &log
	must(t, serve.Start())
	t.Cleanup(func() {
		serve.Process.Kill()
		serve.Wait()
		if t.Failed() {
			t.Log(log.String())
		}
	})
	for range 600 {
		if text, err := os.ReadFile(facts); err == nil {
			var e entrance
			must(t, json.Unmarshal(text, &e))
			return e
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatal("muster does not start")
	return entrance{}
}

// pinned trusts the one certificate whose fingerprint the first start printed.
func pinned(fingerprint string) *http.Client {
	want := strings.ToLower(strings.ReplaceAll(fingerprint, ":", ""))
	return &http.Client{Timeout: time.Minute, Transport: &http.Transport{TLSClientConfig: &tls.Config{
		InsecureSkipVerify: true, // the certificate is its own authority; what follows stands for that
		VerifyConnection: func(c tls.ConnectionState) error {
			sum := sha256.Sum256(c.PeerCertificates[0].Raw)
			if !strings.HasSuffix(want, hex.EncodeToString(sum[:])) {
				return errors.New("another certificate")
			}
			return nil
		},
	}}}
}

// TestAGeneratedClient runs every call of the document over TLS.
func TestAGeneratedClient(t *testing.T) {
	e := start(t)
	ctx := t.Context()
	token := ""
	c, err := NewClientWithResponses(e.HTTPS+"/api/web", WithHTTPClient(pinned(e.Fingerprint)), WithRequestEditorFn(
		func(_ context.Context, r *http.Request) error { r.Header.Set("Authorization", token); return nil }))
	must(t, err)

	refused, err := c.GroupsUsingGETWithResponse(ctx)
	must(t, err)
	if refused.JSON401 == nil || refused.JSON401.ErrorCode != "access_denied" {
		t.Fatalf("without a token: %s %s", refused.Status(), refused.Body)
	}
	in, err := c.AuthenticateUsingPOSTWithResponse(ctx, AuthenticateRequest{ApplicationId: e.ClientID, SharedSecret: e.ClientSecret})
	must(t, err)
	token = in.JSON200.AuthToken
	if lasts := in.JSON200.ExpirationTime.Sub(*in.JSON200.CreationTime); lasts != 15*time.Minute {
		t.Errorf("the token lasts %v", lasts)
	}

	// A group is made, found three ways, changed.
	made, err := c.CreateGroupUsingPOSTWithResponse(ctx, GroupParms{Name: "Operators", ExternalId: new("ext-1"), Attribute: new("at night")})
	must(t, err)
	id := made.JSON200.Id
	twice, err := c.CreateGroupUsingPOSTWithResponse(ctx, GroupParms{Name: "operators"})
	must(t, err)
	if twice.JSON409 == nil || twice.JSON409.ErrorCode != "group_already_exists" {
		t.Errorf("a second one: %s %s", twice.Status(), twice.Body)
	}
	byID, err := c.GroupUsingGETWithResponse(ctx, id)
	must(t, err)
	byExternalID, err := c.GroupByExternalIdUsingPOSTWithResponse(ctx, GroupId{Id: "ext-1"})
	must(t, err)
	all, err := c.GroupsUsingGETWithResponse(ctx)
	must(t, err)
	for how, g := range map[string]Group{"id": *byID.JSON200, "externalId": *byExternalID.JSON200, "list": (*all.JSON200)[1]} {
		if g.Id != id || g.Name != "Operators" || *g.ExternalId != "ext-1" || *g.Attribute != "at night" || g.Type != "MGMT_UI" || g.Created.IsZero() {
			t.Errorf("by %s: %+v", how, g)
		}
	}
	changed, err := c.UpdateGroupUsingPUTWithResponse(ctx, id, ChangedGroupParms{Name: new("Night Operators"), Attribute: new("")})
	must(t, err)
	if g := changed.JSON200; g.Name != "Night Operators" || g.Attribute != nil || *g.ExternalId != "ext-1" {
		t.Errorf("changed: %s", changed.Body)
	}

	// A user is put into it and taken out.
	user, err := c.UserByUserIdUsingPOSTWithResponse(ctx, UserId{UserId: "muster"})
	must(t, err)
	was := user.JSON200.Groups[0]
	for _, groups := range [][]string{{was.Id, id}, {was.Id}} {
		put, err := c.ModifyUserAuthorizationGroupAssociationsUsingPUTWithResponse(ctx, user.JSON200.Id, groups)
		must(t, err)
		now, err := c.UserUsingGETWithResponse(ctx, user.JSON200.Id)
		must(t, err)
		if put.StatusCode() != http.StatusOK || len(put.Body) != 0 || len(now.JSON200.Groups) != len(groups) {
			t.Errorf("put into %d: %s %s, then %s", len(groups), put.Status(), put.Body, now.Body)
		}
	}
	pages(t, c)

	gone, err := c.DeleteGroupUsingDELETEWithResponse(ctx, id)
	must(t, err)
	missing, err := c.GroupUsingGETWithResponse(ctx, id)
	must(t, err)
	if gone.StatusCode() != http.StatusOK || missing.JSON404 == nil || missing.JSON404.ErrorCode != "group_not_found" {
		t.Errorf("deleted: %s, then %s %s", gone.Status(), missing.Status(), missing.Body)
	}
}

// pages walks forth and back through pages of two groups.
func pages(t *testing.T, c *ClientWithResponses) {
	t.Helper()
	for _, name := range []string{"page a", "page b", "page c", "page d", "page e"} {
		_, err := c.CreateGroupUsingPOSTWithResponse(t.Context(), GroupParms{Name: name})
		must(t, err)
	}
	search := SearchParms{
		Limit:              new(2),
		SearchByAttributes: &[]SearchAttribute{{Name: "name", Operator: "STARTS_WITH", Value: new("PAGE")}},
		OrderByAttribute:   &OrderAttribute{Name: "name", Ascending: new(false)},
	}
	var seen []string
	turn := func(next func(Paging) *string) {
		for {
			page, err := c.GroupsPagedUsingPOSTWithResponse(t.Context(), search)
			must(t, err)
			if page.JSON200 == nil {
				t.Fatalf("a page: %s %s", page.Status(), page.Body)
			}
			for _, g := range page.JSON200.Results {
				seen = append(seen, strings.TrimPrefix(g.Name, "page "))
			}
			cursor := next(page.JSON200.Paging)
			if cursor == nil {
				return
			}
			seen = append(seen, "|")
			search = SearchParms{Cursor: cursor}
		}
	}
	turn(func(p Paging) *string { return p.NextCursor })
	seen = append(seen, "<")
	turn(func(p Paging) *string { return p.PrevCursor })
	if got := strings.Join(seen, ""); got != "ed|cb|a<a|cb|ed" {
		t.Errorf("the pages are %s", got)
	}
}
