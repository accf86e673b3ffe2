package plugins

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"github.com/musterhq/muster/plugins/importerpb"
)

func on(b HostDetails) Record { return Record{IPAddress: "192.0.2.1", HostDetails: &b} }

// accounts returns a system with n accounts, each with a text of some length.
func accounts(n, length int) *ManagedSystem {
	return &ManagedSystem{PlatformID: 2, ManagedAccounts: slicesOf(n, ManagedAccount{AccountName: strings.Repeat("a", length)})}
}

func slicesOf[T any](n int, value T) []T {
	list := make([]T, n)
	for i := range list {
		list[i] = value
	}
	return list
}

func TestNormalizedHostDetails(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("é", 5000)
	for name, test := range map[string]struct{ have, want Record }{
		"clean ones stay as they are": {
			on(HostDetails{Attributes: []Attribute{{"Criticality", "High"}}, Databases: []Database{{PlatformID: 79, Port: 5432}}, ManagedSystem: accounts(2, 9)}),
			on(HostDetails{Attributes: []Attribute{{"Criticality", "High"}}, Databases: []Database{{PlatformID: 79, Port: 5432}}, ManagedSystem: accounts(2, 9)}),
		},
		"none":                   {on(HostDetails{}), Record{IPAddress: "192.0.2.1"}},
		"none in lists":          {on(HostDetails{Attributes: []Attribute{}, Databases: []Database{}}), Record{IPAddress: "192.0.2.1"}},
		"no name of the type":    {on(HostDetails{Attributes: []Attribute{{" ", "High"}, {"Criticality", "High"}}}), on(HostDetails{Attributes: []Attribute{{"Criticality", "High"}}})},
		"no name":                {on(HostDetails{Attributes: []Attribute{{"Criticality", ""}}}), Record{IPAddress: "192.0.2.1"}},
		"blanks around texts":    {on(HostDetails{Databases: []Database{{InstanceName: " a\tb\n"}}}), on(HostDetails{Databases: []Database{{InstanceName: "a b"}}})},
		"a word for not known":   {on(HostDetails{ManagedSystem: &ManagedSystem{SystemName: "unknown"}}), on(HostDetails{ManagedSystem: &ManagedSystem{SystemName: "unknown"}})},
		"one character too long": {on(HostDetails{Databases: []Database{{Template: long}}}), on(HostDetails{Databases: []Database{{Template: long[:2*4097]}}})},
		"what is around a password belongs to it": {
			on(HostDetails{ManagedSystem: &ManagedSystem{ManagedAccounts: []ManagedAccount{{Password: NewPassword(" p\tq ")}}}}),
			on(HostDetails{ManagedSystem: &ManagedSystem{ManagedAccounts: []ManagedAccount{{Password: NewPassword(" p\tq ")}}}}),
		},
		"of a skipped host":    {Record{Skip: "retired", HostDetails: &HostDetails{ManagedSystem: accounts(1, 1)}}, Record{Skip: "retired"}},
		"without an address":   {Record{HostDetails: &HostDetails{ManagedSystem: accounts(1, 1)}}, Record{Skip: NoAddress}},
		"as many as there may": {on(HostDetails{ManagedSystem: accounts(1000, 1)}), on(HostDetails{ManagedSystem: accounts(1000, 1)})},
		"too many accounts":    {on(HostDetails{ManagedSystem: accounts(1001, 1)}), Record{IPAddress: "192.0.2.1", Skip: "it has more than 1000 managed accounts"}},
		"too many databases":   {on(HostDetails{Databases: slicesOf(101, Database{Port: 1})}), Record{IPAddress: "192.0.2.1", Skip: "it has more than 100 databases"}},
		"too many attributes":  {on(HostDetails{Attributes: slicesOf(101, Attribute{"a", "b"})}), Record{IPAddress: "192.0.2.1", Skip: "it has more than 100 attributes"}},
		"too much text":        {on(HostDetails{ManagedSystem: accounts(600, 900)}), Record{IPAddress: "192.0.2.1", Skip: "what there is on it takes more than 512 KiB"}},
		"a functional account is no host": {
			Record{IPAddress: "192.0.2.1", Skip: "x", FunctionalAccount: &FunctionalAccount{PlatformID: 2, AccountName: " svc "}},
			Record{FunctionalAccount: &FunctionalAccount{PlatformID: 2, AccountName: "svc"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := test.have.Normalized()
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(got, got.Normalized()); diff != "" {
				t.Errorf("a second time changes it:\n%s", diff)
			}
		})
	}
}

func TestNormalizedLeavesTheRecordAlone(t *testing.T) {
	t.Parallel()
	r := on(HostDetails{Databases: []Database{{InstanceName: " a "}}, ManagedSystem: &ManagedSystem{ManagedAccounts: []ManagedAccount{{AccountName: " b "}}}})
	r.Normalized()
	if r.HostDetails.Databases[0].InstanceName != " a " || r.HostDetails.ManagedSystem.ManagedAccounts[0].AccountName != " b " {
		t.Errorf("it has become %+v", r.HostDetails)
	}
}

func TestFillTakesMissingHostDetails(t *testing.T) {
	t.Parallel()
	r := Record{IPAddress: "192.0.2.1"}
	shared := r
	r.Fill(on(HostDetails{Databases: []Database{{Port: 1433}}}))
	r.Fill(Record{HostDetails: &HostDetails{Databases: []Database{{Port: 5432}}, ManagedSystem: accounts(1, 1)}})
	want := on(HostDetails{Databases: []Database{{Port: 1433}}, ManagedSystem: accounts(1, 1)})
	if diff := cmp.Diff(want, r); diff != "" {
		t.Error(diff)
	}
	if shared.HostDetails != nil {
		t.Error("a copy got them too")
	}
}

// TestWire carries any record there and back, and loses no member of it: each is drawn with values that are left as they are.
func TestWire(t *testing.T) {
	t.Parallel()
	text := rapid.String()
	number := rapid.Int()
	boolean := rapid.SampledFrom([]*bool{nil, new(true), new(false)})
	password := rapid.Map(rapid.String(), NewPassword)
	word := rapid.StringMatching(`[a-z]{3,8}`)
	host := func(t *rapid.T) Record {
		r := Record{
			IPAddress: rapid.SampledFrom([]string{"192.0.2.1", "2001:db8::1"}).Draw(t, "address"), AssetName: word.Draw(t, "name"),
			DnsName: word.Draw(t, "host") + ".lab.example", DomainName: word.Draw(t, "domain") + ".example",
			MacAddress: rapid.StringMatching(`02:00:00:00:00:[1-9A-F][1-9A-F]`).Draw(t, "mac"), AssetType: word.Draw(t, "type"),
			OperatingSystem: word.Draw(t, "system"), Description: word.Draw(t, "description"),
		}
		if rapid.Bool().Draw(t, "skipped") {
			r.Skip = word.Draw(t, "skip")
		}
		return r
	}
	record := rapid.Custom(func(t *rapid.T) Record {
		account := func(t *rapid.T) ManagedAccount {
			return ManagedAccount{
				DomainName: text.Draw(t, "d"), AccountName: text.Draw(t, "a"), DistinguishedName: text.Draw(t, "n"), Description: text.Draw(t, "e"),
				Password: password.Draw(t, "p"), ApiEnabled: boolean.Draw(t, "i"), AutoManagementFlag: boolean.Draw(t, "m"),
				ReleaseDuration: number.Draw(t, "r"), MaxReleaseDuration: number.Draw(t, "x"),
			}
		}
		database := func(t *rapid.T) Database {
			return Database{number.Draw(t, "p"), text.Draw(t, "i"), boolean.Draw(t, "d"), number.Draw(t, "o"), text.Draw(t, "v"), text.Draw(t, "t")}
		}
		r := host(t)
		r.HostDetails = &HostDetails{
			Attributes: rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Attribute { return Attribute{text.Draw(t, "t"), text.Draw(t, "s")} }), 0, 3).Draw(t, "attributes"),
			Databases:  rapid.SliceOfN(rapid.Custom(database), 0, 3).Draw(t, "databases"),
			ManagedSystem: &ManagedSystem{
				text.Draw(t, "s"), number.Draw(t, "p"), text.Draw(t, "n"), text.Draw(t, "c"), text.Draw(t, "d"), number.Draw(t, "o"), number.Draw(t, "t"),
				number.Draw(t, "f"), boolean.Draw(t, "a"), number.Draw(t, "r"), number.Draw(t, "x"),
				rapid.SliceOfN(rapid.Custom(account), 0, 3).Draw(t, "accounts"),
			},
		}
		return r
	})
	functional := rapid.Custom(func(t *rapid.T) Record {
		return Record{FunctionalAccount: &FunctionalAccount{
			number.Draw(t, "p"), text.Draw(t, "d"), text.Draw(t, "a"), text.Draw(t, "n"), text.Draw(t, "e"), password.Draw(t, "w"),
		}}
	})
	rapid.Check(t, func(t *rapid.T) {
		drawn := rapid.OneOf(record, functional).Draw(t, "record")
		r := drawn.Normalized()
		if drawn.FunctionalAccount == nil && (r.DnsName != drawn.DnsName || r.MacAddress != drawn.MacAddress || r.Skip != drawn.Skip) {
			t.Errorf("%+v is drawn, and not left as it is: %+v", drawn, r)
		}
		raw, err := proto.Marshal(toWire(r))
		if err != nil {
			t.Fatal(err)
		}
		m := new(importerpb.Record)
		if err := proto.Unmarshal(raw, m); err != nil {
			t.Fatal(err)
		}
		if got := FromWire(m); !reflect.DeepEqual(r, got) {
			t.Error(cmp.Diff(r, got))
		}
	})
}

// TestFunctionalPasswordsAreBounded takes one from a process that keeps to no limit: it stays too long for the store, and is no longer
// than that.
func TestFunctionalPasswordsAreBounded(t *testing.T) {
	t.Parallel()
	for _, length := range []int{1, 1000, 1001, maxMember, maxMember + 1, 100_000} {
		password := strings.Repeat("é", length)
		r := FromWire(&importerpb.Record{FunctionalAccount: &importerpb.FunctionalAccount{PlatformId: 2, AccountName: "svc", Password: password}})
		want := strings.Repeat("é", min(length, maxMember))
		if got := r.FunctionalAccount.Password.Reveal(); got != want {
			t.Errorf("of %d characters %d are left, want %d", length, len(got)/2, len(want)/2)
		}
		if r.Size() != len("svc")+len(want) {
			t.Errorf("with a password of %d bytes its size is %d", len(want), r.Size())
		}
	}
}

// TestBatchesAreSentBySize gathers records of every size into messages that a host takes, in order and none twice.
func TestBatchesAreSentBySize(t *testing.T) {
	t.Parallel()
	for _, length := range []int{1, 1500, 3000, 100_000, 250_000, 500_000} {
		var sent []*importerpb.Batch
		b := &batcher{send: func(batch *importerpb.Batch) error { sent = append(sent, batch); return nil }}
		const records = 2*batchRecords + 1
		for n := range records {
			r := Record{IPAddress: fmt.Sprintf("10.0.%d.%d", n/256, n%256), Description: strings.Repeat("x", length)}
			if err := b.emit(r); err != nil {
				t.Fatal(err)
			}
		}
		if err := b.flush(); err != nil {
			t.Fatal(err)
		}
		next, full := 0, min(batchRecords, max(1, batchBytes/(length+20)))
		for i, batch := range sent {
			if n := len(batch.Records); n > batchRecords || n > 1 && proto.Size(batch) > batchBytes+1<<10 || n < full*9/10 && i < len(sent)-1 {
				t.Errorf("%d bytes: batch %d has %d records and %d bytes", length, i, n, proto.Size(batch))
			}
			for _, r := range batch.Records {
				if want := fmt.Sprintf("10.0.%d.%d", next/256, next%256); r.IpAddress != want {
					t.Fatalf("%s came, want %s", r.IpAddress, want)
				}
				next++
			}
		}
		if next != records {
			t.Errorf("%d bytes: %d records of %d came", length, next, records)
		}
	}
}

// TestFromWireOfTooMuch takes a record from a process that keeps to no limit.
func TestFromWireOfTooMuch(t *testing.T) {
	t.Parallel()
	m := &importerpb.Record{IpAddress: "192.0.2.1", ManagedSystem: &importerpb.ManagedSystem{}}
	for range 100_000 {
		m.ManagedSystem.ManagedAccounts = append(m.ManagedSystem.ManagedAccounts, &importerpb.ManagedAccount{})
	}
	want := Record{IPAddress: "192.0.2.1", Skip: "it has more than 1000 managed accounts"}
	if diff := cmp.Diff(want, FromWire(m)); diff != "" {
		t.Error(diff)
	}
}

// TestLargestRecordFitsAMessage keeps what a record may hold below what a host takes in one message.
func TestLargestRecordFitsAMessage(t *testing.T) {
	t.Parallel()
	system := accounts(1000, 1)
	for i := range system.ManagedAccounts {
		a := &system.ManagedAccounts[i]
		a.AccountName, a.Password = strings.Repeat("n", 400), NewPassword(strings.Repeat("p", 100))
		a.ApiEnabled, a.AutoManagementFlag, a.ReleaseDuration, a.MaxReleaseDuration = new(true), new(true), -1, -1
	}
	r := on(HostDetails{ManagedSystem: system}).Normalized()
	if size := proto.Size(toWire(r)); r.Skip != "" || r.Size() < 480<<10 || size > 768<<10 {
		t.Errorf("%q: %d bytes of text are %d on the wire", r.Skip, r.Size(), size)
	}
}
