package roster_test

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/directory"
	"github.com/musterhq/muster/directory/directorytest"
	"github.com/musterhq/muster/directory/roster"
	"github.com/musterhq/muster/store"
	"github.com/musterhq/muster/store/kv/badgerkv"
)

var system = store.System("test")

// house is a store with a user group of Entra ID, and what asks for it.
type house struct {
	*directorytest.Entra
	*roster.Roster
	db    *store.DB
	group int
}

func newHouse(t *testing.T, every time.Duration) *house {
	t.Helper()
	engine, err := badgerkv.Open(badgerkv.Options{InMemory: true, Small: true})
	must(t, err)
	vault, err := authz.NewVault(bytes.Repeat([]byte{7}, authz.MasterKey))
	must(t, err)
	h := &house{Entra: directorytest.StartEntra(t)}
	h.db, err = store.Open(t.Context(), engine, store.Options{Vault: vault, Hasher: authz.CheapHasher(1)}, func() (store.FirstStart, error) {
		return store.FirstStart{User: "administrator", Password: "correct horse", ApiKey: strings.Repeat("0", 128), ClientID: authz.NewClientID(), ClientSecret: authz.NewClientSecret()}, nil
	})
	must(t, err)
	allow, err := directory.ParseAllow([]string{"localhost"})
	must(t, err)
	h.Roster = roster.New(roster.Options{DB: h.db, Every: every, Client: directory.New(directory.Options{
		Allow: allow, Roots: h.Authority.Pool(), Clouds: map[string]directory.Cloud{"AzurePublic": {SignIn: h.Entra.SignIn, Graph: h.Graph}},
	})})
	t.Cleanup(func() {
		h.Close()
		must(t, h.db.Close())
	})
	h.SetGroup("Staff", h.AddUser("alice@contoso.example", true))
	h.group = h.newGroup(t, "Staff")
	return h
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// newGroup makes a user group of the group of that name.
func (h *house) newGroup(t *testing.T, name string) int {
	t.Helper()
	a := store.DirectoryAccess{Directory: store.Directory{Kind: store.EntraIdType, Host: directorytest.Tenant, Account: directorytest.ClientID}, Secret: directorytest.ClientSecret, IsNew: true}
	e, err := h.FindGroup(t.Context(), a, name, "", "")
	must(t, err)
	g := &store.UserGroup{Name: name, IsActive: true}
	must(t, store.Change(t.Context(), h.db, system, func(tx *store.Tx) error { return store.CreateDirectoryGroup(tx, a, e, g, store.GroupGrants{}) }))
	return g.GroupID
}

// members is how many users are in the group.
func (h *house) members(t *testing.T) int {
	t.Helper()
	n, err := store.View(t.Context(), h.db, system, func(tx *store.Tx) (n int, err error) {
		for _, err := range store.MembersOf(tx, h.group) {
			if err != nil {
				return n, err
			}
			n++
		}
		return n, nil
	})
	must(t, err)
	return n
}

// TestRunFollowsByItself synchronizes when it is woken and when it is time, and ends with its context.
func TestRunFollowsByItself(t *testing.T) {
	t.Parallel()
	for name, every := range map[string]time.Duration{"woken": time.Hour, "when it is time": 20 * time.Millisecond} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, every)
			ctx, stop := context.WithCancel(t.Context())
			ended := make(chan struct{})
			go func() { h.Run(ctx); close(ended) }()
			if every == time.Hour {
				h.Wake()
			}
			for deadline := time.Now().Add(20 * time.Second); h.members(t) == 0; time.Sleep(10 * time.Millisecond) {
				if time.Now().After(deadline) {
					t.Fatal("nobody came")
				}
			}
			stop()
			<-ended
		})
	}
}

// TestOneSynchronizationServesAll who wait for the same group.
func TestOneSynchronizationServesAll(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 0)
	var asked atomic.Int64
	goOn := make(chan struct{})
	h.Before = func(_ http.ResponseWriter, r *http.Request) bool {
		if strings.Contains(r.URL.Path, "transitiveMembers") {
			asked.Add(1)
			<-goOn
		}
		return false
	}
	impatient, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := h.Synchronize(impatient, h.group); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("who waits no longer gets %v", err)
	}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if err := h.Synchronize(t.Context(), h.group); err != nil {
				t.Error(err)
			}
		})
	}
	time.Sleep(20 * time.Millisecond) // they wait for the one that goes on
	close(goOn)
	all.Wait()
	if n := asked.Load(); n != 1 || h.members(t) != 1 {
		t.Errorf("Graph was asked %d times, and there are %d members", n, h.members(t))
	}
}

// TestCloseEndsWhatIsUnderWay although the directory says nothing.
func TestCloseEndsWhatIsUnderWay(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 0)
	begun := make(chan struct{})
	h.Before = func(_ http.ResponseWriter, r *http.Request) bool {
		close(begun)
		<-r.Context().Done()
		return true
	}
	go h.Synchronize(t.Context(), h.group)
	<-begun
	closed := make(chan struct{})
	go func() { h.Close(); close(closed) }()
	select {
	case <-closed:
	case <-time.After(20 * time.Second):
		t.Fatal("it goes on")
	}
	if err := h.Synchronize(t.Context(), h.group); err == nil {
		t.Error("a closed one asks")
	}
}

// TestGroupsThatAreNotSynchronized are those of muster's own, and those that are gone.
func TestGroupsThatAreNotSynchronized(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 0)
	if err := h.Synchronize(t.Context(), store.Administrators); err != nil {
		t.Errorf("a group of no directory: %v", err)
	}
	if err := h.Synchronize(t.Context(), 4711); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("no group: %v", err)
	}
	must(t, store.Change(t.Context(), h.db, system, func(tx *store.Tx) error {
		g, err := store.UserGroups.Get(tx, h.group)
		if err != nil {
			return err
		}
		g.ExcludedFromGlobalSync = true
		return store.UserGroups.Put(tx, g)
	}))
	h.SynchronizeAll(t.Context())
	if h.members(t) != 0 {
		t.Error("a group that is excluded was synchronized in the background")
	}
	must(t, h.Synchronize(t.Context(), h.group))
	if h.members(t) != 1 {
		t.Error("a group that is excluded is not synchronized when it is asked for")
	}
}
