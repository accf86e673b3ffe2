package jet

import (
	"fmt"
	"iter"
	"slices"
	"strings"
)

// catalogPage is where the definition of the catalog is, MSysObjects.
const catalogPage = 2

// What the catalog says of an object.
const (
	typeTable   = 1
	flagSystem  = 0x8000_0000
	flagSystem2 = 0x0000_0002
	maskPage    = 0x00ff_ffff // of an object's id: the page of its definition
)

// Tables yields the tables with their columns, those of Access itself and linked ones left out. An error ends it.
func (db *Database) Tables() iter.Seq2[*Table, error] {
	return func(yield func(*Table, error) bool) {
		seen := map[uint32]bool{} // no more than there are pages
		for object, err := range db.objects() {
			if err != nil {
				yield(nil, fmt.Errorf("catalog: %w", err))
				return
			}
			page := uint32(object.id) & maskPage
			if seen[page] {
				continue // a definition is one table's
			}
			seen[page] = true
			t, err := db.definition(page)
			if err != nil {
				yield(nil, fmt.Errorf("table %.100q: %w", object.name, err))
				return
			}
			t.Name = object.name
			if !yield(t, nil) {
				return
			}
		}
	}
}

type object struct {
	name string
	id   int64
}

// objects yields what the catalog calls a user's table.
func (db *Database) objects() iter.Seq2[object, error] {
	return func(yield func(object, error) bool) {
		catalog, err := db.definition(catalogPage)
		if err != nil {
			yield(object{}, err)
			return
		}
		catalog.Name = "MSysObjects"
		var columns []int
		for _, name := range []string{"Id", "Name", "Type", "Flags"} {
			i := slices.IndexFunc(catalog.Columns, func(c Column) bool { return c.Name == name })
			if i < 0 {
				yield(object{}, fmt.Errorf("%w: no column %s", ErrDamaged, name))
				return
			}
			columns = append(columns, i)
		}
		for row, err := range catalog.Rows(columns...) {
			if err != nil {
				yield(object{}, err)
				return
			}
			id, _ := row[0].(int64)
			name, _ := row[1].(string)
			typ, _ := row[2].(int64)
			flags, _ := row[3].(int64)
			if typ != typeTable || uint32(flags)&(flagSystem|flagSystem2) != 0 || strings.HasPrefix(name, "MSys") {
				continue
			}
			if !yield(object{name, id}, nil) {
				return
			}
		}
	}
}
