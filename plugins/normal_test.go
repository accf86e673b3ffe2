package plugins

import (
	"net/netip"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestNormalized(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ have, want Record }{
		"a clean record stays as it is": {
			Record{IPAddress: "192.0.2.1", AssetName: "srv01", DnsName: "srv01.corp.example", DomainName: "CORP", MacAddress: "00:1A:2B:3C:4D:5E"},
			Record{IPAddress: "192.0.2.1", AssetName: "srv01", DnsName: "srv01.corp.example", DomainName: "CORP", MacAddress: "00:1A:2B:3C:4D:5E"},
		},
		"no address":                       {Record{DnsName: "srv01"}, Record{DnsName: "srv01", Skip: "no address"}},
		"a name for an address":            {Record{IPAddress: "srv01"}, Record{Skip: `"srv01" is no address`}},
		"an address that is not known":     {Record{IPAddress: " n/a "}, Record{Skip: "no address"}},
		"another reason to skip":           {Record{IPAddress: "192.0.2.1", Skip: " not\talive "}, Record{IPAddress: "192.0.2.1", Skip: "not alive"}},
		"blanks around everything":         {Record{IPAddress: " 192.0.2.1\t", AssetName: "\u00a0a  b\r\n"}, Record{IPAddress: "192.0.2.1", AssetName: "a b"}},
		"words for not known":              {Record{IPAddress: "192.0.2.1", AssetName: "N/A", DnsName: "No registered hostname", DomainName: "-", OperatingSystem: "unknown", AssetType: "NULL", Description: "'-"}, Record{IPAddress: "192.0.2.1"}},
		"control characters":               {Record{IPAddress: "192.0.2.1", OperatingSystem: "Linux\x00\x1b[1m\u0085Kernel\u2028 5"}, Record{IPAddress: "192.0.2.1", OperatingSystem: "Linux [1m Kernel 5"}},
		"bytes that are not UTF-8":         {Record{IPAddress: "192.0.2.1", Description: "caf\xe9"}, Record{IPAddress: "192.0.2.1", Description: "caf\ufffd"}},
		"domain and name":                  {Record{IPAddress: "192.0.2.1", AssetName: `CORP\SRV01`}, Record{IPAddress: "192.0.2.1", AssetName: "SRV01", DomainName: "CORP"}},
		"domain and name and a domain":     {Record{IPAddress: "192.0.2.1", AssetName: `CORP\SRV01`, DomainName: "corp.example"}, Record{IPAddress: "192.0.2.1", AssetName: "SRV01", DomainName: "corp.example"}},
		"domain and name, domain unsaid":   {Record{IPAddress: "192.0.2.1", AssetName: `CORP\SRV01`, DomainName: "n/a"}, Record{IPAddress: "192.0.2.1", AssetName: "SRV01", DomainName: "CORP"}},
		"domain and name, two backslashes": {Record{IPAddress: "192.0.2.1", AssetName: `CORP\\SRV01`}, Record{IPAddress: "192.0.2.1", AssetName: "SRV01", DomainName: "CORP"}},
		"a name of a share":                {Record{IPAddress: "192.0.2.1", AssetName: `\\SRV01`}, Record{IPAddress: "192.0.2.1", AssetName: "SRV01"}},
		"addresses for names":              {Record{IPAddress: "192.0.2.1", AssetName: "192.000.002.001", DnsName: "192.0.2.1-192.0.2.9", DomainName: "192.0.2.1"}, Record{IPAddress: "192.0.2.1"}},
		"an address for a domain":          {Record{IPAddress: "192.0.2.1", AssetName: `192.0.2.1\SRV01`}, Record{IPAddress: "192.0.2.1", AssetName: "SRV01"}},
		"a domain without a name":          {Record{IPAddress: "192.0.2.1", AssetName: `CORP\`}, Record{IPAddress: "192.0.2.1", DomainName: "CORP"}},
		"too long": {
			Record{IPAddress: "192.0.2.1", AssetName: strings.Repeat("é", 200), DnsName: strings.Repeat("a", 300), DomainName: strings.Repeat("ab ", 40)},
			Record{IPAddress: "192.0.2.1", AssetName: strings.Repeat("é", 128), DnsName: strings.Repeat("a", 255), DomainName: strings.Repeat("ab ", 21) + "a"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(test.want, test.have.Normalized()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestFillTakesOnlyWhatIsMissing(t *testing.T) {
	t.Parallel()
	r := Record{IPAddress: "192.0.2.1", DnsName: "first.example"}
	r.Fill(Record{DnsName: "second.example", OperatingSystem: "Linux"})
	r.Fill(Record{OperatingSystem: "Windows", MacAddress: "00:1A:2B:3C:4D:5E"})
	want := Record{IPAddress: "192.0.2.1", DnsName: "first.example", OperatingSystem: "Linux", MacAddress: "00:1A:2B:3C:4D:5E"}
	if diff := cmp.Diff(want, r); diff != "" {
		t.Error(diff)
	}
}

// TestNormalizedKeepsItsPromises checks, for any record, what everybody behind it relies on.
func TestNormalizedKeepsItsPromises(t *testing.T) {
	t.Parallel()
	text := rapid.OneOf(rapid.String(), rapid.Custom(func(t *rapid.T) string { return string(rapid.SliceOf(rapid.Byte()).Draw(t, "bytes")) }),
		rapid.StringMatching(`[A-Z]{0,8}[\\ ,;:%.\-/n0-9a-f]{0,600}`), rapid.StringMatching(`([0-9a-f]{2}[:-]?){6}[ ,]?`))
	rapid.Check(t, func(t *rapid.T) {
		r := Record{
			IPAddress: text.Draw(t, "IPAddress"), AssetName: text.Draw(t, "AssetName"), DnsName: text.Draw(t, "DnsName"),
			DomainName: text.Draw(t, "DomainName"), MacAddress: text.Draw(t, "MacAddress"), Skip: text.Draw(t, "Skip"),
		}
		checkNormal(t, r.Normalized())
	})
}

func checkNormal(t interface{ Errorf(string, ...any) }, n Record) {
	if again := n.Normalized(); again != n {
		t.Errorf("a second time changes %+v to %+v", n, again)
	}
	if _, err := netip.ParseAddr(n.IPAddress); err != nil && n.Skip == "" {
		t.Errorf("%q is not skipped", n.IPAddress)
	}
	for _, text := range []string{n.IPAddress, n.AssetName, n.DnsName, n.DomainName, n.MacAddress, n.AssetType, n.OperatingSystem, n.Description, n.Skip} {
		if !utf8.ValidString(text) || utf8.RuneCountInString(text) > 255 || strings.ContainsFunc(text, unicode.IsControl) || strings.TrimSpace(text) != text {
			t.Errorf("%q is not normal", text)
		}
	}
}

func TestCleanCellsCostNothing(t *testing.T) {
	r := Record{AssetName: "srv01", DnsName: "srv01.corp.example", OperatingSystem: "Linux Kernel 5.10", Skip: "no address"}
	if n := testing.AllocsPerRun(100, func() { r = r.Normalized() }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
