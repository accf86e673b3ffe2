package idaas

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/server/api"
	"github.com/musterhq/muster/store"
	"github.com/musterhq/muster/store/kv/badgerkv"
)

// newStore opens a new store in memory.
func newStore(t testing.TB) *store.DB {
	t.Helper()
	_, measured := t.(*testing.B)
	engine, err := badgerkv.Open(badgerkv.Options{InMemory: true, Small: !measured})
	must(t, err)
	vault, err := authz.NewVault(bytes.Repeat([]byte{7}, authz.MasterKey))
	must(t, err)
	db, err := store.Open(t.Context(), engine, store.Options{Vault: vault, Hasher: authz.CheapHasher(1)}, func() (store.FirstStart, error) {
		return store.FirstStart{User: "administrator", Password: "correct horse", ApiKey: strings.Repeat("0123456789abcdef", 8), ClientID: authz.NewClientID(), ClientSecret: authz.NewClientSecret()}, nil
	})
	must(t, err)
	t.Cleanup(func() { must(t, db.Close()) })
	return db
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// page answers a body as the row does.
func page(t testing.TB, db *store.DB, body string) (groupsPage, error) {
	t.Helper()
	var in search
	must(t, api.Decode([]byte(body), &in.Body))
	return store.View(t.Context(), db, store.System("test"), func(tx *store.Tx) (groupsPage, error) { return pageOfGroups(tx, in) })
}

// makeGroups makes groups of these names.
func makeGroups(t testing.TB, db *store.DB, names ...string) {
	t.Helper()
	must(t, store.Change(t.Context(), db, store.System("test"), func(tx *store.Tx) error {
		for _, name := range names {
			if err := store.UserGroups.Insert(tx.Unaudited(), &store.UserGroup{Name: name, GroupType: store.BeyondInsightType, IsActive: true}); err != nil {
				return err
			}
		}
		return nil
	}))
}

// TestCursorsAreOnesOwn changes a cursor at every place, cuts it short at every length, and brings others.
func TestCursorsAreOnesOwn(t *testing.T) {
	t.Parallel()
	db := newStore(t)
	makeGroups(t, db, "one", "two")
	first, err := page(t, db, `{"limit":1}`)
	must(t, err)
	good := first.Paging.NextCursor
	if second, err := page(t, db, fmt.Sprintf(`{"cursor":%q}`, good)); err != nil || second.Results[0].Name != "one" {
		t.Fatalf("the cursor leads to %+v, %v", second, err)
	}
	sealed, err := store.View(t.Context(), db, store.System("test"), func(tx *store.Tx) ([]byte, error) {
		return tx.Vault().Seal([]byte(`{"l":100}`), "api key of registration 1")
	})
	must(t, err)
	forged := []string{base64.RawURLEncoding.EncodeToString(sealed), base64.RawURLEncoding.EncodeToString([]byte(`{"l":100}`)), good + "A", good + "=", " " + good}
	for i := range good {
		forged = append(forged, good[:i]+string(good[i]^1)+good[i+1:])
		if i > 0 {
			forged = append(forged, good[:i])
		}
	}
	for _, cursor := range forged {
		if got, err := page(t, db, fmt.Sprintf(`{"cursor":%q}`, cursor)); !errors.Is(err, store.ErrInvalid) || !strings.HasPrefix(err.Error(), "cursor: ") {
			t.Errorf("%q leads to %+v, %v", cursor, got, err)
		}
	}
}

// TestPagesMeetEveryGroupOnce turns pages of each size forth and back, while a group comes and one goes on every page.
func TestPagesMeetEveryGroupOnce(t *testing.T) {
	t.Parallel()
	for limit := 1; limit <= 6; limit++ {
		for _, ascending := range []bool{true, false} {
			t.Run(fmt.Sprintf("limit=%d ascending=%t", limit, ascending), func(t *testing.T) {
				t.Parallel()
				db := newStore(t)
				var stay []string
				for i := range 10 {
					stay = append(stay, fmt.Sprintf("Stays %d", i))
				}
				makeGroups(t, db, stay...)
				var goes []string
				for i := range 10 {
					goes = append(goes, fmt.Sprintf("goes %d", i))
				}
				makeGroups(t, db, goes...)
				n := 0
				disturb := func() {
					makeGroups(t, db, fmt.Sprintf("comes %d", n))
					if n < len(goes) {
						must(t, store.Change(t.Context(), db, store.System("test"), func(tx *store.Tx) error {
							g, err := store.UserGroupByName(tx, goes[n])
							if err != nil {
								return err
							}
							return store.DeleteUserGroup(tx, g.GroupID)
						}))
					}
					n++
				}
				body := fmt.Sprintf(`{"limit":%d,"orderByAttribute":{"name":"name","ascending":%t}}`, limit, ascending)
				forth, last := turn(t, db, body, disturb, func(p paging) string { return p.NextCursor })
				back, _ := turn(t, db, fmt.Sprintf(`{"cursor":%q}`, last.PrevCursor), disturb, func(p paging) string { return p.PrevCursor })
				back = append(back, forth[len(forth)-1]) // where the way back began
				for way, pages := range map[string][][]string{"forth": forth, "back": back} {
					times := map[string]int{}
					for _, name := range slices.Concat(pages...) {
						if times[name]++; times[name] > 1 {
							t.Errorf("%s: %s is met twice", way, name)
						}
					}
					for _, name := range stay {
						if times[name] != 1 {
							t.Errorf("%s: %s is met %d times", way, name, times[name])
						}
					}
				}
			})
		}
	}
}

// turn turns pages until there is no other, and returns the names on each and where the last one was.
func turn(t *testing.T, db *store.DB, body string, between func(), next func(paging) string) (pages [][]string, last paging) {
	t.Helper()
	for range 1000 {
		p, err := page(t, db, body)
		must(t, err)
		var names []string
		for _, g := range p.Results {
			names = append(names, g.Name)
		}
		pages = append(pages, names)
		cursor := next(p.Paging)
		if cursor == "" {
			return pages, p.Paging
		}
		body = fmt.Sprintf(`{"cursor":%q}`, cursor)
		between()
	}
	t.Fatal("the pages do not end")
	return nil, last
}

// TestAGroupOfADirectory is shown as one, and whether the directory has it still.
func TestAGroupOfADirectory(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{store.LdapDirectoryType, store.ActiveDirectoryType, store.EntraIdType} {
		got := show(&store.UserGroup{UUID: "u", Name: "n", GroupType: kind, IsGone: true})
		if want := (group{ID: "u", Name: "n", Type: "LDAP_AD", DirectoryDesynced: true}); *got != want {
			t.Errorf("%s: %+v, want %+v", kind, *got, want)
		}
	}
}

const benchGroups = 100_000

// BenchmarkPageOf100000Groups asks for a page of 100 of 100,000 groups, by name, whose names contain something. What it costs
// grows with the names that lie before the end of the page, which are walked in the index, and with the groups of the page,
// which are read: so the worst is a search that few or none pass.
func BenchmarkPageOf100000Groups(b *testing.B) {
	db := newStore(b)
	const batch = 200
	for i := 0; i < benchGroups; i += batch {
		names := make([]string, batch)
		for j := range names {
			names[j] = fmt.Sprintf("Group %06d of %s", i+j, []string{"Sales", "Stores", "Research"}[(i+j)%3])
		}
		makeGroups(b, db, names...)
	}
	const form = `{"limit":100,"searchByAttributes":[%s],"orderByAttribute":{"name":"name","ascending":true}}`
	for _, c := range []struct {
		name, tests string
		want        int
	}{
		{"contains, one in three", `{"name":"name","operator":"CONTAINS","value":"STORES"}`, 100},
		{"contains, one in a thousand", `{"name":"name","operator":"CONTAINS","value":"500 OF "}`, 100},
		{"contains, none", `{"name":"name","operator":"CONTAINS","value":"nobody"}`, 0},
		{"starts with", `{"name":"name","operator":"STARTS_WITH","value":"group 0999"}`, 100},
		{"of a type, none", `{"name":"type","operator":"EQUALS","value":"LDAP_AD"}`, 0},
	} {
		b.Run(c.name, func(b *testing.B) {
			body := fmt.Sprintf(form, c.tests)
			b.ReportAllocs()
			for b.Loop() {
				if p, err := page(b, db, body); err != nil || len(p.Results) != c.want {
					b.Fatalf("%d groups, %v", len(p.Results), err)
				}
			}
		})
	}
}
