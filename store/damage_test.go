package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/store/kv"
	"github.com/musterhq/muster/store/record"
)

// verified runs Verify and returns its problems as lines, sorted.
func (l *fixture) verified(repair bool) []string {
	l.t.Helper()
	problems := []string{}
	o := VerifyOptions{Vault: l.Vault(), RepairIndexes: repair}
	v, err := Verify(context.Background(), l.engine, o, func(p Problem) error {
		problems = append(problems, p.String())
		return nil
	})
	if err != nil {
		l.t.Fatalf("verify: %v", err)
	}
	if v.Problems+v.Repaired != len(problems) {
		l.t.Errorf("%d problems and %d repaired are %d lines", v.Problems, v.Repaired, len(problems))
	}
	slices.Sort(problems)
	return problems
}

// raw changes the store behind its back.
func (l *fixture) raw(fn func(kv.Txn) error) {
	l.t.Helper()
	if err := l.engine.Update(l.ctx, fn); err != nil {
		l.t.Fatalf("%v", err)
	}
}

// damagedSafe has the secret of populated.
const damagedSafe = "7d1c3d0e-31a4-4f43-9a0b-5f2a6a1f0077"

// populated is a lab with something of everything that Verify looks at. Of its asset it returns the id.
func populated(t tb) (*fixture, int) {
	l := newFixture(t)
	asset := l.asset(Asset{AssetName: "web01", IPAddress: "10.0.0.1", DnsName: "web01.fixture.example"})
	l.change(func(tx *Tx) error {
		system := &ManagedSystem{AssetID: &asset, SystemName: "web01", PlatformID: 2, Port: new(22)}
		if err := ManagedSystems.Insert(tx, system); err != nil {
			return err
		}
		return cmp.Or(
			AssetAttribute.Set(tx, asset, 1, 0), Databases.Insert(tx, &Database{AssetID: asset, PlatformID: platformMySQL, Port: 3306, IsDefaultInstance: true}),
			GroupPermission.Set(tx, Administrators, int(authz.AssetManagement), 3),
			UserGroups.Insert(tx, &UserGroup{GroupID: 7, Name: "Operators", GroupType: BeyondInsightType, IsActive: true}),
			SecretsFolders.Insert(tx, &SecretsFolder{ID: damagedSafe, Name: "safe", UserGroupID: 7}),
			Secrets.Insert(tx, &Secret{FolderID: damagedSafe, Title: "root", SecretType: CredentialSecret}),
		)
	})
	if _, err := l.DB.SealAudits(l.ctx); err != nil {
		l.t.Fatalf("%v", err)
	}
	l.change(func(tx *Tx) error { return tx.Audit(record.ActionAdd, "Test") }) // not sealed yet
	return l, asset
}

// damages are what can be wrong with a store, one thing at a time.
var damages = []struct {
	name     string
	do       func(l *fixture, asset int, w kv.Txn) error
	want     []string // what the problems say, in any order
	repaired bool     // by RepairIndexes, which then leaves the store as it was
}{
	{"an index entry is gone", func(l *fixture, asset int, w kv.Txn) error {
		return w.Delete(Assets.Key('n', K(1, "web01")))
	}, []string{`Asset asn<1><"web01">: is missing, and follows from Asset 1`}, true},
	{"an index entry leads elsewhere", func(l *fixture, asset int, w kv.Txn) error {
		return w.Set(Assets.Key('n', K(1, "web01")), K(1, 99))
	}, []string{`Asset asn<1><"web01">: does not lead to Asset 1, from which it follows`}, true},
	{"an index entry too many", func(l *fixture, asset int, w kv.Txn) error {
		return w.Set(Assets.Key('d', K("db01.fixture.example", 1, asset)), K(1, asset))
	}, []string{`Asset asd<"db01.fixture.example"><1><1>: follows from no record`}, true},
	{"an index entry lies elsewhere", func(l *fixture, asset int, w kv.Txn) error {
		return errors.Join(w.Delete(Assets.Key('n', K(1, "web01"))), w.Set(Assets.Key('n', K(1, "web02")), K(1, asset)))
	}, []string{`asn<1><"web01">: is missing`, `asn<1><"web02">: follows from no record`}, true},
	{"an entry of an index that many share leads elsewhere", func(l *fixture, asset int, w kv.Txn) error {
		return w.Set(Assets.Key('a', K("web01", 1, asset)), K(2, asset))
	}, []string{`Asset asa<"web01"><1><1>: does not lead to Asset 1`}, true},
	{"an entry under an address", func(l *fixture, asset int, w kv.Txn) error {
		return w.Delete(Assets.Key('i', K((&Asset{IPAddress: "10.0.0.1"}).address(), 1, asset)))
	}, []string{`Asset asi<10.0.0.1><1><1>: is missing`}, true},
	{"a pointer is gone", func(l *fixture, asset int, w kv.Txn) error {
		return w.Delete(Assets.Key(record.KindPointer, K(asset)))
	}, []string{`Asset as@<1>: is missing`, `Managed System ms=<1>: belongs to Asset 1`, `Database db=<1><1>: belongs to Asset 1`, `Asset Attribute aa><1><1>: belongs to Asset 1`}, true},
	{"a pointer leads elsewhere", func(l *fixture, asset int, w kv.Txn) error {
		return w.Set(Assets.Key(record.KindPointer, K(asset)), K(5, asset))
	}, []string{`Asset as@<1>: does not lead to Asset 1`}, true},
	{"a pointer too many", func(l *fixture, asset int, w kv.Txn) error {
		return w.Set(Assets.Key(record.KindPointer, K(44)), K(1, 44))
	}, []string{`Asset as@<44>: follows from no record`}, true},
	{"a guard is gone", func(l *fixture, asset int, w kv.Txn) error {
		return w.Delete(secretsByFolder.GuardKey(K(damagedSafe)))
	}, []string{`Secret ss!f<"` + damagedSafe + `">: is missing, and guards ssf<"` + damagedSafe + `">`}, true},
	{"a guard too many", func(l *fixture, asset int, w kv.Txn) error {
		return w.Set(secretsByFolder.GuardKey(K("8")), nil)
	}, []string{`Secret ss!f<"8">: guards what has no entries`}, true},
	{"a link has no way back", func(l *fixture, asset int, w kv.Txn) error {
		return w.Delete(GroupPermission.Key(record.KindBack, K(int(authz.AssetManagement), Administrators)))
	}, []string{`User Group Permission gr<<1><1>: is missing, and is the way back of gr><1><1>`}, true},
	{"a link has another value on the way back", func(l *fixture, asset int, w kv.Txn) error {
		return w.Set(GroupPermission.Key(record.KindBack, K(int(authz.AssetManagement), Administrators)), K(1))
	}, []string{`gr<<1><1>: has another value than gr><1><1>`}, true},
	{"a link has a way back only", func(l *fixture, asset int, w kv.Txn) error {
		return w.Set(GroupMember.Key(record.KindBack, K(applicationID, 7)), K(0))
	}, []string{`User Group Membership gm<<2><7>: is a way back, and nothing leads forth`}, true},
	{"a link that is no pair", func(l *fixture, asset int, w kv.Txn) error {
		return w.Set(GroupMember.Key(record.KindForth, K(1)), K(0))
	}, []string{`User Group Membership gm><1>: is no pair of ids`}, false},
	{"a count is wrong", func(l *fixture, asset int, w kv.Txn) error {
		return w.Set(assetsInWorkgroup.Key(K(1)), kv.EncodeSum(4))
	}, []string{`Asset as#w<1>: the count is 4, and 1 records have what it counts`}, true},
	{"a count is gone", func(l *fixture, asset int, w kv.Txn) error {
		return w.Delete(assetsInBlock.Key(K(1, 0)))
	}, []string{`Asset as#b<1><0>: the count is missing, and 1 records have what it counts`}, true},
	{"a count is no number", func(l *fixture, asset int, w kv.Txn) error {
		return w.Set(assetsInWorkgroup.Key(K(1)), []byte("four"))
	}, []string{`Asset as#w<1>: the count is unreadable, and 1 records have what it counts`}, true},
	{"a count too many", func(l *fixture, asset int, w kv.Txn) error {
		return w.Set(assetsInWorkgroup.Key(K(17)), kv.EncodeSum(0))
	}, []string{`Asset as#w<17>: the count is unreadable, and 0 records have what it counts`}, true},
	{"a record cannot be read", func(l *fixture, asset int, w kv.Txn) error {
		return w.Set(Secrets.Key(record.KindRecord, K(1)), []byte(`{"SecretID":`))
	}, []string{`Secret ss=<1>: the record cannot be read`}, false},
	{"a record lies where it does not belong", func(l *fixture, asset int, w kv.Txn) error {
		return w.Set(Platforms.Key(record.KindRecord, K(10_001)), []byte(`{"PlatformID":10002}`))
	}, []string{`Platform pl=<10001>: by what it says, the record belongs under pl=<10002>`}, false},
	{"two records with a unique key", func(l *fixture, asset int, w kv.Txn) error {
		return errors.Join(w.Set(AccessPolicies.Key(record.KindRecord, K(6000)), mustEncode(&AccessPolicy{AccessPolicyID: 6000, Name: "Twin"})),
			w.Set(AccessPolicies.Key(record.KindRecord, K(6001)), mustEncode(&AccessPolicy{AccessPolicyID: 6001, Name: "twin"})),
			w.Set(AccessPolicies.Key('n', K("twin")), K(6000)))
	}, []string{`Access Policy apn<"twin">: Access Policy 6001 has it too, and only one can`}, false},
	{"an owned record without its owner", func(l *fixture, asset int, w kv.Txn) error {
		return w.Set(Criteria.Key(record.KindRecord, K(77)), []byte(`{"SmartRuleID":77}`))
	}, []string{`Smart Rule Criteria sc=<77>: belongs to Smart Rule 77, which is not there`}, false},
	{"a secret without its user", func(l *fixture, asset int, w kv.Txn) error {
		return w.Set(UserSecrets.Key(record.KindRecord, K(77)), []byte(`{"UserID":77}`))
	}, []string{`User Secret up=<77>: belongs to User 77, which is not there`}, false},
	{"a link to what is not there", func(l *fixture, asset int, w kv.Txn) error {
		return errors.Join(w.Set(GroupMember.Key(record.KindForth, K(1, 77)), K(0)), w.Set(GroupMember.Key(record.KindBack, K(77, 1)), K(0)))
	}, []string{`User Group Membership gm><1><77>: belongs to User 77, which is not there`}, false},
	{"a key of nobody", func(l *fixture, asset int, w kv.Txn) error { return w.Set([]byte("zz=x"), []byte("y")) },
		[]string{`the store zz=<78>: nothing accounts for the key`}, false},
	{"a key of no index", func(l *fixture, asset int, w kv.Txn) error { return w.Set(Assets.Key('z', K(1)), K(1)) },
		[]string{`the store asz<1>: nothing accounts for the key`}, false},
	{"a sequence that is no number", func(l *fixture, asset int, w kv.Txn) error {
		return w.Set(record.SequenceKey(EPMPolicies.Tag()), []byte("x"))
	},
		[]string{`EPM Policy po+: is no number`}, false},
	{"the keys of tokens are gone", func(l *fixture, asset int, w kv.Txn) error { return w.Delete(record.StoreKey(signingKeys)) },
		[]string{`the store !signing-keys: the keys that sign tokens cannot be opened`}, false},
	{"the default Organization is gone", func(l *fixture, asset int, w kv.Txn) error {
		return w.Set(record.StoreKey(defaultOrganization), []byte("x"))
	},
		[]string{`the store !default-organization: there is no Organization "x"`}, false},
}

func mustEncode(v any) []byte {
	raw, err := record.Encode(v)
	if err != nil {
		panic(err)
	}
	return raw
}

// TestVerifyFindsDamage damages one thing at a time, through the engine. Exactly that is found; where a repair is promised,
// the store is afterwards as it was before, in every key.
func TestVerifyFindsDamage(t *testing.T) {
	t.Parallel()
	for _, damage := range damages {
		t.Run(damage.name, func(t *testing.T) {
			t.Parallel()
			l, asset := populated(t)
			l.unsound = true
			equal(t, "problems of a sound store", l.verified(false), nil)
			before := l.dump()
			l.raw(func(w kv.Txn) error { return damage.do(l, asset, w) })
			damaged := l.dump()
			mustSay(t, l.verified(false), damage.want)
			if !maps.Equal(l.dump(), damaged) {
				t.Error("looking at the store has changed it")
			}
			l.verified(true)
			left := l.verified(false)
			if !damage.repaired {
				if len(left) == 0 {
					t.Error("what cannot be repaired is gone")
				}
				return
			}
			equal(t, "problems after the repair", left, nil)
			after := l.dump()
			delete(before, string(epochKey(everyone)))
			delete(after, string(epochKey(everyone)))
			for key, value := range after {
				if was, there := before[key]; !there || was != value {
					t.Errorf("the repair wrote %s", record.KeyText([]byte(key)))
				}
				delete(before, key)
			}
			for key := range before {
				t.Errorf("the repair lost %s", record.KeyText([]byte(key)))
			}
		})
	}
}

// mustSay compares problems with what they have to say, one each.
func mustSay(t *testing.T, problems, want []string) {
	t.Helper()
	if len(problems) != len(want) {
		t.Errorf("%d problems, want %d:\n%s", len(problems), len(want), strings.Join(problems, "\n"))
	}
	for _, w := range want {
		if !slices.ContainsFunc(problems, func(p string) bool { return strings.Contains(p, w) }) {
			t.Errorf("no problem says %q; they are\n%s", w, strings.Join(problems, "\n"))
		}
	}
}

func TestVerifyRefusesWhatItDoesNotKnow(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	l.unsound = true
	for version, want := range map[int]string{0: "there is no store", SchemaVersion + 1: "newer muster"} {
		l.raw(func(w kv.Txn) error {
			if version == 0 {
				return w.Delete(record.StoreKey("schema"))
			}
			return w.Set(record.StoreKey("schema"), K(version))
		})
		_, err := Verify(t.Context(), l.engine, VerifyOptions{Vault: l.Vault()}, func(Problem) error { return nil })
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("schema %d: %v, want %q", version, err, want)
		}
	}
}

func TestKeysAreWrittenAsTheDocumentDoes(t *testing.T) {
	t.Parallel()
	for want, key := range map[string][]byte{
		`as=<1><17>`:           Assets.Key(record.KindRecord, K(1, 17)),
		`asn<1><"wéb">`:        Assets.Key('n', K(1, "wéb")),
		`asi<10.0.0.1><-1><2>`: Assets.Key('i', K((&Asset{IPAddress: "10.0.0.1"}).address(), -1, 2)),
		`asi<2001:db8::1>`:     Assets.Key('i', K((&Asset{IPAddress: "2001:db8::1"}).address())),
		`ss!f<"x">`:            secretsByFolder.GuardKey(K("x")),
		`usn<""><"olga">`:      Users.Key('n', K("", "olga")),
		`!schema`:              record.StoreKey("schema"),
		`au=<` + fmt.Sprint(begin.Format("2006-01-02T15:04:05.999999999Z07:00")) + `><1>`: record.Audits.Key(record.KindRecord, K(record.At(begin), 1)),
		`"\x00\x01x"<ff>`: {0, 1, 'x', 0xff},
		`"q"`:             []byte("q"),
	} {
		if got := record.KeyText(key); got != want {
			t.Errorf("%q is written %s, want %s", key, got, want)
		}
	}
}

// TestARepairShowsWhoHasNoOwner removes an asset of which everything else is left. The pointer that a repair takes away is all that spoke for
// there being an owner, so the same run finds its host details without an owner.
func TestARepairShowsWhoHasNoOwner(t *testing.T) {
	t.Parallel()
	l, asset := populated(t)
	l.unsound = true
	l.raw(func(w kv.Txn) error { return w.Delete(Assets.Key(record.KindRecord, K(1, asset))) })
	said := strings.Join(l.verified(true), "\n")
	for _, want := range []string{
		`Asset as@<1>: follows from no record; deleted`,
		`Database db=<1><1>: belongs to Asset 1, which is not there`,
		`Managed System ms=<1>: belongs to Asset 1, which is not there`,
	} {
		if !strings.Contains(said, want) {
			t.Errorf("no problem says %q; they are\n%s", want, said)
		}
	}
}
