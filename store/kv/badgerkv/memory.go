package badgerkv

import (
	"bytes"
	"sync"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

// memory keeps the values that were read of late, one by one, so that what every request asks for (the caller's session, his
// rights, a record that a script polls) is not searched for in every level of the tree each time.
//
// It is exact: a snapshot is told what Badger would tell it. A value holds from the snapshot in which it was read until a
// commit writes its key, and is forgotten before anybody can have a snapshot of that commit. So whatever is still there
// is right for every snapshot that is not older than the value's own.
type memory struct {
	mu     sync.Mutex
	heard  uint64 // the last commit whose keys are forgotten
	values *simplelru.LRU[string, remembered]
	bytes  int // that the values take
}

type remembered struct {
	value []byte
	since uint64 // the snapshot that it was read in
}

const (
	memoryBytes    = 24 * mib
	rememberedSize = 4 << 10 // bytes of the largest value that is kept
	rememberedCost = 200     // bytes that keeping one takes besides its key and value
)

func newMemory(last uint64) *memory {
	m := &memory{heard: last}
	// The number of entries is bounded by what they cost; the library wants to be told one.
	m.values, _ = simplelru.NewLRU(memoryBytes/rememberedCost, func(key string, r remembered) { m.bytes -= r.cost(key) })
	return m
}

func (r remembered) cost(key string) int { return len(key) + len(r.value) + rememberedCost }

// get returns a copy of the value that a key has in a snapshot, nil if it is not known.
func (m *memory) get(key []byte, snapshot uint64) []byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	r, ok := m.values.Get(string(key))
	if !ok || r.since > snapshot {
		return nil
	}
	return bytes.Clone(r.value)
}

// put keeps a copy of what was read in a snapshot, unless there has been a commit since: that may have written the key.
func (m *memory) put(key, value []byte, snapshot uint64) {
	if len(value) > rememberedSize {
		return
	}
	r := remembered{bytes.Clone(value), snapshot}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.heard != snapshot {
		return
	}
	m.values.Remove(string(key)) // an older one counts no more
	m.values.Add(string(key), r)
	for m.bytes += r.cost(string(key)); m.bytes > memoryBytes; {
		m.values.RemoveOldest()
	}
}

// forget comes before anybody sees a commit.
func (m *memory) forget(number uint64, members []*member) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.heard = number
	for _, member := range members {
		for _, w := range member.writes {
			m.values.Remove(string(w.key))
		}
		for key := range member.adds {
			m.values.Remove(key)
		}
	}
}
