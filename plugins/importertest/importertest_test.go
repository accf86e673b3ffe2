package importertest

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
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

func TestCompareFindsEveryDifference(t *testing.T) {
	t.Parallel()
	account := plugins.FunctionalAccount{AccountName: "svc", Password: plugins.NewPassword("correct horse")}
	got := []line{{Record: plugins.Record{IPAddress: "192.0.2.1", DnsName: "<a>"}}, {Record: plugins.Record{FunctionalAccount: &account}}, {Warning: "an empty line"}, {Error: "line 3"}}
	golden := filepath.Join(t.TempDir(), "want.jsonl")
	if err := compare(golden, got); err == nil || !strings.Contains(err.Error(), "-update") {
		t.Errorf("without a file: %v", err)
	}
	right := string(encode(got))
	if strings.Contains(right, "horse") {
		t.Errorf("a password is written: %s", right)
	}
	for name, test := range map[string]struct {
		content string
		equal   bool
	}{
		"the same":          {right, true},
		"other blanks":      {strings.ReplaceAll(right, ":", ": "), true},
		"another host":      {strings.Replace(right, "192.0.2.1", "192.0.2.2", 1), false},
		"no password":       {strings.Replace(right, `,"Password":"(hidden)"`, "", 1), false},
		"another error":     {strings.Replace(right, "line 3", "line 4", 1), false},
		"no error":          {strings.Replace(right, `{"error":"line 3"}`+"\n", "", 1), false},
		"one line more":     {right + right, false},
		"an unknown member": {`{"Port":80}`, false},
		"no JSON":           {"192.0.2.1", false},
		"nothing":           {"", false},
	} {
		if err := os.WriteFile(golden, []byte(test.content), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := compare(golden, got); (err == nil) != test.equal {
			t.Errorf("%s: %v", name, err)
		}
	}
}
