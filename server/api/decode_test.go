package api

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/musterhq/muster/store"
)

type body struct {
	Name   string `binding:"required,max=5"`
	Number int
	Flag   bool
	Maybe  *int
	Note   store.Text `binding:"max=3"`
	Given  string     `binding:"present"`
	List   []item
}

type item struct{ ID int }

func TestDecode(t *testing.T) {
	t.Parallel()
	two := 2
	for name, c := range map[string]struct {
		in   string
		want body
	}{
		"plain":                          {`{"Name":"a","Given":""}`, body{Name: "a"}},
		"members in any letter case":     {`{"nAmE":"a","GIVEN":"x"}`, body{Name: "a", Given: "x"}},
		"numbers and booleans as texts":  {`{"Name":"a","Given":"","Number":"1","Flag":"False","Maybe":"2"}`, body{Name: "a", Number: 1, Maybe: &two}},
		"null and empty are absent":      {`{"Name":"a","Given":null,"Number":null,"Flag":null,"Maybe":null,"List":null}`, body{Name: "a"}},
		"unknown members are ignored":    {`{"Name":"a","Given":"","Other":{"Deep":[1,2]}}`, body{Name: "a"}},
		"a byte order mark":              {"\ufeff" + `{"Name":"a","Given":""}`, body{Name: "a"}},
		"lengths count code points":      {`{"Name":"äöüßé","Given":""}`, body{Name: "äöüßé"}},
		"lists of objects":               {`{"Name":"a","Given":"","List":[{"id":"7"},{"ID":8}]}`, body{Name: "a", List: []item{{7}, {8}}}},
		"escaped names of members count": {`{"\u004eame":"a","Given":""}`, body{Name: "a"}},
	} {
		var got body
		err := Decode([]byte(c.in), &got)
		if err != nil || got.Name != c.want.Name || got.Number != c.want.Number || got.Flag != c.want.Flag ||
			got.Given != c.want.Given || len(got.List) != len(c.want.List) || (got.Maybe == nil) != (c.want.Maybe == nil) {
			t.Errorf("%s: %+v %v, want %+v", name, got, err, c.want)
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		``:                                       "Name is required",
		`""`:                                     "Name is required",
		`{}`:                                     "Name is required",
		`{"Name":""}`:                            "Name is required",
		`{"Name":"abcdef","Given":""}`:           "Name is longer than 5 characters",
		`{"Name":"a"}`:                           "Given is required (it may be empty)",
		`{"Name":"a","Given":"","Note":"four"}`:  "Note is longer than 3 characters",
		`{"Name":"a","name":"b"}`:                "name is given twice",
		`{"Name":1}`:                             "Name: a text is expected",
		`{"Name":"a","Number":1.5}`:              "Number: a whole number",
		`{"Name":"a","Number":99999999999}`:      "Number: a whole number",
		`{"Name":"a","Number":"one"}`:            "Number: a whole number",
		`{"Name":"a","Number":{}}`:               "Number: a whole number",
		`{"Name":"a","Number":0,"Flag":"maybe"}`: "Flag: true or false",
		`{"Name":"a","Given":"","List":{}}`:      "List: a list is expected",
		`{"Name":"a","Given":"","List":[1]}`:     "List[0]: an object is expected",
		`{"Name":"a","Given":"","List":[{"ID":"x"}]}`: "List[0].ID: a whole number",
		`{"Name":"a","Given":""}{}`:                   "unexpected data after the JSON value",
		`[]`:                                          "the body: an object is expected",
		`{"Name":`:                                    "it ends too early",
		`{"Name":"a",}`:                               "not JSON",
		`{Name:"a"}`:                                  "not JSON",
		"{\"Name\":\"\xff\"}":                         "not UTF-8",
		`{"Name":"a\u0000"}`:                          "NUL",
		`{"List":[` + strings.Repeat("[],", 20_000):                                           "more than 20000 values",
		`{"Other":[` + strings.Repeat(`{"a":{}},`, 10_000):                                    "more than 20000 values",
		strings.Repeat(`{"a":`, 100_000):                                                      "nested deeper than 64",
		`{"` + strings.Repeat("ü", 100_000) + `":1,"` + strings.Repeat("ü", 100_000) + `":1}`: "… is given twice",
		strings.Repeat("[", 65) + strings.Repeat("]", 65):                                     "nested deeper than 64",
	} {
		var got body
		err := Decode([]byte(in), &got)
		if !errors.Is(err, store.ErrInvalid) || !strings.Contains(err.Error(), want) || len(err.Error()) > 1000 {
			t.Errorf("%.100s: %.1000v, want %q", in, err, want)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"Name":"a","Given":"","List":[{"ID":7}],"Maybe":"2"}`))
	f.Add([]byte(`{"Name":"a","name":"b"}`))
	f.Add([]byte(strings.Repeat("[", 70)))
	f.Fuzz(func(t *testing.T, in []byte) {
		var got body
		if err := Decode(in, &got); err != nil && !errors.Is(err, store.ErrInvalid) {
			t.Errorf("%q: %v is not the caller's fault", in, err)
		} else if err == nil && (got.Name == "" || len([]rune(got.Name)) > 5) {
			t.Errorf("%q: the rules let %q through", in, got.Name)
		}
	})
}

// pet is a body of two kinds.
type pet struct {
	Species string `kinds:"Cat,Dog"`
	Name    string `binding:"required"`
	Lives   int    `Cat:"required"`
	Breed   string `Cat:"max=3" Dog:"required,max=5"`
	Owner   *item
}

func TestDecodeKinds(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		in   string
		want pet
		err  string
	}{
		"the first kind, by default":       {`{"Name":"a","Lives":9}`, pet{Species: "Cat", Name: "a", Lives: 9}, ""},
		"empty is absent":                  {`{"species":"","Name":"a","Lives":9,"Breed":"abc"}`, pet{Species: "Cat", Name: "a", Lives: 9, Breed: "abc"}, ""},
		"in any letter case":               {`{"SPECIES":"dOG","Name":"a","Breed":"b"}`, pet{Species: "Dog", Name: "a", Breed: "b"}, ""},
		"members of another kind are none": {`{"Species":"Dog","Name":"a","Breed":"b","Lives":"many"}`, pet{Species: "Dog", Name: "a", Breed: "b"}, ""},
		"what is common to all":            {`{"Species":"Dog","Name":"a","Breed":"b","Owner":{"ID":7}}`, pet{Species: "Dog", Name: "a", Breed: "b", Owner: &item{7}}, ""},
		"an unknown kind":                  {`{"Species":"Fish","Name":"a"}`, pet{}, "Species: one of Cat, Dog is expected"},
		"a kind that is no text":           {`{"Species":{"a":1},"Name":"a"}`, pet{}, "Species: one of Cat, Dog is expected"},
		"what all kinds need":              {`{"Species":"Dog","Breed":"b"}`, pet{}, "Name is required"},
		"what one kind needs":              {`{"Name":"a"}`, pet{}, "Lives is required"},
		"what the other needs":             {`{"Name":"a","Species":"Dog"}`, pet{}, "Breed is required"},
		"a limit of one kind":              {`{"Name":"a","Lives":9,"Breed":"abcd"}`, pet{}, "Breed is longer than 3 characters"},
		"a limit of the other":             {`{"Name":"a","Species":"Dog","Breed":"abcdef"}`, pet{}, "Breed is longer than 5 characters"},
	} {
		var got pet
		err := Decode([]byte(c.in), &got)
		switch {
		case c.err != "" && (!errors.Is(err, store.ErrInvalid) || err.Error() != c.err):
			t.Errorf("%s: %v, want %s", name, err, c.err)
		case c.err == "" && (err != nil || !reflect.DeepEqual(got, c.want)):
			t.Errorf("%s: %+v %v, want %+v", name, got, err, c.want)
		}
	}
}
