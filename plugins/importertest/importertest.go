// Package importertest tests an import format against folders of cases. A case is a folder with the file that a user
// uploads, input.csv or whatever it is called, and what is expected of it in want.jsonl: one line of JSON for each host,
// then {"warning": "…"} for each warning and {"error": "…"} if the import fails. A bug report becomes a test by adding a
// folder.
package importertest

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/go-plugin"

	"github.com/musterhq/muster/plugins"
	"github.com/musterhq/muster/plugins/host"
	"github.com/musterhq/muster/plugins/importerpb"
)

var update = flag.Bool("update", false, "write what the importers say into want.jsonl")

// line is a line of want.jsonl: a host, a warning or an error.
type line struct {
	plugins.Record
	Warning string `json:"warning,omitempty"`
	Error   string `json:"error,omitempty"`
}

// Run imports each case in dir twice, in this process and over a connection as the server does, and fails the test if
// the two disagree with each other or with want.jsonl. The flag -update writes want.jsonl instead: read the difference
// before you commit it.
func Run(t *testing.T, i plugins.Importer, dir string) {
	t.Helper()
	cases, err := filepath.Glob(filepath.Join(dir, "*", "input.*"))
	if err != nil || len(cases) == 0 {
		t.Fatalf("no cases in %s: %v", dir, err)
	}
	for _, input := range cases {
		t.Run(filepath.Base(filepath.Dir(input)), func(t *testing.T) {
			t.Parallel()
			content, err := os.ReadFile(input)
			if err != nil {
				t.Fatal(err)
			}
			name := filepath.Base(input)
			got := direct(t.Context(), i, name, content)
			if diff := cmp.Diff(got, piped(t, i, name, content)); diff != "" {
				t.Fatalf("over a connection (+) the import differs:\n%s", diff)
			}
			golden := filepath.Join(filepath.Dir(input), "want.jsonl")
			if *update {
				err = os.WriteFile(golden, encode(got), 0o644)
			} else {
				err = compare(golden, got)
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
}

// direct imports in this process.
func direct(ctx context.Context, i plugins.Importer, name string, content []byte) []line {
	var hosts, warnings []line
	f := plugins.NewFile(name, bytes.NewReader(content), func(text string) { warnings = append(warnings, line{Warning: text}) })
	err := plugins.Run(ctx, i, f, func(r plugins.Record) error {
		hosts = append(hosts, line{Record: r})
		return nil
	})
	return lines(hosts, warnings, err)
}

// piped imports over a connection, through the server's side of the protocol.
func piped(t *testing.T, i plugins.Importer, name string, content []byte) []line {
	client, _ := plugin.TestPluginGRPCConn(t, false, plugin.PluginSet{plugins.Name: &plugins.Plugin{Importer: i}})
	defer client.Close()
	importer, err := client.Dispense(plugins.Name)
	if err != nil {
		t.Fatal(err)
	}
	var hosts, warnings []line
	report, err := host.New(host.Options{}).Stream(t.Context(), importer.(importerpb.ImporterClient), name, bytes.NewReader(content),
		func(r plugins.Record) error {
			hosts = append(hosts, line{Record: r})
			return nil
		})
	for _, text := range report.Warnings {
		warnings = append(warnings, line{Warning: text})
	}
	return lines(hosts, warnings, err)
}

func lines(hosts, warnings []line, err error) []line {
	all := append(hosts, warnings[:min(len(warnings), 100)]...)
	if err != nil {
		all = append(all, line{Error: plugins.Sentence(err.Error())})
	}
	return all
}

func encode(all []line) []byte {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	for _, l := range all {
		_ = encoder.Encode(l) // strings into memory: nothing can fail
	}
	return text.Bytes()
}

// written returns what is read of lines once they are written: want.jsonl says that there is a password, not which one.
func written(all []line) (read []line) {
	for text := range bytes.Lines(encode(all)) {
		var l line
		_ = json.Unmarshal(text, &l) // encode wrote it
		read = append(read, l)
	}
	return read
}

// compare returns an error that shows how got differs from the lines of a file.
func compare(golden string, got []line) error {
	content, err := os.ReadFile(golden)
	if err != nil {
		return fmt.Errorf("%w: run the test with -update to write it", err)
	}
	var want []line
	scanner := bufio.NewScanner(bytes.NewReader(content))
	scanner.Buffer(nil, 1<<20)
	for scanner.Scan() {
		decoder := json.NewDecoder(bytes.NewReader(scanner.Bytes()))
		decoder.DisallowUnknownFields()
		var l line
		if err := decoder.Decode(&l); err != nil {
			return fmt.Errorf("%s:%d: %w", golden, len(want)+1, err)
		}
		want = append(want, l)
	}
	if diff := cmp.Diff(want, written(got)); diff != "" {
		return fmt.Errorf("the import (+) is not what %s says:\n%s", golden, diff)
	}
	return scanner.Err()
}
