// Package cases holds an importer against folders of cases. A case is a folder with the file that a user uploads, input.csv
// or whatever it is called, and what is expected of it in want.jsonl: one line of JSON for each host, then
// {"warning": "…"} for each warning and {"error": "…"} if the import fails.
package cases

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/rogpeppe/go-internal/diff"

	"github.com/musterhq/muster/plugins"
)

// golden is the name of the file with what is expected.
const golden = "want.jsonl"

// ErrDiffers is returned when an import is not what is expected; the text shows where.
var ErrDiffers = errors.New("the import differs")

// Case is one file and what is expected of it.
type Case struct {
	Name  string // of its folder
	Input string // the path of the file
}

// In returns the cases in the folders of a folder, by name, or the one case that the folder is itself. None at all is an
// error.
func In(folder string) ([]Case, error) {
	var all []Case
	folder, err := filepath.Abs(folder) // which has a name, even if it was given as a dot
	if err != nil {
		return nil, err
	}
	for _, pattern := range []string{"input.*", "*/input.*"} {
		inputs, err := fs.Glob(os.DirFS(folder), pattern)
		if err != nil {
			return nil, err
		}
		for _, input := range inputs {
			path := filepath.Join(folder, filepath.FromSlash(input))
			all = append(all, Case{Name: filepath.Base(filepath.Dir(path)), Input: path})
		}
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("there are no cases in %s: a case is a folder with a file input.* and what is expected of it, %s", folder, golden)
	}
	return all, nil
}

// Outcome is what came of an import.
type Outcome []line

// line is a line of want.jsonl: a host, a warning or an error.
type line struct {
	plugins.Record
	Warning string `json:"warning,omitempty"`
	Error   string `json:"error,omitempty"`
}

// Importing is an import of a file. It hands each host to emit and returns the warnings, and why the import failed.
type Importing func(name string, content io.Reader, emit func(plugins.Record) error) (warnings []string, failed error)

// Import imports the file of a case. The error is that the file cannot be read; one of the import is part of the outcome.
func (c Case) Import(run Importing) (Outcome, error) {
	f, err := os.Open(c.Input)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	return OutcomeOf(filepath.Base(c.Input), f, run), nil
}

// OutcomeOf imports any content under a name.
func OutcomeOf(name string, content io.Reader, run Importing) Outcome {
	var all Outcome
	warnings, failed := run(name, content, func(r plugins.Record) error {
		all = append(all, line{Record: r})
		return nil
	})
	for _, w := range warnings[:min(len(warnings), 100)] {
		all = append(all, line{Warning: w})
	}
	if failed != nil {
		all = append(all, line{Error: plugins.Sentence(failed.Error())})
	}
	return all
}

// text is the outcome as want.jsonl has it.
func (o Outcome) text() []byte {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	for _, l := range o {
		_ = encoder.Encode(l) // strings into memory: nothing can fail
	}
	return text.Bytes()
}

// Diff shows in what an outcome differs from another one, line by line; it is empty if they are equal.
func (o Outcome) Diff(name string, other Outcome, otherName string) string {
	_, difference, _ := strings.Cut(string(diff.Diff(name, o.text(), otherName, other.text())), "\n") // behind the command
	return difference
}

// Check compares an outcome with what is expected. It returns ErrDiffers with the difference, or what is wrong with the file
// that says what is expected.
func (c Case) Check(got Outcome) error {
	want, err := c.want()
	if err != nil {
		return err
	}
	if difference := want.Diff(golden, got, "the import"); difference != "" {
		return fmt.Errorf("%w:\n%s", ErrDiffers, difference)
	}
	return nil
}

func (c Case) golden() string { return filepath.Join(filepath.Dir(c.Input), golden) }

func (c Case) want() (Outcome, error) {
	content, err := os.ReadFile(c.golden())
	if err != nil {
		return nil, fmt.Errorf("%w: --update writes it", err)
	}
	var want Outcome
	scanner := bufio.NewScanner(bytes.NewReader(content))
	scanner.Buffer(nil, 1<<20)
	for scanner.Scan() {
		decoder := json.NewDecoder(bytes.NewReader(scanner.Bytes()))
		decoder.DisallowUnknownFields()
		var l line
		if err := decoder.Decode(&l); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", c.golden(), len(want)+1, err)
		}
		want = append(want, l)
	}
	return want, scanner.Err()
}

// Update makes an outcome what is expected from now on.
func (c Case) Update(got Outcome) error { return os.WriteFile(c.golden(), got.text(), 0o644) }
