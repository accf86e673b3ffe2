package store

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/musterhq/muster/store/kv"
	"github.com/musterhq/muster/store/record"
)

// olga is a signed-in user as the doors show her to the store.
var olga = Actor{UserID: 7, UserName: "olga", IPAddress: "10.9.8.7", Door: "insight", Registration: "muster key", Admin: true}

func TestAnAuditSaysWhoDidWhatWhenAndHow(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	l.clock.step(time.Hour)
	id := l.lastAudit() + 1
	err := Change(l.ctx, l.DB, olga, func(tx *Tx) error {
		return tx.Audit(record.ActionEdit, "Operating System", record.Detail("Count", 1, 2))
	})
	if err != nil {
		t.Fatal(err)
	}
	a := get(l, record.Audits, id)
	want := UserAudit{
		AuditID: id, ActionType: record.ActionEdit, Section: "Operating System",
		UserID: 7, UserName: "olga", IPAddress: "10.9.8.7", CreateDate: record.At(begin.Add(time.Hour)),
	}
	if a.UserAudit != want {
		t.Errorf("got %+v, want %+v", a.UserAudit, want)
	}
	equal(t, "details", a.Details, []UserAuditDetail{
		{AuditDetailsID: id*100 + 1, Name: "Door", OldValue: "", NewValue: "insight"},
		{AuditDetailsID: id*100 + 2, Name: "Registration", OldValue: "", NewValue: "muster key"},
		{AuditDetailsID: id*100 + 3, Name: "Count", OldValue: "1", NewValue: "2"},
	})
}

func TestEachChangeOfARecordLeavesOneRow(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	l.clock.step(time.Second)
	organization := view(l, DefaultOrganization)
	a := &Asset{WorkgroupID: 1, AssetName: "srv01", IPAddress: "10.0.0.1"}
	w := &Workgroup{Name: "Floor 1", OrganizationID: organization}
	u := &User{UserName: "olga", UserType: BeyondInsightType, UUID: "0c5b0f5e-3a52-4f0e-8d8e-0f5a7d9b1c11", IsActive: true}
	r := &ApiRegistration{Name: "Scripts", RegistrationType: ApiAccessPolicy, Active: true}
	const created, edited = "2024-12-06T17:59:41.36Z", "2024-12-06T17:59:42.36Z"
	for _, test := range []struct {
		change func(tx *Tx) error
		want   string
	}{
		{func(tx *Tx) error { return Workgroups.Insert(tx, w) },
			`Add Workgroup: OrganizationID "" → "` + organization + `", ID "" → "2", Name "" → "Floor 1"`},
		{func(tx *Tx) error { w.Name = "Floor 2"; return Workgroups.Put(tx, w) },
			`Edit Workgroup: ID "2" → "2", Name "Floor 1" → "Floor 2"`},
		{func(tx *Tx) error { return Workgroups.Delete(tx, w.ID) },
			`Delete Workgroup: OrganizationID "` + organization + `" → "", ID "2" → "", Name "Floor 2" → ""`},
		{func(tx *Tx) error { return Assets.Insert(tx, a) },
			`Add Asset: WorkgroupID "" → "1", AssetID "" → "1", AssetName "" → "srv01", IPAddress "" → "10.0.0.1", ` +
				`CreateDate "" → "` + created + `", LastUpdateDate "" → "` + created + `"`},
		{func(tx *Tx) error {
			l.clock.step(time.Second)
			tx.Now = record.At(l.clock.Now())
			a.AssetType = "Server"
			return Assets.Put(tx, a)
		},
			`Edit Asset: AssetID "1" → "1", AssetType "" → "Server", LastUpdateDate "` + created + `" → "` + edited + `"`},
		{func(tx *Tx) error { return Users.Insert(tx, u) },
			`Add User: UserID "" → "3", UserType "" → "BeyondInsight", UserName "" → "olga", ` +
				`IsQuarantined "" → "false", IsActive "" → "true", UUID "" → "0c5b0f5e-3a52-4f0e-8d8e-0f5a7d9b1c11"`},
		{func(tx *Tx) error { u.IsQuarantined = true; return Users.Put(tx, u) },
			`Edit User: UserID "3" → "3", IsQuarantined "false" → "true"`},
		{func(tx *Tx) error { return ApiRegistrations.Insert(tx, r) },
			`Add API Registration: Id "" → "3", Name "" → "Scripts", RegistrationType "" → "ApiAccessPolicy", AccessTokenDuration "" → "60", Active "" → "true", Visible "" → "false", MultiFactorAuthenticationEnforced "" → "false", ClientCertificateRequired "" → "false", UserPasswordRequired "" → "false", VerifyPsrunSignature "" → "false"`},
		{func(tx *Tx) error { r.AccessTokenDuration = 5; return ApiRegistrations.Put(tx, r) },
			`Edit API Registration: Id "3" → "3", AccessTokenDuration "60" → "5"`},
	} {
		equal(t, "audits", l.audits(func() { l.change(test.change) }), []string{test.want})
	}
}

func TestAnAuditSaysThatASecretChangedNotHow(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	for name, test := range map[string]struct {
		change func(*Tx) error
		want   []string
	}{
		"a password": {
			func(tx *Tx) error {
				return UserSecrets.Put(tx, &UserSecret{UserID: administratorID, Password: "$argon2id$…", Version: 2})
			},
			[]string{`Edit User Secret: UserID "1" → "1", Secret "(hidden)" → "(hidden)"`},
		},
		"an API key": {
			func(tx *Tx) error { return SetApiKey(tx, keyRegistration, "another") },
			[]string{`Edit API Key: Id "1" → "1", Secret "(hidden)" → "(hidden)"`},
		},
		"a new secret is part of its owner": {
			func(tx *Tx) error { return UserSecrets.Insert(tx, &UserSecret{UserID: 17, Password: "x"}) }, nil,
		},
		"and so is a deleted one": {
			func(tx *Tx) error { return UserSecrets.Delete(tx, applicationID) }, nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := l.in(t)
			equal(t, "audits", l.audits(func() { l.change(test.change) }), test.want)
		})
	}
}

func TestWhatIsNoActLeavesNoRow(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	for name, change := range map[string]func(*Tx) error{
		"an operating system": func(tx *Tx) error { return OperatingSystems.Insert(tx, &OperatingSystem{Name: "AIX"}) },
		"a job":               func(tx *Tx) error { return record.Enqueue(tx, "test", 1) },
		"within an act": func(tx *Tx) error {
			tx = tx.Unaudited()
			return cmp.Or(
				Workgroups.Delete(tx, firstWorkgroupID),
				GroupMember.Set(tx, Administrators, 17, 0),
				tx.Audit(record.ActionDelete, "Test"),
			)
		},
		"what is refused": func(tx *Tx) error {
			if err := Workgroups.Insert(tx, &Workgroup{Name: ""}); err == nil {
				return fmt.Errorf("a Workgroup without a name")
			}
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := l.in(t)
			equal(t, "audits", l.audits(func() { l.change(change) }), nil)
		})
	}
}

func TestUnauditedIsOneTransactionOnly(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	got := l.audits(func() {
		l.change(func(tx *Tx) error {
			return cmp.Or(tx.Unaudited().Audit(record.ActionAdd, "Within"), tx.Audit(record.ActionAdd, "Without"))
		})
	})
	equal(t, "audits", got, []string{"Add Without"})
}

func TestALongAuditIsCut(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	details := make([]UserAuditDetail, 200)
	for i := range details {
		details[i] = record.Detail("Text", nil, strings.Repeat("ä", 2000))
	}
	l.change(func(tx *Tx) error { return tx.Audit(record.ActionAdd, "Test", details...) })
	a := get(l, record.Audits, l.lastAudit())
	if len(a.Details) != 99 || a.Details[98].AuditDetailsID != a.AuditID*100+99 {
		t.Errorf("%d details, the last is %d of audit %d", len(a.Details), a.Details[98].AuditDetailsID, a.AuditID)
	}
	if got := a.Details[2].NewValue; got != strings.Repeat("ä", 1024) {
		t.Errorf("a long value has %d bytes", len(got))
	}
}

func TestAuditsAreFoundNewestFirst(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	l.unsound = true
	l.change(func(tx *Tx) error { // what the seed has left, which has been sealed
		for pair, err := range tx.Reader.Scan(kv.Prefix([]byte(record.Audits.Tag()))) {
			if err := cmp.Or(err, tx.Writer.Delete(bytes.Clone(pair.Key))); err != nil {
				return err
			}
		}
		return nil
	})
	for _, row := range []struct {
		at      time.Duration
		by      string
		action  record.Action
		section string
	}{
		{0, "olga", record.ActionAdd, "Asset"},
		{time.Second, "Olga", record.ActionEdit, "Asset"},
		{time.Second, "aaron", record.ActionLogin, record.SectionAuthentication},
		{time.Hour, "olga", record.ActionAdd, "User Group"},
	} {
		err := Change(l.ctx, l.DB, Actor{UserName: row.by}, func(tx *Tx) error {
			tx.Now = record.At(begin.Add(row.at))
			return tx.Audit(row.action, row.section)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	zero, second, hour := record.At(begin), record.At(begin.Add(time.Second)), record.At(begin.Add(time.Hour))
	year := func(y int) Time { return record.At(time.Date(y, 12, 31, 0, 0, 0, 0, time.UTC)) }
	const newest, login, edit, oldest = "Add User Group", "Login Authentication", "Edit Asset", "Add Asset"
	for name, test := range map[string]struct {
		filter AuditFilter
		want   []string
	}{
		"all":                        {AuditFilter{}, []string{newest, login, edit, oldest}},
		"user, in any letter case":   {AuditFilter{UserName: "OLGA"}, []string{newest, edit, oldest}},
		"action, in any letter case": {AuditFilter{ActionType: "add"}, []string{newest, oldest}},
		"section":                    {AuditFilter{Section: "asset"}, []string{edit, oldest}},
		"a part of a name is none":   {AuditFilter{Section: "User"}, nil},
		"all of them together":       {AuditFilter{UserName: "olga", ActionType: "Add", Section: "Asset"}, []string{oldest}},
		"from":                       {AuditFilter{From: second}, []string{newest, login, edit}},
		"to":                         {AuditFilter{To: second}, []string{login, edit, oldest}},
		"both ends are included":     {AuditFilter{From: second, To: second}, []string{login, edit}},
		"just beside them":           {AuditFilter{From: second.Add(time.Millisecond), To: hour.Add(-time.Millisecond)}, nil},
		"from and user":              {AuditFilter{UserName: "olga", From: second}, []string{newest, edit}},
		"the wrong way round":        {AuditFilter{From: hour, To: zero}, nil},
		"all of history":             {AuditFilter{From: year(1000), To: year(9999)}, []string{newest, login, edit, oldest}},
	} {
		t.Run(name, func(t *testing.T) {
			l := l.in(t)
			got := []string{}
			for _, a := range view(l, func(tx *Tx) ([]*Audit, error) { return record.Collect(record.FindAudits(tx, test.filter)) }) {
				got = append(got, lineOf(a))
			}
			equal(t, "audits", got, test.want)
		})
	}
	first := view(l, func(tx *Tx) (string, error) {
		for a, err := range record.FindAudits(tx, AuditFilter{}) {
			return lineOf(a), err
		}
		return "", nil
	})
	if first != newest {
		t.Errorf("the first of them is %q", first)
	}
}

// Two administrators at once must leave two rows, whatever either of them sees of the other.
func TestConcurrentChangesEachLeaveTheirRow(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	const writers = 8
	got := l.audits(func() {
		for _, err := range atOnce(writers, func(i int) error {
			return Change(l.ctx, l.DB, olga, func(tx *Tx) error { return GroupMember.Set(tx, 50+i, 60, 0) })
		}) {
			if err != nil {
				t.Error(err)
			}
		}
	})
	slices.Sort(got)
	want := []string{}
	for i := range writers {
		want = append(want, fmt.Sprintf(`Add User Group Membership: GroupID "" → "%d", UserID "" → "60"`, 50+i))
	}
	equal(t, "audits", got, want)
}
