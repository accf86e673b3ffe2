package builtin_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/musterhq/muster/importers/columns"
	"github.com/musterhq/muster/importers/mcafee"
	"github.com/musterhq/muster/importers/nessus"
	"github.com/musterhq/muster/importers/nessussc"
	"github.com/musterhq/muster/importers/nexpose"
	"github.com/musterhq/muster/importers/qualys"
	"github.com/musterhq/muster/importers/tripwire"
)

var updateDocs = flag.Bool("update", false, "rewrite the tables of docs/formats.md")

const formatsFile = "../../docs/formats.md"

// tableOf finds the table of a format in the page.
var tableOf = regexp.MustCompile(`(?s)<!-- columns (\w+) -->\n(.*?)<!-- end -->`)

// TestFormatsAreDocumented compares the tables of columns with what the importers look for.
func TestFormatsAreDocumented(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(formatsFile)
	if err != nil {
		t.Fatal(err)
	}
	want := page
	for _, e := range []columns.Export{mcafee.Report, nessus.Report, nessussc.Report, nexpose.Report, qualys.Report, tripwire.Report} {
		found := false
		want = tableOf.ReplaceAllFunc(want, func(old []byte) []byte {
			if string(tableOf.FindSubmatch(old)[1]) != e.Type {
				return old
			}
			found = true
			return fmt.Appendf(nil, "<!-- columns %s -->\n%s<!-- end -->", e.Type, documented(e))
		})
		if !found {
			t.Errorf("%s has no table for %s", formatsFile, e.Type)
		}
	}
	if *updateDocs {
		err = os.WriteFile(formatsFile, want, 0o644)
	} else if !bytes.Equal(page, want) {
		t.Errorf("%s is not what the importers look for; go test ./importers/builtin -run TestFormats -update makes its tables anew", formatsFile)
	}
	if err != nil {
		t.Error(err)
	}
}

// documented writes the table of a format.
func documented(e columns.Export) string {
	var b strings.Builder
	b.WriteString("| becomes | columns |\n|---|---|\n")
	for _, row := range []struct {
		member  string
		columns []string
	}{
		{"IPAddress", e.IPAddress},
		{"IPAddress, or a name", e.Host},
		{"the scanner's id of a host", e.AssetID},
		{"AssetName", e.AssetName},
		{"DnsName", e.DnsName},
		{"DomainName", e.DomainName},
		{"MacAddress", e.MacAddress},
		{"AssetType", e.AssetType},
		{"OperatingSystem", e.OperatingSystem},
	} {
		if len(row.columns) > 0 {
			fmt.Fprintf(&b, "| %s | %s |\n", row.member, listed(row.columns))
		}
	}
	for _, names := range e.FactColumns {
		fmt.Fprintf(&b, "| several members, see below | %s |\n", listed(names))
	}
	for _, names := range e.Required {
		fmt.Fprintf(&b, "| *needed: one of* | %s |\n", listed(names))
	}
	return b.String()
}

func listed(names []string) string { return "`" + strings.Join(names, "`, `") + "`" }
