package idaas

import (
	"encoding/base64"
	"errors"
	"testing"

	"github.com/musterhq/muster/store"
)

// FuzzCursor brings cursors, once as they come and once as the position in a cursor that this store has sealed: what is none of its
// own is refused as the caller's fault, and whatever a position says, the page is one of the groups that there are.
func FuzzCursor(f *testing.F) {
	db := newStore(f)
	makeGroups(f, db, "one", "two", "three")
	first, err := page(f, db, `{"limit":1}`)
	must(f, err)
	for _, seed := range []string{
		first.Paging.NextCursor[8:], "", "A", "=", base64.RawURLEncoding.EncodeToString([]byte(`{"l":100}`)),
		`{"l":2,"n":"one"}`, `{"l":1,"n":"two","b":true,"d":true}`, `{"l":0}`, `{"l":-9223372036854775808}`, `{"l":1e9}`,
		`{"l":100,"t":[{"Operator":"CONTAINS","Value":"O"}],"k":["bi","ldap_ad"]}`, `{"l":1,"t":[{"Operator":"NONE"}]}`, `{"l":1,"n":"\u0000\uffff"}`, `null`,
	} {
		f.Add(seed)
	}
	ask := func(t *testing.T, cursor string) (groupsPage, error) {
		return store.View(t.Context(), db, store.System("test"), func(tx *store.Tx) (groupsPage, error) {
			return pageOfGroups(tx, search{Body: searchParms{Cursor: store.Text(cursor)}})
		})
	}
	f.Fuzz(func(t *testing.T, text string) {
		sealed, err := store.View(t.Context(), db, store.System("test"), func(tx *store.Tx) ([]byte, error) {
			return tx.Vault().Seal([]byte(text), cursorPurpose)
		})
		must(t, err)
		own := base64.RawURLEncoding.EncodeToString(sealed)
		for cursor, forged := range map[string]bool{text: text != "", own: false} {
			got, err := ask(t, cursor)
			switch {
			case err != nil && !errors.Is(err, store.ErrInvalid):
				t.Errorf("%q: %v is not the caller's fault", cursor, err)
			case err == nil && forged:
				t.Errorf("%q, which nobody sealed, leads to %+v", cursor, got)
			case err == nil && (got.Paging.Limit < 1 || got.Paging.Limit > maxPage || len(got.Results) > got.Paging.Limit):
				t.Errorf("%q leads to a page of %d, of %d groups", text, got.Paging.Limit, len(got.Results))
			}
			for _, next := range []string{got.Paging.NextCursor, got.Paging.PrevCursor} {
				if _, err := ask(t, next); next != "" && err != nil {
					t.Errorf("%q leads to a page whose cursor is refused: %v", text, err)
				}
			}
		}
	})
}
