package api

import (
	"reflect"
	"testing"
)

// TestPrintedMembers brings records into the members that a heading prints.
func TestPrintedMembers(t *testing.T) {
	t.Parallel()
	p := &printed{usual: membersOf("B ruleID Rules{Id Name}"), alone: membersOf("Client B")}
	for body, want := range map[string]string{
		`{"A":1,"B":"<\u003c>","RuleID":2.50,"Rules":[{"Name":null,"Id":7,"Date":"x"},{"Id":8}]}`: `{"B":"<\u003c>","ruleID":2.50,"Rules":[{"Id":7,"Name":null},{"Id":8,"Name":null}]}`,
		`{"B":1,"Rules":{"ID":1}}`:        `{"B":1,"ruleID":null,"Rules":{"Id":1,"Name":null}}`,
		`{"B":1,"Rules":null}`:            `{"B":1,"ruleID":null,"Rules":null}`,
		`{"B":1,"A":2,"Client":"c"}`:      `{"Client":"c","B":1}`,
		`[{"B":1},{"B":2,"Client":null}]`: `[{"B":1,"ruleID":null,"Rules":null},{"Client":null,"B":2}]`,
		`[]`:                              `[]`,
		`null`:                            `null`,
		`"key"`:                           `"key"`,
	} {
		got, alone, err := p.answer([]byte(body))
		if err != nil || string(got) != want {
			t.Errorf("%s becomes %s, %v, want %s", body, got, err, want)
		}
		if alone != (body == `{"B":1,"A":2,"Client":"c"}`) {
			t.Errorf("%s: alone is %t", body, alone)
		}
	}
	if got, _, err := (*printed)(nil).answer([]byte(`{"A":1}`)); err != nil || string(got) != `{"A":1}` {
		t.Errorf("without members: %s, %v", got, err)
	}
	if _, _, err := p.answer([]byte(`{"B":`)); err == nil {
		t.Error("half a record was taken")
	}
}

// TestPrintsChecksItsMembers has a table panic that prints what its rows cannot answer.
func TestPrintsChecksItsMembers(t *testing.T) {
	t.Parallel()
	type rule struct{ ID int }
	type record struct {
		Name  string
		Rules []rule
	}
	checkMembers(shapeOf(reflect.TypeFor[[]*record]()).of, membersOf("Rules{Id} NAME"))
	for _, names := range []string{"", "{Name}", "Name }", "Name Value", "Rules{Value}", "Name{Value}"} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%q was taken", names)
				}
			}()
			checkMembers(shapeOf(reflect.TypeFor[*record]()).of, membersOf(names))
		}()
	}
}
