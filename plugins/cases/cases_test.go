package cases

import (
	"bufio"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/musterhq/muster/plugins"
)

// hosts imports a host on each line, warns of empty lines and fails at the word "end".
func hosts(_ string, content io.Reader, emit func(plugins.Record) error) (warnings []string, failed error) {
	for scanner := bufio.NewScanner(content); scanner.Scan(); {
		switch text := scanner.Text(); text {
		case "":
			warnings = append(warnings, "an empty line")
		case "end":
			return warnings, errors.New("line 3: the end")
		default:
			if err := emit(plugins.Record{IPAddress: text, DnsName: "<" + text + ">"}); err != nil {
				return warnings, err
			}
		}
	}
	return warnings, nil
}

// newCase returns a case of its own: a host, an empty line and an error.
func newCase(t *testing.T) (Case, Outcome) {
	t.Helper()
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "input.txt"), []byte("192.0.2.1\n\nend\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	all, err := In(folder)
	if err != nil || len(all) != 1 {
		t.Fatal(all, err)
	}
	got, err := all[0].Import(hosts)
	if err != nil {
		t.Fatal(err)
	}
	return all[0], got
}

func TestCheckFindsEveryDifference(t *testing.T) {
	t.Parallel()
	c, got := newCase(t)
	right := string(got.text())
	if want := `{"IPAddress":"192.0.2.1","DnsName":"<192.0.2.1>"}` + "\n" + `{"warning":"an empty line"}` + "\n" + `{"error":"line 3: the end"}` + "\n"; right != want {
		t.Fatalf("the outcome is\n%s", right)
	}
	if err := c.Check(got); !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), "--update") {
		t.Errorf("without a file: %v", err)
	}
	for name, test := range map[string]struct {
		content string
		wrong   string // in the error; none if there is none
	}{
		"the same":          {right, ""},
		"other blanks":      {strings.ReplaceAll(right, `":`, `" : `), ""},
		"another host":      {strings.Replace(right, "192.0.2.1", "192.0.2.2", 1), "\n-{\"IPAddress\":\"192.0.2.2\",\"DnsName\":\"<192.0.2.1>\"}\n+{\"IPAddress\":\"192.0.2.1\""},
		"another error":     {strings.Replace(right, "line 3", "line 4", 1), "\n-{\"error\":\"line 4: the end\"}\n+{\"error\":\"line 3: the end\"}\n"},
		"no error":          {strings.Replace(right, `{"error":"line 3: the end"}`+"\n", "", 1), "\n+{\"error\""},
		"no warning":        {strings.Replace(right, `{"warning":"an empty line"}`+"\n", "", 1), "\n+{\"warning\""},
		"one line more":     {right + right, "\n-{\"IPAddress\""},
		"an unknown member": {`{"Port":80}`, `want.jsonl:1: json: unknown field "Port"`},
		"no JSON":           {right + "192.0.2.1", "want.jsonl:4: "},
		"nothing":           {"", "\n+{\"IPAddress\""},
	} {
		if err := os.WriteFile(c.golden(), []byte(test.content), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := c.Check(got); (err == nil) != (test.wrong == "") || err != nil && !strings.Contains(err.Error(), test.wrong) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestPasswords shows that what is expected says that there is a password, and not which.
func TestPasswords(t *testing.T) {
	t.Parallel()
	account := &plugins.FunctionalAccount{AccountName: "svc", Password: plugins.NewPassword("correct horse")}
	with := Outcome{{Record: plugins.Record{FunctionalAccount: account}}}
	without := Outcome{{Record: plugins.Record{FunctionalAccount: &plugins.FunctionalAccount{AccountName: "svc"}}}}
	if strings.Contains(string(with.text()), "horse") {
		t.Errorf("a password is written: %s", with.text())
	}
	if with.Diff("one", without, "the other") == "" {
		t.Error("that there is no password makes no difference")
	}
}

func TestUpdate(t *testing.T) {
	t.Parallel()
	c, got := newCase(t)
	if err := c.Update(got); err != nil {
		t.Fatal(err)
	}
	if err := c.Check(got); err != nil {
		t.Error(err)
	}
}

func TestIn(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "a [folder]")
	for _, file := range []string{"one/input.csv", "one/want.jsonl", "two/input.xml", "three/README", "two/deep/input.csv"} {
		path := filepath.Join(folder, file)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, nil, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	for given, want := range map[string]string{folder: "one two", folder + "/one": "one", folder + "/two": "two deep", folder + "/three": ""} {
		all, err := In(given)
		var names []string
		for _, c := range all {
			names = append(names, c.Name)
		}
		if got := strings.Join(names, " "); got != want || (err != nil) != (want == "") {
			t.Errorf("in %s: %s, %v", given, got, err)
		}
	}
}
