package host_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/musterhq/muster/plugins/host"
)

// TestScripts has importers that are scripts. They are started by name, so an interpreter finds out where they are.
func TestScripts(t *testing.T) {
	t.Parallel()
	files, err := pinnable()
	if err != nil {
		t.Fatal(err)
	}
	t.Run("one that becomes an importer imports", func(t *testing.T) {
		t.Parallel()
		file := program(t, "script", []byte("#!/bin/sh\n# a script\nexec '"+files.folder+"/muster-importer-LINES'\n"))
		h := newHost(t, func(o *host.Options) { o.BuiltIn, o.Pins = nil, pins(pinOf(t, "SCRIPT", file)) })
		if records, _, err := importAll(t, h, "SCRIPT", "192.0.2.1\n"); err != nil || len(records) != 1 {
			t.Errorf("%d records, %v", len(records), err)
		}
	})
	for interpreter, script := range map[string]string{
		"/bin/sh":          `echo "hello from $(pwd)"`,
		"/usr/bin/python3": `import os, sys; print("hello from", os.path.dirname(os.path.realpath(sys.argv[0])))`,
		"/usr/bin/node":    `console.log("hello from", __dirname)`,
	} {
		t.Run(interpreter+" knows where it is", func(t *testing.T) {
			t.Parallel()
			if _, err := os.Stat(interpreter); err != nil {
				t.Skip(err)
			}
			var folder string
			file := program(t, "hello", []byte("#!"+interpreter+"\n"+script+"\n"))
			h := newHost(t, func(o *host.Options) {
				o.BuiltIn, o.Pins, folder = nil, pins(pinOf(t, "HELLO", file)), o.Directory
			})
			_, _, err := importAll(t, h, "HELLO", "")
			want := "not an importer that muster can talk to: Unrecognized remote plugin message: hello from " + folder + "/import-"
			if err == nil || !strings.HasPrefix(err.Error(), want) {
				t.Errorf("%v, want %s…", err, want)
			}
		})
	}
	for name, content := range map[string]string{
		"a script without an interpreter": "echo hello\n",
		"of an interpreter that is gone":  "#!/no/such/interpreter\n",
		"an empty file":                   "",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := program(t, "broken", []byte(content))
			h := newHost(t, func(o *host.Options) { o.BuiltIn, o.Pins = nil, pins(pinOf(t, "BROKEN", file)) })
			_, _, err := importAll(t, h, "BROKEN", "")
			if !errors.Is(err, host.ErrCrashed) || !strings.Contains(err.Error(), "last output: starting muster-importer-broken: ") {
				t.Error(err)
			}
		})
	}
}

// TestLimits is of external importers only: the built-in ones are muster's own code.
func TestLimits(t *testing.T) {
	t.Parallel()
	h := newPinnedHost(t, nil)
	records, _, err := importAll(t, h, "LIMITS", "")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range records {
		got = append(got, r.Description)
	}
	if diff := cmp.Diff([]string{"536870912 536870912", "0 0", "1073741824 1073741824", "256 256"}, got); diff != "" {
		t.Error("data, core, file size, open files:", diff)
	}
	t.Run("memory that is shared", func(t *testing.T) {
		t.Parallel()
		if _, _, err := importAll(t, h, "SHARES", ""); !errors.Is(err, host.ErrCrashed) || !strings.Contains(err.Error(), "and may take 512") {
			t.Error(err)
		}
	})
	for typ, what := range map[string]string{"HOARDS": "memory without end", "GIGABYTE": "a record of 1 GB"} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			// A Go program says that it is out of memory, as a rule: wherever that happens to its runtime it may also fault.
			if _, _, err := importAll(t, h, typ, ""); !errors.Is(err, host.ErrCrashed) {
				t.Error(err)
			}
		})
	}
}
