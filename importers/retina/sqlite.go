package retina

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"net/url"
	"strings"
	"time"

	"modernc.org/sqlite" // the driver "sqlite" too
	sqlitelib "modernc.org/sqlite/lib"

	"github.com/musterhq/muster/plugins"
)

// options open a database that may be hostile: nothing is written, neither its journals nor other files are looked for, and
// nothing that it defines can run; only tables are read anyway.
var options = url.Values{
	"mode": {"ro"}, "immutable": {"1"}, "_defensive": {"1"},
	"_pragma": {
		"trusted_schema(0)", "query_only(1)", "cell_size_check(1)", "mmap_size(0)", "temp_store(2)",
	},
}

// limits are those of a connection.
var limits = map[int]int{
	sqlitelib.SQLITE_LIMIT_LENGTH:         1 << 20, // of a value that is read
	sqlitelib.SQLITE_LIMIT_SQL_LENGTH:     1 << 20, // the definition of a table is SQL
	sqlitelib.SQLITE_LIMIT_COLUMN:         2000,
	sqlitelib.SQLITE_LIMIT_EXPR_DEPTH:     100,
	sqlitelib.SQLITE_LIMIT_ATTACHED:       0,
	sqlitelib.SQLITE_LIMIT_TRIGGER_DEPTH:  1,
	sqlitelib.SQLITE_LIMIT_WORKER_THREADS: 0,
}

var (
	errSlow = errors.New("reading the SQLite database takes too long")
	errRows = errors.New("the SQLite database is damaged: a table has more rows than the file has room for")
)

// readSQLite emits the hosts of a database of SQLite.
func readSQLite(ctx context.Context, f plugins.File, s *plugins.Spooled, emit func(plugins.Record) error) error {
	const perSecond = 1 << 20 // a tenth of what is usual; a damaged tree of pages may have no end
	if err := checkSchema(s); err != nil {
		return err
	}
	limit := 1500*time.Millisecond + time.Duration(s.Size)*time.Second/perSecond
	reading, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	db, err := sql.Open("sqlite", "file:"+url.PathEscape(s.Name())+"?"+options.Encode())
	if err != nil {
		return err
	}
	defer db.Close()
	conn, err := connect(reading, db)
	if err == nil {
		defer conn.Close()
		d := &sqliteDatabase{ctx: reading, conn: conn, size: s.Size}
		err = readTables(ctx, f, d.tables(), emit)
	}
	if err != nil && ctx.Err() == nil && reading.Err() != nil {
		return errSlow
	}
	return err
}

// connect opens the only connection.
func connect(ctx context.Context, db *sql.DB) (*sql.Conn, error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, explain(err)
	}
	for limit, value := range limits {
		if _, err := sqlite.Limit(conn, limit, value); err != nil {
			return nil, errors.Join(explain(err), conn.Close())
		}
	}
	return conn, nil
}

// explain says that it is the database.
func explain(err error) error { return fmt.Errorf("the SQLite database cannot be read: %w", err) }

type sqliteDatabase struct {
	ctx  context.Context
	conn *sql.Conn
	size int64 // of the file
}

// tables yields the tables that have pages of their own: no views and no virtual tables.
func (d *sqliteDatabase) tables() iter.Seq2[table, error] {
	return func(yield func(table, error) bool) {
		names, err := d.strings(`SELECT name FROM sqlite_schema WHERE type = 'table' AND rootpage > 0 AND name NOT LIKE 'sqlite\_%' ESCAPE '\'`)
		if err != nil {
			yield(table{}, err)
			return
		}
		for _, name := range names {
			columns, err := d.strings(`SELECT name FROM pragma_table_xinfo(?) WHERE hidden = 0`, name) // none that is computed
			if err != nil {
				yield(table{}, err)
				return
			}
			rows := func(wanted []int) iter.Seq2[[]any, error] { return d.rows(name, columns, wanted) }
			if !yield(table{name: name, columns: columns, rows: rows}, nil) {
				return
			}
		}
	}
}

// strings returns the first column of what a query finds.
func (d *sqliteDatabase) strings(query string, arguments ...any) (all []string, err error) {
	rows, err := d.conn.QueryContext(d.ctx, query, arguments...)
	if err != nil {
		return nil, explain(err)
	}
	defer rows.Close()
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			return nil, explain(err)
		}
		all = append(all, s)
	}
	if err := rows.Err(); err != nil {
		return nil, explain(err)
	}
	return all, nil
}

// rows yields the values of some columns of a table, from its own pages alone.
func (d *sqliteDatabase) rows(table string, columns []string, wanted []int) iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) {
		list := make([]string, len(wanted))
		for i, column := range wanted {
			list[i] = identifier(columns[column])
		}
		fail := func(err error) { yield(nil, fmt.Errorf("table %s: %w", quote(table), explain(err))) }
		rows, err := d.conn.QueryContext(d.ctx, "SELECT "+strings.Join(list, ", ")+" FROM "+identifier(table)+" NOT INDEXED")
		if err != nil {
			fail(err)
			return
		}
		defer rows.Close()
		values, places := make([]any, len(wanted)), make([]any, len(wanted))
		for i := range values {
			places[i] = &values[i]
		}
		const smallest = 4 // bytes that a row takes
		for n := d.size / smallest; rows.Next(); n-- {
			if err := rows.Scan(places...); err != nil {
				fail(err)
				return
			}
			if n == 0 {
				yield(nil, errRows)
				return
			}
			if !yield(values, nil) {
				return
			}
		}
		if err := rows.Err(); err != nil {
			fail(err)
		}
	}
}

// identifier quotes a name for SQL.
func identifier(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }
