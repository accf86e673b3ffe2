package importertest

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
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

// records is a format of records as they are.
var records = plugins.Importer{Type: "RECORDS", Extensions: []string{".json"}, Import: func(_ context.Context, f plugins.File, emit func(plugins.Record) error) error {
	for decoder := json.NewDecoder(f); decoder.More(); {
		var r plugins.Record
		if err := errors.Join(decoder.Decode(&r), emit(r)); err != nil {
			return err
		}
	}
	return nil
}}

func TestRun(t *testing.T) {
	Run(t, hosts, "testdata/hosts")
	Run(t, records, "testdata/records")
}

func FuzzHosts(f *testing.F) { Fuzz(f, hosts, "testdata/hosts") }
