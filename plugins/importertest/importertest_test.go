package importertest

import (
	"bufio"
	"context"
	"testing"

	"github.com/musterhq/muster/plugins"
)

// hosts is a format with a host on each line.
var hosts = plugins.Importer{Type: "HOSTS", Extensions: []string{".txt"}, Import: func(_ context.Context, f plugins.File, emit func(plugins.Record) error) error {
	scanner := bufio.NewScanner(f)
	for scanner.Scan() {
		if scanner.Text() == "" {
			f.Warn("an empty line")
			continue
		}
		if err := emit(plugins.Record{IPAddress: scanner.Text(), DnsName: "<" + scanner.Text() + ">"}); err != nil {
			return err
		}
	}
	return scanner.Err()
}}

func TestRun(t *testing.T) { Run(t, hosts, "testdata/hosts") }

func FuzzHosts(f *testing.F) { Fuzz(f, hosts, "testdata/hosts") }
