package server_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"pgregory.net/rapid"

	labfile "github.com/musterhq/muster/lab"
	"github.com/musterhq/muster/server/insight"
)

// TestADumpOfWhatTheAPIMadeChangesNothing lets an administrator do this and that by the API, by names that a careless reader of
// YAML stumbles over; whatever comes of it, its dump is a lab file which holds already, and which says the same elsewhere.
func TestADumpOfWhatTheAPIMadeChangesNothing(t *testing.T) {
	t.Parallel()
	l := newFixture(t, false)
	admin := as(l.tokenOf("administrator"))
	made := map[string][]int{"Workgroups": {1}, "AttributeTypes": {1}, "Attributes": {21}, "UserGroups": {1}, "SmartRules": {1}}
	done := map[string]int{}
	rapid.Check(t, func(rt *rapid.T) {
		for range rapid.IntRange(1, 4).Draw(rt, "requests") {
			r := request(rt, made)
			w := l.request(http.MethodPost, insight.Base+"/"+r.path, r.body, admin)
			var answer map[string]any
			if json.Unmarshal(w.Body.Bytes(), &answer) == nil && w.Code < 300 {
				done[r.kind]++
				if id, ok := answer[r.id].(float64); ok {
					made[r.kind] = append(made[r.kind], int(id))
				}
			}
		}
		var dump bytes.Buffer
		must(t, labfile.Dump(t.Context(), l.db, &dump, labfile.DumpOptions{Secrets: true}))
		f, err := labfile.Parse("dump.yaml", dump.Bytes())
		if err != nil {
			rt.Fatalf("%v in\n%s", err, dump.String())
		}
		changes, err := labfile.Load(t.Context(), l.db, f, labfile.LoadOptions{DryRun: true})
		if err != nil || len(changes) > 0 {
			rt.Fatalf("%v %v", err, changes)
		}
	})
	for kind := range made {
		if done[kind] == 0 {
			t.Errorf("no %s were made", kind)
		}
	}
}

type posted struct{ kind, path, id, body string }

// request draws a request that makes something, where there is something that it can be made in.
func request(rt *rapid.T, made map[string][]int) posted {
	name := rapid.OneOf(
		rapid.SampledFrom([]string{"no", "Null", "~", "12", "1e3", "0x1F", "- a", "a: b", "a #b", "'", `"`, "{", "[x]", "&a", "*a", "!t", "%d", "@x", "`", "a\nb", " a ", "é", "\u0085", "\u2028", "=", "<<", "yes", "2024-12-06", "::1", `back\slash`, "tab\t"}),
		rapid.StringN(1, 20, -1),
	).Draw(rt, "name")
	in := func(kind string) int { return rapid.SampledFrom(made[kind]).Draw(rt, kind) }
	text := func(format string, args ...any) string {
		for i, a := range args {
			if s, ok := a.(string); ok {
				b, _ := json.Marshal(s)
				args[i] = string(b)
			}
		}
		return fmt.Sprintf(format, args...)
	}
	address := fmt.Sprintf("10.%d.0.%d", rapid.IntRange(0, 255).Draw(rt, "a"), rapid.IntRange(0, 255).Draw(rt, "b"))
	switch rapid.SampledFrom([]string{"Workgroups", "Assets", "AttributeTypes", "Attributes", "Carried", "Databases", "AddressGroups", "UserGroups", "Users", "ApiRegistrations", "SmartRules"}).Draw(rt, "kind") {
	case "Workgroups":
		return posted{"Workgroups", "Workgroups", "ID", text(`{"Name":%s}`, name)}
	case "Assets":
		return posted{"Assets", fmt.Sprintf("Workgroups/%d/Assets", in("Workgroups")), "AssetID", text(`{"IPAddress":%s,"AssetName":%s,"OperatingSystem":%[2]s}`, address, name)}
	case "AttributeTypes":
		return posted{"AttributeTypes", "AttributeTypes", "AttributeTypeID", text(`{"Name":%s}`, name)}
	case "Attributes":
		return posted{"Attributes", fmt.Sprintf("AttributeTypes/%d/Attributes", in("AttributeTypes")), "AttributeID", text(`{"ShortName":%s,"LongName":%[1]s,"Description":%[1]s,"ValueInt":-3}`, name)}
	case "Carried":
		if len(made["Assets"]) > 0 {
			return posted{"Carried", fmt.Sprintf("Assets/%d/Attributes/%d", in("Assets"), in("Attributes")), "", ""}
		}
	case "Databases":
		if len(made["Assets"]) > 0 {
			return posted{"Databases", fmt.Sprintf("Assets/%d/Databases", in("Assets")), "DatabaseID", text(`{"PlatformID":79,"InstanceName":%s,"Port":5432,"Version":"15.2"}`, name)}
		}
	case "AddressGroups":
		return posted{"AddressGroups", "AddressGroups", "AddressGroupID", text(`{"Name":%s}`, name)}
	case "UserGroups":
		return posted{"UserGroups", "UserGroups", "GroupID", text(`{"groupName":%s,"description":%[1]s,"Permissions":[{"PermissionID":1,"AccessLevelID":3}],"SmartRuleAccess":[{"SmartRuleID":%[2]d,"AccessLevelID":1}],"ApplicationRegistrationIDs":[1]}`, name, in("SmartRules"))}
	case "Users":
		return posted{"Users", fmt.Sprintf("UserGroups/%d/Users", in("UserGroups")), "UserID", text(`{"UserName":%s,"FirstName":%[1]s,"EmailAddress":"x@lab.example","Password":"p"}`, strings.ReplaceAll(name, `\`, "/"))}
	case "ApiRegistrations":
		return posted{"ApiRegistrations", "ApiRegistrations", "Id", text(`{"Name":%s,"RegistrationType":"ApiKeyPolicy","IPAuthenticationRules":[{"Type":"Single IP Address","Value":%s,"Description":%[1]s}]}`, name, address)}
	}
	return posted{"SmartRules", "SmartRules/FilterAssetAttribute", "SmartRuleID", text(`{"AttributeIDs":[%d],"Title":%s,"Category":%[2]s,"Description":%[2]s}`, in("Attributes"), name)}
}
