package retina

import (
	"context"
	"iter"

	"github.com/musterhq/muster/importers/retina/jet"
	"github.com/musterhq/muster/plugins"
)

// readAccess emits the hosts of a database of Access.
func readAccess(ctx context.Context, f plugins.File, s *plugins.Spooled, emit func(plugins.Record) error) error {
	db, err := jet.Open(s, s.Size)
	if err != nil {
		return err
	}
	return readTables(ctx, f, accessTables(db), emit)
}

func accessTables(db *jet.Database) iter.Seq2[table, error] {
	return func(yield func(table, error) bool) {
		for t, err := range db.Tables() {
			if err != nil {
				yield(table{}, err)
				return
			}
			columns := make([]string, len(t.Columns))
			for i, c := range t.Columns {
				columns[i] = c.Name
			}
			rows := func(columns []int) iter.Seq2[[]any, error] { return t.Rows(columns...) }
			if !yield(table{name: t.Name, columns: columns, rows: rows}, nil) {
				return
			}
		}
	}
}
