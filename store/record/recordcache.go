package record

import "sync"

// RecordCache remembers records by the very bytes that they are stored as, for those that every request reads: the bytes
// are read in the request's snapshot as ever, only decoding them again is spared. So it cannot be out of date.
type RecordCache[T any] struct {
	mu sync.RWMutex
	by map[string]*T
}

// rememberedRecords bounds the memory; forgetting costs no more than decoding again.
const rememberedRecords = 1000

// Of returns the record that some bytes are. It is shared, and must not be changed.
func (m *RecordCache[T]) Of(raw []byte, decode func([]byte) (*T, error)) (*T, error) {
	m.mu.RLock()
	known := m.by[string(raw)]
	m.mu.RUnlock()
	if known != nil {
		return known, nil
	}
	record, err := decode(raw)
	if err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.by == nil || len(m.by) >= rememberedRecords {
		m.by = map[string]*T{}
	}
	m.by[string(raw)] = record
	return record, nil
}
