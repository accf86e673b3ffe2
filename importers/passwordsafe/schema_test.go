package passwordsafe

import (
	"encoding/xml"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const (
	schema = "../../docs/passwordsafe-import.xsd"
	cases  = "../../testdata/importers/passwordsafe"
)

// TestSchema holds the cases against the published schema, as users do.
func TestSchema(t *testing.T) {
	t.Parallel()
	xmllint, err := exec.LookPath("xmllint")
	if err != nil {
		t.Skip("xmllint is not installed")
	}
	valid := []string{
		"another_extension", "blanks_around_passwords", "byte_order_mark", "variant_complete", "duplicate_hosts", "ipv6", "no_assets", "root_only",
		"several_accounts", "utf16_big_endian", "utf16_little_endian", "windows_1252",
	}
	inputs, err := filepath.Glob(filepath.Join(cases, "*", "input.*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, input := range inputs {
		name := filepath.Base(filepath.Dir(input))
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out, err := exec.CommandContext(t.Context(), xmllint, "--noout", "--nonet", "--schema", schema, input).CombinedOutput()
			if exited, ran := errors.AsType[*exec.ExitError](err); err != nil && !ran {
				t.Fatal(err)
			} else if ran && exited.ExitCode() == 5 {
				t.Fatalf("the schema is wrong: %s", out)
			}
			if want := slices.Contains(valid, name); want != (err == nil) {
				t.Errorf("valid: %v, want %v\n%s", err == nil, want, out)
			}
		})
	}
}

// TestSchemaNamesWhatIsRead compares the elements of the schema, those that the importer reads, and those of the case that
// is called complete.
func TestSchemaNamesWhatIsRead(t *testing.T) {
	t.Parallel()
	var read []string
	for path := range holders {
		read = append(read, path[strings.LastIndexByte(path, '/')+1:])
	}
	for path := range values {
		read = append(read, path[strings.LastIndexByte(path, '/')+1:])
	}
	read[slices.Index(read, "")] = root
	for what, names := range map[string][]string{
		"the schema": elementNames(t, schema, func(e xml.StartElement) string {
			for _, a := range e.Attr {
				if e.Name.Local == "element" && a.Name.Local == "name" {
					return a.Value
				}
			}
			return ""
		}),
		"the complete case": elementNames(t, filepath.Join(cases, "variant_complete", "input.xml"), func(e xml.StartElement) string { return e.Name.Local }),
	} {
		for _, name := range names {
			if !slices.Contains(read, name) {
				t.Errorf("%s has %s, which is not read", what, name)
			}
		}
		for _, name := range read {
			if !slices.Contains(names, name) {
				t.Errorf("%s does not have %s, which is read", what, name)
			}
		}
	}
}

// elementNames returns the names that of gives to the elements of a file.
func elementNames(t *testing.T, file string, of func(xml.StartElement) string) (names []string) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for decoder := xml.NewDecoder(f); ; {
		token, err := decoder.Token()
		if err == io.EOF {
			return names
		} else if err != nil {
			t.Fatal(err)
		}
		if start, ok := token.(xml.StartElement); ok {
			if name := of(start); name != "" {
				names = append(names, name)
			}
		}
	}
}
