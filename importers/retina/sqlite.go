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

var errSlow = errors.New("reading the SQLite database takes too long")

// readSQLite emits the hosts of a database of SQLite.
func readSQLite(ctx context.Context, f plugins.File, s *plugins.Spooled, emit func(plugins.Record) error) error {
	const perSecond = 1 << 20 // a tenth of what is usual: this ends what only a mistake of SQLite's could go on with
	limit := 10*time.Second + time.Duration(s.Size)*time.Second/perSecond
	trees, err := treesOf(s, s.Size)
	if err != nil {
		return err
	}
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
		d := &sqliteDatabase{ctx: reading, conn: conn, trees: trees, met: map[uint32]error{}}
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
		return nil, unreadable(err)
	}
	for limit, value := range limits {
		if _, err := sqlite.Limit(conn, limit, value); err != nil {
			return nil, errors.Join(unreadable(err), conn.Close())
		}
	}
	return conn, nil
}

// unreadable says that it is the database.
func unreadable(err error) error {
	if errors.Is(err, errTrees) {
		return err // says it
	}
	return fmt.Errorf("the SQLite database cannot be read: %w", err)
}

type sqliteDatabase struct {
	ctx   context.Context
	conn  *sql.Conn
	trees *trees
	met   map[uint32]error // the trees, by their first page
}

// tables yields the tables that have pages of their own: no views and no virtual tables.
func (d *sqliteDatabase) tables() iter.Seq2[table, error] {
	return func(yield func(table, error) bool) {
		const own = `SELECT name, rootpage FROM sqlite_schema WHERE type = 'table' AND rootpage > 0 AND name NOT LIKE 'sqlite\_%' ESCAPE '\'`
		var found []sqliteTable
		err := d.query(own, func(rows *sql.Rows) error {
			t := sqliteTable{database: d}
			err := rows.Scan(&t.name, &t.root)
			found = append(found, t)
			return err
		})
		for _, t := range found {
			if err == nil {
				err = t.findColumns()
			}
			if err != nil {
				break
			}
			if !yield(table{name: t.name, columns: t.columns, rows: t.rows}, nil) {
				return
			}
		}
		if err != nil {
			yield(table{}, unreadable(err))
		}
	}
}

// query gives each row that is found to scan.
func (d *sqliteDatabase) query(query string, scan func(*sql.Rows) error, arguments ...any) error {
	rows, err := d.conn.QueryContext(d.ctx, query, arguments...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

type sqliteTable struct {
	database *sqliteDatabase
	name     string
	root     uint32 // the first page of its tree
	columns  []string
}

// findColumns sets the columns, without those that would have to be computed.
func (t *sqliteTable) findColumns() error {
	return t.database.query(`SELECT name FROM pragma_table_xinfo(?) WHERE hidden = 0`, func(rows *sql.Rows) error {
		var name string
		err := rows.Scan(&name)
		t.columns = append(t.columns, name)
		return err
	}, t.name)
}

// errStop ends a query whose rows nobody wants any more.
var errStop = errors.New("stop")

// rows yields the values of some columns, from the pages of the table alone.
func (t *sqliteTable) rows(wanted []int) iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) {
		list := make([]string, len(wanted))
		values, places := make([]any, len(wanted)), make([]any, len(wanted))
		for i, column := range wanted {
			list[i], places[i] = identifier(t.columns[column]), &values[i]
		}
		err := t.meet()
		if err == nil {
			err = t.database.query("SELECT "+strings.Join(list, ", ")+" FROM "+identifier(t.name)+" NOT INDEXED", func(rows *sql.Rows) error {
				if err := rows.Scan(places...); err != nil {
					return err
				}
				if !yield(values, nil) {
					return errStop
				}
				return nil
			})
		}
		if err != nil && err != errStop {
			yield(nil, fmt.Errorf("table %s: %w", quote(t.name), unreadable(err)))
		}
	}
}

// meet looks at the table's tree before its rows are read for the first time.
func (t *sqliteTable) meet() error {
	d := t.database
	err, known := d.met[t.root]
	if !known {
		err = d.trees.meet(t.root)
		d.met[t.root] = err
	}
	return err
}

// identifier quotes a name for SQL.
func identifier(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }
