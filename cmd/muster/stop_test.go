package main

import (
	"bytes"
	"fmt"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/musterhq/muster/store"
)

// TestStopUnderLoad stops a server with an import running and writers writing. It ends within 10 seconds, every answered write is
// there, the import goes on at the next start, and the store is whole.
func TestStopUnderLoad(t *testing.T) {
	t.Parallel()
	const hosts = 6_000
	dir := newDir(t)
	p := serve(t, dir)
	id := p.post(bytes.ReplaceAll(nessus(hosts), []byte(",10.100."), []byte(",172.16."))) // no addresses of the writers
	l := p.load(4)
	p.await(id, func(i *store.Import) bool { return i.Read > 500 })
	began := time.Now()
	must(t, p.stop(syscall.SIGTERM))
	took := time.Since(began)
	l.writing.Wait()
	t.Logf("stopped after %v, %d acknowledged writes", took, l.acknowledged.Load())
	if took > 10*time.Second {
		t.Errorf("it took %v to stop, limit 10s", took)
	}
	if l.acknowledged.Load() == 0 {
		t.Error("nothing was written; this proves nothing")
	}
	if out, log, code := runCommand(t, "verify", "--dir", dir); code != 0 {
		t.Errorf("verify: %s %s", out, log)
	}
	again := serve(t, dir)
	i := again.await(id, ended)
	if i.State != store.ImportDone || i.Read != hosts {
		t.Errorf("%+v", i)
	}
	acts := auditedActs(t, again)
	for _, j := range l.journals {
		j.check(t, again, acts)
	}
}

// load is writers at work, each with a journal of its own, until the server answers no more.
type load struct {
	journals     []*journal
	writing      sync.WaitGroup
	acknowledged atomic.Int64
}

func (p *process) load(writers int) *load {
	l := &load{}
	for n := range writers {
		j := &journal{known: map[int]*store.Asset{}, uncertain: map[int]bool{}, acts: map[string]int{}}
		l.journals = append(l.journals, j)
		l.writing.Go(func() {
			for write := 0; j.write(p, fmt.Sprintf("w%d-%d", n, write)); write++ {
				l.acknowledged.Add(1)
			}
		})
	}
	return l
}
