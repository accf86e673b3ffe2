package server_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"testing"

	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/server/insight"
	"github.com/musterhq/muster/store"
)

// TestALargeDeliveryIsDownloadedWhole under both contracts: it is sent while it is read.
func TestALargeDeliveryIsDownloadedWhole(t *testing.T) {
	t.Parallel()
	file := make([]byte, 3<<20+5)
	for i := range file {
		file[i] = byte(i * i >> 8)
	}
	for contract, manual := range map[string]bool{"clients": false, "manual": true} {
		t.Run(contract, func(t *testing.T) {
			t.Parallel()
			l := newFixture(t, manual)
			reads := authz.Grant{Permission: authz.AnalyticsAndReporting, Level: authz.Read}
			rosa, rolf := l.tokenOf("rosa", reads), l.tokenOf("rolf", reads)
			deliver(t, l.db, "rosa", "R&D <1>.csv", file)
			const path = insight.Base + "/Subscriptions/Delivery/download?id=1"
			if w := l.request("POST", path, "", as(rolf)); w.Code != http.StatusNotFound {
				t.Errorf("another's: %d", w.Code)
			}
			w := l.request("POST", path, "", as(rosa))
			body := w.Body.Bytes()
			if manual {
				body = bytes.TrimSuffix(bytes.TrimPrefix(body, []byte("[")), []byte("]"))
			}
			var d struct{ Filename, Snapshot string }
			must(t, json.Unmarshal(body, &d))
			got, err := base64.StdEncoding.DecodeString(d.Snapshot)
			if err != nil || !bytes.Equal(got, file) || d.Filename != "R&D <1>.csv" || w.Code != http.StatusOK {
				t.Errorf("%d, %q, %d bytes of %d, %v", w.Code, d.Filename, len(got), len(file), err)
			}
		})
	}
}

// deliver stores a delivery for a user.
func deliver(t *testing.T, db *store.DB, owner, filename string, file []byte) {
	t.Helper()
	u, err := store.View(t.Context(), db, system, func(tx *store.Tx) (*store.User, error) { return store.UserByName(tx, owner) })
	must(t, err)
	d := &store.Delivery{ScheduleId: 1, UserID: u.UserID, Filename: filename, ApplicationType: "text/csv"}
	must(t, store.Deliver(t.Context(), db, d, func(w io.Writer) error {
		for piece := range slices.Chunk(file, 70_001) {
			if _, err := w.Write(piece); err != nil {
				return err
			}
		}
		return nil
	}, func(*store.Tx, *store.Delivery) error { return nil }))
}
