package builtin_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/xml"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/musterhq/muster/importers/builtin"
	"github.com/musterhq/muster/plugins"
)

// manyHosts is enough to tell what a host costs.
const manyHosts = 20_000

// exports are the cases of which large files are made: of a row, or of an element.
var exports = []struct{ importType, file, element string }{
	{"MCAFEEVM", "mcafee/variant_18_guide_with_address", ""},
	{"METASPLOIT", "metasploit/variant_MetasploitV4", "host"},
	{"NESSUS", "nessus/variant_32_tenable_io_2019", ""},
	{"NESSUSSECCEN", "nessussc/variant_44_plugin_output", ""},
	{"NEXPOSE", "nexpose/variant_30_template", ""},
	{"NEXPOSE", "nexpose/variant_xml_export_2", "node"},
	{"QUALYSGUARD", "qualys/variant_37_scan_report", ""},
	{"QUALYSGUARD", "qualys/variant_xml_scan_results", "IP"},
	{"TRIPWIRE", "tripwire/variant_17_additional_columns", ""},
}

// prose is what columns are filled with that have a text about a finding.
var prose = strings.Repeat("The remote service does something that an administrator should look at.\n", 3)

// large is an export with many hosts, of which it makes one row, or element, after the other.
type large struct {
	row        []string // what stands between its addresses
	rows, next int      // rows for each host
	buffer     []byte
	rest       []byte // of the buffer, to be read
	end        []byte // of the file
}

// newLarge makes an export of a case: of its first row, with prose in the columns for it, or of its first element.
func newLarge(t testing.TB, file, element string, rows int, prose string) *large {
	t.Helper()
	extension := ".csv"
	if element != "" {
		extension = ".xml"
	}
	content, err := os.ReadFile(filepath.Join("../../testdata/importers", file, "input"+extension))
	if err != nil {
		t.Fatal(err)
	}
	if element != "" {
		places := regexp.MustCompile(`(?s)<`+element+`[ >].*?</`+element+`>\s*`).FindAllIndex(content, -1)
		first, last := places[0], places[len(places)-1]
		row := string(content[first[0]:first[1]])
		return &large{row: strings.Split(row, beginning.FindString(row)), rows: rows, rest: content[:first[0]], end: content[last[1]:]}
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
			if l.rest, l.end = l.end, nil; len(l.rest) == 0 {
				return n, io.EOF
			}
			continue
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
	const allowed = 1 << 10 // bytes for each host
	for _, export := range exports {
		t.Run(export.file, func(t *testing.T) {
			before, hosts := liveHeap(), 0
			err := importerOf(export.importType).Import(t.Context(), plugins.NewFile("", newLarge(t, export.file, export.element, 1, ""), nil), func(plugins.Record) error {
				if hosts++; hosts == 1 {
					held := liveHeap() - min(before, liveHeap())
					if t.Logf("%d bytes for each host", held/manyHosts); held > allowed*manyHosts {
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

// BenchmarkImport imports 20,000 hosts, with two rows each or as an element each. Beside it stands what encoding/csv or
// encoding/xml alone takes to read the same bytes, and of-plain is the share of its speed that is left.
func BenchmarkImport(b *testing.B) {
	for _, export := range exports {
		rows := 1
		if export.element == "" {
			rows = 2
		}
		content, err := io.ReadAll(newLarge(b, export.file, export.element, rows, prose))
		if err != nil {
			b.Fatal(err)
		}
		var plain float64
		rows *= manyHosts
		name, plainly := export.importType+" csv", readRows
		if export.element != "" {
			name, plainly = export.importType+" xml", readTokens
		}
		b.Run(name+"/plain", func(b *testing.B) {
			measure(b, rows, content, plainly)
			plain = b.Elapsed().Seconds() / float64(b.N)
		})
		b.Run(name+"/import", func(b *testing.B) {
			i := importerOf(export.importType)
			measure(b, rows, content, func(content []byte) error {
				return i.Import(context.Background(), plugins.NewFile("", bytes.NewReader(content), nil), func(plugins.Record) error { return nil })
			})
			b.ReportMetric(plain/(b.Elapsed().Seconds()/float64(b.N)), "of-plain")
		})
	}
}

func measure(b *testing.B, rows int, content []byte, read func([]byte) error) {
	b.SetBytes(int64(len(content)))
	for b.Loop() {
		if err := read(content); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(rows)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

func readTokens(content []byte) error {
	d := xml.NewDecoder(bytes.NewReader(content))
	for {
		if _, err := d.Token(); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
	}
}

func readRows(content []byte) error {
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
