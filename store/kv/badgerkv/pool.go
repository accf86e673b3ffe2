package badgerkv

import (
	"reflect"
	"unsafe"

	"github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/ristretto/v2/z"
)

// withoutPool takes Badger's pool of the buffers in which it builds tables away from it. What it returns ends the pool, once Badger
// is closed.
//
// The pool keeps eight, and each keeps the size of the largest table that it was ever used for: 30 MiB, for one of a memtable. While much is
// written all of them get there, 240 MiB that the garbage collector must take for memory in use: it then worked without a pause to stay
// within the limit that it is given, for two fifths of the CPU of an import. Without the pool a buffer is garbage once its table
// is built. There is no option for it, hence the reflection; if the field were gone, Badger would keep its pool, and TestWithoutPool tell.
//
// Badger may be building a table already, of a log that it has replayed. Then it sees the pool or does not; either is good. So the
// race detector need not know.
//
//go:norace
func withoutPool(db *badger.DB) (end func()) {
	field := reflect.ValueOf(db).Elem().FieldByName("allocPool")
	if !field.IsValid() || field.Type() != reflect.TypeFor[*z.AllocatorPool]() {
		return func() {}
	}
	place := (**z.AllocatorPool)(unsafe.Pointer(field.UnsafeAddr()))
	pool := *place
	*place = nil
	return pool.Release
}
