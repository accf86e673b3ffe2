package badgerkv

import (
	"reflect"
	"testing"
)

// TestWithoutPool says whether Badger has its pool of buffers where it was, and that it is gone.
func TestWithoutPool(t *testing.T) {
	t.Parallel()
	e, err := Open(Options{InMemory: true})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	if pool := reflect.ValueOf(e.db).Elem().FieldByName("allocPool"); !pool.IsValid() || !pool.IsNil() {
		t.Errorf("Badger's pool is %v", pool)
	}
}
