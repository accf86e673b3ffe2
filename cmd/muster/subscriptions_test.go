package main

import (
	"encoding/base64"
	"log/slog"
	"strings"
	"syscall"
	"testing"

	"github.com/musterhq/muster/store"
)

// TestSubscriptions has reports made, with a server that runs on the store and without.
func TestSubscriptions(t *testing.T) {
	t.Parallel()
	dir := newDir(t)
	p := serve(t, dir)
	must(t, p.stop(syscall.SIGTERM))
	subscribe(t, dir)
	subscriptions := func(wantCode int, want string, args ...string) {
		t.Helper()
		out, log, code := runCommand(t, append(append([]string{"subscriptions"}, args...), "--dir", dir)...)
		if code != wantCode || !strings.Contains(out+log, want) {
			t.Errorf("subscriptions %v: %d %q %q, want %d %q", args, code, out, log, wantCode, want)
		}
	}

	subscriptions(0, "delivery 1\n", "run", "nightly assets") // without a server
	p = serve(t, dir)
	subscriptions(0, "delivery 2\n", "run", "Nightly assets")
	subscriptions(1, `subscription "Gone": the owner is gone, inactive or quarantined`, "run", "Gone")
	subscriptions(exitNotFound, `Subscription "Weekly" not found`, "run", "Weekly")
	subscriptions(0, "Nightly assets  Assets  DOCX    0 3 * * *  administrator", "list")
	subscriptions(0, "delivery 2\n", "list")
	subscriptions(0, "failed: the owner is gone", "list")

	var ids []int
	if _, err := p.call("GET", "Subscriptions/Delivery", nil, &ids); err != nil || len(ids) != 2 {
		t.Errorf("deliveries %v, %v", ids, err)
	}
	var d struct{ Filename, ApplicationType, Snapshot string }
	_, err := p.call("POST", "Subscriptions/Delivery/download?id=2", nil, &d)
	must(t, err)
	file, err := base64.StdEncoding.DecodeString(d.Snapshot)
	if err != nil || !strings.HasPrefix(string(file), "PK") || !strings.HasSuffix(d.Filename, ".docx") || d.ApplicationType != "application/msword" {
		t.Errorf("%s, %s, %d bytes, %v", d.Filename, d.ApplicationType, len(file), err)
	}
	var audits struct {
		Data []struct{ ActionType string }
	}
	if _, err := p.call("GET", "UserAudits?section=Subscription&actiontype=Process", nil, &audits); err != nil || len(audits.Data) != 3 {
		t.Errorf("%d audits of three runs, %v", len(audits.Data), err)
	}
}

// subscribe puts two subscriptions into the store of no server: one that works, and one whose owner cannot sign in.
func subscribe(t *testing.T, dir string) {
	t.Helper()
	c := defaults()
	c.dir = dir
	i, err := c.open(t.Context(), false, slog.New(slog.DiscardHandler))
	must(t, err)
	must(t, store.Change(t.Context(), i.db, store.System("test"), func(tx *store.Tx) error {
		u := &store.User{UserName: "gone", UserType: store.BeyondInsightType}
		if err := store.Users.Insert(tx, u); err != nil {
			return err
		}
		if err := store.PutSubscription(tx, &store.Subscription{Name: "Gone", Report: "Assets", Format: "CSV", Schedule: "@yearly", UserID: u.UserID}); err != nil {
			return err
		}
		return store.PutSubscription(tx, &store.Subscription{Name: "Nightly assets", Report: "Assets", Format: "DOCX", Schedule: "0 3 * * *", UserID: 1})
	}))
	must(t, i.close())
}
