package main

import (
	"io"
	"strings"
	"testing"
)

// TestTable has soaks that end in every way, and shows what stands in the table and whether make soak succeeds.
func TestTable(t *testing.T) {
	t.Parallel()
	const (
		promised = `{"Action":"attr","Test":"TestSoakOne","Key":"promise","Value":"it holds"}
{"Action":"attr","Test":"TestSoakOne","Key":"figure","Value":"9 of 9"}
`
		passed = `{"Action":"pass","Test":"TestSoakOne","Elapsed":61.4}
{"Action":"pass","Package":"p"}
`
	)
	for name, c := range map[string]struct {
		in, want, sum string
		ok            bool
	}{
		"kept":            {promised + passed, "| it holds | 9 of 9 | kept | 61 s | TestSoakOne |", "1 promises: 1 kept, 0 BROKEN, 0 skipped; 1m1s", true},
		"without figures": {passed, "| (not said) |  | kept | 61 s | TestSoakOne |", "1 kept", true},
		"broken": {promised + `{"Action":"fail","Test":"TestSoakOne","Elapsed":2}` + "\n",
			"| it holds | 9 of 9 | BROKEN | 2 s | TestSoakOne |", "0 kept, 1 BROKEN", false},
		"skipped": {`{"Action":"output","Test":"TestSoakOne","Output":"    one_soak_test.go:9: needs root\n"}` + "\n" + `{"Action":"skip","Test":"TestSoakOne"}` + "\n",
			"| (not said) |  | skipped: needs root | 0 s | TestSoakOne |", "0 kept, 0 BROKEN, 1 skipped", true},
		"ended by its process": {promised, "| it holds | 9 of 9 | BROKEN: it did not end | 0 s | TestSoakOne |", "1 BROKEN", false},
		"not built":            {`{"Action":"build-fail"}` + "\n", "|---|", "0 promises", false},
		"none":                 {`{"Action":"pass","Package":"p"}` + "\n", "|---|", "0 promises", false},
		"go's own words":       {"no such flag\n", "|---|", "0 promises", false},
		"a broken package":     {promised + passed + `{"Action":"fail","Package":"p"}` + "\n", "| kept |", "1 kept", false},
	} {
		table, ok, err := read(strings.NewReader(c.in), io.Discard)
		var out strings.Builder
		ok = write(&out, table) && ok
		if err != nil || ok != c.ok || !strings.Contains(out.String(), c.want) || !strings.Contains(out.String(), c.sum) {
			t.Errorf("%s: %v, %v, want %v with %q and %q:\n%s", name, ok, err, c.ok, c.want, c.sum, &out)
		}
	}
}
