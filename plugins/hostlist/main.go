// Command muster-importer-hostlist teaches muster to import a text file with a host on each line: an address, and a name if
// it has one. What follows a # is a comment.
package main

import (
	"bufio"
	"context"
	"strings"

	"github.com/musterhq/muster/plugins"
)

func main() { plugins.Serve(importer) }

var importer = plugins.Importer{Type: "HOSTLIST", Extensions: []string{".txt"}, Version: "1.0.0", Import: read}

func read(_ context.Context, file plugins.File, emit func(plugins.Record) error) error {
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		line, _, _ := strings.Cut(lines.Text(), "#")
		if words := strings.Fields(line); len(words) > 0 {
			if err := emit(plugins.Record{IPAddress: words[0], AssetName: strings.Join(words[1:], " ")}); err != nil {
				return err
			}
		}
	}
	return lines.Err()
}
