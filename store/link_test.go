package store

import (
	"fmt"
	"testing"

	"github.com/musterhq/muster/store/record"
)

// forth lists what is linked from a, back what is linked to b, as id=value.
func forth[A, B int | string](l *fixture, link *record.Link[A, B], a A) []string {
	l.t.Helper()
	return linkedTo(view(l, func(tx *Tx) ([]record.Linked[B], error) { return record.Collect(link.From(tx, a)) }))
}

func back[A, B int | string](l *fixture, link *record.Link[A, B], b B) []string {
	l.t.Helper()
	return linkedTo(view(l, func(tx *Tx) ([]record.Linked[A], error) { return record.Collect(link.To(tx, b)) }))
}

func linkedTo[ID int | string](pairs []record.Linked[ID]) []string {
	found := []string{}
	for _, p := range pairs {
		found = append(found, fmt.Sprintf("%v=%d", p.ID, p.Value))
	}
	return found
}

func TestALinkIsReadFromBothSides(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	for _, pair := range [][3]int{{20, 5, 3}, {20, 1, 1}, {10, 5, 1}, {-1, 5, 0}} {
		l.change(func(tx *Tx) error { return GroupPermission.Set(tx, pair[0], pair[1], pair[2]) })
	}
	equal(t, "of group 20", forth(l, GroupPermission, 20), []string{"1=1", "5=3"})
	equal(t, "of group 10", forth(l, GroupPermission, 10), []string{"5=1"})
	equal(t, "of group 2", forth(l, GroupPermission, 2), nil)
	equal(t, "of permission 5", back(l, GroupPermission, 5), []string{"-1=0", "10=1", "20=3"})
	value, linked, err := 0, false, error(nil)
	l.change(func(tx *Tx) error { value, linked, err = GroupPermission.Get(tx, 20, 5); return err })
	if value != 3 || !linked {
		t.Errorf("20 and 5 are linked: %v, with the value %d", linked, value)
	}
	l.change(func(tx *Tx) error { value, linked, err = GroupPermission.Get(tx, 5, 20); return err })
	if linked {
		t.Errorf("5 and 20 are linked, with the value %d", value)
	}
}

func TestALinkByTextIsExact(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	for _, organization := range []string{"a", "ab", "a\x00b", ""} {
		l.change(func(tx *Tx) error { return GroupOrganization.Set(tx, 7, organization, 0) })
	}
	equal(t, "organizations of group 7", forth(l, GroupOrganization, 7), []string{"=0", "a=0", "a\x00b=0", "ab=0"})
	equal(t, "groups of organization a", back(l, GroupOrganization, "a"), []string{"7=0"})
}

func TestEachChangeOfALinkLeavesOneRow(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	for _, test := range []struct {
		does   string
		change func(tx *Tx) error
		want   []string
	}{
		{"set", func(tx *Tx) error { return GroupPermission.Set(tx, 7, 5, 1) },
			[]string{`Add User Group Permission: GroupID "" → "7", PermissionID "" → "5", AccessLevelID "0" → "1"`}},
		{"set to the same", func(tx *Tx) error { return GroupPermission.Set(tx, 7, 5, 1) }, nil},
		{"another value", func(tx *Tx) error { return GroupPermission.Set(tx, 7, 5, 3) },
			[]string{`Edit User Group Permission: GroupID "7" → "7", PermissionID "5" → "5", AccessLevelID "1" → "3"`}},
		{"cut", cutting(GroupPermission, 7, 5, true),
			[]string{`Delete User Group Permission: GroupID "7" → "", PermissionID "5" → "", AccessLevelID "3" → "0"`}},
		{"cut again", cutting(GroupPermission, 7, 5, false), nil},
		{"a pair that says it all", func(tx *Tx) error { return GroupMember.Set(tx, 7, 8, 0) },
			[]string{`Add User Group Membership: GroupID "" → "7", UserID "" → "8"`}},
		{"with a text", func(tx *Tx) error { return GroupOrganization.Set(tx, 7, "x", 0) },
			[]string{`Add User Group Organization: GroupID "" → "7", OrganizationID "" → "x"`}},
	} {
		equal(t, test.does, l.audits(func() { l.change(test.change) }), test.want)
	}
	equal(t, "of group 7", forth(l, GroupPermission, 7), nil)
	equal(t, "of permission 5", back(l, GroupPermission, 5), nil)
}

// cutting cuts a pair and says whether it has to be linked.
func cutting[A, B int | string](link *record.Link[A, B], a A, b B, linked bool) func(*Tx) error {
	return func(tx *Tx) error {
		was, err := link.Cut(tx, a, b)
		if err == nil && was != linked {
			err = fmt.Errorf("%v and %v were linked: %v", a, b, was)
		}
		return err
	}
}
