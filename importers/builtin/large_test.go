package builtin_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/musterhq/muster/importers/builtin"
	"github.com/musterhq/muster/plugins"
)

// manyHosts is as many as the exports of large networks have.
const manyHosts = 100_000

// exports are the cases whose rows large files are made of.
var exports = []struct{ importType, file string }{
	{"MCAFEEVM", "mcafee/variant_18_guide_with_address"},
	{"NESSUS", "nessus/variant_32_tenable_io_2019"},
	{"NESSUSSECCEN", "nessussc/variant_44_plugin_output"},
	{"NEXPOSE", "nexpose/variant_30_template"},
	{"QUALYSGUARD", "qualys/variant_37_scan_report"},
	{"TRIPWIRE", "tripwire/variant_17_additional_columns"},
}

// prose is what columns are filled with that have a text about a finding.
var prose = strings.Repeat("The remote service does something that an administrator should look at.\n", 3)

// large is an export with many hosts, of which it makes one row after the other.
type large struct {
	row        []string // what stands between its addresses
	rows, next int      // rows for each host
	buffer     []byte
	rest       []byte // of the buffer, to be read
}

func newLarge(t testing.TB, file string, rows int, prose string) *large {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("../../testdata/importers", file, "input.csv"))
	if err != nil {
		t.Fatal(err)
	}
	header, all := parse(content)
	row := all[0]
	for i, name := range header {
		switch name {
		case "Description", "Synopsis", "Solution", "Threat", "Impact", "Vulnerability Proof", "Vulnerability Solution", "Remediation", "FaultlineID Title":
			row[i] = prose
		}
	}
	line := minimal(row, ',')
	return &large{row: strings.Split(line, beginning.FindString(line)), rows: rows, rest: []byte(minimal(header, ','))}
}

func (l *large) Read(p []byte) (n int, err error) {
	for n < len(p) {
		if len(l.rest) == 0 && l.next == manyHosts*l.rows {
			return n, io.EOF
		}
		if len(l.rest) == 0 {
			host := l.next / l.rows
			address := netip.AddrFrom4([4]byte{10, byte(host >> 16), byte(host >> 8), byte(host)})
			l.buffer = append(l.buffer[:0], l.row[0]...)
			for _, part := range l.row[1:] {
				l.buffer = append(address.AppendTo(l.buffer), part...)
			}
			l.rest = l.buffer
			l.next++
		}
		copied := copy(p[n:], l.rest)
		n, l.rest = n+copied, l.rest[copied:]
	}
	return n, nil
}

func importerOf(importType string) plugins.Importer {
	all := builtin.Importers()
	return all[slices.IndexFunc(all, func(i plugins.Importer) bool { return i.Type == importType })]
}

// TestMemory measures what is held when all of a large file has been read.
func TestMemory(t *testing.T) { // not parallel: it measures the heap
	const allowed = 128 << 20
	for _, export := range exports {
		t.Run(export.importType, func(t *testing.T) {
			before, hosts := liveHeap(), 0
			err := importerOf(export.importType).Import(t.Context(), plugins.NewFile("", newLarge(t, export.file, 1, ""), nil), func(plugins.Record) error {
				if hosts++; hosts == 1 {
					held := liveHeap() - min(before, liveHeap())
					if t.Logf("%d bytes for each host", held/manyHosts); held > allowed {
						t.Errorf("%d MiB are held for %d hosts", held>>20, manyHosts)
					}
				}
				return nil
			})
			if err != nil || hosts != manyHosts {
				t.Errorf("%d hosts, %v", hosts, err)
			}
		})
	}
}

func liveHeap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// BenchmarkImport imports 100,000 hosts with two rows each. Beside it stands what encoding/csv alone takes to read the
// same bytes, and of-csv is the share of its speed that is left.
func BenchmarkImport(b *testing.B) {
	for _, export := range exports {
		content, err := io.ReadAll(newLarge(b, export.file, 2, prose))
		if err != nil {
			b.Fatal(err)
		}
		var plain float64
		b.Run(export.importType+"/csv", func(b *testing.B) {
			measure(b, content, func() error { return readAll(content) })
			plain = b.Elapsed().Seconds() / float64(b.N)
		})
		b.Run(export.importType+"/import", func(b *testing.B) {
			i := importerOf(export.importType)
			measure(b, content, func() error {
				return i.Import(context.Background(), plugins.NewFile("", bytes.NewReader(content), nil), func(plugins.Record) error { return nil })
			})
			b.ReportMetric(plain/(b.Elapsed().Seconds()/float64(b.N)), "of-csv")
		})
	}
}

func measure(b *testing.B, content []byte, read func() error) {
	b.SetBytes(int64(len(content)))
	for b.Loop() {
		if err := read(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(2*manyHosts*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

func readAll(content []byte) error {
	r := csv.NewReader(bytes.NewReader(content))
	r.ReuseRecord = true
	for {
		if _, err := r.Read(); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
	}
}
