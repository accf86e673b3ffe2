package lab

import (
	"bytes"
	"strings"
	"testing"
)

// TestRefused are files that are refused, each with its exact error.
func TestRefused(t *testing.T) {
	t.Parallel()
	db := newStore(t)
	before := dump(t, db, true)
	for _, c := range []struct{ name, text, want string }{
		{"an empty file", "", `lab.yaml:1: the file is empty; it begins with muster: 1`},
		{"no version", "Organizations: []", `lab.yaml:1: muster is required`},
		{"another version", "muster: 2", `lab.yaml:1: muster: version 2 is not known, only 1 is`},
		{"a list", "- muster: 1", `lab.yaml:1: members are expected, this is a list`},
		{"no YAML", "muster: 1\nUsers: [", `lab.yaml:2: not YAML: sequence end token ']' not found`},
		{"a password that is taken for YAML", user("Password: |hunter2"), `lab.yaml:4: not YAML: invalid header option`},
		{"bytes that are no text", "muster: \xff", `lab.yaml:1: a lab file is UTF-8`},
		{"a second document", "muster: 1\n---\nmuster: 1", `lab.yaml:3: a second document begins`},
		{"an anchor", "muster: 1\nUsers: &all []", `lab.yaml:2: anchors and aliases are not read here`},
		{"an alias", "muster: 1\nUsers: *all", `lab.yaml:2: anchors and aliases are not read here`},
		{"a tag", "muster: !!int 1", `lab.yaml:1: tags are not read here`},
		{"deep brackets", "muster: " + strings.Repeat("[", 2_000), `lab.yaml:1: nested too deep`},
		{"deep dashes", "muster:\n" + strings.Repeat("- ", 2_000), `lab.yaml:2: nested too deep`},
		{"deep questions", "muster:\n" + strings.Repeat("? ", 2_000), `lab.yaml:2: nested too deep`},
		{"too much", "muster: 1 #" + strings.Repeat(" ", MaxSize), `lab.yaml:1: a lab file has at most 8 MiB`},
		{"too many marks", "muster: [" + strings.Repeat(",", 600_000), `lab.yaml:1: too much for one file: more than 500000 colons, commas, dashes and brackets`},
		{"a mapping without end", "muster: 1\n" + strings.Repeat("a: []\n", 50_000), `lab.yaml:501: a mapping has at most 500 members`},
		{"a mapping without end, in braces", "muster: 1\nUsers: [{" + strings.Repeat("a: {b: 1}, ", 20_000), `lab.yaml:2: a mapping has at most 500 members`},
		{"an unknown section", "muster: 1\nGroups: []", `lab.yaml:2: there is no member "Groups"`},
		{"an unknown member", user("Nmae: x"), `lab.yaml:4: Users[0]: there is no member "Nmae"`},
		{"a member in small letters", user("firstName: x"), `lab.yaml:4: Users[0]: there is no member "firstName"; FirstName is meant?`},
		{"a member that is missing", "muster: 1\nUsers:\n  - {FirstName: Olga}", `lab.yaml:3: Users[0]: UserName is required`},
		{"a member twice", user("LastName: x\n    LastName: y"), `lab.yaml:5: Users[0].LastName: given twice, first in line 4`},
		{"a member without a value", user("LastName:"), `lab.yaml:4: Users[0].LastName: there is no value; leave the member out, or give an empty text, list or mapping`},
		{"a number for a text", user("Password: 123456"), `lab.yaml:4: Users[0].Password: a text is expected, so put it in quotes: this is a number`},
		{"a boolean for a text", user("Password: true"), `lab.yaml:4: Users[0].Password: a text is expected, so put it in quotes: this is true or false`},
		{"a list for a text", user("Password: [a]"), `lab.yaml:4: Users[0].Password: a text is expected, this is a list`},
		{"a text for a boolean", user(`IsActive: "yes"`), `lab.yaml:4: Users[0].IsActive: true or false is expected, this is a text`},
		{"a text for a list", "muster: 1\nUsers: olga", `lab.yaml:2: Users: a list is expected, this is a text`},
		{"a text for an item", "muster: 1\nUsers:\n  - olga", `lab.yaml:3: Users[0]: members are expected, this is a text`},
		{"a text for a number", "muster: 1\nPlatforms:\n  - Name: X\n    DefaultPort: ssh", `lab.yaml:4: Platforms[0].DefaultPort: a whole number is expected, this is a text`},
		{"a fraction", "muster: 1\nPlatforms:\n  - {Name: X, DefaultPort: 2.5}", `lab.yaml:3: Platforms[0].DefaultPort: a whole number is expected, this is a number`},
		{"a number beyond 32 bits", "muster: 1\nPlatforms:\n  - {Name: X, DefaultPort: 4294967296}", `lab.yaml:3: Platforms[0].DefaultPort: a whole number below 2147483648 is expected, this is a number`},
		{"no time", "muster: 1\nWorkgroups:\n  - {Name: X, CreatedDate: yesterday}", `lab.yaml:3: Workgroups[0].CreatedDate: a time such as 2024-12-06T17:59:40Z is expected, this is a text`},
		{"a name twice in a list", user("Groups: [Administrators, Administrators]"), `lab.yaml:4: Users[0].Groups[1]: given twice, first in line 4`},
		{"a type that there is not", user("UserType: Robot"), `lab.yaml:4: Users[0].UserType: "Robot" is none of: BeyondInsight, Application, EntraId, ActiveDirectory, LdapDirectory`},
		{"a level that there is not", group("Permissions: {Asset Management: Write}"), `lab.yaml:4: UserGroups[0].Permissions.Asset Management: "Write" is none of: None, Read, Read/Write`},
		{"a permission twice", group("Permissions: {EPM: Read, EPM: Read}"), `lab.yaml:4: UserGroups[0].Permissions.EPM: given twice, first in line 4`},
		{"an item twice, in other letters", "muster: 1\nUsers:\n  - {UserName: olga, FirstName: O, EmailAddress: o@lab.example}\n  - {UserName: OLGA}", `lab.yaml:4: Users[1]: given twice, first in line 3`},
		{"a group that there is not", user("FirstName: O\n    EmailAddress: o@lab.example\n    Groups:\n      - Administrators\n      - Operators"), `lab.yaml:8: Users[0].Groups[1]: Groups: User Group "Operators" not found`},
		{"an organization that there is not", "muster: 1\nWorkgroups:\n  - Name: Lab\n    Organization: Northwind", `lab.yaml:4: Workgroups[0]: Organization: Organization "Northwind" not found`},
		{"a policy that there is not", "muster: 1\nWorkgroups:\n  - Name: Lab\n    Policy: Servers", `lab.yaml:4: Workgroups[0]: Policy: EPM Policy "Servers" not found`},
		{"a platform that there is not", asset("Databases: [{Platform: Access, Port: 1}]"), `lab.yaml:6: Workgroups[0].Assets[0].Databases[0]: Platform: Platform "Access" not found`},
		{"a functional account that there is not", asset("ManagedSystems:\n          - Platform: Linux\n            FunctionalAccount:\n              AccountName: svc"), `lab.yaml:9: Workgroups[0].Assets[0].ManagedSystems[0].FunctionalAccount: AccountName: Functional Account "svc" not found`},
		{"an attribute that there is not", asset("Attributes:\n          Criticality: [High, Higher]"), `lab.yaml:7: Workgroups[0].Assets[0].Attributes.Criticality[1]: Attributes: Attribute "Higher" not found`},
		{"an attribute type that there is not", asset("Attributes: {Colour: Red}"), `lab.yaml:6: Workgroups[0].Assets[0].Attributes.Colour: Attributes: Attribute Type "Colour" not found`},
		{"an address that is none", "muster: 1\nWorkgroups:\n  - Name: Lab\n    Assets:\n      - AssetName: srv01\n        IPAddress: 10.0.0.256", `lab.yaml:6: Workgroups[0].Assets[0]: IPAddress: "10.0.0.256" is not an IP address`},
		{"a text that is too long", asset("MacAddress: " + strings.Repeat("x", 129)), `lab.yaml:6: Workgroups[0].Assets[0]: MacAddress is longer than 128 characters`},
		{"an attribute of a read-only type", "muster: 1\nAttributeTypes:\n  - {Name: Criticality, Attributes: [{ShortName: Highest}]}", `lab.yaml:3: AttributeTypes[0].Attributes[0]: Attribute Type "Criticality" is read-only`},
		{"a built-in role", "muster: 1\nRoles: [{Name: requestor}]", `lab.yaml:2: Roles[0]: the role 1 "Requestor" is built in and already exists`},
		{"a built-in rule", "muster: 1\nSmartRules:\n  - {Title: All Managed Systems, RuleType: ManagedSystem, Platform: Linux}", `lab.yaml:3: SmartRules[0]: Smart Rule "All Managed Systems" is read-only`},
		{"a rule without criteria", "muster: 1\nSmartRules:\n  - {Title: X, RuleType: ManagedSystem}", `lab.yaml:3: SmartRules[0]: a ManagedSystem rule selects by SystemName, Workgroup and Platform, by one of them at least`},
		{"an id that another has", "muster: 1\nPlatforms: [{Name: X, PlatformID: 2}]", `lab.yaml:2: Platforms[0]: Platform 2 already exists`},
		{"an id that would change", "muster: 1\nPlatforms: [{Name: Linux, PlatformID: 3}]", `lab.yaml:2: Platforms[0]: PlatformID: that of Platform "Linux" is 2 and stays`},
		{"permissions of Administrators", "muster: 1\nUserGroups:\n  - {Name: Administrators, Permissions: {EPM: Read}}", `lab.yaml:3: UserGroups[0].Permissions.EPM: the User Group Administrators is built in: its permissions cannot be changed`},
		{"a Requestor without a policy", group("SmartRules:\n      - SmartRule: All Managed Accounts\n        AccessLevel: Read\n        Roles: [Requestor]"), `lab.yaml:5: UserGroups[0].SmartRules[0]: AccessPolicyID is required for a Requestor`},
		{"the last administrator", "muster: 1\nUsers:\n  - {UserName: administrator, IsActive: false}\n  - {UserName: muster, IsActive: false}", `lab.yaml:4: Users[1]: User 2 is the last active administrator`},
		{"a user without an address", user("FirstName: Olga"), `lab.yaml:3: Users[0]: EmailAddress is required of a BeyondInsight user`},
		{"two passwords", user("Password: x\n    PasswordEnv: X"), `lab.yaml:5: Users[0]: PasswordEnv: there is Password too, and only one of them is expected`},
		{"a variable that there is not", user("PasswordEnv: MUSTER_TEST_NO_SUCH"), `lab.yaml:4: Users[0]: PasswordEnv: the environment has no MUSTER_TEST_NO_SUCH`},
		{"a password file that there is not", user("PasswordFile: nowhere.txt"), `lab.yaml:4: Users[0]: PasswordFile: open nowhere.txt: no such file or directory`},
		{"an empty password", user(`Password: ""`), `lab.yaml:4: Users[0]: Password: a password has 1 to 1024 bytes`},
		{"a key that is none", "muster: 1\nApiRegistrations:\n  - {Name: X, RegistrationType: ApiKeyPolicy, Key: abc}", `lab.yaml:3: ApiRegistrations[0]: Key: 128 hex characters are expected`},
		{"a secret without owners", "muster: 1\nSecrets: [{Name: X, Owners: []}]", `lab.yaml:2: Secrets[0]: Owners: one at least is expected`},
	} {
		t.Run(c.name, func(t *testing.T) {
			f, err := Parse("lab.yaml", []byte(c.text))
			if err == nil {
				_, err = Load(t.Context(), db, f, LoadOptions{})
			}
			if err == nil || err.Error() != c.want {
				t.Errorf("\n got %v\nwant %s", err, c.want)
			}
		})
	}
	is(t, "the store after all that", dump(t, db, true), before)
}

// user is a file with one user, whose members go on in line 4.
func user(members string) string { return "muster: 1\nUsers:\n  - UserName: olga\n    " + members }

// group is the same for a user group.
func group(members string) string {
	return "muster: 1\nUserGroups:\n  - Name: Operators\n    " + members
}

// asset is the same for an asset, whose members go on in line 6.
func asset(members string) string {
	return "muster: 1\nWorkgroups:\n  - Name: Lab\n    Assets:\n      - IPAddress: 10.0.0.1\n        " + members
}

// FuzzParse finds no file that makes the parser panic, whose error has no place, or that is written as one that is refused.
func FuzzParse(f *testing.F) {
	f.Add([]byte(read(f, "testdata/all.yaml")))
	for _, text := range []string{"", "muster: 1", "muster: [", "? ? :", "- - -", "muster: |\n  x", "a: &a [*a]", "%YAML 1.2\n---\n", "\"\\x"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		file, err := Parse("lab.yaml", text)
		if err == nil {
			var b bytes.Buffer
			check(t, file.Write(&b))
			if _, err := Parse("written.yaml", b.Bytes()); err != nil {
				t.Errorf("%v in\n%s", err, b.String())
			}
			return
		}
		if !strings.HasPrefix(err.Error(), "lab.yaml:") {
			t.Errorf("%v", err)
		}
	})
}
