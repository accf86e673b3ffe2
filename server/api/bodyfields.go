package api

import (
	"reflect"
	"slices"
	"strconv"
)

// BodyField is a member of a body, as the binder takes it.
type BodyField struct {
	reflect.StructField
	Required  bool // in a body of every kind
	Null      bool // null is taken as well
	MaxLength int  // the most characters of a text, of the kind that allows most; 0: any number
	Usual     bool // it is a member of the kind that is meant when the body says none
	Kinds     []string
}

// BodyFields returns the members that Decode takes for a type, for documents.
func BodyFields(t reflect.Type) (fields []BodyField) {
	var kinds []string
	all := slices.DeleteFunc(slices.Clone(reflect.VisibleFields(t)), func(f reflect.StructField) bool { return f.Anonymous || !f.IsExported() })
	for _, f := range all {
		kinds = append(kinds, kindsOf(f)...)
	}
	for _, f := range all {
		field := BodyField{StructField: f, Required: true, Null: true, Kinds: kindsOf(f)}
		for i, kind := range orOne(kinds) {
			rules, is := rulesOf(f, kind, kinds)
			field.Usual = field.Usual || i == 0 && is
			field.Required = field.Required && is && (hasRule(rules, "required") || hasRule(rules, "present"))
			if field.Kinds != nil {
				field.Usual, field.Required = true, false
			}
			field.Null = field.Null && !(is && hasRule(rules, "required"))
			limit, _ := strconv.Atoi(ruleOf(rules, "max"))
			field.MaxLength = max(field.MaxLength, limit)
		}
		fields = append(fields, field)
	}
	return fields
}

// orOne is the kinds of a body, or the one that a body has which knows no kinds.
func orOne(kinds []string) []string {
	if len(kinds) == 0 {
		return []string{""}
	}
	return kinds
}
