package floor

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"net/http"
	"sync"
	"sync/atomic"

	"github.com/dgraph-io/badger/v4"

	"github.com/musterhq/muster/bench/fleet"
	"github.com/musterhq/muster/store/kv/badgerkv"
)

// raw answers the calls that are measured straight from Badger, with muster's options, encryption and indexes and with
// every commit synced. It knows no rights, keeps no audit and takes whatever it is given.
type raw struct {
	db  *badger.DB
	ids *badger.Sequence

	mu     sync.Mutex
	counts map[int]*atomic.Int64 // assets by Workgroup, which is all that TotalCount asks for
}

// openRaw opens a store, in which every commit is synced but while it is filled. Its key protects nothing; what encryption
// costs does not depend on it.
func openRaw(dir string, filling bool) (*raw, error) {
	key := bytes.Repeat([]byte("bench"), badgerkv.KeySize)[:badgerkv.KeySize]
	db, err := badger.Open(badgerkv.Settings(badgerkv.Options{Dir: dir, Key: key}).WithSyncWrites(!filling))
	if err != nil {
		return nil, err
	}
	return &raw{db: db, counts: map[int]*atomic.Int64{}}, nil
}

// prepare leases ids and counts what there is, so that no request has to.
func (r *raw) prepare() (err error) {
	if r.ids, err = r.db.GetSequence([]byte(sequenceKey), 1000); err != nil {
		return err
	}
	return r.db.View(func(txn *badger.Txn) error {
		it := txn.NewIterator(badger.IteratorOptions{Prefix: []byte(record)})
		defer it.Close()
		for it.Rewind(); it.Valid(); it.Next() {
			r.count(int(binary.BigEndian.Uint64(it.Item().Key()[len(record):]))).Add(1)
		}
		return nil
	})
}

func (r *raw) count(workgroup int) *atomic.Int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.counts[workgroup] == nil {
		r.counts[workgroup] = new(atomic.Int64)
	}
	return r.counts[workgroup]
}

func (r *raw) nextID() (int, error) {
	id, err := r.ids.Next()
	return int(id) + 1, err
}

func (r *raw) close() error {
	if r.ids != nil {
		if err := r.ids.Release(); err != nil {
			return err
		}
	}
	return r.db.Close()
}

// FleetWorkgroup is where a filled store has its fleet.
const FleetWorkgroup = 2

// fill writes a fleet in the order in which its assets are created.
func (r *raw) fill(n int) error {
	f := fleet.Fleet{N: n}
	batch := r.db.NewWriteBatch()
	defer batch.Cancel()
	for k, i := range f.Order() {
		a := f.Asset(i)
		a.WorkgroupID, a.AssetID = FleetWorkgroup, k+1
		if err := insert(&a, batch.Set); err != nil {
			return err
		}
		for rule := range fleet.Rules {
			if !f.Carries(i, rule) {
				continue
			}
			if err := join(a.WorkgroupID, a.AssetID, rule, batch.Set); err != nil {
				return err
			}
		}
	}
	if err := batch.Set([]byte(sequenceKey), number(nil, n)); err != nil { // where Badger's sequence goes on
		return err
	}
	return batch.Flush()
}

// insert dates an asset that has its id and writes it.
func insert(a *fleet.Asset, set func(key, value []byte) error) error {
	a.CreateDate = now()
	a.LastUpdateDate = a.CreateDate
	text, err := json.Marshal(a)
	if err != nil {
		return err
	}
	return put(a, text, set)
}

func (r *raw) handler() http.Handler {
	mux := http.NewServeMux()
	for pattern, answer := range map[string]func(http.ResponseWriter, *http.Request) error{
		"GET " + Base + "Assets/{id}":              r.asset,
		"POST " + Base + "Assets/Search":           r.search,
		"GET " + Base + "Workgroups/{id}/Assets":   r.assets,
		"POST " + Base + "Workgroups/{id}/Assets":  r.create,
		"GET " + Base + "SmartRules/{id}/Assets":   r.members,
		"POST " + Base + "SmartRules/{id}/Process": r.process,
		"POST " + Base + "Imports":                 r.imports,
	} {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, q *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			if err := answer(w, q); err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
			}
		})
	}
	return mux
}
