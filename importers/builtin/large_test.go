package builtin_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"io"
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
	address, row string // with the address in it
	header       string
	rows, next   int // rows for each host
	rest         string
}

func newLarge(t testing.TB, file string, rows int) *large {
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
	l := &large{address: beginning.FindString(strings.Join(row, " ")), row: minimal(row, ','), header: minimal(header, ','), rows: rows}
	l.rest = l.header
	return l
}

func (l *large) Read(p []byte) (n int, err error) {
	for n < len(p) {
		if l.rest == "" && l.next == manyHosts*l.rows {
			return n, io.EOF
		}
		if l.rest == "" {
			host := l.next / l.rows
			l.rest = strings.ReplaceAll(l.row, l.address, fmt.Sprintf("10.%d.%d.%d", host>>16, host>>8&255, host&255))
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
			err := importerOf(export.importType).Import(t.Context(), plugins.NewFile("", newLarge(t, export.file, 2), nil), func(plugins.Record) error {
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
		content, err := io.ReadAll(newLarge(b, export.file, 2))
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
