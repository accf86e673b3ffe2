package lab

import (
	"context"
	"errors"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/musterhq/muster/store"
	"github.com/musterhq/muster/store/record"
)

// TestAFileWithEverything is loaded, and again, dumped, and loaded from the dump.
func TestAFileWithEverything(t *testing.T) {
	t.Parallel()
	text := read(t, "testdata/all.yaml")
	db := newStore(t)
	first := load(t, db, text)
	if len(first) < 50 {
		t.Errorf("%d changes", len(first))
	}
	is(t, "what the same file changes", strings.Join(load(t, db, text), "\n"), "")
	plain := dump(t, db, false)
	is(t, "what the dump changes", strings.Join(load(t, db, plain), "\n"), "")
	all := dump(t, db, true)
	is(t, "what the dump with secrets changes", strings.Join(load(t, db, all), "\n"), "")
	for _, secret := range []string{"functional secret", "root's", "0123456789abcdef", "7b2c3d4e"} {
		if strings.Contains(plain, secret) || !strings.Contains(all, secret) {
			t.Errorf("%q is to be in the dump with secrets and there alone", secret)
		}
	}
	if strings.Contains(all, "a long password") || strings.Contains(all, "argon2") {
		t.Error("the password of a user is in the dump")
	}
	another := newStore(t)
	load(t, another, all)
	is(t, "the dump of another store, which has loaded the dump", dump(t, another, true), all)
}

// TestADryRunSaysAndDoesNot.
func TestADryRunSaysAndDoesNot(t *testing.T) {
	t.Parallel()
	text, db := read(t, "testdata/all.yaml"), newStore(t)
	before := dump(t, db, true)
	f, err := Parse("lab.yaml", []byte(text))
	check(t, err)
	said, err := Load(t.Context(), db, f, LoadOptions{DryRun: true})
	check(t, err)
	is(t, "the store after a dry run", dump(t, db, true), before)
	var dry []string
	for _, c := range said {
		dry = append(dry, c.Text())
	}
	is(t, "what is said", strings.Join(dry, "\n"), strings.Join(load(t, db, text), "\n"))
}

// TestChanges are what a change of the file changes.
func TestChanges(t *testing.T) {
	t.Parallel()
	text, db := read(t, "testdata/all.yaml"), newStore(t)
	load(t, db, text)
	for _, c := range []struct{ name, from, to, want string }{
		{"a member", "AssetType: Server", "AssetType: Router", `edit Asset "Data Center / srv01": AssetType`},
		{"a member that is cleared", "AssetType: Router", `AssetType: ""`, `edit Asset "Data Center / srv01": AssetType`},
		{"an item that is left out", "          - {AccountName: svc-ad,", "  # ", ""},
		{"the password of a user", "a long password", "another long password", `edit User "olga": Password`},
		{"the password of an account", "root's", "roots", `edit Managed Account "Data Center / srv01 / root": Password`},
		{"a client secret", "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopq", "bcdefghijklmnopqrstuvwxyzabcdefghijklmnopqr", `edit User "robot": ClientSecret`},
		{"a key", "deF", "de0", `edit API Registration "Scripts": Key`},
		{"a level", "Asset Management: Read/Write", "Asset Management: Read", `edit User Group "Operators": Asset Management (Read)`},
		{"roles", "[Requestor, Breakglass]", "[Breakglass]", `edit User Group "Operators": Roles on Smart Rule "Roots"`},
		{"what a rule selects by", "{Rack: [A1, A2]}", "{Rack: A2}", `edit Smart Rule "Rack A1": Criteria`},
		{"what other doors know a group by", "UUID: 0F1E2D3C-4B5A-4978-8796-A5B4C3D2E1F0, ExternalID: s-1-1-0", "UUID: 0f1e2d3c-4b5a-4978-8796-a5b4c3d2e1f1, ExternalID: s-1-1-1", `edit User Group "Everybody": UUID, ExternalID`},
		{"a device group", "What hums", "What whirrs", `edit Device Group "Data Center": Description`},
		{"another rule", "10.0.0.0/8}\n      - {Type: CIDR Notation, Value: 10.0.0.0/8}", "10.0.0.0/8}", `edit API Registration "Scripts": IPAuthenticationRules`},
		{"quarantine", "IsQuarantined: true", "IsQuarantined: false", `edit User "quinn": IsQuarantined`},
		{"a database of several", `Version: "8"`, `Version: "9"`, `edit Database "Data Center / srv01 / MySQL": Version`},
	} {
		if c.from != "" && !strings.Contains(text, c.from) {
			if c.want != "" {
				t.Fatalf("%s: %q is not in the file", c.name, c.from)
			}
			continue
		}
		text = strings.Replace(text, c.from, c.to, 1)
		got := strings.Join(load(t, db, text), "\n")
		if got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
		is(t, c.name+", again", strings.Join(load(t, db, text), "\n"), "")
	}
}

// TestLoadsAreAudited finds a row for each record, in the name of who loads.
func TestLoadsAreAudited(t *testing.T) {
	t.Parallel()
	db := newStore(t)
	load(t, db, "muster: 1\nOrganizations: [{Name: Northwind}]\nWorkgroups: [{Name: Lab, Assets: [{IPAddress: 10.0.0.1}]}]\n")
	rows, err := store.View(t.Context(), db, system, func(tx *store.Tx) (rows []string, err error) {
		for a, err := range record.FindAudits(tx, store.AuditFilter{UserName: "muster", ActionType: "Add"}) {
			if err != nil {
				return nil, err
			}
			if a.Details[0].NewValue == "lab file" {
				rows = append(rows, a.Section)
			}
		}
		return rows, nil
	})
	check(t, err)
	is(t, "the sections", strings.Join(rows, ", "), "Asset, Workgroup, Organization")
}

// ending is a context that ends after it was asked so many times whether it has.
type ending struct {
	context.Context
	left atomic.Int64
}

func (e *ending) Err() error {
	if e.left.Add(-1) < 0 {
		return context.Canceled
	}
	return nil
}

// TestALoadThatBreaksOff changes nothing during its rehearsal, and afterwards a part; loading again does the rest.
func TestALoadThatBreaksOff(t *testing.T) {
	t.Parallel()
	text, broken, whole := read(t, "testdata/all.yaml"), newStore(t), newStore(t)
	all := len(load(t, whole, text))
	empty, parts := dump(t, broken, true), 0
	for patience := int64(1); ; patience *= 2 {
		f, err := Parse("lab.yaml", []byte(text))
		check(t, err)
		ctx := &ending{Context: t.Context()}
		ctx.left.Store(patience)
		changes, err := Load(ctx, broken, f, LoadOptions{})
		if err == nil {
			break
		}
		if !errors.Is(err, context.Canceled) {
			t.Fatalf("it ends with %v", err)
		}
		if len(changes) > 0 && len(changes) < all {
			parts++
		}
	}
	if parts == 0 {
		t.Error("no load broke off in the middle")
	}
	is(t, "what is left to do", strings.Join(load(t, broken, text), "\n"), "")
	madeUp := regexp.MustCompile(`(\w+ID): .*`) // the broken loads have used up some
	same := func(dump string) string { return madeUp.ReplaceAllString(dump, "$1") }
	is(t, "the store", same(dump(t, broken, true)), same(dump(t, whole, true)))
	if same(empty) == same(dump(t, broken, true)) {
		t.Error("nothing was loaded")
	}
}
