package server_test

import (
	"context"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/server"
	"github.com/musterhq/muster/server/insight"
	"github.com/musterhq/muster/store"
	"github.com/musterhq/muster/store/record"
)

// TestHostDetailsOfHiddenAssetsAreAsIfAbsent asks for the attributes and databases of an asset as somebody who has every
// permission and no access to its Organization.
func TestHostDetailsOfHiddenAssetsAreAsIfAbsent(t *testing.T) {
	t.Parallel()
	l := newFixture(t, false)
	attribute, database, asset := l.object("Attributes").id, l.object("Databases").id, l.object("Assets").id
	token := l.tokenOf("outsider", allBut(nil, authz.None)...)
	l.takeOrganizations("outsider")
	for _, c := range []struct{ method, path, body, want string }{
		{"GET", "Assets/" + asset + "/Attributes", "", `404 "Asset ` + asset + ` not found"`},
		{"POST", "Assets/" + asset + "/Attributes/17", "", `404 "Asset ` + asset + ` not found"`},
		{"DELETE", "Assets/" + asset + "/Attributes", "", `404 "Asset ` + asset + ` not found"`},
		{"DELETE", "Assets/" + asset + "/Attributes/" + attribute, "", `404 "Asset ` + asset + ` not found"`},
		{"GET", "Databases", "", `200 []`},
		{"GET", "Databases/" + database, "", `404 "Database ` + database + ` not found"`},
		{"GET", "Assets/" + asset + "/Databases", "", `404 "Asset ` + asset + ` not found"`},
		{"POST", "Assets/" + asset + "/Databases", `{"PlatformID":79,"Port":5432,"InstanceName":"x"}`, `404 "Asset ` + asset + ` not found"`},
		{"PUT", "Databases/" + database, `{"PlatformID":79,"InstanceName":"x"}`, `404 "Database ` + database + ` not found"`},
		{"DELETE", "Databases/" + database, "", `404 "Database ` + database + ` not found"`},
	} {
		w := l.request(c.method, insight.Base+"/"+c.path, c.body, as(token))
		if got := strconv.Itoa(w.Code) + " " + w.Body.String(); got != c.want {
			t.Errorf("%s %s: %s, want %s", c.method, c.path, got, c.want)
		}
	}
	if w := l.request("GET", insight.Base+"/Databases/"+database, "", as(l.tokenOf("administrator"))); w.Code != http.StatusOK {
		t.Errorf("the administrator does not see the database either: %d %s", w.Code, w.Body)
	}
}

// TestAServerSweeps deletes an asset before the server begins and another while it runs.
func TestAServerSweeps(t *testing.T) {
	t.Parallel()
	l := newFixture(t, false)
	deleteOne := func() {
		l.object("Attributes") // which the asset carries
		asset := l.object("Assets").id
		if w := l.request("DELETE", insight.Base+"/Assets/"+asset, "", as(l.tokenOf("administrator"))); w.Code != http.StatusOK {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
	}
	deleteOne()
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error)
	go func() { served <- l.server.Serve(ctx, server.Listeners{}) }()
	l.awaitSweeps()
	deleteOne()
	l.awaitSweeps()
	stop()
	must(t, <-served)
}

// awaitSweeps waits until no job of a sweep is left.
func (l *fixture) awaitSweeps() {
	l.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		left, err := store.View(l.t.Context(), l.db, system, func(tx *store.Tx) (left []string, err error) {
			for job, err := range record.Jobs.All(tx) {
				if err != nil {
					return nil, err
				}
				left = append(left, job.Kind)
			}
			return left, nil
		})
		must(l.t, err)
		if len(left) == 0 {
			return
		}
		if time.Now().After(deadline) {
			l.t.Fatalf("the jobs %q are not done", left)
		}
	}
}

// hostDetail finds or makes, for the guard tests, what assets can have.
func hostDetail(tx *store.Tx, noun string) (o object, err error) {
	switch noun {
	case "AttributeTypes":
		t, err := anAttributeType(tx)
		return object{strconv.Itoa(t.AttributeTypeID), t.Name}, err
	case "Attributes":
		a, err := aCarriedAttribute(tx)
		if err != nil {
			return o, err
		}
		return object{strconv.Itoa(a.AttributeID), a.ShortName}, nil
	case "Databases":
		a, err := anAsset(tx)
		if err != nil {
			return o, err
		}
		d := &store.Database{AssetID: a.AssetID, PlatformID: 79, InstanceName: "orders", Port: 5432}
		err = store.Databases.Insert(tx, d)
		return object{strconv.Itoa(d.DatabaseID), "orders"}, err
	}
	return object{"79", "PostgreSQL"}, nil
}

func anAttributeType(tx *store.Tx) (*store.AttributeType, error) {
	if old, err := store.AttributeTypeByName(tx, "floor"); err == nil {
		return old, nil
	}
	t := &store.AttributeType{Name: "Floor"}
	return t, store.AttributeTypes.Insert(tx, t)
}

func aCarriedAttribute(tx *store.Tx) (*store.Attribute, error) {
	t, err := anAttributeType(tx)
	if err != nil {
		return nil, err
	}
	a := &store.Attribute{AttributeTypeID: t.AttributeTypeID, ShortName: "Ground"}
	if old, err := store.AttributesOf(tx, t.AttributeTypeID); err != nil {
		return nil, err
	} else if len(old) > 0 {
		a = old[0]
	} else if err := store.Attributes.Insert(tx, a); err != nil {
		return nil, err
	}
	asset, err := anAsset(tx)
	if err != nil {
		return nil, err
	}
	return store.AssignAttribute(tx, asset.AssetID, a.AttributeID)
}
