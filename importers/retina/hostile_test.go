package retina_test

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/musterhq/muster/importers/retina/jet"
	"github.com/musterhq/muster/importers/retina/jet/jettest"
)

// TestTreeWithoutEnd has a table in SQLite whose pages lead to the same page again and again: 72 times on each of ten levels.
func TestTreeWithoutEnd(t *testing.T) {
	t.Parallel()
	const page, levels, cells = 512, 10, 71
	content := sqliteFile(t, `CREATE TABLE Hosts (IP TEXT); INSERT INTO Hosts VALUES ('192.0.2.1');`)
	for range levels { // what is on the root's page goes behind the others, and is all that the new root leads to
		content = append(content, content[page:2*page]...)
		below := uint32(len(content) / page)
		root := content[page : 2*page]
		clear(root)
		root[0] = 5 // an inner page of a table
		binary.BigEndian.PutUint16(root[3:], cells)
		binary.BigEndian.PutUint16(root[5:], page-5*cells)
		binary.BigEndian.PutUint32(root[8:], below)
		for i := range cells {
			at := page - 5*(i+1)
			binary.BigEndian.PutUint16(root[12+2*i:], uint16(at))
			binary.BigEndian.PutUint32(root[at:], below)
			root[at+4] = byte(i + 1)
		}
	}
	binary.BigEndian.PutUint32(content[28:], uint32(len(content)/page))
	hosts, _, err := imported(t, content)
	if len(hosts) > 0 || err == nil || !strings.Contains(err.Error(), "share their pages") {
		t.Errorf("%d hosts, %v", len(hosts), err)
	}
}

// TestSharedRows has a table in SQLite with the same long row ten times.
func TestSharedRows(t *testing.T) {
	t.Parallel()
	const page = 512
	content := sqliteFile(t, `CREATE TABLE Hosts (Remark TEXT, IP TEXT); INSERT INTO Hosts VALUES (printf('%5000s', ''), '192.0.2.1');`)
	root := content[page : 2*page]
	row := binary.BigEndian.Uint16(root[8:])
	for i := range 10 {
		binary.BigEndian.PutUint16(root[8+2*i:], row)
	}
	binary.BigEndian.PutUint16(root[3:], 10)
	hosts, _, err := imported(t, content)
	if len(hosts) > 0 || err == nil || !strings.Contains(err.Error(), "share their pages") {
		t.Errorf("%d hosts, %v", len(hosts), err)
	}
}

// TestManyTables has tables by the hundred; any of them may be the one.
func TestManyTables(t *testing.T) {
	t.Parallel()
	const count = 200
	tables := []jettest.Table{hostTable}
	script := "BEGIN; CREATE TABLE Hosts (IPAddress, NetBIOSName); INSERT INTO Hosts VALUES ('192.0.2.10', 'SRV01');"
	for i := range count {
		tables = append(tables, jettest.Table{Name: fmt.Sprint("Hosts ", i), Columns: columns(jet.Text, "IP"), Rows: rows([]any{"192.0.2.99"})})
		script += fmt.Sprintf("CREATE TABLE hosts%d (ip);", i)
	}
	for name, content := range map[string][]byte{
		"Access": jettest.Write(jettest.Options{Version: jet.Jet3}, tables...), "SQLite": sqliteFile(t, script+"COMMIT;"),
	} {
		hosts, _, err := imported(t, content)
		if len(hosts) == 0 || hosts[0].IPAddress != "192.0.2.10" || err != nil {
			t.Errorf("%s: %v, %v", name, hosts, err)
		}
	}
}

// TestSchemaTooLarge has definitions of tables that take SQLite longer to read than any rows.
func TestSchemaTooLarge(t *testing.T) {
	t.Parallel()
	column := strings.Repeat("x", 10_000)
	script := "BEGIN;"
	for i := range 50 {
		script += fmt.Sprintf("CREATE TABLE t%d (ip, %[2]s1, %[2]s2, %[2]s3, %[2]s4, %[2]s5, %[2]s6, %[2]s7, %[2]s8, %[2]s9);", i, column)
	}
	hosts, _, err := imported(t, sqliteFile(t, script+"COMMIT;"))
	if len(hosts) > 0 || err == nil || err.Error() != "the SQLite database has more than 4 MiB of definitions" {
		t.Errorf("%d hosts, %v", len(hosts), err)
	}
}

// BenchmarkHosts imports a hundred thousand hosts.
func BenchmarkHosts(b *testing.B) {
	const count = 100_000
	large := jettest.Table{Name: "Hosts", Columns: hostTable.Columns}
	script := strings.Builder{}
	script.WriteString("PRAGMA page_size = 4096; VACUUM; BEGIN; CREATE TABLE Hosts (HostID INTEGER PRIMARY KEY, IPAddress, NetBIOSName, DNSName, OperatingSystem);")
	for i := range count {
		ip := fmt.Sprintf("10.%d.%d.%d", i>>16, i>>8&255, i&255)
		name := fmt.Sprintf("SRV%06d", i)
		large.Rows = append(large.Rows, jettest.Row{Values: []any{
			int64(i), ip, name, "CORP", name + ".corp.example", "00:0C:29:AA:BB:01 (VMware, Inc.)", "Windows Server 2019", time.Unix(1700000000, 0).UTC(), 7.5, true,
		}})
		fmt.Fprintf(&script, "INSERT INTO Hosts VALUES (%d, '%s', '%s', '%s.corp.example', 'Windows Server 2019');", i, ip, name, name)
	}
	for name, content := range map[string][]byte{
		"Access 97":   jettest.Write(jettest.Options{Version: jet.Jet3}, large),
		"Access 2000": jettest.Write(jettest.Options{Version: jet.Jet4}, large),
		"SQLite":      sqliteFile(b, script.String()+"COMMIT;"),
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(content)))
			for b.Loop() {
				if hosts, _, err := imported(b, content); len(hosts) != count || err != nil {
					b.Fatal(len(hosts), err)
				}
			}
			b.ReportMetric(count*float64(b.N)/b.Elapsed().Seconds(), "hosts/s")
		})
	}
}
