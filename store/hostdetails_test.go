package store

import (
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/musterhq/muster/store/record"
)

// brought is what one of the upserts brings in, on the asset with the id 1.
type brought func(*Tx) (Outcome, error)

func attribute(typeName, shortName string) brought {
	return func(tx *Tx) (Outcome, error) {
		changed, err := AssignAttributeByName(tx, 1, typeName, shortName)
		if changed {
			return Updated, err
		}
		return Unchanged, err
	}
}

func onAsset[R any](do func(tx *Tx, asset *Asset) (R, error)) func(tx *Tx) (R, error) {
	return func(tx *Tx) (R, error) {
		asset, err := Assets.Get(tx, 1)
		if err != nil {
			var none R
			return none, err
		}
		return do(tx, asset)
	}
}

func database(f DatabaseFacts) brought {
	return onAsset(func(tx *Tx, a *Asset) (Outcome, error) { return UpsertDatabase(tx, a, f) })
}

func system(f SystemFacts) brought {
	return onAsset(func(tx *Tx, a *Asset) (Outcome, error) {
		_, outcome, err := UpsertManagedSystem(tx, a, f)
		return outcome, err
	})
}

func account(f AccountFacts) brought {
	return func(tx *Tx) (Outcome, error) { return UpsertManagedAccount(tx, 1, f) }
}

func functional(f FunctionalFacts) brought {
	return func(tx *Tx) (Outcome, error) { return UpsertFunctionalAccount(tx, f, nil) }
}

// imported are the members of a managed system that an import may set.
type imported struct {
	ManagedSystemID, EntityTypeID       int
	AssetID                             *int
	SystemName                          string
	PlatformID                          int
	NetBiosName                         Text
	ContactEmail                        Text
	Description                         Text
	Port                                *int
	Timeout                             int
	FunctionalAccountID                 *int
	AutoManagementFlag                  bool
	ReleaseDuration, MaxReleaseDuration int
}

// hostDetails are what there is, each on a line of its own, a password as it is when it is opened.
func (l *fixture) hostDetails() []string {
	l.t.Helper()
	return view(l, func(tx *Tx) (found []string, err error) {
		open := func(sealed []byte, context string) string {
			plain, err := tx.Vault().Open(sealed, context)
			if err != nil {
				return err.Error()
			}
			return string(plain)
		}
		carried, err1 := AssetAttributes(tx, 1)
		for _, a := range carried {
			found = append(found, "attribute "+a.ShortName)
		}
		databases, err2 := record.Collect(Databases.All(tx))
		for _, d := range databases {
			found = append(found, fmt.Sprintf("database %d/%s:%d %t %s %s", d.PlatformID, d.InstanceName, d.Port, d.IsDefaultInstance, d.Version, d.Template))
		}
		systems, err3 := record.Collect(ManagedSystems.All(tx))
		for _, s := range systems {
			raw, _ := record.Encode(imported{
				s.ManagedSystemID, s.EntityTypeID, s.AssetID, s.SystemName, s.PlatformID, s.NetBiosName, s.ContactEmail, s.Description, s.Port, s.Timeout,
				s.FunctionalAccountID, s.AutoManagementFlag, s.ReleaseDuration, s.MaxReleaseDuration,
			})
			found = append(found, string(raw))
		}
		accounts, err4 := record.Collect(ManagedAccounts.All(tx))
		for _, a := range accounts {
			p, err := AccountPasswords.Get(tx, a.ManagedAccountID)
			password := "none"
			if err == nil {
				password = open(p.Sealed, sealedForAccount(a.ManagedAccountID))
			}
			found = append(found, fmt.Sprintf("account %s\\%s %s/%s %t/%t %d/%d %s %s", a.DomainName, a.AccountName, a.DistinguishedName, a.Description,
				a.ApiEnabled, a.AutoManagementFlag, a.ReleaseDuration, a.MaxReleaseDuration, a.LastChangeDate, password))
		}
		functionals, err5 := record.Collect(FunctionalAccounts.All(tx))
		for _, a := range functionals {
			p, err := FunctionalPasswords.Get(tx, a.FunctionalAccountID)
			password := "none"
			if err == nil {
				password = open(p.Sealed, sealedForFunctionalAccount(a.FunctionalAccountID))
			}
			found = append(found, fmt.Sprintf("functional %d %s\\%s %s/%s %s", a.PlatformID, a.DomainName, a.AccountName, a.DisplayName, a.Description, password))
		}
		return found, errors.Join(err1, err2, err3, err4, err5)
	})
}

func TestUpsertsOfHostDetails(t *testing.T) {
	t.Parallel()
	const now, later = "2024-12-06T17:59:40.36Z", "2024-12-06T18:00:40.36Z"
	linux := system(SystemFacts{PlatformID: 2})
	for name, test := range map[string]struct {
		before []brought
		bring  brought
		want   Outcome
		after  []string // behind the lines of what was before and is not named here
	}{
		"an attribute":                    {nil, attribute("Criticality", "High"), Updated, []string{"attribute High"}},
		"in another letter case":          {nil, attribute("CRITICALITY", "high"), Updated, []string{"attribute High"}},
		"an attribute beside another one": {[]brought{attribute("Criticality", "Low")}, attribute("Criticality", "High"), Updated, []string{"attribute High", "attribute Low"}},

		"a database": {
			nil, database(DatabaseFacts{PlatformID: 79, InstanceName: "main", Port: 5432, Version: "16", Template: "T"}),
			Created, []string{"database 79/main:5432 false 16 T"},
		},
		"the default instance": {
			nil, database(DatabaseFacts{PlatformID: 10, IsDefaultInstance: new(true), Port: 3306}), Created, []string{"database 10/:3306 true  "},
		},
		"a known database, its instance in another letter case": {
			[]brought{database(DatabaseFacts{PlatformID: 79, InstanceName: "main", Port: 5432, Version: "15", Template: "T"})},
			database(DatabaseFacts{PlatformID: 79, InstanceName: "MAIN", Port: 5432, Version: "16"}), Updated, []string{"database 79/MAIN:5432 false 16 T"},
		},
		"another port is another database": {
			[]brought{database(DatabaseFacts{PlatformID: 79, InstanceName: "main", Port: 5432})},
			database(DatabaseFacts{PlatformID: 79, InstanceName: "main", Port: 5433}),
			Created, []string{"database 79/main:5432 false  ", "database 79/main:5433 false  "},
		},

		"a system": {
			nil, linux, Created, []string{`{"ManagedSystemID":1,"EntityTypeID":1,"AssetID":1,"SystemName":"srv01","PlatformID":2,"NetBiosName":null,"ContactEmail":null,"Description":null,"Port":null,"Timeout":30,"FunctionalAccountID":null,"AutoManagementFlag":false,"ReleaseDuration":120,"MaxReleaseDuration":525600}`},
		},
		"all of a system": {
			[]brought{functional(FunctionalFacts{PlatformID: 1, AccountName: "svc"})},
			system(SystemFacts{
				SystemName: "box", NetBiosName: "BOX", ContactEmail: "x@lab.example", Description: "d", PlatformID: 1, Port: 22, Timeout: 60,
				FunctionalAccountID: 1, AutoManagementFlag: new(true), ReleaseDuration: 30, MaxReleaseDuration: 60,
			}),
			Created, []string{`{"ManagedSystemID":1,"EntityTypeID":1,"AssetID":1,"SystemName":"box","PlatformID":1,"NetBiosName":"BOX","ContactEmail":"x@lab.example","Description":"d","Port":22,"Timeout":60,"FunctionalAccountID":1,"AutoManagementFlag":true,"ReleaseDuration":30,"MaxReleaseDuration":60}`, `functional 1 \svc svc/ none`},
		},
		"a known system": {
			[]brought{system(SystemFacts{PlatformID: 2, Port: 22, AutoManagementFlag: new(true)})}, system(SystemFacts{Description: "d", AutoManagementFlag: new(false)}),
			Updated, []string{`{"ManagedSystemID":1,"EntityTypeID":1,"AssetID":1,"SystemName":"srv01","PlatformID":2,"NetBiosName":null,"ContactEmail":null,"Description":"d","Port":22,"Timeout":30,"FunctionalAccountID":null,"AutoManagementFlag":false,"ReleaseDuration":120,"MaxReleaseDuration":525600}`},
		},

		"an account without a password": {
			[]brought{linux}, account(AccountFacts{AccountName: "root"}), Created, []string{`account \root / false/false 120/525600  none`},
		},
		"all of an account": {
			[]brought{linux}, account(AccountFacts{
				DomainName: "CORP", AccountName: "admin", DistinguishedName: "CN=admin", Description: "d", Password: "one",
				ApiEnabled: new(true), AutoManagementFlag: new(true), ReleaseDuration: 30, MaxReleaseDuration: 60,
			}),
			Created, []string{`account CORP\admin CN=admin/d true/true 30/60 ` + later + ` one`},
		},
		"a known account, in another letter case, keeps its password": {
			[]brought{linux, account(AccountFacts{AccountName: "root", Password: "one"})}, account(AccountFacts{AccountName: "Root", Description: "d"}),
			Updated, []string{`account \Root /d false/false 120/525600 ` + now + ` one`},
		},
		"a known password is no change": {
			[]brought{linux, account(AccountFacts{AccountName: "root", Password: "one"})}, account(AccountFacts{AccountName: "root", Password: "one"}),
			Unchanged, []string{`account \root / false/false 120/525600 ` + now + ` one`},
		},
		"another one is": {
			[]brought{linux, account(AccountFacts{AccountName: "root", Password: "one"})}, account(AccountFacts{AccountName: "root", Password: "two"}),
			Updated, []string{`account \root / false/false 120/525600 ` + later + ` two`},
		},
		"a first password is": {
			[]brought{linux, account(AccountFacts{AccountName: "root"})}, account(AccountFacts{AccountName: "root", Password: " "}),
			Updated, []string{`account \root / false/false 120/525600 ` + later + `  `},
		},
		"another domain is another account": {
			[]brought{linux, account(AccountFacts{AccountName: "root"})}, account(AccountFacts{DomainName: "CORP", AccountName: "root"}),
			Created, []string{`account \root / false/false 120/525600  none`, `account CORP\root / false/false 120/525600  none`},
		},

		"a functional account": {
			nil, functional(FunctionalFacts{PlatformID: 2, DomainName: "CORP", AccountName: "svc", DisplayName: "Service", Description: "d", Password: "one"}),
			Created, []string{`functional 2 CORP\svc Service/d one`},
		},
		"a known functional account": {
			[]brought{functional(FunctionalFacts{PlatformID: 2, AccountName: "svc", Password: "one"})}, functional(FunctionalFacts{PlatformID: 2, AccountName: "SVC", Description: "d"}),
			Updated, []string{`functional 2 \SVC svc/d one`},
		},
		"with another password": {
			[]brought{functional(FunctionalFacts{PlatformID: 2, AccountName: "svc", Password: "one"})}, functional(FunctionalFacts{PlatformID: 2, AccountName: "svc", Password: "two"}),
			Updated, []string{`functional 2 \svc svc/ two`},
		},
		"on another platform is another one": {
			[]brought{functional(FunctionalFacts{PlatformID: 2, AccountName: "svc"})}, functional(FunctionalFacts{PlatformID: 1, AccountName: "svc"}),
			Created, []string{`functional 2 \svc svc/ none`, `functional 1 \svc svc/ none`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newFixture(t)
			l.asset(Asset{AssetName: "srv01", IPAddress: "192.0.2.1"})
			for _, p := range test.before {
				update(l, p)
			}
			l.clock.step(time.Minute)
			rows := l.audits(func() {
				if got := update(l, test.bring); got != test.want {
					t.Errorf("the outcome is %d, want %d", got, test.want)
				}
			})
			got := l.hostDetails()
			equal(t, "host details", got[max(0, len(got)-len(test.after)):], test.after)
			equal(t, "audits: an import is the act", rows, nil)
			l.clock.step(time.Minute)
			before := l.dump()
			if got := update(l, test.bring); got != Unchanged || !maps.Equal(before, l.dump()) {
				t.Errorf("the same once more is %d, or writes something", got)
			}
		})
	}
}

func TestRefusedHostDetails(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 4097)
	for want, test := range map[string]struct {
		kind  error
		bring brought
	}{
		`there is no Attribute Type "Colour"`:                                                      {ErrNotFound, attribute("Colour", "Red")},
		`there is no Attribute "Red" of the Attribute Type "Criticality"`:                          {ErrNotFound, attribute("criticality", "Red")},
		`there is no Attribute or Attribute Type with a name of more than 64 characters`:           {ErrNotFound, attribute("Criticality", long)},
		`Port: 1 to 65535 is expected`:                                                             {ErrInvalid, database(DatabaseFacts{PlatformID: 79, InstanceName: "x"})},
		`PlatformID: there is no Platform 4711`:                                                    {ErrInvalid, database(DatabaseFacts{PlatformID: 4711, InstanceName: "x", Port: 1})},
		`InstanceName is required unless IsDefaultInstance is true`:                                {ErrInvalid, database(DatabaseFacts{PlatformID: 79, Port: 1})},
		`InstanceName is longer than 100 characters`:                                               {ErrInvalid, database(DatabaseFacts{PlatformID: 79, InstanceName: long, Port: 1})},
		`IsDefaultInstance: Oracle has no default instance, only MS SQL Server and MySQL have`:     {ErrInvalid, database(DatabaseFacts{PlatformID: 8, IsDefaultInstance: new(true), Port: 1})},
		`PlatformID is required`:                                                                   {ErrInvalid, system(SystemFacts{SystemName: "x"})},
		`PlatformID: there is no Platform -1`:                                                      {ErrInvalid, system(SystemFacts{PlatformID: -1})},
		`Port: 1 to 65535 is expected` + " of a system":                                            {ErrInvalid, system(SystemFacts{PlatformID: 2, Port: 65536})},
		`Timeout: 1 to 86400 is expected`:                                                          {ErrInvalid, system(SystemFacts{PlatformID: 2, Timeout: -1})},
		`ReleaseDuration: 1 to 525600 is expected`:                                                 {ErrInvalid, system(SystemFacts{PlatformID: 2, ReleaseDuration: 525601})},
		`FunctionalAccountID: there is no Functional Account 9`:                                    {ErrInvalid, system(SystemFacts{PlatformID: 2, FunctionalAccountID: 9})},
		`SystemName is longer than 129 characters`:                                                 {ErrInvalid, system(SystemFacts{PlatformID: 2, SystemName: long})},
		`AccountName is required`:                                                                  {ErrInvalid, account(AccountFacts{DomainName: "CORP", Password: "secret"})},
		`AccountName is longer than 245 characters`:                                                {ErrInvalid, account(AccountFacts{AccountName: long})},
		`AccountName and DomainName take more room than an index has`:                              {ErrInvalid, account(AccountFacts{AccountName: strings.Repeat("\U0001d160", 245), DomainName: strings.Repeat("\U0001d160", 255)})},
		`Password is longer than 1000 characters`:                                                  {ErrInvalid, account(AccountFacts{AccountName: "root", Password: long})},
		`MaxReleaseDuration: 1 to 525600 is expected`:                                              {ErrInvalid, account(AccountFacts{AccountName: "root", Password: "secret", MaxReleaseDuration: -1})},
		`ManagedSystemID: there is no Managed System 1`:                                            {ErrInvalid, account(AccountFacts{AccountName: "root", Password: "secret"})},
		`PlatformID is required` + " of a functional account":                                      {ErrInvalid, functional(FunctionalFacts{AccountName: "svc", Password: "secret"})},
		`DomainName is longer than 255 characters`:                                                 {ErrInvalid, functional(FunctionalFacts{PlatformID: 2, AccountName: "svc", DomainName: long})},
		`AccountName and DomainName take more room than an index has` + " of a functional account": {ErrInvalid, functional(FunctionalFacts{PlatformID: 2, AccountName: strings.Repeat("\U0001d160", 245), DomainName: strings.Repeat("\U0001d160", 255)})},
	} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			l := newFixture(t)
			l.asset(Asset{AssetName: "srv01", IPAddress: "192.0.2.1"})
			if !strings.Contains(want, "Managed System 1") {
				update(l, system(SystemFacts{PlatformID: 2}))
			}
			if strings.Contains(want, "PlatformID is required") {
				l.change(func(tx *Tx) error { return ManagedSystems.Delete(tx, 1) })
			}
			before := l.dump()
			l.change(func(tx *Tx) error { // what was refused has written nothing, and the transaction goes on
				_, err := test.bring(tx)
				if text, _, _ := strings.Cut(want, " of a "); !errors.Is(err, test.kind) || err.Error() != text {
					t.Errorf("the error is %v", err)
				}
				return nil
			})
			if !maps.Equal(before, l.dump()) {
				t.Error("something of it was written")
			}
		})
	}
}

func TestAPasswordUnderAnotherMasterKeyIsReplaced(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	l.asset(Asset{AssetName: "srv01", IPAddress: "192.0.2.1"})
	update(l, system(SystemFacts{PlatformID: 2}))
	root := account(AccountFacts{AccountName: "root", Password: "one"})
	update(l, root)
	l.change(func(tx *Tx) error {
		return AccountPasswords.Put(tx, &AccountPassword{ManagedAccountID: 1, Sealed: []byte("\x01sealed elsewhere")})
	})
	if got := update(l, root); got != Updated {
		t.Errorf("the outcome is %d", got)
	}
	if got := update(l, root); got != Unchanged {
		t.Errorf("the outcome of the same once more is %d", got)
	}
}
