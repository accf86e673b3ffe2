package plugins

import (
	"net/netip"
	"strings"
	"testing"
)

func TestAddress(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"192.0.2.1":                       "192.0.2.1",
		"2001:DB8:0:0::1":                 "2001:db8::1",
		"abcd::1":                         "abcd::1",
		"a::1":                            "a::1",
		"fe80::1%eth0":                    "fe80::1",
		"::ffff:192.0.2.1":                "192.0.2.1",
		"192.0.2.1,192.0.2.2":             "192.0.2.1",
		"192.0.2.1|192.0.2.2":             "192.0.2.1",
		"2001:db8::1, 2001:db8::2":        "2001:db8::1",
		"2001:db8::1\n192.0.2.1":          "192.0.2.1",
		"192.0.2.1 2001:db8::1 192.0.2.2": "192.0.2.1",
		// in quotes and brackets
		`"192.0.2.1"`:                   "192.0.2.1",
		`["192.0.2.1", "192.0.2.2"]`:    "192.0.2.1",
		`['2001:db8::1','2001:db8::2']`: "2001:db8::1",
		"[2001:db8::1]":                 "2001:db8::1",
		// as spreadsheets and web pages leave them
		`="192.0.2.1"`:          "192.0.2.1",
		`=" 192.0.2.1 "`:        "192.0.2.1",
		"'192.0.2.1":            "192.0.2.1",
		"\u200b192.0.2.1\ufeff": "192.0.2.1",
		"\u00a0192.0.2.1\u00a0": "192.0.2.1",
		"192.0.2\u200b.1":       "192.0.2.1",
		// padded: decimal
		"192.000.002.001": "192.0.2.1",
		"010.000.000.005": "10.0.0.5",
		"010.0.00.5":      "10.0.0.5",
		// ports and whole prefixes
		"192.0.2.1:443":      "192.0.2.1",
		"192.0.2.1:65535":    "192.0.2.1",
		"[2001:db8::1]:443":  "2001:db8::1",
		"192.0.2.1/32":       "192.0.2.1",
		"2001:db8::1/128":    "2001:db8::1",
		"192.0.2.1/32,srv01": "",
		"192.0.2.1:65536":    "",
		"192.0.2.1:0":        "",
		"192.0.2.1:":         "",
		"192.0.2.1:http":     "",
		"[2001:db8::1]443":   "",
		"[2001:db8::1":       "",
		"192.0.2.1/24":       "",
		"192.0.2.0/24":       "",
		"192.0.2.1/128":      "",
		"2001:db8::1/32":     "",
		"2001:db8::1/":       "",
		// no addresses, or not alone
		"":                                   "",
		"n/a":                                "",
		"srv01":                              "",
		"srv01;192.0.2.1":                    "",
		"srv01 (192.0.2.1)":                  "",
		"192.0.2.1 (srv01)":                  "",
		"192.0.2.1-192.0.2.9":                "",
		"192.0.2.1 - 192.0.2.9":              "",
		"connected to 192.0.2.1 and got":     "",
		"192.0.2":                            "",
		"192.0.2.1.":                         "",
		".192.0.2.1":                         "",
		"192.0.2..1":                         "",
		"192.0.2.1.5":                        "",
		"192.0.2.256":                        "",
		"256.0.2.1":                          "",
		"192.0.2.0001":                       "",
		"0xC0.0.2.1":                         "",
		"beef":                               "",
		":":                                  "",
		strings.Repeat("1", 1000):            "",
		"fe80::1%" + strings.Repeat("x", 99): "",
	} {
		got, ok := Address(text)
		if ok != (want != "") || ok && got != netip.MustParseAddr(want) {
			t.Errorf("Address(%q) is %v, %v, want %q", text, got, ok, want)
		}
	}
}

func TestMAC(t *testing.T) {
	t.Parallel()
	const want = "00:1A:2B:3C:4D:5E"
	for text, want := range map[string]string{
		"00:1a:2b:3c:4d:5e":                    want,
		"00-1A-2B-3C-4D-5E":                    want,
		"00.1A.2B.3C.4D.5E":                    want,
		"00 1a 2b 3c 4d 5e":                    want,
		"0:1a:2b:3c:4d:5e":                     want,
		"0-1A-2B-3C-4D-5E":                     want,
		"0 1A 2B 3C 4D 5E (VMware, Inc.)":      want,
		"0:1a:2b:3:4:5":                        "00:1A:2B:03:04:05",
		"001a.2b3c.4d5e":                       want,
		"001a-2b3c-4d5e":                       want,
		"001a2b-3c4d5e":                        want,
		"001A2B3C4D5E":                         want,
		"001A2B3C4D5E001A2B3C4D5F":             want,
		"000000000000001A2B3C4D5E":             want,
		"'001A2B3C4D5E":                        want,
		`="001A2B3C4D5E"`:                      want,
		`["00:1A:2B:3C:4D:5E"]`:                want,
		"00:1A:2B:3C:4D:5E (VMware, Inc.)":     want,
		"VMware, Inc. (00:1A:2B:3C:4D:5E)":     want,
		"00:1A:2B:3C:4D:5E\n00:1A:2B:3C:4D:5F": want,
		"00:1A:2B:3C:4D:5E,00:1A:2B:3C:4D:5F":  want,
		"00:1A:2B:3C:4D:5E|00:1A:2B:3C:4D:5F":  want,
		"00:1A:2B:3C:4D:5E 00:1A:2B:3C:4D:5F":  want,
		"00:00:00:00:00:00,00:1A:2B:3C:4D:5E":  want,
		"00:00:00:00:00:00":                    "",
		"0:0:0:0:0:0":                          "",
		"000000000000":                         "",
		"n/a":                                  "",
		"":                                     "",
		"00:1A:2B:3C:4D":                       "",
		"00:1A:2B:3C:4D:5E:6F":                 "",
		"00:1A:2B:3C:4D:5G":                    "",
		"0:01A:2B:3C:4D:5E":                    "",
		":00:1A:2B:3C:4D:5":                    "",
		"00:1A-2B:3C:4D:5E":                    "",
		"1a.2b3c.4d5e":                         "",
		"1A2B3C4D5E":                           "",
		"001A2B3C4D5E0":                        "",
		"(VMware, Inc.)":                       "",
		"not a mac":                            "",
	} {
		if got := MAC(text); got != want {
			t.Errorf("MAC(%q) is %q, want %q", text, got, want)
		}
	}
}

func TestAssetName(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"srv01":                   "srv01",
		" srv01\u200b ":           "srv01",
		`CORP\SRV01`:              `CORP\SRV01`,
		`CORP\\SRV01`:             `CORP\SRV01`,
		`\\SRV01`:                 "SRV01",
		`CORP\`:                   `CORP\`,
		`CORP\10.0.0.5`:           `CORP\`,
		"Ann's Mac, 2nd floor":    "Ann's Mac, 2nd floor",
		"Acme Inc.":               "Acme Inc.",
		"srv01.corp.example.":     "srv01.corp.example",
		"'srv01":                  "srv01",
		`="srv01"`:                "srv01",
		"ip-10-0-0-5.internal":    "ip-10-0-0-5.internal",
		"10.0.0.5":                "",
		"010.000.000.005":         "",
		"2001:db8::5":             "",
		"10.0.0.5:443":            "",
		"10.0.0.1-10.0.0.254":     "",
		"10.0.0.1 - 10.0.0.254":   "",
		"10.0.0.1-254":            "",
		"10.0.0.0/24":             "",
		"10.0.0.0/255.255.255.0":  "",
		"10.0.0.*":                "",
		"2001:db8::/32":           "",
		"2001:db8::1-2001:db8::9": "",
		"10.0.0.7, SRV07":         "SRV07",
		"SRV07;10.0.0.7;SRV08":    "SRV07",
		"SRV07 (10.0.0.7)":        "SRV07",
		"[10.0.0.7] SRV07":        "SRV07",
		"connected to 10.0.0.7":   "",
		"Room 10:30":              "Room 10:30",
		"localhost":               "",
		"LOCALHOST":               "",
		"localhost.":              "",
		"localhost.localdomain":   "",
		"localhost:5000":          "",
		"localhost,srv01":         "srv01",
		"srv01:443":               "",
		"localhost7":              "localhost7",
		"-":                       "",
		"unknown":                 "",
	} {
		if got := AssetName(text); got != want {
			t.Errorf("AssetName(%q) is %q, want %q", text, got, want)
		}
	}
}

func TestDNSName(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"srv01.corp.example":     "srv01.corp.example",
		"srv01.corp.example.":    "srv01.corp.example",
		"a.example b.example":    "a.example",
		"a.example., b.example.": "a.example",
		"\na.example\nb.example": "a.example",
		"10.0.0.5, a.example":    "a.example",
		"- a.example":            "a.example",
		"localhost a.example":    "a.example",
		"10.0.0.1 - 10.0.0.254":  "",
		"10.0.0.5":               "",
		"2001:db8::5":            "",
		"localhost":              "",
		"No registered hostname": "",
		"srv01:443":              "",
		"...":                    "",
		"":                       "",
	} {
		if got := DNSName(text); got != want {
			t.Errorf("DNSName(%q) is %q, want %q", text, got, want)
		}
	}
}

func TestNumber(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int64{
		"11936": 11936, " 11936 ": 11936, "+11936": 11936, "-5": -5, "0": 0, "00042": 42,
		"11936.0": 11936, "11936.": 11936, "11936,00": 11936,
		"1.1936E+04": 11936, "1,1936E+04": 11936, "1.1936e4": 11936, "11936E0": 11936, "1193600E-02": 11936,
		"11,936": 11936, "1,234,567": 1234567, "1,234,567.00": 1234567, "11 936": 11936, "11\u00a0936": 11936, "11'936": 11936,
		`="11936"`: 11936, "'11936": 11936, "\u200b11936": 11936,
		"9223372036854775807": 9223372036854775807,
	} {
		if got, ok := Number(text); got != want || !ok {
			t.Errorf("Number(%q) is %d, %v, want %d", text, got, ok, want)
		}
	}
	for _, text := range []string{
		"", "-", "+", "n/a", "11936x", "1.5", "1.19365E+04", "1E-1", "1E", "E4", "1E999999999999", "1E40", "0x10", "1,23,456", "1234,567", "10.0.0.5",
		"9223372036854775808", "½", "١٢", strings.Repeat("1", 41),
	} {
		if got, ok := Number(text); ok {
			t.Errorf("Number(%q) is %d", text, got)
		}
	}
	for text, want := range map[string]bool{"1.23457E+11": true, "1,23457E+11": true, "123457": false, "5E12": false, "E+": false, "": false} {
		if IsRounded(text) != want {
			t.Errorf("IsRounded(%q) is %v", text, !want)
		}
	}
}

func TestText(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		" srv01\n": "srv01", "": "", " ": "", "-": "", "'-": "", "n/a": "", "N/A": "", "NA": "", "Unknown": "", "null": "", "NULL": "",
		"no registered hostname": "", "CVE-MAP-NOMATCH": "",
		"na": "na", "--": "--", "unknown host": "unknown host", "0": "0", "No registered hostnames": "No registered hostnames",
		`="Windows 10"`: "Windows 10", `=" n/a "`: "", `="a`: `="a`, `=A1`: "=A1", `="`: `="`,
	} {
		if got := Text(text); got != want {
			t.Errorf("Text(%q) is %q, want %q", text, got, want)
		}
	}
}

func TestQuote(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                              `""`,
		" a\nb\x00 \"c\" ":              `"a b 'c'"`,
		strings.Repeat("é", 60):         `"` + strings.Repeat("é", 60) + `"`,
		strings.Repeat("é", 61):         `"` + strings.Repeat("é", 60) + `…"`,
		strings.Repeat("x", 10<<20):     `"` + strings.Repeat("x", 60) + `…"`,
		strings.Repeat(" ", 1000) + "a": `"a"`,
	} {
		if got := Quote(text); got != want {
			t.Errorf("Quote(%.80q) is %s, want %s", text, got, want)
		}
	}
}
