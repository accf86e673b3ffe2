package runner_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/musterhq/muster/plugins"
	"github.com/musterhq/muster/store"
)

// records reads records as they are, each on a line of JSON.
func records(_ context.Context, f plugins.File, emit func(plugins.Record) error) error {
	for decoder := json.NewDecoder(f); decoder.More(); {
		var r plugins.Record
		if err := decoder.Decode(&r); err != nil {
			return err
		}
		if err := emit(r.Normalized()); err != nil {
			return err
		}
	}
	return nil
}

const server = `{"IPAddress":"192.0.2.1","AssetName":"srv01","HostDetails":{
	"Attributes":[{"Type":"Criticality","ShortName":"High"}],
	"Databases":[{"PlatformID":79,"InstanceName":"main","Port":5432}],
	"ManagedSystem":{"PlatformID":2,"ManagedAccounts":[{"AccountName":"root","Password":"correct horse"},{"DomainName":"CORP","AccountName":"admin"}]}}}
`

func TestHostDetails(t *testing.T) {
	t.Parallel()
	f := newFixture(t, time.Minute)
	f.start(f.runner)
	begun := auditRows(f)
	for _, step := range []struct {
		name, filter, file string
		want               [6]int
		warnings           []string
	}{
		{"a host with all that there can be", store.AllAssets, server, [6]int{1, 1, 0, 0, 0, 0}, nil},
		{"the same again", store.AllAssets, server, [6]int{1, 0, 0, 1, 0, 0}, nil},
		{"another password", store.AllAssets, strings.Replace(server, "correct", "wrong", 1), [6]int{1, 0, 1, 0, 0, 0}, nil},
		{"another attribute", store.AllAssets, strings.Replace(server, "High", "Low", 1), [6]int{1, 0, 1, 0, 0, 0}, nil},
		{"outside the filter", "198.51.100.0/24", strings.Replace(server, "5432", "5433", 1), [6]int{1, 0, 0, 0, 0, 1}, nil},
		{"functional accounts are no hosts", "198.51.100.0/24", `{"FunctionalAccount":{"PlatformID":2,"AccountName":"svc","Password":"battery staple"}}`, [6]int{}, nil},
		{
			"what is refused is left out", store.AllAssets, `{"IPAddress":"192.0.2.2","HostDetails":{"Attributes":[{"Type":"Colour","ShortName":"Red"},{"Type":"Criticality","ShortName":"Red"}],
				"Databases":[{"PlatformID":79,"InstanceName":"main"},{"PlatformID":10,"Port":3306,"IsDefaultInstance":true}],
				"ManagedSystem":{"PlatformID":2,"ManagedAccounts":[{"Description":"who"},{"AccountName":"root","DomainName":"CORP","ReleaseDuration":-1},{"AccountName":"guest"}]}}}
				{"IPAddress":"192.0.2.3","HostDetails":{"Attributes":[{"Type":"Colour","ShortName":"Red"}],"ManagedSystem":{"PlatformID":2,"FunctionalAccountID":9,"ManagedAccounts":[{"AccountName":"root"}]}}}
				{"FunctionalAccount":{"AccountName":"svc"}}`,
			[6]int{2, 2, 0, 0, 0, 0}, []string{
				`an attribute is left out: there is no Attribute Type "Colour"`,
				`an attribute is left out: there is no Attribute "Red" of the Attribute Type "Criticality"`,
				`192.0.2.2: its database main:0 is left out: Port: 1 to 65535 is expected`,
				`192.0.2.2: its managed account without a name is left out: AccountName is required`,
				`192.0.2.2: its managed account CORP\root is left out: ReleaseDuration: 1 to 525600 is expected`,
				`192.0.2.3: its managed system is left out, with its accounts: FunctionalAccountID: there is no Functional Account 9`,
				`the functional account svc is left out: PlatformID is required`,
			},
		},
	} {
		i := f.await(f.queue("RECORDS", step.filter, step.file), ended)
		if i.State != store.ImportDone || counts(i) != step.want {
			t.Errorf("%s: %s %q %v, want %v", step.name, i.State, i.Error, counts(i), step.want)
		}
		if !slices.Equal(i.Warnings, step.warnings) {
			t.Errorf("%s: the warnings are\n%s\nwant\n%s", step.name, strings.Join(i.Warnings, "\n"), strings.Join(step.warnings, "\n"))
		}
	}
	if n := auditRows(f) - begun; n != 2*7 {
		t.Errorf("%d audit rows, want two for each import", n)
	}
}

func auditRows(f *fixture) int {
	return len(each(f, audits(""), func(a *store.Audit) int { return a.AuditID }))
}

// TestLargeHosts brings in hosts that take several transactions, and counts each once.
func TestLargeHosts(t *testing.T) {
	t.Parallel()
	f := newFixture(t, time.Minute)
	f.start(f.runner)
	var file bytes.Buffer
	encoder := json.NewEncoder(&file)
	for host, accounts := range []int{plugins.MaxManagedAccounts, 600, 600} { // of three batches and of two
		b := &plugins.HostDetails{ManagedSystem: &plugins.ManagedSystem{PlatformID: 2}}
		for n := range accounts {
			b.ManagedSystem.ManagedAccounts = append(b.ManagedSystem.ManagedAccounts, plugins.ManagedAccount{AccountName: fmt.Sprint("user", n)})
		}
		for n := range plugins.MaxDatabases {
			b.Databases = append(b.Databases, plugins.Database{PlatformID: 79, InstanceName: fmt.Sprint("db", n), Port: 5432})
		}
		must(t, encoder.Encode(plugins.Record{IPAddress: fmt.Sprint("192.0.2.", host+1), HostDetails: b}))
	}
	must(t, encoder.Encode(plugins.Record{IPAddress: "192.0.2.9"}))
	for _, step := range []struct {
		name, filter, file string
		want               [6]int
	}{
		{"new", store.AllAssets, file.String(), [6]int{4, 4, 0, 0, 0, 0}},
		{"the same again", store.AllAssets, file.String(), [6]int{4, 0, 0, 4, 0, 0}},
		{"the last account of one is another", store.AllAssets, strings.Replace(file.String(), "user999", "other", 1), [6]int{4, 0, 1, 3, 0, 0}},
		{"outside the filter", "198.51.100.1", file.String(), [6]int{4, 0, 0, 0, 0, 4}},
	} {
		i := f.await(f.queue("RECORDS", step.filter, step.file), ended)
		if i.State != store.ImportDone || counts(i) != step.want || len(i.Warnings) > 0 {
			t.Errorf("%s: %s %q %v %q, want %v", step.name, i.State, i.Error, counts(i), i.Warnings, step.want)
		}
	}
	accounts := each(f, store.ManagedAccounts.All, func(a *store.ManagedAccount) int { return a.ManagedAccountID })
	if len(accounts) != 2201 {
		t.Errorf("%d accounts", len(accounts))
	}
}
