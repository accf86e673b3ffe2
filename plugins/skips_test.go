package plugins_test

import (
	"context"
	"errors"
	"testing"

	"github.com/musterhq/muster/plugins"
)

// TestSkippingAllFails runs importers that skip every host they emit, or not every one.
func TestSkippingAllFails(t *testing.T) {
	t.Parallel()
	bad := errors.New("bad file")
	dead := plugins.Record{IPAddress: "192.0.2.1", Skip: "not alive"}
	for name, test := range map[string]struct {
		records []plugins.Record
		own     error
		want    string
	}{
		"nothing":                      {},
		"one without an address":       {[]plugins.Record{{}}, nil, "every host is skipped: 1, the first: a host without a name: skipped, no address"},
		"one that cannot be read":      {[]plugins.Record{{IPAddress: "192.0.2.0/24"}}, nil, `every host is skipped: 1, the first: a host without a name: skipped, "192.0.2.0/24" is no address`},
		"two for different reasons":    {[]plugins.Record{dead, {DnsName: "a"}}, nil, "every host is skipped: 2, the first: 192.0.2.1: skipped, not alive"},
		"not all":                      {[]plugins.Record{dead, {IPAddress: "192.0.2.2"}}, nil, ""},
		"beside a functional account":  {[]plugins.Record{{FunctionalAccount: &plugins.FunctionalAccount{AccountName: "a"}}, dead}, nil, ""},
		"the importer's own error too": {[]plugins.Record{dead}, bad, "bad file"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := plugins.Importer{Type: "T", Import: func(_ context.Context, _ plugins.File, emit func(plugins.Record) error) error {
				for _, r := range test.records {
					if err := emit(r); err != nil {
						return err
					}
				}
				return test.own
			}}
			err := plugins.Run(t.Context(), i, plugins.NewFile("", nil, nil), func(plugins.Record) error { return nil })
			if got := text(err); got != test.want {
				t.Errorf("%q, want %q", got, test.want)
			}
		})
	}
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
