package passwordsafe_test

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/musterhq/muster/importers/passwordsafe"
	"github.com/musterhq/muster/plugins"
)

// BenchmarkImport reads hosts with an account each; the tokens of encoding/xml alone are the measure.
func BenchmarkImport(b *testing.B) {
	const hosts = 10_000
	var file strings.Builder
	file.WriteString(`<PasswordSafeImport version="1"><Assets>`)
	for n := range hosts {
		fmt.Fprintf(&file, `
  <Asset>
    <IPAddress>10.0.%d.%d</IPAddress>
    <AssetName>srv%d</AssetName>
    <OperatingSystem>Linux</OperatingSystem>
    <ManagedSystem>
      <PlatformID>2</PlatformID>
      <ManagedAccounts>
        <ManagedAccount>
          <AccountName>root</AccountName>
          <Password>correct horse</Password>
        </ManagedAccount>
      </ManagedAccounts>
    </ManagedSystem>
  </Asset>`, n/250, n%250, n)
	}
	file.WriteString("\n</Assets></PasswordSafeImport>")
	b.Run("import", func(b *testing.B) {
		b.SetBytes(int64(file.Len()))
		for b.Loop() {
			count := 0
			f := plugins.NewFile("", strings.NewReader(file.String()), nil)
			err := plugins.Run(b.Context(), passwordsafe.Importer, f, func(plugins.Record) error { count++; return nil })
			if err != nil || count != hosts {
				b.Fatalf("%d hosts, %v", count, err)
			}
		}
		b.ReportMetric(hosts*float64(b.N)/b.Elapsed().Seconds(), "hosts/s")
	})
	b.Run("tokens", func(b *testing.B) {
		b.SetBytes(int64(file.Len()))
		for b.Loop() {
			decoder := xml.NewDecoder(strings.NewReader(file.String()))
			for _, err := decoder.Token(); err != io.EOF; _, err = decoder.Token() {
				if err != nil {
					b.Fatal(err)
				}
			}
		}
	})
}
