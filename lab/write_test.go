package lab

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestWhatIsWrittenIsReadAsTheSame writes texts of all sorts, in all places that there are for texts.
func TestWhatIsWrittenIsReadAsTheSame(t *testing.T) {
	t.Parallel()
	anything := rapid.OneOf(
		rapid.StringN(1, 12, -1), rapid.StringOfN(rapid.RuneFrom([]rune("ab: -#'\"\\\n\t,[]{}&*!|>%@`~?.\u00a0\u0085\u2028\ufeff\x00\x07\x1b😀")), 1, 8, -1),
		rapid.SampledFrom([]string{"no", "NULL", "~", "1", "-1", "0x1", "1_000", "1e3", ".inf", ".NaN", "2024-12-06", "12:30:45", "---", "...", "<<", "=", "a:", "- ", "? a", "10.0.0.1", "fe80::1"}),
	)
	rapid.Check(t, func(rt *rapid.T) {
		text := func(what string) *string { return new(anything.Draw(rt, what)) }
		f := &File{
			Muster:        Version,
			Organizations: []*Organization{{Name: *text("name"), OrganizationID: text("id"), IsActive: new(false)}},
			UserGroups: []*UserGroup{{
				Name: *text("group"), Description: text("description"), Organizations: names(*text("organization")), ApiRegistrations: Names{},
				SmartRules: []*GroupRule{{SmartRule: *text("rule"), AccessLevel: "Read"}},
			}},
			SmartRules: []*SmartRule{{Title: *text("title"), RuleType: "Asset", Attributes: Entries{{Key: *text("key"), Names: names("a", *text("value")+"b")}}}},
		}
		var b strings.Builder
		check(rt, f.Write(&b))
		read, err := Parse("lab.yaml", []byte(b.String()))
		if err != nil {
			rt.Fatalf("%v in\n%s", err, b.String())
		}
		var again strings.Builder
		check(rt, read.Write(&again))
		is(rt, "what was read", again.String(), b.String())
		for _, pair := range [][2]any{
			{f.Organizations[0].Name, read.Organizations[0].Name}, {f.Organizations[0].OrganizationID, read.Organizations[0].OrganizationID},
			{f.UserGroups[0].Description, read.UserGroups[0].Description}, {f.UserGroups[0].Organizations[0].Text, read.UserGroups[0].Organizations[0].Text},
			{f.SmartRules[0].Attributes[0].Key, read.SmartRules[0].Attributes[0].Key},
			{f.SmartRules[0].Attributes[0].Names[1].Text, read.SmartRules[0].Attributes[0].Names[1].Text},
		} {
			if !reflect.DeepEqual(pair[0], pair[1]) {
				rt.Errorf("%#v is read as %#v in\n%s", pair[0], pair[1], b.String())
			}
		}
	})
}

// TestAFileFromWindows has other line ends and begins with a mark.
func TestAFileFromWindows(t *testing.T) {
	t.Parallel()
	db := newStore(t)
	text := read(t, "testdata/all.yaml")
	load(t, db, text)
	is(t, "the changes", strings.Join(load(t, db, "\ufeff"+strings.ReplaceAll(text, "\n", "\r\n")), "\n"), "")
}

// TestSources are read from the environment and from files.
func TestSources(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("MUSTER_TEST_PASSWORD", "from outside ")
	for name, text := range map[string]string{"unix.txt": "a word\n", "windows.txt": "a word\r\n", "long.txt": strings.Repeat("x", 5000)} {
		check(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	for _, c := range []struct {
		Source
		want, err string
	}{
		{Source{FromEnvironment, "MUSTER_TEST_PASSWORD"}, "from outside ", ""},
		{Source{FromFile, "unix.txt"}, "a word", ""},
		{Source{FromFile, filepath.Join(dir, "windows.txt")}, "a word", ""},
		{Source{FromFile, "."}, "", ". is not a file"},
		{Source{FromFile, "nowhere.txt"}, "", "no such file"},
	} {
		got, err := c.Read(dir)
		if got != c.want || (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%v: %q %v", c.Source, got, err)
		}
	}
	if long, err := (Source{FromFile, "long.txt"}).Read(dir); err != nil || len(long) > 1100 {
		t.Errorf("%d bytes, %v: as much is read as shows that it is too long", len(long), err)
	}
}
