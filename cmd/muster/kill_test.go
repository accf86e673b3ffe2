package main

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/musterhq/muster/store"
)

// killRounds is how often TestKillLoop kills the server; TestSoakKillLoop does it more often.
const killRounds = 10

// journal is what the server acknowledged of one writer's assets: the state by id, nil for deleted. An unanswered
// write may have happened or not; the asset it was about is uncertain.
type journal struct {
	known     map[int]*store.Asset
	uncertain map[int]bool
	acts      map[string]int // "Add 17": how many such changes of that asset were acknowledged
}

// TestKillLoop kills the server again and again while writers create, change and delete assets. No acknowledged
// write may be lost, and each change has exactly one audit row.
//
// A killed process loses nothing that it has handed to the kernel, so this is about the order of things within
// muster, not about disks.
func TestKillLoop(t *testing.T) {
	t.Parallel()
	killLoop(t, killRounds)
}

// killLoop returns how many writes were acknowledged.
func killLoop(t *testing.T, rounds int) int {
	t.Helper()
	dir := newDir(t)
	const writers = 4
	journals := make([]*journal, writers)
	for i := range journals {
		journals[i] = &journal{known: map[int]*store.Asset{}, uncertain: map[int]bool{}, acts: map[string]int{}}
	}
	var acknowledged atomic.Int64
	for round := range rounds {
		p := serve(t, dir)
		var writing sync.WaitGroup
		for n, j := range journals {
			writing.Go(func() {
				for write := 0; j.write(p, fmt.Sprintf("w%d-r%d-%d", n, round, write)); write++ {
					acknowledged.Add(1)
				}
			})
		}
		time.Sleep(time.Duration(100+rand.IntN(300)) * time.Millisecond)
		p.stop(kill)
		writing.Wait()
	}
	p := serve(t, dir)
	acts := auditedActs(t, p)
	for _, j := range journals {
		j.check(t, p, acts)
	}
	var assets []store.Asset
	_, err := p.call("GET", "Workgroups/1/Assets", nil, &assets)
	must(t, err)
	for _, a := range assets { // those that were never acknowledged too
		if n := acts[fmt.Sprint("Add ", a.AssetID)]; n != 1 {
			t.Errorf("asset %d has %d audit rows of its creation", a.AssetID, n)
		}
	}
	t.Logf("%d rounds, %d acknowledged writes", rounds, acknowledged.Load())
	if acknowledged.Load() < int64(rounds) {
		t.Error("hardly anything was written; this proves nothing")
	}
	return int(acknowledged.Load())
}

// write makes one change and reports whether the server answered it.
func (j *journal) write(p *process, name string) bool {
	if len(j.known) == 0 || rand.IntN(3) == 0 {
		a := new(store.Asset)
		address := fmt.Sprintf("10.%d.%d.%d", rand.IntN(256), rand.IntN(256), rand.IntN(256))
		if _, err := p.call("POST", "Workgroups/1/Assets", map[string]any{"IPAddress": address, "AssetName": name}, a); err != nil {
			return false
		}
		j.known[a.AssetID] = a
		j.acts[fmt.Sprint("Add ", a.AssetID)]++
		return true
	}
	for id, a := range j.known {
		if a == nil || j.uncertain[id] {
			continue
		}
		path := fmt.Sprintf("Assets/%d", id)
		if rand.IntN(4) == 0 {
			if _, err := p.call("DELETE", path, nil, nil); err != nil {
				j.uncertain[id] = true
				return false
			}
			j.known[id] = nil
			j.acts[fmt.Sprint("Delete ", id)]++
			return true
		}
		changed := new(store.Asset)
		if _, err := p.call("PUT", path, map[string]any{
			"WorkgroupID": 1, "AssetName": name, "DnsName": name + ".lab.example", "DomainName": "", "IPAddress": a.IPAddress,
			"MacAddress": "", "AssetType": "", "OperatingSystem": "",
		}, changed); err != nil {
			j.uncertain[id] = true
			return false
		}
		j.known[id] = changed
		j.acts[fmt.Sprint("Edit ", id)]++
		return true
	}
	return true // all are gone: the next one creates
}

func (j *journal) check(t *testing.T, p *process, acts map[string]int) {
	t.Helper()
	for id, want := range j.known {
		if j.uncertain[id] {
			continue
		}
		got := new(store.Asset)
		status, err := p.call("GET", fmt.Sprintf("Assets/%d", id), nil, got)
		switch {
		case want == nil && status != http.StatusNotFound:
			t.Errorf("asset %d was deleted and is back: %v", id, err)
		case want != nil && (err != nil || *got != *want):
			t.Errorf("asset %d: %+v %v, want %+v", id, got, err, want)
		}
		for _, action := range []string{"Add", "Edit", "Delete"} {
			act := fmt.Sprint(action, " ", id)
			if acts[act] != j.acts[act] {
				t.Errorf("%s: %d audit rows for %d changes", act, acts[act], j.acts[act])
			}
		}
	}
}

// auditedActs counts the audit rows of assets: "Add 17".
func auditedActs(t *testing.T, p *process) map[string]int {
	t.Helper()
	acts := map[string]int{}
	for offset := 0; ; offset += 1000 {
		var page struct{ Data []store.UserAudit }
		_, err := p.call("GET", fmt.Sprintf("UserAudits?section=Asset&offset=%d", offset), nil, &page)
		must(t, err)
		for _, a := range page.Data {
			var details struct{ Data []store.UserAuditDetail }
			_, err := p.call("GET", fmt.Sprintf("UserAudits/%d/UserAuditDetails", a.AuditID), nil, &details)
			must(t, err)
			for _, d := range details.Data {
				if d.Name == "AssetID" {
					acts[fmt.Sprintf("%s %s", a.ActionType, cmp.Or(d.NewValue, d.OldValue))]++
				}
			}
		}
		if len(page.Data) < 1000 {
			return acts
		}
	}
}
