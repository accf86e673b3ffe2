package retina_test

import (
	"database/sql"
	"encoding/binary"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/musterhq/muster/importers/retina/jet"
	"github.com/musterhq/muster/importers/retina/jet/jettest"
)

// databases returns the inputs that nobody can write by hand.
func databases(t *testing.T) map[string][]byte {
	all := accessCases()
	maps.Copy(all, damagedCases(all["access_97"]))
	for name, script := range sqliteCases {
		all[name] = sqliteFile(t, script)
	}
	all["sqlite_truncated"] = all["sqlite"][:len(all["sqlite"])-512]
	return all
}

func columns(typ jet.Type, names ...string) (all []jettest.Column) {
	for _, name := range names {
		all = append(all, jettest.Column{Name: name, Type: typ})
	}
	return all
}

func rows(values ...[]any) (all []jettest.Row) {
	for _, v := range values {
		all = append(all, jettest.Row{Values: v})
	}
	return all
}

// The tables of the schema that docs/formats.md describes.
var (
	hostTable = jettest.Table{
		Name: "Hosts",
		Columns: []jettest.Column{
			{Name: "HostID", Type: jet.Long}, {Name: "IPAddress", Type: jet.Text}, {Name: "NetBIOSName", Type: jet.Text},
			{Name: "NetBIOSDomain", Type: jet.Text}, {Name: "DNSName", Type: jet.Memo}, {Name: "MACAddress", Type: jet.Text},
			{Name: "OperatingSystem", Type: jet.Text}, {Name: "LastScan", Type: jet.Date}, {Name: "Risk", Type: jet.Double}, {Name: "Alive", Type: jet.Boolean},
		},
		Rows: rows(
			[]any{int64(1), "192.0.2.10", "SRV01", "CORP", "srv01.corp.example www.corp.example", "00:0C:29:AA:BB:01 (VMware, Inc.)", "Windows Server 2019", time.Date(2024, 5, 6, 7, 8, 9, 0, time.UTC), 7.5, true},
			[]any{int64(2), "192.0.2.11", "unknown", "N/A", "N/A", "N/A", "Linux 5.x", nil, 0.0, true},
			[]any{int64(3), "2001:db8::11", nil, nil, strings.Repeat("müster.corp.example ", 60), "00-0c-29-aa-bb-03", "unknown", nil, nil, false},
			[]any{int64(4), "198.51.100.7", "CORP\\PC07", nil, "198.51.100.7", "000C29AABB04", nil, nil, nil, false},
		),
	}
	auditTable = jettest.Table{
		Name:    "Audits",
		Columns: append(columns(jet.Long, "AuditID", "HostID", "RthID"), append(columns(jet.Text, "IPAddress", "Name", "Context"), columns(jet.Memo, "Description")...)...),
		Rows: rows(
			[]any{int64(1), int64(1), int64(1234), "192.0.2.10", "SSL Weak Cipher", "TCP:443 (https)", strings.Repeat("The service accepts weak ciphers. ", 80)},
			[]any{int64(2), int64(2), int64(99), "192.0.2.11", "Banner", "TCP:22 (ssh)", "short"},
		),
	}
	jobTable = jettest.Table{Name: "Job", Columns: columns(jet.Text, "Name", "Value"), Rows: rows([]any{"jobName", "Nightly"}, []any{"scannerVersion", "5.14"})}
)

func accessCases() map[string][]byte {
	write := func(v jet.Version, tables ...jettest.Table) []byte {
		return jettest.Write(jettest.Options{Version: v}, tables...)
	}
	hosts := func(rows []jettest.Row, columns ...jettest.Column) jettest.Table {
		return jettest.Table{Name: "Hosts", Columns: columns, Rows: rows}
	}
	number := jettest.Column{Name: "IP", Type: jet.Long}
	return map[string][]byte{
		"access_97":              write(jet.Jet3, jobTable, auditTable, hostTable),
		"access_2000":            write(jet.Jet4, jobTable, hostTable),
		"access_2007":            write(jet.ACE, hostTable),
		"access_with_a_password": jettest.Write(jettest.Options{Version: jet.Jet3, Password: "geheim"}, hostTable),
		"access_encrypted":       jettest.Write(jettest.Options{Version: jet.Jet3, Key: 0x1234}, hostTable),
		"access_no_host_table":   write(jet.Jet3, jobTable, jettest.Table{Name: "Address", Columns: columns(jet.Text, "Street", "Address"), Rows: rows([]any{"Main", "12 Main Street"})}),
		"access_no_tables":       write(jet.Jet3),
		"access_no_rows":         write(jet.Jet3, hosts(nil, hostTable.Columns...)),
		"access_moved_and_deleted_rows": write(jet.Jet3, hosts([]jettest.Row{
			{Values: []any{"192.0.2.1"}, Moved: true}, {Values: []any{"192.0.2.2"}, Deleted: true}, {Values: []any{"192.0.2.3"}},
		}, columns(jet.Text, "IP")...)),
		"access_numbers_highest_byte_first": write(jet.Jet3, hosts(rows(
			[]any{int64(-1062731519), "a"}, []any{int64(-1062731518), "b"}, []any{int64(0), "c"}, []any{nil, "d"},
		), number, jettest.Column{Name: "host_name", Type: jet.Text})),
		"access_numbers_lowest_byte_first": write(jet.Jet3, hosts(rows(
			[]any{int64(0x016433c6)}, []any{int64(0x026433c6)}, []any{int64(-0x019bcc3a)},
		), number)),
		"access_several_tables": write(jet.Jet3,
			jettest.Table{Name: "Excluded", Columns: columns(jet.Text, "IP"), Rows: rows([]any{"203.0.113.99"})},
			jettest.Table{Name: "Targets", Columns: columns(jet.Text, "IP", "Name"), Rows: rows([]any{"203.0.113.1", "x"}, []any{"203.0.113.2", "y"})},
			jettest.Table{Name: "Systems", Columns: columns(jet.Text, "Address", "OS"), Rows: rows([]any{"203.0.113.2", "VxWorks"}, []any{"203.0.113.98", "Linux"})},
			hosts(rows([]any{int64(1), "203.0.113.1", "ONE"}, []any{int64(2), "203.0.113.2", "TWO"}),
				jettest.Column{Name: "Host", Type: jet.Long}, jettest.Column{Name: "IP", Type: jet.Text}, jettest.Column{Name: "NetBIOS Name", Type: jet.Text})),
		"access_names_without_address": write(jet.Jet3, hosts(rows([]any{"192.0.2.1"}, []any{"srv02.corp.example"}, []any{"N/A"}, []any{nil}), columns(jet.Text, "Host")...)),
		"access_one_host_in_many_rows": write(jet.Jet3, jettest.Table{
			Name: "Vulnerabilities", Columns: columns(jet.Text, "Host", "OS", "Title"),
			Rows: rows([]any{"192.0.2.1", "N/A", "One"}, []any{"192.0.2.2", nil, "Two"}, []any{"192.0.2.1", "AIX 7", "Three"}),
		}),
	}
}

// damagedCases spoils a database.
func damagedCases(content []byte) map[string][]byte {
	const page = 2048
	loop := slices.Clone(content)
	loop[(jettest.FirstTable+2)*page+4] = jettest.FirstTable + 2 // the definition of Hosts goes on on its own page
	moved := jettest.Write(jettest.Options{Version: jet.Jet3}, jettest.Table{
		Name: "Hosts", Columns: columns(jet.Text, "IP"),
		Rows: []jettest.Row{{Values: []any{"192.0.2.1"}}, {Values: []any{"192.0.2.2"}}, {Values: []any{"192.0.2.3"}, Moved: true}},
	})
	for at := 0; at < len(moved); at += page {
		if moved[at] == 1 && moved[at+4] == jettest.FirstTable && moved[at+8] == 3 { // the data page with three rows
			third := binary.LittleEndian.Uint16(moved[at+14:]) & 0x1fff
			binary.LittleEndian.PutUint32(moved[at+int(third):], 1<<31)
		}
	}
	return map[string][]byte{
		"access_truncated": content[:len(content)-6*page], "access_definition_loop": loop, "access_moved_row_is_lost": moved,
	}
}

var sqliteCases = map[string]string{
	"sqlite": `
		CREATE TABLE Job (Name TEXT, Value TEXT);
		CREATE TABLE Audits (AuditID INTEGER PRIMARY KEY, IPAddress TEXT, RthID INTEGER, Description TEXT);
		CREATE TABLE Hosts (HostID INTEGER PRIMARY KEY, IPAddress TEXT, NetBIOSName TEXT, NetBIOSDomain TEXT, DNSName TEXT, MACAddress TEXT, OperatingSystem TEXT, LastScan DATETIME);
		INSERT INTO Audits VALUES (1, '192.0.2.10', 1234, 'Weak'), (2, '192.0.2.77', 1, 'not a host of the scan');
		INSERT INTO Hosts VALUES (1, '192.0.2.10', 'SRV01', 'CORP', 'srv01.corp.example www.corp.example', '00:0C:29:AA:BB:01 (VMware, Inc.)', 'Windows Server 2019', '2024-05-06 07:08:09');
		INSERT INTO Hosts VALUES (2, '2001:db8::12', 'N/A', 'unknown', NULL, '', 'Linux', NULL);`,
	"sqlite_no_host_table": `CREATE TABLE "a ""quoted"" table" (x); CREATE TABLE b (y); CREATE TABLE c (y); CREATE TABLE d (y); CREATE TABLE e (y); CREATE TABLE f (y); CREATE TABLE g (y);`,
	"sqlite_views_and_triggers": `
		CREATE TABLE t (n INTEGER, ip TEXT GENERATED ALWAYS AS (printf('192.0.2.%d', n)) VIRTUAL);
		INSERT INTO t (n) VALUES (1);
		CREATE VIEW Hosts AS SELECT '192.0.2.9' AS ip;
		CREATE TRIGGER x INSTEAD OF INSERT ON Hosts BEGIN SELECT 1; END;`,
	"sqlite_numbers":  `CREATE TABLE Machines (IP INTEGER, "O.S." TEXT); INSERT INTO Machines VALUES (3221225985, 'Linux'), (3221225986, 'Linux'), (3221225987, NULL);`,
	"sqlite_bytes":    `CREATE TABLE Machines (IP BLOB, FQDN TEXT); INSERT INTO Machines VALUES (x'c0000201', 'a.example'), (x'20010db8000000000000000000000001', 'b.example');`,
	"sqlite_utf16":    `PRAGMA encoding = 'UTF-16le'; CREATE TABLE Hosts (IP TEXT, OS TEXT); INSERT INTO Hosts VALUES ('192.0.2.1', 'ÄIX');`,
	"sqlite_no_rowid": `CREATE TABLE Hosts (IP TEXT PRIMARY KEY, OS TEXT) WITHOUT ROWID; INSERT INTO Hosts VALUES ('192.0.2.1', 'ÄIX');`,
}

// sqliteFile returns the database that a script makes.
func sqliteFile(t testing.TB, script string) []byte {
	t.Helper()
	file := filepath.Join(t.TempDir(), "test.db")
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	if _, err := db.Exec("PRAGMA page_size = 512;" + script); err != nil {
		t.Fatal(fmt.Errorf("%.60s: %w", script, err))
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	clear(content[96:100]) // the version of SQLite
	return content
}
