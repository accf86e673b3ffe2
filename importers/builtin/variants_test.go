package builtin_test

import (
	"bytes"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/musterhq/muster/importers/builtin"
	"github.com/musterhq/muster/plugins"
)

var (
	firstSeed = flag.Uint64("seed", 1, "the first seed of TestVariants")
	seeds     = flag.Uint64("seeds", 20, "how many seeds TestVariants tries with each file")
)

// rewriter writes the content of a file again, so that it holds times as many hosts.
type rewriter func(r *rand.Rand, content []byte) (variant []byte, times int)

// variants are the rewriters of the formats. They start from the cases variant_*, with the extension of the rewriter.
var variants = []struct {
	importType, folder, extension string
	rewrite                       rewriter
}{
	{"MCAFEEVM", "mcafee", ".csv", tables{keep: []string{"IP Address", "IP", "Host IP", "Asset IP", "ip_address", "IPAddress", "System Name", "FaultlineID", "Risk"}}.rewrite},
	{"METASPLOIT", "metasploit", ".xml", documents{host: "host", drop: []string{"mac", "comm", "name", "os-name", "services", "notes", "vulns", "creds", "id", "arch"}}.rewrite},
	{"NESSUS", "nessus", ".csv", tables{keep: []string{"Host", "IP Address", "asset.display_ipv4_address", "asset.display_ipv6_address", "Plugin ID", "definition.id"}}.rewrite},
	{"NESSUSSECCEN", "nessussc", ".csv", tables{keep: []string{"IP Address", "Plugin"}}.rewrite},
	{"NEXPOSE", "nexpose", ".csv", tables{
		keep: []string{"Asset IP Address", "Asset Alternate IPv4 Addresses", "Asset Alternate IPv6 Addresses", "ip_address", "host_name", "operating_system",
			"IP", "Vulnerable Status", "Port Details"},
		preambles: []string{"report of Monday\n", "report 7\n\n"},
		footers:   []string{"end\n"},
	}.rewrite},
	{"NEXPOSE", "nexpose", ".xml", documents{host: "node", drop: []string{"names", "fingerprints", "tests", "endpoints", "device-id", "risk-score", "hardware-address"}}.rewrite},
	{"NEXPOSE", "nexpose", ".xml", documents{host: "device", drop: []string{"fingerprint", "vulnerabilities", "services", "id"}}.rewrite},
	{"PASSWORDSAFE", "passwordsafe", ".xml", documents{host: "Asset", drop: []string{"AssetName", "DnsName", "Attributes", "Databases", "ManagedSystem"}}.rewrite},
	{"QUALYSGUARD", "qualys", ".csv", tables{
		keep: []string{"IP", "QID", "Asset Id", "Asset IPV4", "Asset IPV6"}, id: "Asset Id",
		preambles: []string{
			"\"Asset Vuln Datalist Report\",\"04 Feb 2026\",\"1\"\n\"Company\",\"Street\nFloor 2\",\"City\"\n\"Ann\",\"ann\",\"IDM\"\n",
			"\"Scan Report\",\"Monday\"\n\n\"IP\",\"Total Vulnerabilities\",\"Security Risk\"\n\"203.0.113.1\",\"6\",\"4.0\"\n\n",
		},
		footers: []string{"\"hosts not scanned, host not alive (IP)\",\"203.0.113.7\"\n", "\n\"No results available for these hosts\",\"203.0.113.9\"\n"},
	}.rewrite},
	{"QUALYSGUARD", "qualys", ".xml", documents{host: "IP", drop: []string{"OS", "OS_CPE", "NETBIOS_HOSTNAME", "INFOS", "VULNS", "name"}}.rewrite},
	{"QUALYSGUARD", "qualys", ".xml", documents{host: "HOST", drop: []string{"TRACKING_METHOD", "DNS", "NETBIOS", "VULN_INFO_LIST", "ASSET_TAGS", "network_id"}}.rewrite},
	{"TRIPWIRE", "tripwire", ".csv", tables{keep: []string{"IP", "ipAddress", "name", "netbiosName", "Skill", "NetBIOS Domain"}}.rewrite},
}

// TestVariants imports files that are written again at random and counts their hosts. A failure names the seed:
// go test ./importers/builtin -run TestVariants -seed N -seeds 1.
func TestVariants(t *testing.T) {
	t.Parallel()
	for _, v := range variants {
		pattern := filepath.Join("../../testdata/importers", v.folder, "variant_*", "input"+v.extension)
		inputs, err := filepath.Glob(pattern)
		if err != nil || len(inputs) == 0 {
			t.Fatalf("no files %s: %v", pattern, err)
		}
		for _, input := range inputs {
			t.Run(v.importType+"/"+filepath.Base(filepath.Dir(input)), func(t *testing.T) {
				t.Parallel()
				content, err := os.ReadFile(input)
				if err != nil {
					t.Fatal(err)
				}
				hosts := hostsIn(t, v.importType, content)
				if hosts == 0 {
					t.Skip("its hosts have names only")
				}
				for seed := *firstSeed; seed < *firstSeed+*seeds; seed++ {
					variant, times := v.rewrite(rand.New(rand.NewPCG(seed, 0)), content)
					if got := hostsIn(t, v.importType, variant); got != times*hosts {
						t.Errorf("-seed %d: %d hosts, want %d × %d", seed, got, times, hosts)
					}
				}
			})
		}
	}
}

// TestEveryFormatHasVariants finds formats that are missing above.
func TestEveryFormatHasVariants(t *testing.T) {
	t.Parallel()
	for _, i := range builtin.Importers() {
		if i.Type == "RETINARTD" {
			continue // databases: package retina writes its own
		}
		for _, extension := range i.Extensions {
			if !slices.ContainsFunc(variants, func(v struct {
				importType, folder, extension string
				rewrite                       rewriter
			}) bool {
				return v.importType == i.Type && v.extension == extension
			}) {
				t.Errorf("%s has no variants with the extension %s", i.Type, extension)
			}
		}
	}
}

// hostsIn returns how many hosts of a file have an address, each once.
func hostsIn(t *testing.T, importType string, content []byte) int {
	t.Helper()
	seen := map[string]bool{}
	err := plugins.Run(t.Context(), importerOf(importType), plugins.NewFile("", bytes.NewReader(content), nil), func(r plugins.Record) error {
		if r.Skip == "" && r.FunctionalAccount == nil && seen[r.IPAddress] {
			return fmt.Errorf("%s comes twice", r.IPAddress)
		}
		seen[r.IPAddress] = true
		return nil
	})
	delete(seen, "")
	if err != nil && !(len(seen) == 0 && strings.HasPrefix(err.Error(), "every host is skipped")) {
		t.Errorf("%v in\n%.500q…", err, content)
	}
	return len(seen)
}

// oneOf picks one.
func oneOf[T any](r *rand.Rand, all ...T) T { return all[r.IntN(len(all))] }

var beginning = regexp.MustCompile(`\b\d{1,3}\.\d{1,3}(\.\d{1,3}\.\d{1,3})\b`)

// renumbered moves the addresses in a text to another net: those of a case differ in their second half.
func renumbered(text string, net int) string {
	text = beginning.ReplaceAllString(text, fmt.Sprintf("%d.%d$1", 1+net/256%100, net%256))
	return strings.ReplaceAll(text, "2001:db8::", fmt.Sprintf("2001:db8:%x::", net+1))
}
