// Package muster_test holds the shape of the project: which of its packages import which, and who knows which library.
package muster_test

import (
	"maps"
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/musterhq/muster/"

// arrows are those of docs/architecture.md: what a package may import of the others. The row that ends in /* is for the
// packages of a folder that have none of their own. Tests may import what they like.
var arrows = map[string]string{
	"authz":                        "",
	"directory":                    "",
	"directory/roster":             "directory store authz",
	"directory/directorytest":      "",
	"store/kv":                     "",
	"store/kv/badgerkv":            "store/kv",
	"store/kv/disk":                "store/kv",
	"store/kv/disk/disktest":       "",
	"store/kv/kvtest":              "store/kv",
	"store/record":                 "store/kv authz",
	"store":                        "store/record store/kv authz",
	"store/backup":                 "store/kv",
	"lab":                          "store store/record authz",
	"reports":                      "store store/record authz",
	"server/api":                   "store store/record store/kv authz",
	"server/insight":               "server/api store store/record authz",
	"server/idaas":                 "server/api store store/record authz",
	"server/metaaccess":            "server/api store authz",
	"server":                       "server/api server/insight server/idaas server/metaaccess directory directory/roster importers/runner reports lab store store/record store/kv/disk authz docs",
	"server/swaggen":               "docs server server/api store",
	"plugins/importerpb":           "",
	"plugins":                      "plugins/importerpb",
	"plugins/host":                 "plugins plugins/importerpb",
	"plugins/cases":                "plugins",
	"plugins/importertest":         "plugins plugins/cases plugins/host plugins/importerpb",
	"importers/text":               "",
	"importers/hosts":              "plugins",
	"importers/columns":            "plugins importers/elements importers/text importers/hosts",
	"importers/elements":           "plugins importers/text importers/hosts",
	"importers/nessussc":           "plugins importers/columns importers/nessus",
	"importers/retina":             "plugins importers/elements importers/text importers/hosts importers/retina/jet",
	"importers/retina/jet":         "",
	"importers/retina/jet/jettest": "importers/retina/jet",
	"importers/*":                  "plugins importers/columns importers/elements importers/text importers/hosts", // the formats
	"importers/builtin":            "plugins importers/* importers/nessussc importers/retina",
	"importers/runner":             "authz plugins plugins/host store store/record",
	"docs":                         "",
	"testdata/demo":                "",
	"cmd/muster":                   "*",
}

// keepers are the packages behind which a library stays hidden.
var keepers = map[string]string{
	"github.com/dgraph-io/badger":    "store/kv/badgerkv",
	"github.com/gin-gonic/gin":       "server server/api",
	"github.com/go-ldap/ldap":        "directory directory/directorytest",
	"github.com/golang-jwt/jwt":      "authz store",
	"github.com/goccy/go-yaml":       "lab",
	"github.com/hashicorp/go-plugin": "plugins plugins/host plugins/importertest",
	"github.com/netresearch/go-cron": "store",
	"github.com/prometheus":          "server",
	"github.com/rs/cors":             "server",
	"github.com/xuri/excelize":       "reports",
	"modernc.org/sqlite":             "importers/retina",
	"filippo.io/age":                 "cmd/muster",
	"codeberg.org/go-pdf/fpdf":       "reports",
}

func TestArrows(t *testing.T) {
	t.Parallel()
	// -deps finds what ./... passes over, the packages below testdata; packages of tests alone have no GoFiles.
	list := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f",
		`{{with .Module}}{{if and .Main $.GoFiles}}{{$.ImportPath}} {{join $.Imports " "}}{{end}}{{end}}`, "./...")
	out, err := list.Output()
	if err != nil {
		t.Fatalf("%v: %v", list, err)
	}
	unseen := maps.Clone(arrows)
	for line := range strings.Lines(string(out)) {
		from, imports, _ := strings.Cut(strings.TrimPrefix(strings.TrimSpace(line), module), " ")
		allowed, known := arrows[row(from)]
		if !known {
			t.Errorf("%s is not in the picture of docs/architecture.md", from)
		}
		delete(unseen, row(from))
		for to := range strings.FieldsSeq(imports) {
			if to, ours := strings.CutPrefix(to, module); ours && !listed(allowed, to) && !listed(allowed, row(to)) {
				t.Errorf("%s → %s is not an arrow of docs/architecture.md", from, to)
			}
			for library, by := range keepers {
				if strings.HasPrefix(to, library) && !listed(by, from) {
					t.Errorf("%s → %s: only for %s", from, to, by)
				}
			}
		}
	}
	for from := range unseen {
		t.Errorf("there are arrows from %s, but no such package", from)
	}
}

// row is the row of arrows that a package has.
func row(pkg string) string {
	if _, own := arrows[pkg]; own {
		return pkg
	}
	return path.Dir(pkg) + "/*"
}

func listed(packages, pkg string) bool {
	return packages == "*" || slices.Contains(strings.Fields(packages), pkg)
}
