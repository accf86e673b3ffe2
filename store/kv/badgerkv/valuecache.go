package badgerkv

import (
	"bytes"
	"encoding/binary"
	"hash/maphash"
	"sync"
)

// valueCache keeps the values that were read of late, one by one, so that what every request asks for (the caller's session, their
// rights, a record that a script polls) is not searched for in every level of the tree each time.
//
// It is exact: a snapshot is told what Badger would tell it. A value holds from the snapshot in which it was read until a
// commit writes its key, and is forgotten before anybody can have a snapshot of that commit. So whatever is still there
// is right for every snapshot that is not older than the value's own.
//
// The oldest are overwritten first. Neither the pages nor what finds a value in them has a pointer, since the garbage collector
// would follow each of them some twenty times a second: a list of 40,000 remembered values cost a search of 200 hits 19 % of its CPU.
type valueCache struct {
	mu     sync.Mutex
	heard  uint64 // the last commit whose keys are forgotten
	seed   maphash.Seed
	places map[uint64]rememberedAt // by the hash of the key
	pages  [rememberedPages]rememberedPage
	page   int // the one that is being filled
}

// rememberedAt says where a value is and in which snapshot it was read.
type rememberedAt struct {
	since        uint64
	page, offset uint32
}

// rememberedPage has records of two lengths, key and value. It gets its bytes when the first is written.
type rememberedPage struct {
	bytes   []byte
	records int
}

const (
	rememberedPages   = 20
	rememberedBytes   = mib     // in a page
	rememberedRecords = 4 << 10 // in a page at most; each takes some 60 bytes besides
	rememberedSize    = 4 << 10 // bytes of the largest value that is kept
	lengthsSize       = 4       // bytes of the two lengths
)

func newMemory(last uint64) *valueCache {
	return &valueCache{heard: last, seed: maphash.MakeSeed(), places: map[uint64]rememberedAt{}}
}

// record returns the key and the value at an offset, and the offset of the next.
func (p *rememberedPage) record(offset int) (key, value []byte, next int) {
	k, v := int(binary.LittleEndian.Uint16(p.bytes[offset:])), int(binary.LittleEndian.Uint16(p.bytes[offset+2:]))
	key = p.bytes[offset+lengthsSize:][:k]
	value = p.bytes[offset+lengthsSize+k:][:v]
	return key, value, offset + lengthsSize + k + v
}

// get returns a copy of the value that a key has in a snapshot, nil if it is not known.
func (m *valueCache) get(key []byte, snapshot uint64) []byte {
	hash := maphash.Bytes(m.seed, key)
	m.mu.Lock()
	defer m.mu.Unlock()
	at, ok := m.places[hash]
	if !ok || at.since > snapshot {
		return nil
	}
	found, value, _ := m.pages[at.page].record(int(at.offset))
	if !bytes.Equal(found, key) {
		return nil
	}
	return append(make([]byte, 0, len(value)), value...)
}

// put keeps a copy of what was read in a snapshot, unless there has been a commit since: that may have written the key.
func (m *valueCache) put(key, value []byte, snapshot uint64) {
	if len(value) > rememberedSize {
		return
	}
	hash := maphash.Bytes(m.seed, key)
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.heard != snapshot {
		return
	}
	p := m.room(lengthsSize + len(key) + len(value))
	m.places[hash] = rememberedAt{snapshot, uint32(m.page), uint32(len(p.bytes))}
	p.bytes = binary.LittleEndian.AppendUint16(p.bytes, uint16(len(key)))
	p.bytes = binary.LittleEndian.AppendUint16(p.bytes, uint16(len(value)))
	p.bytes = append(append(p.bytes, key...), value...)
	p.records++
}

// room returns the page that has room for so many bytes, if need be the oldest, whose values are forgotten.
func (m *valueCache) room(bytes int) *rememberedPage {
	p := &m.pages[m.page]
	if len(p.bytes)+bytes > rememberedBytes || p.records == rememberedRecords {
		m.page = (m.page + 1) % rememberedPages
		p = &m.pages[m.page]
		for offset := 0; offset < len(p.bytes); {
			key, _, next := p.record(offset)
			hash := maphash.Bytes(m.seed, key)
			if at := m.places[hash]; int(at.page) == m.page && int(at.offset) == offset {
				delete(m.places, hash)
			}
			offset = next
		}
		p.bytes, p.records = p.bytes[:0], 0
	}
	if p.bytes == nil {
		p.bytes = make([]byte, 0, rememberedBytes)
	}
	return p
}

// forget comes before anybody sees a commit.
func (m *valueCache) forget(number uint64, members []*request) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.heard = number
	for _, member := range members {
		for _, w := range member.writes {
			delete(m.places, maphash.Bytes(m.seed, w.key))
		}
		for key := range member.adds {
			delete(m.places, maphash.String(m.seed, key))
		}
	}
}
