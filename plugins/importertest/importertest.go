// Package importertest tests an import format against folders of cases, as package cases describes them. A bug report
// becomes a test by adding a folder.
package importertest

import (
	"bytes"
	"context"
	"flag"
	"io"
	"reflect"
	"testing"

	"github.com/hashicorp/go-plugin"

	"github.com/musterhq/muster/plugins"
	"github.com/musterhq/muster/plugins/cases"
	"github.com/musterhq/muster/plugins/host"
	"github.com/musterhq/muster/plugins/importerpb"
)

var update = flag.Bool("update", false, "write what the importers say into want.jsonl")

// Run imports each case in dir twice, in this process and over a connection as the server does, and fails the test if
// the two disagree with each other or with want.jsonl. The flag -update writes want.jsonl instead: read the difference
// before you commit it.
func Run(t *testing.T, i plugins.Importer, dir string) {
	t.Helper()
	all, err := cases.In(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range all {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			got, err := c.Import(direct(t.Context(), i))
			if err != nil {
				t.Fatal(err)
			}
			other, err := c.Import(piped(t, i))
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, other) {
				t.Fatalf("over a connection the import differs:\n%s", got.Diff("directly", other, "over a connection"))
			}
			if *update {
				err = c.Update(got)
			} else {
				err = c.Check(got)
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
}

// direct imports in this process.
func direct(ctx context.Context, i plugins.Importer) cases.Importing {
	return func(name string, content io.Reader, emit func(plugins.Record) error) (warnings []string, failed error) {
		f := plugins.NewFile(name, content, func(text string) { warnings = append(warnings, text) })
		failed = plugins.Run(ctx, i, f, emit)
		return warnings, failed
	}
}

// piped imports over a connection, through the server's side of the protocol.
func piped(t *testing.T, i plugins.Importer) cases.Importing {
	return func(name string, content io.Reader, emit func(plugins.Record) error) ([]string, error) {
		client, _ := plugin.TestPluginGRPCConn(t, false, plugin.PluginSet{plugins.Name: &plugins.Plugin{Importer: i}})
		defer client.Close()
		importer, err := client.Dispense(plugins.Name)
		if err != nil {
			t.Fatal(err)
		}
		report, err := host.New(host.Options{}).Stream(t.Context(), importer.(importerpb.ImporterClient), name, content, emit)
		return report.Warnings, err
	}
}

// bare imports without the net that plugins.Run has for panics, and without warnings.
func bare(t *testing.T, i plugins.Importer, content []byte) cases.Outcome {
	return cases.OutcomeOf("", bytes.NewReader(content), func(name string, content io.Reader, emit func(plugins.Record) error) ([]string, error) {
		return nil, i.Import(t.Context(), plugins.NewFile(name, content, nil), func(r plugins.Record) error {
			return emit(r.Normalized())
		})
	})
}
